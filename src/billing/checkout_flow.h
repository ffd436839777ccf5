#pragma once
// Starts a checkout at the provider: from a wish to a URL, safe under double clicks and crashes.
//
//     wish ── offer, URLs ──▶ customer ──▶ row 'creating' ── call, key "checkout:<id>" ──▶ row 'open'
//
// An account has one live checkout per slot (a subscription's plan family, a top-up's plan):
//   the same wish again      gets the same session, once the provider says that it is still open
//   another wish             expires the session at the provider first, then begins anew: two open
//                            sessions could end in two subscriptions
//   another provider         is another wish
//   an invoice's order       is given again for any wish, until the provider says that it is void or was denied: no two
//                            that could both be paid
//   'creating' left behind   (a crash, a time-out) is called again with its own key and so ends as the
//                            one session that it always was
// Nobody has seen the URL of a row that is still 'creating', so no job needs to take it up.

#include <optional>
#include <string>

#include "base/error.h"
#include "billing/flow.h"
#include "catalog/plan_store.h"

namespace paydesk::billing {

inline constexpr std::int64_t checkout_quantity_max = 1'000;
inline constexpr std::chrono::hours checkout_lifetime{23};  // Stripe allows 24 at most
inline constexpr std::chrono::minutes checkout_reuse_margin{10};
inline constexpr int checkout_rounds_max = 4;

// What the client asks for. It decides nothing that costs money: plan and price come from the
// catalogue (law 6). REQUIRES: plan, price or amount is set; 1 <= quantity <= checkout_quantity_max.
struct CheckoutWish {
    Buyer buyer = {};
    provider::Name provider = provider::Name::stripe;
    std::optional<std::string> plan;           // a plan's key
    std::optional<std::string> price;          // a price id at the provider
    std::optional<std::string> billing_cycle;  // "monthly", "yearly"
    std::optional<std::string> mode;           // "subscription", "payment": only checked
    std::int64_t quantity = 1;
    std::optional<std::string> promotion_code;  // as people type it, or the provider's id
    std::optional<std::string> success_url, cancel_url;
    // In place of plan and price: an order of this amount. REQUIRES: a service asks, provider paypal.
    std::optional<Money> amount = {};
    std::string description = {};  // of the order, for its buyer
    // The provider's id of an invoice of ours that the amount pays (invoice_order_flow.h). REQUIRES: amount.
    std::optional<std::string> invoice = {};
};

struct CheckoutSession {
    std::string session_id;  // the provider's
    std::string url;
};

// {CHECKOUT_SESSION_ID} in a URL is the session's id at Stripe and ours at PayPal, whose own is not known
// before; GET /api/checkout/{sessionId} takes either.
//
// Refuses, in this order, with
//   provider_not_configured
//   plan_unknown            no such plan or price in the catalogue
//   plan_not_purchasable    it is free, or has no price for this cycle
//   invalid_input           cycle or mode do not fit the price, a quantity of a top-up plan
//   url_not_allowed
//   promotion_code_invalid  (promotion_flow.h)
//   subscription_exists     a live one in the family, or a checkout of it that has just been completed
//   invoice_not_payable     an order has paid the invoice, or its money is on the way
//   unavailable             another checkout of the account was started at the same moment
// and with what the provider refuses with.
Task<Result<CheckoutSession>> create_checkout(const Flows& flows, CheckoutWish wish);

}  // namespace paydesk::billing
