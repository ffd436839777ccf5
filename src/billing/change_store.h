#pragma once
// What changes of a subscription read, and the job that finds out what became of one: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/money.h"
#include "billing/decide_change.h"
#include "billing/subscription_status.h"
#include "db/database.h"
#include "provider/provider.h"

namespace paydesk::billing::change_store {

struct Target {
    std::string id;  // ours
    provider::Name provider;
    provider::Ref subscription;
    SubscriptionStatus status;
    bool cancel_scheduled = false;
    std::string plan_family;
    std::optional<Instant> current_period_end;
    bool change_scheduled = false;
    // Of the item that a plan is paid by; none where the catalogue does not know it.
    std::optional<provider::Ref> item, price;
    std::optional<PlanTerms> terms;
};

// The account's subscription by our id or the provider's.
Task<std::optional<Target>> find(db::Database& db, AccountId account, std::string subscription);

// A price on offer.
struct Offer {
    std::string plan_name, plan_family;
    provider::Ref price;
    PlanTerms terms;  // of one unit
};
// Of a plan in this cycle and currency.
Task<std::optional<Offer>> find_offer(db::Database& db, provider::Name provider, std::string plan,
                                      std::string billing_cycle, Currency currency);
Task<std::optional<Offer>> find_offer_of_price(db::Database& db, provider::Name provider,
                                               std::string price);
// The price that is paid now, on offer or not.
Task<std::optional<Offer>> find_price(db::Database& db, provider::Name provider, std::string price);

// Seats in use by the account: its owner, its members, open invitations.
Task<std::int64_t> seats_used(db::Database& db, AccountId account);

// Whether the account has ever paid anything.
Task<bool> has_paid(db::Database& db, AccountId account);

// A job that asks the provider how things are, should this process die between call and answer.
struct Check {
    AccountId account;
    provider::Name provider;
    provider::Ref subscription;
    std::string intent;
};
Task<> record(db::Database& db, Check check, Instant run_at);
Task<> forget(db::Tx& tx, Check check);
// Of a job's payload; nothing when it is not one of ours.
std::optional<Check> read_check(const boost::json::value& payload);

}  // namespace paydesk::billing::change_store
