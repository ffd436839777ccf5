#pragma once
// A dispute as it is stored: what apply_change loads, decides about and saves.

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct DisputeRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::string dispute;  // the provider's id
    Instant stamp;
    std::string revision;
    std::optional<Instant> closed_at;  // when it was first seen decided; gone when it is reopened

    struct Content {
        std::optional<std::string> charge, payment;
        std::int64_t amount = 0;
        std::string currency, status, reason;
        std::optional<Instant> evidence_due_by;
        bool livemode = false;
        Instant created_at;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// Pure.
DisputeRow::Content content_of(const provider::DisputeSnapshot& snapshot, bool livemode);

// won, lost, prevented, charge_refunded; warning_closed for an inquiry. An appeal may reopen it, so
// it is no tombstone.
bool is_decided(std::string_view dispute_status);
// An inquiry: no money has moved yet.
bool is_inquiry(std::string_view dispute_status);

// An inquiry is before a dispute, that before its evidence is looked at, that before the decision. A
// status that is not known here proves nothing.
std::partial_ordering state_order(const DisputeRow::Content& incoming,
                                  const DisputeRow::Content& row);

namespace dispute_rows {
// Locks and loads those that exist. Keys are (account, provider's id).
Task<std::vector<DisputeRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys);
Task<> save(db::Tx& tx, std::vector<DisputeRow> rows);
}  // namespace dispute_rows

}  // namespace paydesk::billing
