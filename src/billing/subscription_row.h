#pragma once
// A subscription as it is stored, with its items: what apply_change loads, decides about and saves.

#include <compare>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "billing/plan_price_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct SubscriptionItemRow {
    std::string item, price;
    std::optional<std::string> product, lookup_key;
    std::optional<std::int64_t> quantity;
    std::optional<Instant> period_start, period_end;
    friend bool operator==(const SubscriptionItemRow&, const SubscriptionItemRow&) = default;
};

struct SubscriptionRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::string subscription;  // the provider's id
    Instant stamp;
    std::optional<Instant> answered_at;  // decide_merge.h
    std::string revision;  // changes with every change of the row; "" before it is stored

    // All that comes out of a snapshot: two equal contents are the same news.
    struct Content {
        std::optional<std::string> plan_key;
        std::string plan_name, plan_family = "main";
        std::optional<std::string> billing_cycle;
        provider::SubscriptionStatus status = provider::SubscriptionStatus::incomplete;
        std::optional<std::string> price_id;
        std::int64_t quantity = 1;
        std::optional<std::string> currency;
        std::optional<std::int64_t> unit_amount;
        std::optional<Instant> period_start, period_end;
        bool cancel_at_period_end = false;
        std::optional<Instant> cancel_at, canceled_at, ended_at, trial_start, trial_end;
        std::optional<std::string> cancel_reason, cancel_feedback = {}, cancel_comment = {};
        std::optional<std::string> default_payment_method, latest_invoice;
        bool collection_paused = false, livemode = false;
        std::optional<Instant> provider_created_at;
        std::vector<SubscriptionItemRow> items;  // by item id
        friend bool operator==(const Content&, const Content&) = default;

        bool cancel_scheduled() const {
            return !provider::is_terminal(status) &&
                   (cancel_at_period_end || cancel_at.has_value());
        }
    } content;
};

// Pure. An unknown price gives no plan_key: no access (law 7).
SubscriptionRow::Content content_of(const provider::SubscriptionSnapshot& snapshot, bool livemode,
                                    const PlanPrices& prices);

// What the statuses alone prove: nothing becomes incomplete, and two different final states exclude
// each other (unordered).
std::partial_ordering state_order(const SubscriptionRow::Content& incoming,
                                  const SubscriptionRow::Content& row);

namespace subscription_rows {
// Locks and loads those that exist, with their items. Keys are (account, provider's id).
Task<std::vector<SubscriptionRow>> load(db::Tx& tx,
                                        std::map<owner_store::ObjectKey, AccountId> keys);

// What save() does about items: which subscriptions' to write, and which single ones are no more.
struct ItemChanges {
    std::set<std::string> written;  // our ids of the subscriptions
    struct Gone {
        AccountId account;
        std::string subscription;  // our id
        std::string item;
    };
    std::vector<Gone> gone;
    // Notes the difference. `id` is ours.
    void note(const AccountId& account, const std::string& id,
              const std::vector<SubscriptionItemRow>& before,
              const std::vector<SubscriptionItemRow>& after);
};

// Inserts or overwrites.
Task<> save(db::Tx& tx, std::vector<SubscriptionRow> rows, ItemChanges items);
}  // namespace subscription_rows

}  // namespace paydesk::billing
