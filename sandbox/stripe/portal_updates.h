#pragma once
// Changing a plan in the portal, as the configuration's feature `subscription_update` allows it.

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

struct PlanChoice {
    std::string price;
    std::string name;                       // of its product
    std::int64_t minimum = 1, maximum = 1;  // of the quantity; the same where it is not adjustable
};

struct PlanChange {
    std::string subscription, price;
    std::int64_t quantity = 1;
    json::array discounts = {};  // wanted ones (discounts.h); none given keeps those there are
};

struct PlanQuote {
    std::int64_t at = 0;       // when the change happens
    std::int64_t due_now = 0;  // negative: goes to the balance
    std::int64_t next = 0;     // of the next invoice
    std::int64_t next_at = 0;
    std::string currency = {};
};

// What this subscription may become; empty when it may not be changed here: the feature is off, it
// has several items, it is about to end, or a schedule has other plans for it.
std::vector<PlanChoice> plan_choices(const Account& account, const Object& configuration,
                                     const Object& subscription);

// What the change would cost. Keeps nothing of what it tries.
// REQUIRES: nothing uncommitted. Refuses with 400 a change that the configuration does not allow.
PlanQuote quote_plan(Account& account, const Object& configuration, const PlanChange& change);

struct PlanChanged {
    std::string message = {};  // of a decline: nothing changed
    std::string intent = {};   // waits for the customer: the change happens when they answer
    std::int64_t at = 0;       // when it happens
};
// At once, or by a schedule at the end of the period where schedule_at_period_end says so.
// Refuses as above.
PlanChanged change_plan(Account& account, const Object& configuration, const PlanChange& change);

// {adjustable_quantity, prices, product} each, as the configuration keeps them.
// Refuses with 400 products and prices that do not exist or do not belong together.
json::array portal_products(const Account& account, const json::array& given);

}  // namespace paydesk::sandbox::stripe
