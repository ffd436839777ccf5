#pragma once
// A refund as it is stored: what apply_change loads, decides about and saves. One without the
// provider's id is our intent, which refund_flow.h is about.

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

// Spelled as refunds.status. What waits for the buyer (requires_action) is pending.
enum class RefundStatus : std::uint8_t { pending, succeeded, failed, canceled };
std::string_view to_string(RefundStatus status);
std::optional<RefundStatus> parse_refund_status(std::string_view text);

// failed and canceled are for ever; a succeeded one may still fail (the buyer's bank sends it back).
constexpr bool is_final(RefundStatus status) {
    return status == RefundStatus::failed || status == RefundStatus::canceled;
}

struct RefundRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::optional<std::string> refund;  // the provider's id; none: it has not told us of it yet
    std::optional<Instant> stamp;       // none: no snapshot yet, any is newer
    std::string revision;

    struct Content {
        std::optional<std::string> charge, payment;
        std::int64_t amount = 0;
        std::string currency;
        RefundStatus status = RefundStatus::pending;
        std::optional<std::string> reason, failure_reason;
        Instant created_at;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// Pure. A status that is not known here is pending: it is not decided yet.
RefundRow::Content content_of(const provider::RefundSnapshot& snapshot);

// pending, then succeeded, then failed; two different ends exclude each other.
std::partial_ordering state_order(const RefundRow::Content& incoming,
                                  const RefundRow::Content& row);

namespace refund_rows {
struct Key {
    AccountId account;
    std::optional<std::string> id;  // ours, where the snapshot has it
};
// Locks and loads those that exist: by the provider's id, else by ours where the provider's is not
// known yet. The result's keys are those that were asked for.
Task<std::map<owner_store::ObjectKey, RefundRow>> load(db::Tx& tx,
                                                       std::map<owner_store::ObjectKey, Key> keys);
// Inserts with the actor 'provider', or overwrites.
Task<> save(db::Tx& tx, std::vector<RefundRow> rows);
}  // namespace refund_rows

}  // namespace paydesk::billing
