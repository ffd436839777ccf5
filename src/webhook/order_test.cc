// Law 1: the result never depends on the order of arrival, on duplicates, or on what was lost for a
// while. Real Postgres, real normalise, a scripted provider for ties.

#include <algorithm>
#include <numeric>
#include <random>

#include "webhook/test_webhook.h"

namespace paydesk::webhook {
namespace {

using Order = std::vector<std::size_t>;
using provider::ObjectKind;

// Plays one order per buyer, all buyers side by side: step k delivers the k-th event of each order and
// applies all that is due. Every event is delivered twice. One event of each order may be lost: then
// the others are applied first, and it is delivered last.
struct Play {
    std::vector<Event> events;
    std::vector<Order> orders;
    std::vector<std::optional<std::size_t>> lost;  // position in the order; by buyer
};

void play(World& world, const Play& play, int first_buyer) {
    const int buyers = static_cast<int>(play.orders.size());
    world.add_buyers(first_buyer, first_buyer + buyers - 1);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        const auto deliver = [&](std::size_t step, bool late) -> Task<> {
            std::vector<event_store::NewEvent> batch;
            for (int b = 0; b < buyers; ++b) {
                const bool is_lost = !play.lost.empty() && play.lost[b] == step;
                if (is_lost != late) continue;
                const Event& event = play.events[play.orders[b][step]];
                batch.push_back(world.stored(event, first_buyer + b));
            }
            std::vector<const event_store::NewEvent*> rows;
            for (const auto& row : batch) rows.push_back(&row);
            if (!rows.empty()) co_await event_store::add(db, std::move(rows));
        };
        for (const bool late : {false, true}) {
            for (std::size_t step = 0; step < play.events.size(); ++step) {
                co_await deliver(step, late);
                co_await processor.drain();
                co_await deliver(step, late);  // again: the inbox knows it
            }
        }
        // And all of it once more, as an operator's replay: nothing may change.
        std::vector<std::string> all;
        for (int b = 0; b < std::min(buyers, 50); ++b) {
            for (const auto& event : play.events) {
                all.push_back(for_buyer(event.id + "_@", first_buyer + b));
            }
        }
        co_await replay(db, all, world.clock().now());
        co_await processor.drain();
    });
}

// The dumps of all buyers, each with the orders that led to it; one, if all is well.
void expect_one_end(const World& world, const Play& play, int first_buyer,
                    const std::string& must_hold) {
    const auto ends =
        world.dumps(first_buyer, first_buyer + static_cast<int>(play.orders.size()) - 1);
    EXPECT_EQ(world.statuses().find("failed"), std::string::npos) << world.statuses();
    EXPECT_EQ(world.statuses().find("dead"), std::string::npos) << world.statuses();
    EXPECT_NE(ends.begin()->first.find(must_hold), std::string::npos) << ends.begin()->first;
    if (ends.size() == 1) return;
    std::string report;
    for (const auto& [dump, buyers] : ends) {
        std::string order;
        for (const auto i : play.orders[static_cast<std::size_t>(buyers.front() - first_buyer)]) {
            order += play.events[i].id + "(" + play.events[i].type + ") ";
        }
        report += fmt::format("{} orders, such as {}:\n{}\n", buyers.size(), order, dump);
    }
    ADD_FAILURE() << ends.size() << " different ends:\n" << report;
}

std::vector<Order> all_orders(std::size_t n) {
    Order order(n);
    std::iota(order.begin(), order.end(), 0U);
    std::vector<Order> orders;
    do {
        orders.push_back(order);
    } while (std::ranges::next_permutation(order).found);
    return orders;
}

std::vector<Order> random_orders(std::size_t n, int count, std::mt19937_64& random) {
    std::vector<Order> orders;
    for (int i = 0; i < count; ++i) {
        Order order(n);
        std::iota(order.begin(), order.end(), 0U);
        std::ranges::shuffle(order, random);
        orders.push_back(std::move(order));
    }
    return orders;
}

std::uint64_t test_seed() {
    const char* fixed = std::getenv("PAYDESK_SEED");
    return fixed != nullptr ? std::stoull(fixed) : std::random_device{}();
}

// tools/merge_rules_model.py: incomplete and active in one second, past_due and active in another,
// then canceled. Every peer's rule ends wrong in some of the 120 orders.
TEST(Order, TheWholeLifeOfASubscription) {
    World world;
    const std::string canceled =
        subscription("canceled", fmt::format(R"("canceled_at":{0},"ended_at":{0})", t0 + 300));
    world.provider().objects[ObjectKind::subscription] = canceled;
    const Play life{
        .events = {{"evt_1", "customer.subscription.created", 100, subscription("incomplete")},
                   {"evt_2", "customer.subscription.updated", 100, subscription("active")},
                   {"evt_3", "customer.subscription.updated", 200, subscription("past_due")},
                   {"evt_4", "customer.subscription.updated", 200, subscription("active")},
                   {"evt_5", "customer.subscription.deleted", 300, canceled}},
        .orders = all_orders(5),
        .lost = {}
    };
    play(world, life, 1);
    expect_one_end(world, life, 1, R"("status": "canceled")");
}

// The same without its end: the truth is `active`, and only the provider knows.
TEST(Order, DeclineAndRecoveryInOneSecond) {
    World world;
    world.provider().objects[ObjectKind::subscription] = subscription("active");
    const Play renewal{
        .events = {{"evt_1", "customer.subscription.created", 50, subscription("active")},
                   {"evt_2", "customer.subscription.updated", 200, subscription("past_due")},
                   {"evt_3", "customer.subscription.updated", 200, subscription("active")}},
        .orders = all_orders(3),
        .lost = {}
    };
    play(world, renewal, 1);
    expect_one_end(world, renewal, 1, R"("status": "active")");
    EXPECT_GT(world.provider().fetches, 0);
}

// A cancellation is scheduled and undone: both are told, whichever event comes first.
TEST(Order, ScheduledAndResumed) {
    World world;
    const std::string scheduled = fmt::format(
        R"("cancel_at":{},"cancellation_details":{{"reason":"cancellation_requested"}})",
        t0 + 2'592'000);
    const Play undone{
        .events = {{"evt_1", "customer.subscription.created", 1, subscription("active")},
                   {"evt_2", "customer.subscription.updated", 2, subscription("active", scheduled)},
                   {"evt_3", "customer.subscription.updated", 3, subscription("active")}},
        .orders = all_orders(3),
        .lost = {}
    };
    play(world, undone, 1);
    expect_one_end(world, undone, 1, "subscription_resumed");
    EXPECT_NE(world.dump(1).find("subscription_cancel_scheduled"), std::string::npos);
    EXPECT_EQ(world.provider().fetches, 0);
}

// A change is scheduled, two of its events in one second; then it happens, and the schedule is done.
TEST(Order, AScheduledChange) {
    World world;
    const std::string three =
        replace_all(subscription("active"), R"("quantity":1)", R"("quantity":3)");
    world.provider().objects[ObjectKind::subscription_schedule] = schedule("completed", 2);
    const Play change{
        .events = {{"evt_1", "customer.subscription.created", 1, subscription("active")},
                   {"evt_2", "subscription_schedule.created", 10, schedule("active", 1)},
                   {"evt_3", "subscription_schedule.updated", 10, schedule("active", 2)},
                   {"evt_4", "customer.subscription.updated", 300, three},
                   {"evt_5", "subscription_schedule.completed", 300, schedule("completed", 2)}},
        .orders = all_orders(5),
        .lost = {}
    };
    play(world, change, 1);
    expect_one_end(world, change, 1, R"("status": "completed")");
    const std::string end = world.dump(1);
    EXPECT_NE(end.find(R"("quantity": 3)"), std::string::npos) << end;
    EXPECT_NE(end.find(R"("effective_at": null)"), std::string::npos) << end;
    EXPECT_NE(end.find("subscription_change_scheduled"), std::string::npos) << end;
}

// What Checkout sends, several of them in the same second (facts/stripe.md 3.1).
std::vector<Event> checkout_flow() {
    const std::string paid =
        fmt::format(R"("attempt_count":1,"status_transitions":{{"paid_at":{}}})", t0 + 2);
    const std::string with_method = R"("default_payment_method":"pm_@")";
    return {
        {"evt_sub_created", "customer.subscription.created", 1, subscription("incomplete")},
        {"evt_sub_updated", "customer.subscription.updated", 2,
         subscription("active", with_method)},
        {"evt_in_finalized", "invoice.finalized", 1, invoice("open")},
        {"evt_in_paid", "invoice.paid", 2, invoice("paid", paid)},
        {"evt_completed", "checkout.session.completed", 2, checkout("complete", "paid")},
        {"evt_attached", "payment_method.attached", 1, payment_method(true)},
        {"evt_customer", "customer.updated", 2, customer()},
        {"evt_in_created", "invoice.created", 1, invoice("draft")},
        {"evt_in_succeeded", "invoice.payment_succeeded", 2, invoice("paid", paid)},
        {"evt_customer_default", "customer.updated", 2, customer("pm_@")},
        {"evt_upcoming", "invoice.upcoming", 3,
         replace_all(invoice("draft"), R"("id":"in_@",)", "")},
    };
}

void script_checkout_flow(World& world) {
    const auto flow = checkout_flow();
    auto& objects = world.provider().objects;
    objects[ObjectKind::subscription] = flow[1].object;
    objects[ObjectKind::invoice] = flow[3].object;
    objects[ObjectKind::customer] = customer("pm_@");
    objects[ObjectKind::payment_method] = payment_method(true);
}

TEST(Order, CheckoutEveryOrderOfItsCore) {
    World world;
    script_checkout_flow(world);
    auto events = checkout_flow();
    events.resize(6);
    const Play core{.events = std::move(events), .orders = all_orders(6), .lost = {}};
    play(world, core, 1);
    expect_one_end(world, core, 1, R"("status": "active")");
}

TEST(Order, CheckoutRandomOrdersOfAllWithOneLost) {
    const std::uint64_t seed = test_seed();
    SCOPED_TRACE(testing::Message() << "PAYDESK_SEED=" << seed);
    std::mt19937_64 random(seed);
    World world;
    script_checkout_flow(world);
    Play all{.events = checkout_flow(), .orders = {}, .lost = {}};
    all.orders = random_orders(all.events.size(), 250, random);
    for (std::size_t b = 0; b < all.orders.size(); ++b) {
        all.lost.push_back(random() % all.events.size());
    }
    play(world, all, 1);
    expect_one_end(world, all, 1, R"("status": "active")");

    const std::string end = world.dump(1);
    EXPECT_NE(end.find(R"("status": "complete")"), std::string::npos) << end;
    EXPECT_NE(end.find(R"("is_default": true)"), std::string::npos) << end;
    EXPECT_NE(end.find(R"("plan_key": "pro")"), std::string::npos) << end;
    EXPECT_NE(end.find("Your payment of $29.00 has been processed."), std::string::npos) << end;
    EXPECT_NE(end.find("Subscription Activated"), std::string::npos) << end;
}

// ---- money: charges, their invoices, refunds, disputes ----

std::string charge(std::string_view status, int refunded, std::string_view more = "") {
    return fmt::format(
        R"({{"id":"ch_@","object":"charge","customer":"cus_@","payment_intent":"pi_@","amount":2900,)"
        R"("amount_refunded":{},"refunded":{},"currency":"usd","status":"{}","disputed":false,)"
        R"("created":{},"livemode":false,"receipt_url":"https://pay.example/r/@","metadata":{{}}{}{}}})",
        refunded, refunded == 2900, status, t0 + 1, more.empty() ? "" : ",", more);
}

std::string refund(std::string_view id, int amount, std::string_view status) {
    return fmt::format(
        R"({{"id":"{}_@","object":"refund","charge":"ch_@","payment_intent":"pi_@","amount":{},)"
        R"("currency":"usd","status":"{}","reason":"requested_by_customer","created":{},"metadata":{{}}}})",
        id, amount, status, t0 + 10);
}

std::string dispute(std::string_view status) {
    return fmt::format(
        R"({{"id":"dp_@","object":"dispute","charge":"ch_@","payment_intent":"pi_@","amount":2900,)"
        R"("currency":"usd","status":"{}","reason":"fraudulent","created":{},"livemode":false,)"
        R"("evidence_details":{{"due_by":{}}}}})",
        status, t0 + 20, t0 + 900);
}

std::string invoice_payment() {
    return R"({"id":"inpay_@","object":"invoice_payment","invoice":"in_@","status":"paid",)"
           R"("payment":{"type":"payment_intent","payment_intent":"pi_@"}})";
}

std::string paid_invoice(std::string_view more = "") {
    return invoice("paid",
                   fmt::format(R"("attempt_count":1,"status_transitions":{{"paid_at":{}}}{}{})",
                               t0 + 2, more.empty() ? "" : ",", more));
}

// An event that waits for another's object is taken up again by the clock.
void wait_for_waiting_events(World& world) {
    for (int i = 0; i < 3; ++i) {
        world.clock().advance(std::chrono::hours(2));
        world.play(
            [&](db::Database&, Processor& processor) -> Task<> { co_await processor.drain(); });
    }
}

// A payment that is refunded twice, as since clover: charge and invoice know nothing of each other but
// for invoice_payment.paid.
TEST(Order, APaymentAndItsRefunds) {
    World world;
    world.provider().objects[ObjectKind::charge] = charge("succeeded", 2900);
    const Play life{
        .events = {{"evt_charge", "charge.succeeded", 1, charge("succeeded", 0)},
                   {"evt_paid", "invoice.paid", 2, paid_invoice()},
                   {"evt_link", "invoice_payment.paid", 2, invoice_payment()},
                   {"evt_re1", "refund.created", 10, refund("re1", 900, "succeeded")},
                   {"evt_re2", "refund.created", 12, refund("re2", 2000, "succeeded")},
                   {"evt_refunded", "charge.refunded", 12, charge("succeeded", 2900)}},
        .orders = all_orders(6),
        .lost = {}
    };
    play(world, life, 1);
    wait_for_waiting_events(world);
    expect_one_end(world, life, 1, R"("status": "refunded")");
    EXPECT_EQ(world.one("select count(*) from paydesk.payments"), "720") << "one each";
    EXPECT_EQ(world.one("select count(*) from paydesk.payments where amount_refunded = 2900 and "
                        "provider_charge_id is not null and receipt_url is not null"),
              "720");
    EXPECT_EQ(world.one("select count(*) from paydesk.refunds where payment_id is not null"),
              "1440");
    EXPECT_EQ(world.one("select count(*) from paydesk.webhook_events where status <> 'processed'"),
              "0");
}

// The same as acacia sends it: the charge names its invoice, the invoice its payment. One refund fails
// after it had succeeded, and the charge is not heard of again.
TEST(Order, ARefundThatFailsAfterwards) {
    World world;
    const std::string named = R"("invoice":"in_@")";
    const Play life{
        .events = {{"evt_charge", "charge.succeeded", 1, charge("succeeded", 0, named)},
                   {"evt_paid", "invoice.paid", 2, paid_invoice(R"("payment_intent":"pi_@")")},
                   {"evt_refunded", "charge.refunded", 10, charge("succeeded", 900, named)},
                   {"evt_re1", "refund.created", 10, refund("re1", 900, "succeeded")},
                   {"evt_failed", "refund.failed", 90, refund("re1", 900, "failed")}},
        .orders = all_orders(5),
        .lost = {}
    };
    play(world, life, 1);
    wait_for_waiting_events(world);
    expect_one_end(world, life, 1, "refund_failed");
    EXPECT_EQ(
        world.one("select count(*) from paydesk.payments where amount_refunded = 0 and status "
                  "= 'succeeded' and provider_payment_id is not null"),
        "120");
}

TEST(Order, ADisputeOpensAndIsLost) {
    World world;
    world.provider().objects[ObjectKind::dispute] = dispute("lost");
    const Play life{
        .events = {{"evt_charge", "charge.succeeded", 1, charge("succeeded", 0)},
                   {"evt_created", "charge.dispute.created", 20, dispute("needs_response")},
                   {"evt_funds", "charge.dispute.funds_withdrawn", 20, dispute("needs_response")},
                   {"evt_review", "charge.dispute.updated", 30, dispute("under_review")},
                   {"evt_closed", "charge.dispute.closed", 40, dispute("lost")}},
        .orders = all_orders(5),
        .lost = {}
    };
    play(world, life, 1);
    wait_for_waiting_events(world);
    expect_one_end(world, life, 1, R"("status": "lost")");
    EXPECT_EQ(world.one("select count(*) from paydesk.notifications where type like 'dispute%'"),
              "240")
        << "opened and closed, once each, for the operator";
}

// Collecting fails, is tried again, and the subscription is past due since the first failure.
TEST(Order, PastDueSinceTheFirstFailure) {
    World world;
    const auto failed = [](int attempt) {
        return invoice("open", fmt::format(R"("attempt_count":{})", attempt));
    };
    const Play life{
        .events = {{"evt_active", "customer.subscription.created", 1, subscription("active")},
                   {"evt_failed1", "invoice.payment_failed", 100, failed(1)},
                   {"evt_past_due", "customer.subscription.updated", 101, subscription("past_due")},
                   {"evt_failed2", "invoice.payment_failed", 300, failed(2)},
                   {"evt_again", "customer.subscription.updated", 301,
                    subscription("past_due", R"("cancel_at_period_end":false,"description":"x")")}},
        .orders = all_orders(5),
        .lost = {}
    };
    play(world, life, 1);
    expect_one_end(world, life, 1, R"("status": "past_due")");
    EXPECT_EQ(world.one("select count(*) from paydesk.subscriptions where past_due_since = "
                        "to_timestamp(" +
                        std::to_string(t0 + 100) + ")"),
              "120");
}

// SEPA: the session is complete and unpaid, then the money comes, or it does not.
TEST(Order, ACheckoutThatIsPaidDaysLater) {
    for (const bool comes : {true, false}) {
        World world;
        const std::string mode = R"("mode":"payment","invoice":null)";
        const Play life{
            .events = {{"evt_completed", "checkout.session.completed", 2,
                        checkout("complete", "unpaid", mode)},
                       comes ? Event{"evt_paid", "checkout.session.async_payment_succeeded", 900,
                                     checkout("complete", "paid", mode)}
                             : Event{"evt_failed", "checkout.session.async_payment_failed", 900,
                                     checkout("complete", "unpaid", mode)}},
            .orders = all_orders(2),
            .lost = {}
        };
        play(world, life, 1);
        expect_one_end(world, life, 1, comes ? R"("status": "complete")" : R"("status": "failed")");
        EXPECT_EQ(world.one("select count(*) from paydesk.payments"), comes ? "2" : "0");
    }
    World world;
    world.add_buyers(1, 1);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(
            db, {"evt_completed", "checkout.session.completed", 2, checkout("complete", "unpaid")},
            1);
        co_await processor.drain();
    });
    EXPECT_EQ(world.one("select status from paydesk.checkouts"), "processing");
}

// A card is replaced, and the old one goes: detached never comes back.
TEST(Order, DetachedStaysDetached) {
    World world;
    world.provider().objects[ObjectKind::payment_method] = payment_method(false);
    world.provider().objects[ObjectKind::customer] = customer();
    const Play card{
        .events = {{"evt_1", "payment_method.attached", 1, payment_method(true)},
                   {"evt_2", "customer.updated", 1, customer("pm_@")},
                   {"evt_3", "payment_method.automatically_updated", 2,
                    replace_all(payment_method(true), "2030", "2031")},
                   {"evt_4", "customer.updated", 5, customer()},
                   {"evt_5", "payment_method.detached", 5, payment_method(false)}},
        .orders = all_orders(5),
        .lost = {}
    };
    play(world, card, 1);
    world.clock().advance(std::chrono::hours(1));  // a detached card of nobody we know has waited
    world.play([&](db::Database&, Processor& processor) -> Task<> { co_await processor.drain(); });
    expect_one_end(world, card, 1, R"("is_default": false)");
    EXPECT_EQ(world.one("select count(*) from paydesk.payment_methods where detached_at is null"),
              "0");
}

}  // namespace
}  // namespace paydesk::webhook
