#pragma once
// Subscriptions: APPROVAL_PENDING ──buyer──▶ (APPROVED ──merchant──▶) ACTIVE ◀──▶ SUSPENDED; from both
// to CANCELLED, and from ACTIVE to EXPIRED when its cycles are done.
//
// Our own fields on a stored one: _ba_token, _return_url, _cancel_url, _user_action, _funding,
// _currency, _override (a plan of its own), _revision (asked for, not consented to), and those of
// billing.h.

#include <string>
#include <string_view>

#include "sandbox/paypal/money.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {

// What GET shows beyond the rest only when it is asked for.
struct Shown {
    bool plan = false;
    bool last_failed_payment = false;
};
Object shown_subscription(const Account& account, const Object& subscription, Shown shown = {});
// The plan by which it is billed: its own where it has one.
const Object& plan_of(const Account& account, const Object& subscription);

// The one that this ba_token approves or revises; nullptr when there is none.
const Object* subscription_of_token(const Account& account, std::string_view ba_token);

// The buyer said yes: ACTIVE, or APPROVED where the merchant activates. The address to which they go
// back. REQUIRES: APPROVAL_PENDING.
std::string approve_subscription(Account& account, const std::string& id, const std::string& email,
                                 const std::string& funding);
// ACTIVE and billed for the first time.
void activate_subscription(Account& account, const std::string& id, std::string_view note);
// The buyer consented to the revision: it counts from the next cycle on. Where they go back.
// REQUIRES: there is one.
std::string accept_revision(Account& account, const std::string& id);
// Where they go back who said no.
std::string canceled_subscription_url(const Object& subscription);
std::string canceled_revision_url(const Object& subscription);

// The status with its note and time, and the event, unless that is "".
void set_status(Account& account, const std::string& id, std::string_view status,
                std::string_view note, std::string_view event);

// Where the buyer says yes or no. `page`: "" or "/revise".
std::string consent_url(const Account& account, std::string_view page, const std::string& ba_token);

// What the address to which they go back gets: the subscription's id and its token, by both names.
std::string back_query(const Object& subscription, const std::string& ba_token);

// POST .../revise (revising.cc): {plan_id?, quantity?, shipping_amount?, plan?, application_context?}.
// Nothing changes before the buyer consents.
Answer revise_subscription(Call& call);

// "3" -> 3; 1 where there is none. Refuses with INVALID_PARAMETER_SYNTAX.
std::int64_t quantity_at(const Object& object, const std::string& at);

}  // namespace paydesk::sandbox::paypal
