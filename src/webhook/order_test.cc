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
