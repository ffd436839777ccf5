#pragma once
// A charge as it is stored: what apply_change loads, decides about and saves. People see payments,
// which payment_settlement.h derives from it.

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct ChargeRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::string charge;  // the provider's id
    Instant stamp;
    std::string revision;

    struct Content {
        std::optional<std::string> payment, invoice;
        std::int64_t amount = 0, amount_refunded = 0;
        std::string currency;
        provider::ChargeStatus status = provider::ChargeStatus::pending;
        bool disputed = false;
        std::optional<std::string> failure_code, failure_message, receipt_url, description;
        bool livemode = false;
        Instant created_at;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// Pure.
ChargeRow::Content content_of(const provider::ChargeSnapshot& snapshot, bool livemode);

// What the statuses alone prove: a pending charge is before one that succeeded or failed.
std::partial_ordering state_order(const ChargeRow::Content& incoming,
                                  const ChargeRow::Content& row);

namespace charge_rows {
// Locks and loads those that exist. Keys are (account, provider's id).
Task<std::vector<ChargeRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys);
Task<> save(db::Tx& tx, std::vector<ChargeRow> rows);
}  // namespace charge_rows

}  // namespace paydesk::billing
