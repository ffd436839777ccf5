#include "reconcile/stored_events.h"

#include "base/json.h"
#include "billing/apply_change.h"
#include "reconcile/inbox_store.h"

namespace paydesk::reconcile {

Task<> apply_stored_events(const Parts& parts, db::Tx& tx, provider::ObjectKind kind,
                           std::vector<std::string> ids) {
    std::vector<billing::ToApply> changes;
    for (const auto& payload :
         co_await inbox_store::payloads_about(tx, parts.listing.name(), kind, std::move(ids))) {
        const auto json = parse_json(payload);
        if (!json) continue;
        auto change = parts.applier.normalise(*json);
        if (change && change->kind == kind) changes.push_back({.change = std::move(*change)});
    }
    if (!changes.empty()) {
        (void)co_await billing::apply_changes(tx, std::move(changes), parts.clock.now());
    }
}

}  // namespace paydesk::reconcile
