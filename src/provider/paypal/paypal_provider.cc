// Checkouts, and reading.

#include "provider/paypal/paypal_provider.h"

#include <algorithm>

#include "base/assert.h"
#include "provider/paypal/amount.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view orders_path = "/v2/checkout/orders";
constexpr std::string_view subscriptions_path = "/v1/billing/subscriptions";
constexpr std::size_t description_bytes_max = 127;
constexpr std::int64_t transaction_pages_max = 100;

std::string path_of(std::string_view collection, const Ref& object) {
    return std::string(collection) + "/" + path_segment(object.value);
}

// Stripe fills it in; PayPal adds its own `token` or `subscription_id` instead.
std::string with_checkout_id(std::string url, const std::string& id) {
    constexpr std::string_view placeholder = "{CHECKOUT_SESSION_ID}";
    for (auto at = url.find(placeholder); at != std::string::npos; at = url.find(placeholder))
        url.replace(at, placeholder.size(), id);
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

std::optional<std::string> approval_link(const json::value& object) {
    return link_at(object, {"payer-action", "approve"});
}

Result<Checkout> opened(const json::value& answer, Instant expires_at) {
    const auto id = ref_at(answer, {"id"});
    const auto url = approval_link(answer);
    if (!id || !url) return unreadable("a new checkout without id or approval link");
    return Checkout{*id, *url, "open", expires_at};
}

bool needs_other_plans(const Subscription& subscription, const Money& amount) {
    return bought_for(subscription, {}, amount).quantity != subscription.quantity;
}

}  // namespace

PayPalProvider::PayPalProvider(Client& client, const Clock& clock, PayPalOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

bool is_subscription(const Ref& checkout) { return checkout.value.starts_with("I-"); }

Error unreadable(std::string_view what) {
    return {ErrorCode::provider_unavailable, "PayPal's answer could not be read. Try again later.",
            std::string(what)};
}

Error unreadable(const Error& why) { return unreadable(why.detail); }

Change PayPalProvider::change_of(ObjectKind kind, Ref object, Fact fact, Instant at) const {
    return {.provider = Name::paypal,
            .event_id = {},
            .event_type = {},
            .api_version = {},
            .livemode = options_.livemode,
            .occurred_at = at,
            .kind = kind,
            .object = std::move(object),
            .fact = std::move(fact)};
}

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
        const Instant start = clock_.now() + client_.ahead() + std::chrono::days(*input.trial_days);
        body["start_time"] = to_iso8601(std::chrono::floor<std::chrono::seconds>(start));
    }
    const Answer answer = co_await client_.post(std::string(subscriptions_path),
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
    co_return Order{*answer, std::chrono::floor<std::chrono::seconds>(asked + client_.ahead())};
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

// ---- subscriptions ----

Task<Result<Plan>> PayPalProvider::get_plan(Ref plan) {
    const Answer answer = co_await client_.get(path_of("/v1/billing/plans", plan));
    if (!answer) co_return to_refusal(answer.error());
    auto read = read_plan(*answer);
    if (!read) co_return unreadable(read.error());
    co_return std::move(*read);
}

// Asked for with the subscription, and as this one has it; by itself where the answer lacks it.
Task<Result<Plan>> PayPalProvider::ask_plan(const json::value& subscription) {
    const auto id = ref_at(subscription, {"plan_id"});
    if (!id) co_return unreadable("a subscription without plan_id");
    const json::value* inside = at_path(subscription, {"plan"});
    if (inside != nullptr && inside->is_object() && at_path(*inside, {"product_id"}) != nullptr) {
        json::value plan = *inside;
        plan.as_object()["id"] = id->value;
        if (auto read = read_plan(plan)) co_return std::move(*read);
    }
    co_return co_await get_plan(*id);
}

Task<Result<std::vector<Plan>>> PayPalProvider::plans_of(std::optional<Ref> product, Ref except) {
    std::vector<Plan> plans;
    if (!product) co_return plans;
    const auto list = co_await list_plans(*product);
    if (!list) co_return list.error();
    for (const json::value& each : *list) {
        auto plan = read_plan(each);
        if (plan && plan->plan != except) plans.push_back(std::move(*plan));
    }
    co_return plans;
}

Task<Result<PayPalProvider::Asked>> PayPalProvider::ask(Ref subscription) {
    const Instant asked = clock_.now();
    const Answer answer = co_await client_.get(path_of(subscriptions_path, subscription) +
                                               "?fields=last_failed_payment,plan");
    if (!answer) co_return to_refusal(answer.error());
    auto plan = co_await ask_plan(*answer);
    if (!plan) co_return plan.error();
    auto read = read_subscription(*answer, std::move(*plan));
    if (!read) co_return unreadable(read.error());
    Asked known{std::move(*read), {}, asked + client_.ahead(), approval_link(*answer)};
    const auto& paid = known.subscription.last_payment;
    if (paid && needs_other_plans(known.subscription, paid->amount)) {
        auto others =
            co_await plans_of(known.subscription.plan.product, known.subscription.plan.plan);
        if (!others) co_return others.error();
        known.others = std::move(*others);
    }
    co_return known;
}

Task<Result<std::vector<Payment>>> PayPalProvider::payments_of(Ref subscription, Instant from,
                                                               Instant until) {
    const auto text = [](Instant at) {
        return to_iso8601(std::chrono::floor<std::chrono::seconds>(at));
    };
    const std::string path = path_of(subscriptions_path, subscription) +
                             "/transactions?start_time=" + text(from) + "&end_time=" + text(until);
    std::vector<Payment> payments;
    std::size_t in_page = 0;
    for (std::int64_t page = 1, pages = 1; page <= pages; ++page) {
        // The pages after the first have its size, whatever that is.
        const std::string which =
            page == 1 ? ""
                      : "&page_size=" + std::to_string(in_page) + "&page=" + std::to_string(page);
        const Answer answer = co_await client_.get(path + which);
        if (!answer) co_return to_refusal(answer.error());
        const auto some = read_payments(*answer);
        if (!some) co_return unreadable(some.error());
        payments.insert(payments.end(), some->begin(), some->end());
        if (page > 1) continue;
        in_page = array_at(*answer, {"transactions"}).size();
        pages = std::min<std::int64_t>(int_at(*answer, {"total_pages"}).value_or(1),
                                       transaction_pages_max);
    }
    co_return payments;
}

Change PayPalProvider::snapshot_of(const Asked& asked) const {
    return change_of(ObjectKind::subscription, asked.subscription.id,
                     to_snapshot(asked.subscription, asked.others, asked.at), asked.at);
}

Task<Result<std::vector<Change>>> PayPalProvider::tell(Asked asked, std::optional<Instant> since) {
    std::vector<Change> changes;
    const Subscription& subscription = asked.subscription;
    const auto add = [&](ObjectKind kind, Ref object, Fact fact) {
        changes.push_back(change_of(kind, std::move(object), std::move(fact), asked.at));
    };
    if (subscription.state != State::approval_pending) changes.push_back(snapshot_of(asked));
    add(ObjectKind::checkout, subscription.id, to_checkout(subscription));
    if (subscription.state == State::approval_pending) co_return changes;

    const Instant from =
        payments_needed_from(subscription, since.value_or(subscription.created_at));
    const auto payments =
        co_await payments_of(subscription.id, from, asked.at + std::chrono::seconds(1));
    if (!payments) co_return payments.error();
    const bool revised = std::ranges::any_of(*payments, [&](const Payment& payment) {
        return needs_other_plans(subscription, payment.amount);
    });
    if (revised && asked.others.empty()) {
        auto others = co_await plans_of(subscription.plan.product, subscription.plan.plan);
        if (!others) co_return others.error();
        asked.others = std::move(*others);
    }
    auto billed = bill(subscription, asked.others, *payments, asked.at);
    for (ChargeSnapshot& charge : billed.charges) {
        const Ref id = charge.charge;
        add(ObjectKind::charge, id, std::move(charge));
    }
    for (InvoiceSnapshot& invoice : billed.invoices) {
        const Ref id = *invoice.invoice;
        add(ObjectKind::invoice, id, std::move(invoice));
    }
    co_return changes;
}

// ---- fetch ----

Task<Result<std::vector<Change>>> PayPalProvider::fetch_with_payments(
    ObjectKind kind, Ref object, std::optional<Instant> since) {
    const bool is_checkout = kind == ObjectKind::checkout;
    if (kind == ObjectKind::subscription || (is_checkout && is_subscription(object))) {
        auto asked = co_await ask(object);
        if (!asked) co_return asked.error();
        co_return co_await tell(std::move(*asked), since);
    }
    if (is_checkout) {
        const auto order = co_await get_order(object);
        if (!order) co_return order.error();
        co_return changes_of(*order);
    }
    auto change = co_await fetch(kind, object);
    if (!change) co_return change.error();
    std::vector<Change> changes;
    changes.push_back(std::move(*change));
    co_return changes;
}

// One of what its subscription's payments amount to.
Task<Result<Change>> PayPalProvider::fetch_invoice(Ref invoice) {
    const Ref subscription{invoice.value.substr(0, invoice.value.find('/'))};
    auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    auto changes = co_await tell(std::move(*asked), std::nullopt);
    if (!changes) co_return changes.error();
    for (Change& change : *changes) {
        if (change.kind == ObjectKind::invoice && change.object == invoice)
            co_return std::move(change);
    }
    co_return Error{ErrorCode::not_found, "PayPal knows of no such payment (any more).",
                    invoice.value};
}

Task<Result<Change>> PayPalProvider::fetch(ObjectKind kind, Ref object) {
    const Error none{ErrorCode::not_found, "PayPal has no such object (any more).",
                     std::string(to_string(kind)) + " " + object.value};
    const Instant at = std::chrono::floor<std::chrono::seconds>(clock_.now() + client_.ahead());
    const auto get = [&](std::string_view collection) {
        return client_.get(path_of(collection, object));
    };
    const auto changed = [&]<class Snapshot>(Result<Snapshot> snapshot) -> Result<Change> {
        if (!snapshot) return unreadable(snapshot.error());
        return change_of(kind, object, std::move(*snapshot), at);
    };
    switch (kind) {
        case ObjectKind::customer: {
            CustomerSnapshot customer{.customer = object,
                                      .account = {},
                                      .email = {},
                                      .name = {},
                                      .default_payment_method = {}};
            if (const auto uuid = parse_uuid(object.value)) customer.account = AccountId{*uuid};
            co_return change_of(kind, object, customer, at);
        }
        case ObjectKind::subscription: {
            const auto asked = co_await ask(object);
            if (!asked) co_return asked.error();
            if (asked->subscription.state == State::approval_pending) co_return none;
            co_return snapshot_of(*asked);
        }
        case ObjectKind::checkout: {
            auto changes = co_await fetch_with_payments(kind, object, clock_.now());
            if (!changes) co_return changes.error();
            for (Change& change : *changes) {
                if (change.kind == kind) co_return std::move(change);
            }
            co_return none;
        }
        case ObjectKind::invoice:
            co_return co_await fetch_invoice(object);
        case ObjectKind::charge: {
            const Answer answer = co_await get("/v2/payments/captures");
            if (!answer) co_return to_refusal(answer.error());
            co_return changed(read_capture(*answer, std::nullopt, at));
        }
        case ObjectKind::refund: {
            const Answer answer = co_await get("/v2/payments/refunds");
            if (!answer) co_return to_refusal(answer.error());
            co_return changed(read_refund(*answer, at));
        }
        case ObjectKind::dispute: {
            const Answer answer = co_await get("/v1/customer/disputes");
            if (!answer) co_return to_refusal(answer.error());
            co_return changed(read_dispute(*answer, at));
        }
        case ObjectKind::payment_method:
        case ObjectKind::subscription_schedule:
            co_return none;
        case ObjectKind::other:
            break;
    }
    PD_ASSERT(!"kind other has no fetch");
    co_return none;
}

}  // namespace paydesk::provider::paypal
