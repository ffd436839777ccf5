#pragma once
// A provider for tests: remembers what it was asked, keeps customers and sessions by intent as a real
// one does, and fails where a test says so. Only tests include it.

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "provider/provider.h"

namespace paydesk::api {

class ScriptedProvider final : public provider::Provider {
public:
    explicit ScriptedProvider(asio::io_context& io, provider::Name name = provider::Name::stripe)
        : io_(io), name_(name) {}

    provider::Name name() const override { return name_; }

    Task<Result<provider::Ref>> create_customer(provider::IntentId intent,
                                                provider::NewCustomer input) override {
        const auto error = co_await begin("create_customer", intent.value);
        if (is_refusal(error)) co_return *error;
        auto& made = customers[intent.value];
        if (made.value.empty()) made.value = "cus_" + std::to_string(customers.size());
        if (is_paypal()) made = {input.account.value};
        if (error) co_return *error;
        co_return made;
    }

    Task<Result<provider::Checkout>> create_checkout(provider::IntentId intent,
                                                     provider::NewCheckout input) override {
        const auto error = co_await begin("create_checkout", intent.value);
        if (is_refusal(error)) co_return *error;
        auto& made = checkouts[intent.value];
        if (made.checkout.value.empty()) {
            const bool recurring = input.mode == provider::CheckoutMode::subscription;
            const std::string id = (!is_paypal() ? "cs_test_"
                                    : recurring  ? "I-"
                                                 : "ORDER-") +
                                   std::to_string(checkouts.size());
            made = {{id}, "https://pay.example/" + id, "open", input.expires_at};
            sold.insert_or_assign(id, input);
        }
        last_checkout = std::move(input);
        if (error) co_return *error;
        co_return made;
    }

    Task<Result<provider::Checkout>> get_checkout(provider::Ref checkout) override {
        if (auto error = co_await begin("get_checkout", checkout.value)) co_return *error;
        if (auto* found = find(checkout)) co_return *found;
        co_return Error{ErrorCode::not_found, "No such checkout."};
    }

    Task<Result<void>> expire_checkout(provider::IntentId intent, provider::Ref checkout) override {
        if (auto error = co_await begin("expire_checkout", intent.value)) co_return *error;
        if (is_paypal()) co_return Result<void>{};
        auto* found = find(checkout);
        if (found->status == "complete") {
            co_return Error{ErrorCode::provider_rejected, "This session is complete."};
        }
        found->status = "expired";
        co_return Result<void>{};
    }

    Task<Result<std::vector<provider::Change>>> capture_checkout(provider::IntentId intent,
                                                                 provider::Ref checkout) override {
        const auto error = co_await begin("capture_checkout", intent.value);
        if (is_refusal(error)) co_return *error;
        auto* order = find(checkout);
        if (order == nullptr) co_return Error{ErrorCode::not_found, "gone"};
        if (!approved.contains(checkout.value)) {
            co_return Error{ErrorCode::checkout_not_approved, "ORDER_NOT_APPROVED"};
        }
        order->status = "complete";
        order->url.clear();
        if (error) co_return *error;
        co_return told_of_order(checkout);
    }

    // Of a subscription that is one: its checkout is over.
    provider::Change approved_checkout(const provider::Ref& checkout) {
        const auto& input = sold.at(checkout.value);
        return change_of(provider::ObjectKind::checkout, checkout,
                         provider::CheckoutSnapshot{.checkout = checkout,
                                                    .customer = input.customer,
                                                    .subscription = checkout,
                                                    .payment = {},
                                                    .invoice = {},
                                                    .account = input.account,
                                                    .mode = "subscription",
                                                    .status = "complete",
                                                    .payment_status = "paid",
                                                    .total = {},
                                                    .email = {},
                                                    .plan_key = {},
                                                    .intent_id = input.checkout_id,
                                                    .expires_at = {},
                                                    .created_at = from_unix(1'790'000'000)});
    }

    // What an order's events and answers tell, as it is now.
    std::vector<provider::Change> told_of_order(provider::Ref checkout) {
        const auto& input = sold.at(checkout.value);
        const bool complete = find(checkout)->status == "complete";
        const bool pending = pending_captures.contains(checkout.value);
        const Money total = input.unit_amount->times(input.quantity).value();
        std::vector<provider::Change> told;
        told.push_back(change_of(
            provider::ObjectKind::checkout, checkout,
            provider::CheckoutSnapshot{.checkout = checkout,
                                       .customer = input.customer,
                                       .subscription = {},
                                       .payment = checkout,
                                       .invoice = {},
                                       .account = input.account,
                                       .mode = "payment",
                                       .status = complete ? "complete" : "open",
                                       .payment_status = complete && !pending ? "paid" : "unpaid",
                                       .approved = !complete && approved.contains(checkout.value),
                                       .total = total,
                                       .email = {},
                                       .plan_key = {},
                                       .intent_id = input.checkout_id,
                                       .expires_at = {},
                                       .created_at = from_unix(1'790'000'000)}));
        if (!complete) return told;
        const provider::Ref capture{"CAP-" + checkout.value};
        told.push_back(change_of(
            provider::ObjectKind::charge, capture,
            provider::ChargeSnapshot{.charge = capture,
                                     .payment = checkout,
                                     .customer = input.customer,
                                     .invoice = {},
                                     .account = input.account,
                                     .status = pending ? provider::ChargeStatus::pending
                                                       : provider::ChargeStatus::succeeded,
                                     .amount = total,
                                     .amount_refunded = Money::zero(total.currency()),
                                     .failure_code = {},
                                     .failure_message = {},
                                     .receipt_url = {},
                                     .description = {},
                                     .created_at = from_unix(1'790'000'000)}));
        return told;
    }

    Task<Result<std::vector<provider::Change>>> fetch_with_payments(
        provider::ObjectKind kind, provider::Ref object, std::optional<Instant>) override {
        if (auto error = co_await begin("fetch_with_payments", object.value)) co_return *error;
        if (kind == provider::ObjectKind::checkout) {
            if (find(object) == nullptr) co_return Error{ErrorCode::not_found, "gone"};
            co_return told_of_order(object);
        }
        if (!subscriptions.contains(object.value)) co_return Error{ErrorCode::not_found, "gone"};
        std::vector<provider::Change> told{change_of(subscriptions.at(object.value))};
        if (sold.contains(object.value)) told.push_back(approved_checkout(object));
        for (const auto& [charge, invoice] : sales[object.value]) {
            if (charge)
                told.push_back(change_of(provider::ObjectKind::charge, charge->charge, *charge));
            told.push_back(change_of(invoice));
        }
        co_return told;
    }

    Task<Result<std::string>> create_portal(provider::IntentId intent,
                                            provider::NewPortal input) override {
        if (auto error = co_await begin("create_portal", intent.value)) co_return *error;
        last_portal = std::move(input);
        co_return std::string("https://portal.example/session");
    }

    Task<Result<provider::Change>> cancel_subscription(provider::IntentId intent,
                                                       provider::Ref subscription,
                                                       provider::CancelWhen when,
                                                       provider::CancelDetails details) override {
        const auto error = co_await begin("cancel_subscription", intent.value);
        if (is_refusal(error)) co_return *error;
        auto& snapshot = subscriptions.at(subscription.value);
        snapshot.cancel_feedback = details.feedback;
        snapshot.cancel_comment = details.comment;
        snapshot.cancel_at_period_end = when == provider::CancelWhen::period_end;
        if (when == provider::CancelWhen::now) {
            snapshot.status = provider::SubscriptionStatus::canceled;
            snapshot.ended_at = snapshot.canceled_at = now();
        }
        if (error) co_return *error;
        co_return change_of(snapshot);
    }

    Task<Result<provider::ChangePreview>> preview_change(provider::PlanChange change,
                                                         bool at_period_end) override {
        if (auto error = co_await begin("preview_change", change.price.value)) co_return *error;
        last_change = change;
        auto& snapshot = subscriptions.at(change.subscription.value);
        provider::ChangePreview preview{
            .now = {},
              .proration_date = {},
              .renewal = {renewal_amount, *snapshot.period_end}
        };
        if (at_period_end) co_return preview;
        preview.proration_date = proration_date;
        preview.now = provider::InvoiceSnapshot{.invoice = {},
                                                .customer = snapshot.customer,
                                                .subscription = snapshot.subscription,
                                                .account = {},
                                                .status = provider::InvoiceStatus::draft,
                                                .amount_due = due_now,
                                                .amount_paid = Money::zero(Currency::usd()),
                                                .amount_remaining = due_now,
                                                .subtotal = due_now,
                                                .total = due_now,
                                                .number = {},
                                                .billing_reason = {},
                                                .hosted_invoice_url = {},
                                                .invoice_pdf = {},
                                                .lines = {{.description = "Remaining time",
                                                           .amount = due_now,
                                                           .quantity = 1,
                                                           .price = change.price,
                                                           .period_start = proration_date,
                                                           .period_end = snapshot.period_end,
                                                           .proration = true}},
                                                .period_start = {},
                                                .period_end = {},
                                                .paid_at = {},
                                                .due_date = {},
                                                .next_payment_attempt = {},
                                                .payment = {},
                                                .created_at = now()};
        co_return preview;
    }

    Task<Result<provider::Renewal>> preview_renewal(provider::Ref subscription) override {
        if (auto error = co_await begin("preview_renewal", subscription.value)) co_return *error;
        co_return provider::Renewal{renewal_amount,
                                    *subscriptions.at(subscription.value).period_end};
    }

    Task<Result<provider::PlanChanged>> change_plan(provider::IntentId intent,
                                                    provider::PlanChange change) override {
        const auto error = co_await begin("change_plan", intent.value);
        if (is_refusal(error)) co_return *error;
        auto& snapshot = subscriptions.at(change.subscription.value);
        last_change = change;
        const auto schedule = snapshot.schedule;
        release(snapshot);
        if (change_state == provider::PlanChanged::State::applied) put(snapshot, change);
        if (error) co_return *error;
        provider::PlanChanged changed{.state = change_state, .subscription = change_of(snapshot)};
        if (schedule) changed.released = change_of(schedules.at(schedule->value));
        if (change_state == provider::PlanChanged::State::applied) co_return changed;
        changed.url = "https://pay.example/in_1";
        changed.expires_at = now() + std::chrono::hours(23);
        co_return changed;
    }

    Task<Result<provider::Change>> schedule_change(provider::IntentId intent,
                                                   provider::PlanChange change) override {
        const auto error = co_await begin("schedule_change", intent.value);
        if (is_refusal(error)) co_return *error;
        last_change = change;
        auto& snapshot = subscriptions.at(change.subscription.value);
        if (!snapshot.schedule) {
            snapshot.schedule = provider::Ref{"sub_sched_" + std::to_string(schedules.size() + 1)};
        }
        provider::SubscriptionItem then = snapshot.items.front();
        then.price = change.price;
        then.quantity = change.quantity;
        auto& schedule = schedules[snapshot.schedule->value];
        schedule = {
            .schedule = *snapshot.schedule,
            .customer = snapshot.customer,
            .subscription = snapshot.subscription,
            .status = "active",
            .current_phase_start = snapshot.period_start,
            .phases = {{*snapshot.period_start, snapshot.period_end, snapshot.items},
                       {*snapshot.period_end, std::nullopt, {then}}},
            .created_at = now()
        };
        if (error) co_return *error;
        co_return change_of(schedule);
    }

    Task<Result<std::optional<provider::Change>>> release_schedule(
        provider::IntentId intent, provider::Ref subscription) override {
        if (auto error = co_await begin("release_schedule", intent.value)) co_return *error;
        auto& snapshot = subscriptions.at(subscription.value);
        const auto schedule = snapshot.schedule;
        release(snapshot);
        if (!schedule) co_return std::optional<provider::Change>{};
        co_return std::optional(change_of(schedules.at(schedule->value)));
    }

    Task<Result<provider::Change>> pause_subscription(provider::IntentId intent,
                                                      provider::Ref subscription) override {
        if (auto error = co_await begin("pause_subscription", intent.value)) co_return *error;
        auto& snapshot = subscriptions.at(subscription.value);
        release(snapshot);
        snapshot.status = provider::SubscriptionStatus::paused;
        co_return change_of(snapshot);
    }

    Task<Result<provider::PlanChanged>> resume_subscription(provider::IntentId intent,
                                                            provider::Ref subscription) override {
        if (auto error = co_await begin("resume_subscription", intent.value)) co_return *error;
        auto& snapshot = subscriptions.at(subscription.value);
        if (change_state == provider::PlanChanged::State::applied) {
            snapshot.status = provider::SubscriptionStatus::active;
            co_return provider::PlanChanged{.subscription = change_of(snapshot)};
        }
        co_return provider::PlanChanged{.state = change_state,
                                        .subscription = change_of(snapshot),
                                        .url = "https://pay.example/in_1"};
    }

    Task<Result<std::optional<provider::PromotionCode>>> find_promotion_code(
        std::string code) override {
        if (auto error = co_await begin("find_promotion_code", code)) co_return *error;
        const auto found = promotion_codes.find(code);
        if (found == promotion_codes.end()) co_return std::optional<provider::PromotionCode>{};
        co_return std::optional(found->second);
    }

    Task<Result<provider::Change>> set_promotion_code(
        provider::IntentId intent, provider::Ref subscription,
        std::optional<provider::Ref> promotion_code) override {
        if (auto error = co_await begin("set_promotion_code", intent.value)) co_return *error;
        discounts[subscription.value] = promotion_code;
        co_return change_of(subscriptions.at(subscription.value));
    }

    Task<Result<provider::Change>> fetch(provider::ObjectKind, provider::Ref object) override {
        if (auto error = co_await begin("fetch", object.value)) co_return *error;
        if (schedules.contains(object.value)) co_return change_of(schedules.at(object.value));
        if (invoices.contains(object.value)) co_return change_of(invoices.at(object.value));
        if (!subscriptions.contains(object.value)) co_return Error{ErrorCode::not_found, "gone"};
        co_return change_of(subscriptions.at(object.value));
    }

    Task<Result<std::vector<provider::SyncedPrice>>> sync_product(
        provider::CatalogProduct product, std::vector<provider::CatalogPrice> prices) override {
        if (auto error = co_await begin("sync_product", product.key)) co_return *error;
        std::vector<provider::SyncedPrice> synced;
        for (const auto& price : prices) {
            const std::string amount = std::to_string(price.amount.minor_units());
            offered[price.lookup_key] = price.amount.minor_units();
            synced.push_back({price.lookup_key,
                              {"prod_" + product.key},
                              {(is_paypal() ? "P-" : "price_") + price.lookup_key + "_" + amount}});
        }
        co_return synced;
    }

    Task<Result<provider::CatalogDifference>> compare_product(
        provider::CatalogProduct product, std::vector<provider::CatalogPrice> prices) override {
        if (auto error = co_await begin("compare_product", product.key)) co_return *error;
        provider::CatalogDifference difference;
        for (const auto& price : prices) {
            if (offered[price.lookup_key] != price.amount.minor_units())
                difference.changes.push_back("price " + price.lookup_key);
        }
        co_return difference;
    }

    // Keeps to the amount of the charge, as a real one does.
    Task<Result<provider::Change>> create_refund(provider::IntentId intent,
                                                 provider::NewRefund input) override {
        const auto error = co_await begin("create_refund", intent.value);
        if (is_refusal(error)) co_return *error;
        auto made = refunds.find(intent.value);
        if (made == refunds.end()) {
            const std::string of = input.charge ? input.charge->value : input.payment->value;
            std::int64_t& given = refunded[of];
            if (charged.contains(of) && given + input.amount.minor_units() > charged[of]) {
                co_return Error{ErrorCode::refund_exceeds_payment, "Less is left."};
            }
            given += input.amount.minor_units();
            made = refunds
                       .emplace(intent.value,
                                provider::RefundSnapshot{
                                    .refund = {"re_" + std::to_string(refunds.size() + 1)},
                                    .charge = input.charge,
                                    .payment = input.payment,
                                    .amount = input.amount,
                                    .status = refund_status,
                                    .reason = input.reason,
                                    .failure_reason = {},
                                    .intent_id = input.refund_id,
                                    .created_at = now()})
                       .first;
        }
        if (error) co_return *error;
        co_return change_of(made->second);
    }

    Task<Result<std::optional<provider::Change>>> find_refund(provider::NewRefund input) override {
        if (auto error = co_await begin("find_refund", input.refund_id)) co_return *error;
        const auto found = refunds.find("refund:" + input.refund_id);
        if (found == refunds.end()) co_return std::optional<provider::Change>{};
        co_return std::optional(change_of(found->second));
    }

    Task<Result<provider::Change>> pay_invoice(provider::IntentId intent, provider::Ref invoice,
                                               provider::Ref) override {
        if (auto error = co_await begin("pay_invoice", intent.value)) co_return *error;
        if (!invoices.contains(invoice.value)) co_return Error{ErrorCode::not_found, "gone"};
        auto& snapshot = invoices.at(invoice.value);
        snapshot.status = provider::InvoiceStatus::paid;
        snapshot.amount_paid = snapshot.amount_due;
        snapshot.amount_remaining = Money::zero(snapshot.amount_due.currency());
        co_return change_of(snapshot);
    }

    Task<Result<provider::PaymentOrigin>> origin_of_payment(provider::Ref payment) override {
        if (auto error = co_await begin("origin_of_payment", payment.value)) co_return *error;
        co_return origins[payment.value];
    }

    int count(std::string_view call) const {
        int times = 0;
        for (const auto& [what, with] : calls) times += what == call;
        return times;
    }

    provider::Change change_of(const provider::SubscriptionSnapshot& snapshot) {
        return change_of(provider::ObjectKind::subscription, snapshot.subscription, snapshot);
    }
    provider::Change change_of(const provider::InvoiceSnapshot& snapshot) {
        return change_of(provider::ObjectKind::invoice, *snapshot.invoice, snapshot);
    }
    provider::Change change_of(const provider::RefundSnapshot& snapshot) {
        return change_of(provider::ObjectKind::refund, snapshot.refund, snapshot);
    }
    provider::Change change_of(const provider::ScheduleSnapshot& snapshot) {
        return change_of(provider::ObjectKind::subscription_schedule, snapshot.schedule, snapshot);
    }
    provider::Change change_of(provider::ObjectKind kind, provider::Ref object,
                               provider::Fact fact) {
        return {.provider = name_,
                .event_id = {},
                .event_type = {},
                .api_version = {},
                .livemode = false,
                .occurred_at = now(),
                .kind = kind,
                .object = std::move(object),
                .fact = std::move(fact)};
    }

    std::vector<std::pair<std::string, std::string>> calls;  // what, and the intent or object
    std::map<std::string, provider::Ref> customers;          // by intent
    std::map<std::string, provider::Checkout> checkouts;     // by intent
    std::map<std::string, provider::SubscriptionSnapshot> subscriptions;  // by id
    std::map<std::string, provider::InvoiceSnapshot> invoices;            // by id
    std::map<std::string, provider::RefundSnapshot> refunds;              // by intent
    std::map<std::string, provider::NewCheckout> sold;                    // by id of the checkout
    std::set<std::string> approved, pending_captures;                     // orders
    // PayPal's payments by subscription: a sale with the invoice that it paid, or an invoice that is open.
    std::map<
        std::string,
        std::vector<std::pair<std::optional<provider::ChargeSnapshot>, provider::InvoiceSnapshot>>>
        sales;
    std::string refund_status = "succeeded";
    std::map<std::string, std::int64_t> charged, refunded;           // by charge or payment
    std::map<std::string, provider::PaymentOrigin> origins;          // by payment
    std::map<std::string, std::int64_t> offered;                     // by lookup_key
    std::map<std::string, provider::ScheduleSnapshot> schedules;     // by id
    std::map<std::string, provider::PromotionCode> promotion_codes;  // by code
    std::map<std::string, std::optional<provider::Ref>> discounts;   // by subscription
    Money due_now{5'000, Currency::usd()}, renewal_amount{9'900, Currency::usd()};
    std::optional<Instant> proration_date = from_unix(1'800'000'000);
    provider::PlanChanged::State change_state = provider::PlanChanged::State::applied;
    std::optional<provider::PlanChange> last_change;
    std::optional<provider::NewCheckout> last_checkout;
    std::optional<provider::NewPortal> last_portal;
    // The next call of that name fails so. What is retryable is a lost answer: the call took effect.
    std::deque<std::pair<std::string, Error>> failures;

private:
    // Every answer takes a moment, so that parallel requests really overlap.
    Task<std::optional<Error>> begin(std::string call, std::string with) {
        calls.emplace_back(call, std::move(with));
        co_await sleep_for(io_, std::chrono::milliseconds(2));
        if (failures.empty() || failures.front().first != call) co_return std::nullopt;
        Error error = std::move(failures.front().second);
        failures.pop_front();
        co_return error;
    }

    void release(provider::SubscriptionSnapshot& snapshot) {
        if (!snapshot.schedule) return;
        auto& schedule = schedules.at(snapshot.schedule->value);
        schedule.status = "released";
        schedule.current_phase_start.reset();
        snapshot.schedule.reset();
    }
    static void put(provider::SubscriptionSnapshot& snapshot, const provider::PlanChange& change) {
        for (auto& item : snapshot.items) {
            if (item.item != change.item) continue;
            item.price = change.price;
            item.quantity = change.quantity;
        }
    }

    bool is_paypal() const { return name_ == provider::Name::paypal; }
    static bool is_refusal(const std::optional<Error>& error) {
        return error && !info(error->code).retryable;
    }

    provider::Checkout* find(const provider::Ref& checkout) {
        for (auto& [intent, made] : checkouts) {
            if (made.checkout == checkout) return &made;
        }
        return nullptr;
    }

    // Whole seconds, later than anything that the tests put into the tables.
    Instant now() {
        moment_ += std::chrono::seconds(1);
        return moment_;
    }

    asio::io_context& io_;
    provider::Name name_;
    Instant moment_ = from_unix(to_unix(SystemClock{}.now()));
};

}  // namespace paydesk::api
