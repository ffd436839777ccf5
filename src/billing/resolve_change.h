#pragma once
// From what a person wishes to what the subscription shall be, by the catalogue (law 6). Reads only.

#include "base/error.h"
#include "billing/change_flow.h"

namespace paydesk::billing {

struct ResolvedChange {
    AccountId account;
    provider::Ref subscription, item;
    ChangeTarget target;
};

// Refuses as change_flow.h says.
Task<Result<ResolvedChange>> resolve_change(const Flow& flow, ChangeWish wish);

}  // namespace paydesk::billing
