// What a subscription amounts to: itself, its plans, its payments.

#include <algorithm>

#include "provider/paypal/paypal_provider.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view subscriptions_path = "/v1/billing/subscriptions";
constexpr std::int64_t transaction_pages_max = 100;

bool needs_other_plans(const Subscription& subscription, const Money& amount) {
    return bought_for(subscription, {}, amount).quantity != subscription.quantity;
}

}  // namespace

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
    Asked known{
        std::move(*read), {}, asked + client_.remote_clock().ahead(), approval_link(*answer)};
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

}  // namespace paydesk::provider::paypal
