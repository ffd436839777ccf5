#pragma once
// Stripe's test cards, and what each of them does.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

enum class Authentication : std::uint8_t {
    never,
    unless_set_up,         // once set up for off-session use, never again
    unless_set_up_before,  // whenever the customer is there; renewals pass: "already set up"
    on_session,            // every time the customer is there; not once set up and off-session
    always,                // off-session payments fail with authentication_required
};

struct TestCard {
    std::string_view number = {};
    std::string_view method = {};  // "pm_card_visa"; "" where Stripe has a number only
    std::string_view brand = "visa";
    std::string_view code = {};  // of the card_error; "" when charges succeed
    std::string_view decline_code = {};
    Authentication authentication = Authentication::never;
    bool attaches = true;           // false: attaching it to a customer is declined already
    std::string_view says = {};     // for people, on the hosted pages
    std::string_view dispute = {};  // the reason of the dispute that follows, or "inquiry"
    std::string_view refund = {};   // "pending": succeeds later; "fails": fails later
    std::string_view funding = "credit";
    std::string_view country = "US";
    std::string_view check = {};  // which check fails: cvc, zip, line1, address; or unchecked
    std::string_view risk = "normal";
    bool named_only = false;  // its number is another card's
};

// What people try things with.
std::span<const TestCard> test_cards();
// One of each country: they pay.
std::span<const TestCard> cards_by_country();
const TestCard* card_by_number(std::string_view digits);
const TestCard* card_by_method(std::string_view method_name);  // also tok_visa and the like
// The card behind a stored payment method.
const TestCard& card_of(const Object& payment_method);

// 402 card_error, as the card's network would decline it.
Refusal decline_of(const TestCard& card);
Refusal decline_by_code(std::string_view decline_code);
Refusal card_error(std::string_view code, std::string_view decline_code, std::string message,
                   std::string_view param = {});

struct CardDetails {
    std::string number;  // spaces and dashes allowed
    std::int64_t exp_month = 0;
    std::int64_t exp_year = 0;  // 34 and 2034 alike
    std::string cvc;            // may be left out in API calls
    std::string name, email;
};

// Adds a PaymentMethod, attached to no one. No event: Stripe has none for that.
// Refuses with incorrect_number, invalid_expiry_month, invalid_expiry_year, invalid_cvc,
// card_declined (a real card's number), all 402 card_error.
const Object& add_payment_method(Account& account, const CardDetails& details);
// From "pm_card_visa"; nullptr when it is no test method's name.
const Object* add_test_payment_method(Account& account, std::string_view method_name);

}  // namespace paydesk::sandbox::stripe
