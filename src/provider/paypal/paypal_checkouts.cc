// What is sold: orders, and subscriptions until their buyers have approved them.

#include <algorithm>

#include "base/assert.h"
#include "provider/checkout_placeholder.h"
#include "provider/paypal/amount.h"
#include "provider/paypal/paypal_provider.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view orders_path = "/v2/checkout/orders";
constexpr std::size_t description_bytes_max = 127;

// Stripe fills it in; PayPal adds its own `token` or `subscription_id` instead.
std::string with_checkout_id(std::string url, const std::string& id) {
    for (auto at = url.find(checkout_placeholder); at != std::string::npos;
         at = url.find(checkout_placeholder))
        url.replace(at, checkout_placeholder.size(), id);
    return url;
}

// At most 127 bytes, no U+0000, not in the middle of a character.
std::string described(const NewCheckout& input) {
    std::string text = without_nul(input.description.empty() ? input.plan_key : input.description);
    if (input.quantity > 1) text += " x " + std::to_string(input.quantity);
    std::size_t size = std::min(text.size(), description_bytes_max);
    while (size < text.size() && size > 0 &&
           (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
        --size;
    text.resize(size);
    return text;
}

Result<Checkout> opened(const json::value& answer, Instant expires_at) {
    const auto id = ref_at(answer, {"id"});
    const auto url = approval_link(answer);
    if (!id || !url) return unreadable("a new checkout without id or approval link");
    return Checkout{*id, *url, "open", expires_at};
}

}  // namespace

Task<Result<Ref>> PayPalProvider::create_customer(IntentId, NewCustomer input) {
    co_return Ref{input.account.value};
}

Task<Result<Checkout>> PayPalProvider::create_checkout(IntentId intent, NewCheckout input) {
    input.success_url = with_checkout_id(input.success_url, input.checkout_id);
    input.cancel_url = with_checkout_id(input.cancel_url, input.checkout_id);
    if (input.mode == CheckoutMode::payment)
        co_return co_await create_order(std::move(intent), std::move(input));
    co_return co_await create_subscription(std::move(intent), std::move(input));
}

Task<Result<Checkout>> PayPalProvider::create_order(IntentId intent, NewCheckout input) {
    PD_ASSERT(input.unit_amount.has_value());
    const auto total = input.unit_amount->times(input.quantity);
    if (!total) co_return total.error();
    const auto amount = paypal_money(*total);
    if (!amount) co_return amount.error();
    json::object unit{
        {"reference_id", input.checkout_id  },
        {"custom_id",    input.account.value},
        {"amount",       *amount            }
    };
    if (auto text = described(input); !text.empty()) unit["description"] = std::move(text);
    const json::value body{
        {"intent",         "CAPTURE"                     },
        {"purchase_units", json::array{std::move(unit)}  },
        {"payment_source",
         {{"paypal",
           {{"experience_context",
             {{"return_url", input.success_url},
              {"cancel_url", input.cancel_url},
              {"user_action", "PAY_NOW"},
              {"shipping_preference", "NO_SHIPPING"}}}}}}}
    };
    const Answer answer = co_await client_.post(std::string(orders_path), body, std::move(intent));
    if (!answer) co_return to_refusal(answer.error());
    co_return opened(*answer, std::min(input.expires_at, clock_.now() + approval_lapses_after));
}

Task<Result<Checkout>> PayPalProvider::create_subscription(IntentId intent, NewCheckout input) {
    json::object body{
        {"plan_id",             input.price.value             },
        {"quantity",            std::to_string(input.quantity)},
        {"custom_id",           input.account.value           },
        {"application_context",
         {{"return_url", input.success_url},
          {"cancel_url", input.cancel_url},
          {"user_action", "SUBSCRIBE_NOW"},
          {"shipping_preference", "NO_SHIPPING"}}             }
    };
    // PayPal lets a subscription override its plan's cycles, not add one: a trial is a later start.
    if (input.trial_days.value_or(0) > 0) {
        const Instant start = client_.remote_clock().now() + std::chrono::days(*input.trial_days);
        body["start_time"] = to_iso8601(std::chrono::floor<std::chrono::seconds>(start));
    }
    const Answer answer = co_await client_.post("/v1/billing/subscriptions",
                                                json::value(std::move(body)), std::move(intent));
    if (!answer) co_return to_refusal(answer.error());
    co_return opened(*answer, std::min(input.expires_at, clock_.now() + approval_lapses_after));
}

Task<Result<Checkout>> PayPalProvider::get_checkout(Ref checkout) {
    if (is_subscription(checkout)) {
        const auto asked = co_await ask(checkout);
        if (!asked) co_return asked.error();
        const auto state = to_checkout(asked->subscription);
        const std::string url = state.status == "open" ? asked->approval_url.value_or("") : "";
        co_return Checkout{checkout, url, state.status, state.created_at + approval_lapses_after};
    }
    const auto order = co_await get_order(checkout);
    if (!order && order.error().code == ErrorCode::not_found)
        co_return Checkout{checkout, "", "expired", clock_.now()};
    if (!order) co_return order.error();
    const auto state = read_order(order->json, order->at);
    if (!state) co_return unreadable(state.error());
    // One whose payment was denied is over: nobody can approve it again.
    const std::string status = state->payment_failed ? "expired" : state->status;
    co_return Checkout{checkout, status == "open" ? approval_link(order->json).value_or("") : "",
                       status, state->created_at + approval_lapses_after};
}

Task<Result<void>> PayPalProvider::expire_checkout(IntentId, Ref) { co_return Result<void>{}; }

Task<Result<std::string>> PayPalProvider::create_portal(IntentId, NewPortal) {
    co_return Error{ErrorCode::provider_rejected,
                    "PayPal has no billing portal: use the billing page of the app."};
}

Task<Result<std::vector<Change>>> PayPalProvider::capture_checkout(IntentId intent, Ref checkout) {
    if (is_subscription(checkout))
        co_return co_await fetch_with_payments(ObjectKind::checkout, checkout, std::nullopt);
    const Answer answer = co_await client_.post(path_of(orders_path, checkout) + "/capture",
                                                json::object(), std::move(intent));
    if (!answer && answer.error().issue != "ORDER_ALREADY_CAPTURED")
        co_return to_refusal(answer.error());
    // The answer to a capture lacks parts of the order.
    const auto order = co_await get_order(checkout);
    if (!order) co_return order.error();
    auto changes = changes_of(*order);
    if (!changes) co_return changes.error();
    for (const Change& change : *changes) {
        const auto* state = std::get_if<CheckoutSnapshot>(&change.fact);
        if (state == nullptr || state->status != "open") continue;
        if (!answer && state->payment_failed) continue;  // captured before, and denied since
        co_return to_refusal({.http_status = 422,
                              .issue = "INSTRUMENT_DECLINED",
                              .message = "the capture was declined: the order is open still"});
    }
    co_return changes;
}

Task<Result<PayPalProvider::Order>> PayPalProvider::get_order(Ref order) {
    const Instant asked = clock_.now();
    const Answer answer = co_await client_.get(path_of(orders_path, order));
    if (!answer) co_return to_refusal(answer.error());
    co_return Order{*answer, client_.remote_clock().there(asked)};
}

Result<std::vector<Change>> PayPalProvider::changes_of(const Order& order) const {
    auto checkout = read_order(order.json, order.at);
    if (!checkout) return unreadable(checkout.error());
    std::vector<Change> changes;
    for (const json::value& capture :
         array_at(order.json, {"purchase_units", "0", "payments", "captures"})) {
        auto charge = read_capture(capture, checkout->checkout, order.at);
        if (!charge) return unreadable(charge.error());
        if (!charge->customer) charge->customer = checkout->customer;
        if (!charge->account) charge->account = checkout->account;
        const Ref id = charge->charge;
        changes.push_back(change_of(ObjectKind::charge, id, std::move(*charge), order.at));
    }
    const Ref id = checkout->checkout;
    changes.insert(changes.begin(),
                   change_of(ObjectKind::checkout, id, std::move(*checkout), order.at));
    return changes;
}

}  // namespace paydesk::provider::paypal
