#pragma once
// One page of objects, as the provider listed them: compared with the rows, and the rows mended.
//
//     compare all ──▶ equal: done
//        └─ differs or is missing ─┬─ an event about it waits in the inbox: left to that
//                                  └─ its stored events once more, in their order
//                                       ├─ equal now: done
//                                       ├─ no row still: the listed object
//                                       └─ differs still: the object alone is fetched and applied, if the
//                                          row has not moved meanwhile
//
// The clocks have no say in it: a row that moved since it was compared is left alone (billing's merge
// rule, `swept`), so a sweep can't undo what a webhook has just told.

#include <vector>

#include "reconcile/reconciler.h"

namespace paydesk::reconcile {

struct SweptPage {
    Report report;
    int requests = 0;  // fetches
};

// REQUIRES: all of one kind. With `dry_run` all is rolled back and nothing is fetched.
Task<SweptPage> sweep_page(const Parts& parts, std::vector<provider::Change> listed, bool dry_run);

// Objects that our rows have and no list shows: each is fetched and compared.
Task<SweptPage> sweep_unlisted(const Parts& parts, provider::ObjectKind kind,
                               std::vector<provider::Ref> objects, bool dry_run);

}  // namespace paydesk::reconcile
