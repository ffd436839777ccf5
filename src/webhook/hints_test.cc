// Events that only hint (PayPal's subscriptions and sales): the provider is asked, and its answer applied.

#include <algorithm>

#include "base/log.h"
#include "provider/paypal/normalise.h"
#include "provider/paypal/paypal_provider.h"
#include "provider/paypal/test_subscription.h"
#include "webhook/apply_events.h"
#include "webhook/test_webhook.h"

namespace paydesk::webhook {
namespace {

using provider::paypal::Text;

// PayPal with one subscription, answering by URL.
struct PayPal final : http::Transport {
    Text subscription;
    std::vector<std::string> payments;
    int status = 200;  // of all but the token
    int asked = 0;     // for the subscription

    Task<http::ClientResponse> send(http::ClientRequest request) override {
        const std::string& url = request.url;
        if (url.ends_with("/oauth2/token"))
            co_return http::ClientResponse{.status = 200,
                                           .body = R"({"access_token":"A21","expires_in":32400})"};
        if (status != 200) co_return http::ClientResponse{.status = status, .body = "{}"};
        if (url.find("/transactions?") != std::string::npos)
            co_return http::ClientResponse{.status = 200,
                                           .body = provider::paypal::transactions_text(payments)};
        ++asked;
        co_return http::ClientResponse{.status = 200,
                                       .body = provider::paypal::subscription_text(subscription)};
    }
};

struct Hints : testing::Test {
    Hints() {
        log::set_level(log::Level::error);
        world.add_buyers(1, 1, false);
        world.database().script(R"(
            insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
                provider_price_id, lookup_key)
            values ('pro', 'monthly', 'usd', 1900, 'paypal', 'P-PRO-M', 'pro_monthly');)");
        world.clock().set(provider::paypal::moment("2026-02-10T00:00:00Z"));
        paypal.subscription = {.paid_at = "2026-01-31T10:00:00Z", .next = "2026-02-28T10:00:00Z"};
        paypal.payments = {"2026-01-31T10:00:00Z=19.00"};
    }

    void play(std::function<Task<>(db::Database&, Processor&)> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = world.database().server_url()});
            co_await db.ready(std::chrono::seconds(10));
            provider::paypal::Client client(io, paypal, world.clock(),
                                            {.client_id = "a",
                                             .client_secret = "b",
                                             .wait = [](auto) -> Task<> { co_return; }});
            provider::paypal::PayPalProvider provider(client, world.clock());
            Processor processor(
                io, db, world.clock(),
                {
                    {provider::Name::paypal,
                     {.normalise = provider::paypal::normalise, .provider = &provider}}
            });
            co_await body(db, processor);
            db.stop();
        });
    }

    // "BILLING.SUBSCRIPTION.X" or "PAYMENT.SALE.X" of I-1.
    Task<> deliver(db::Database& db, std::string id, std::string type) {
        const bool sale = type.starts_with("PAYMENT.SALE.");
        const std::string resource =
            sale ? R"({"id":"S1","billing_agreement_id":"I-1"})" : R"({"id":"I-1"})";
        const event_store::NewEvent row{
            .provider = provider::Name::paypal,
            .event_id = id,
            .type = type,
            .api_version = std::nullopt,
            .livemode = false,
            .occurred_at = world.clock().now(),
            .object_kind = provider::ObjectKind::subscription,
            .object_id = "I-1",
            .ignored = false,
            .note = "",
            .received_at = world.clock().now(),
            .payload = fmt::format(
                R"({{"id":"{}","event_type":"{}","create_time":"2026-02-10T00:00:00Z","resource":{}}})",
                id, type, resource)};
        co_await event_store::add(db, {&row});
    }

    std::string state() const {
        return world.one(
            "select concat_ws(' ', s.status, s.cancel_at_period_end, (select count(*) from "
            "paydesk.invoices where status = 'paid'), (select count(*) from "
            "paydesk.payments where status = 'succeeded')) from paydesk.subscriptions s");
    }

    World world;
    PayPal paypal;
};

TEST_F(Hints, OneQuestionForAllEventsOfABatch) {
    play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await deliver(db, "WH-1", "BILLING.SUBSCRIPTION.CREATED");
        co_await deliver(db, "WH-2", "BILLING.SUBSCRIPTION.ACTIVATED");
        co_await deliver(db, "WH-3", "PAYMENT.SALE.COMPLETED");
        const auto drained = co_await processor.drain();
        EXPECT_EQ(drained.processed, 3);
    });
    EXPECT_EQ(paypal.asked, 1);
    EXPECT_EQ(state(), "active f 1 1");
    EXPECT_EQ(world.statuses(), "processed 3");
    EXPECT_EQ(world.one("select count(*) from paydesk.webhook_events where account_id is not null"),
              "3");
}

TEST_F(Hints, ASaleThatComesAgainDaysLaterChangesNothing) {
    play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await deliver(db, "WH-1", "PAYMENT.SALE.COMPLETED");
        (void)co_await processor.drain();
        const std::string before = world.dump(1);
        world.clock().advance(std::chrono::hours(72));
        co_await deliver(db, "WH-9", "PAYMENT.SALE.COMPLETED");
        EXPECT_EQ((co_await processor.drain()).processed, 1);
        EXPECT_EQ(world.dump(1), before);
    });
}

// An event of long ago tells what is, not what was.
TEST_F(Hints, TheAnswerCountsNotTheEvent) {
    paypal.subscription.status = "CANCELLED";
    paypal.subscription.since = "2026-02-09T00:00:00Z";
    paypal.subscription.next = "";
    std::vector<std::string> types = {"BILLING.SUBSCRIPTION.CANCELLED",
                                      "BILLING.SUBSCRIPTION.ACTIVATED",
                                      "BILLING.SUBSCRIPTION.CREATED", "PAYMENT.SALE.COMPLETED"};
    int number = 0;
    do {
        play([&](db::Database& db, Processor& processor) -> Task<> {
            for (const auto& type : types) {
                co_await deliver(db, "WH-" + std::to_string(++number), type);
                (void)co_await processor.drain();
                world.clock().advance(std::chrono::seconds(1));
            }
        });
        EXPECT_EQ(state(), "active t 1 1");
    } while (std::ranges::next_permutation(types).found);
}

TEST_F(Hints, PayPalAwayIsNotAnEnd) {
    paypal.status = 503;
    play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await deliver(db, "WH-1", "PAYMENT.SALE.COMPLETED");
        for (int i = 0; i < attempts_max + 3; ++i) {
            EXPECT_EQ((co_await processor.drain()).failed, 1);
            world.clock().advance(std::chrono::hours(24));
        }
        EXPECT_EQ(world.statuses(), "failed 1");
        paypal.status = 200;
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select count(*) from paydesk.subscriptions"), "1");
}

TEST_F(Hints, WhatPayPalHasNoMoreIsDone) {
    paypal.status = 404;
    play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await deliver(db, "WH-1", "BILLING.SUBSCRIPTION.UPDATED");
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select status || ': ' || error from paydesk.webhook_events"),
              "processed: the provider has the object no more");
}

TEST_F(Hints, AStrangersSubscriptionWaits) {
    paypal.subscription.account = "00000000-0000-7000-8000-000000000999";
    play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await deliver(db, "WH-1", "PAYMENT.SALE.COMPLETED");
        EXPECT_EQ((co_await processor.drain()).waiting, 1);
    });
    EXPECT_EQ(world.one("select count(*) from paydesk.subscriptions"), "0");
}

// Whoever died while it asked holds the event back no longer than its lease.
TEST_F(Hints, AnEventThatIsAskedAboutIsLeased) {
    play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await deliver(db, "WH-1", "PAYMENT.SALE.COMPLETED");
        co_await db.transaction([&](db::Tx& tx) -> Task<> {
            co_await event_store::begin_batch(tx);
            auto events = co_await event_store::claim(tx, {}, world.clock().now(), 10);
            const std::map<provider::Name, Applier> appliers = {
                {provider::Name::paypal, {.normalise = provider::paypal::normalise}}
            };
            const auto applied = co_await apply_events(
                tx, {.appliers = appliers, .now = world.clock().now()}, std::move(events));
            EXPECT_EQ(applied.ties.size(), 1u);
        });
        EXPECT_EQ((co_await processor.drain()).total(), 0);
        world.clock().advance(tie_lease);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
}

}  // namespace
}  // namespace paydesk::webhook
