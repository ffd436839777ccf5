#include "webhook/processor.h"

#include "billing/customer_store.h"
#include "webhook/test_webhook.h"

namespace paydesk::webhook {
namespace {

using provider::ObjectKind;
using namespace std::chrono_literals;

const Event sub_active{"evt_sub", "customer.subscription.created", 1, subscription("active")};
const Event invoice_paid{"evt_paid", "invoice.paid", 2, invoice("paid")};

std::string field_of(const World& world, const std::string& column, const std::string& event) {
    return world.one("select " + column + " from paydesk.webhook_events where event_id = $1",
                     {for_buyer(event + "_@", 1)});
}

TEST(Processor, UnknownCustomerWaitsAndIsReleasedWhenItAppears) {
    World world;
    world.add_buyers(1, 1, false);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, sub_active, 1);
        co_await world.deliver(db, invoice_paid, 1);
        EXPECT_EQ((co_await processor.drain()).waiting, 2);
        EXPECT_EQ(world.statuses(), "waiting 2");
        EXPECT_EQ(field_of(world, "waiting_for", "evt_sub"), "cus_b000001");
        EXPECT_EQ((co_await processor.drain()).total(), 0) << "not before its time";

        co_await db.transaction([&](db::Tx& tx) -> Task<> {
            co_await billing::customer_store::record(tx, {.account = {account_id(1)},
                                                          .provider = provider::Name::stripe,
                                                          .customer = {"cus_b000001"}});
        });
        EXPECT_EQ((co_await processor.drain()).processed, 2);
    });
    EXPECT_EQ(world.statuses(), "processed 2");
    EXPECT_NE(world.dump(1).find("payment_success"), std::string::npos);
}

TEST(Processor, WaitingIsTriedAgainByItself) {
    World world;
    world.add_buyers(1, 1, false);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, sub_active, 1);
        std::int64_t looks = 0;
        for (int hour = 0; hour < 24 * 7; ++hour) {
            looks += (co_await processor.drain()).waiting;
            world.clock().advance(1h);
        }
        EXPECT_EQ(looks, waiting_attempts_max) << "and then it is parked";
        EXPECT_EQ(world.statuses(), "waiting 1") << "kept";
    });
    world.database().run(
        "insert into paydesk.provider_refs values ('stripe', 'customer', 'cus_b000001', $1)",
        {account_id(1)});
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        EXPECT_EQ((co_await processor.drain()).total(), 0);
        EXPECT_EQ(co_await replay(db, {}, world.clock().now()), 1U);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
}

// One payment, told by two types of event, each delivered twice: one receipt, with what it says.
TEST(Processor, AFactOfTwoWebhooksIsOneEmail) {
    World world;
    world.add_buyers(1, 1);
    const Event succeeded{"evt_too", "invoice.payment_succeeded", 2, invoice("paid")};
    const Event failed{"evt_failed", "invoice.payment_failed", 1, invoice("open")};
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        for (int round = 0; round < 2; ++round) {
            for (const auto& event : {failed, invoice_paid, succeeded}) {
                co_await world.deliver(db, event, 1);
                (void)co_await processor.drain();
            }
        }
        (void)co_await replay(db, {}, world.clock().now());
        (void)co_await processor.drain();
    });
    EXPECT_EQ(world.one("select string_agg(kind, ' ' order by kind) from paydesk.emails"),
              "payment_failed payment_success");
    EXPECT_EQ(world.one("select data ->> 'invoice_id' from paydesk.emails where kind = "
                        "'payment_success'"),
              "in_b000001");
    EXPECT_EQ(world.one("select count(*) from paydesk.jobs where kind = 'send_emails'"), "2");
}

// The provider's reminder has no invoice of its own: the subscription and its period are the fact.
TEST(Processor, ARenewalIsAnnouncedOnce) {
    World world;
    world.add_buyers(1, 1);
    const auto upcoming = [](const char* id, std::int64_t at) {
        return Event{id, "invoice.upcoming", at,
                     replace_all(invoice("draft"), R"("id":"in_@")", R"("id":"upcoming_in_@")")};
    };
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, upcoming("evt_up", 1), 1);
        co_await world.deliver(db, upcoming("evt_up_again", 5), 1);
        EXPECT_EQ((co_await processor.drain()).processed, 2);
    });
    EXPECT_EQ(world.one("select string_agg(kind, ' ') from paydesk.emails"), "renewal_upcoming");
    EXPECT_EQ(world.one("select count(*) from paydesk.invoices"), "0");
}

// Our own metadata names the account: the customer is adopted, for a subscription made in the
// provider's dashboard, say. A name that is no account of ours is nobody's.
TEST(Processor, MetadataNamesTheOwner) {
    World world;
    world.add_buyers(1, 1, false);
    const auto naming = [](const char* account) {
        return Event{
            "evt_meta", "customer.subscription.created", 1,
            subscription("active", fmt::format(R"("metadata":{{"user_id":"{}"}})", account))};
    };
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, invoice_paid, 1);
        EXPECT_EQ((co_await processor.drain()).waiting, 1);
        co_await world.deliver(db, naming("@account"), 1);
        co_await world.deliver(db, naming("00000000-0000-7000-8000-00000000beef"), 2);
        co_await world.deliver(db, naming("somebody"), 3);
        const Drained drained = co_await processor.drain();
        EXPECT_EQ(drained.processed, 2) << "the invoice was released in the same transaction";
        EXPECT_EQ(drained.waiting, 2);
    });
    EXPECT_EQ(world.one("select provider_customer_id from paydesk.customers"), "cus_b000001");
    EXPECT_EQ(world.one("select count(*) from paydesk.subscriptions"), "1");
}

// Another customer's metadata names an account that has a customer: its rows are the account's too,
// but it does not replace the account's customer.
TEST(Processor, FirstCustomerStays) {
    World world;
    world.add_buyers(1, 1);
    const Event other{"evt_other", "customer.subscription.created", 1,
                      replace_all(subscription("active", R"("metadata":{"user_id":"@account"})"),
                                  "cus_@", "cus_other_@")};
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, other, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select provider_customer_id from paydesk.customers"), "cus_b000001");
    EXPECT_EQ(world.one("select account_id from paydesk.subscriptions"), account_id(1));
}

// Followed types whose objects can't be used: dead letters that say why, and never a loop.
TEST(Processor, GarbageDiesAtOnceAndSaysWhy) {
    const struct {
        const char* name;
        Event event;
        const char* says;
    } cases[] = {
        {"no items",
         {"evt_1", "customer.subscription.updated", 1,
          R"({"id":"sub_@","customer":"cus_@","status":"active"})"},
         "items"                                                                             },
        {"unknown status",
         {"evt_2", "customer.subscription.updated", 1, subscription("odd")},
         "odd"                                                                               },
        {"no object",                        {"evt_3", "invoice.paid", 1, "null"},         ""},
        {"a text for an amount",
         {"evt_4", "invoice.paid", 1,
          replace_all(invoice("paid"), R"("amount_due":2900)", R"("amount_due":"much")")},
         "amount_due"                                                                        },
        {"unknown currency",
         {"evt_5", "invoice.paid", 1, replace_all(invoice("paid"), "usd", "zzz")},
         "zzz"                                                                               },
        {"too many attempts for the column",
         {"evt_6", "invoice.paid", 1, invoice("paid", R"("attempt_count":9000000000)")},
         "integer"                                                                           },
    };
    World world;
    world.add_buyers(1, 1);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        for (const auto& c : cases) co_await world.deliver(db, c.event, 1);
        co_await world.deliver(db, sub_active, 1);
        const Drained drained = co_await processor.drain();
        EXPECT_EQ(drained.dead, 6);
        EXPECT_EQ(drained.processed, 1) << "the bad ones harm no other";
        world.clock().advance(24h);
        EXPECT_EQ((co_await processor.drain()).total(), 0);
    });
    EXPECT_EQ(world.statuses(), "dead 6, processed 1");
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(field_of(world, "attempts", c.event.id), "1");
        const std::string error = field_of(world, "error", c.event.id);
        EXPECT_FALSE(error.empty());
        EXPECT_NE(error.find(c.says), std::string::npos) << error;
    }
}

// A failure that may pass is tried again with growing pauses; then it is dead, and can be replayed.
TEST(Processor, FailsBacksOffDiesAndIsReplayed) {
    World world;
    world.add_buyers(1, 2);
    world.database().script(
        "alter table paydesk.invoices add constraint broken unique (livemode);");
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, invoice_paid, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
        co_await world.deliver(db, invoice_paid, 2);
        std::int64_t failed = 0, dead = 0;
        for (int hour = 0; hour < 48; ++hour) {
            const Drained drained = co_await processor.drain();
            failed += drained.failed;
            dead += drained.dead;
            world.clock().advance(1h);
        }
        EXPECT_EQ(failed, attempts_max - 1);
        EXPECT_EQ(dead, 1);
        EXPECT_EQ(world.statuses(), "dead 1, processed 1");
        EXPECT_EQ(world.one("select count(*) from paydesk.payments"), "1")
            << "all of it rolled back";
        EXPECT_NE(world.one("select error from paydesk.webhook_events where status = 'dead'")
                      .find("broken"),
                  std::string::npos);

        world.database().script("alter table paydesk.invoices drop constraint broken;");
        EXPECT_EQ(co_await replay(db, {}, world.clock().now()), 1U);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select count(*) from paydesk.payments"), "2");
}

TEST(Processor, UnknownTypesAndOddities) {
    World world;
    world.add_buyers(1, 1);
    const std::string upcoming = replace_all(invoice("draft"), R"("id":"in_@",)", "");
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, {"evt_1", "tax_rate.created", 1, R"({"id":"txr_1"})"}, 1);
        co_await world.deliver(db, {"evt_2", "invoice.upcoming", 1, upcoming}, 1);
        co_await world.deliver(db, {"evt_3", "invoice.upcoming", 1, upcoming}, 99);
        co_await world.deliver(
            db,
            {"evt_4", "charge.refunded", 1,
             R"({"id":"ch_@","object":"charge","customer":"cus_@","amount":500,"amount_refunded":500,)"
             R"("currency":"usd","status":"succeeded","created":1780000000,"refunded":true,)"
             R"("disputed":false})"},
            1);
        const Drained drained = co_await processor.drain();
        EXPECT_EQ(drained.ignored, 1);
        EXPECT_EQ(drained.processed, 3);
    });
    EXPECT_EQ(world.one("select count(*) from paydesk.invoices"), "0");
    EXPECT_EQ(world.one("select status || ' ' || amount_refunded from paydesk.charges"),
              "succeeded 500");
}

// ---- ties ----

TEST(Processor, TieWhenTheProviderIsAwayIsNotAnEnd) {
    World world;
    world.add_buyers(1, 1);
    world.provider().objects[ObjectKind::subscription] = subscription("active");
    world.provider().refusal = Error{ErrorCode::provider_unavailable, "no answer"};
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(
            db, {"evt_1", "customer.subscription.updated", 9, subscription("past_due")}, 1);
        co_await processor.drain();
        co_await world.deliver(
            db, {"evt_2", "customer.subscription.updated", 9, subscription("unpaid")}, 1);
        for (int hour = 0; hour < 30; ++hour) {
            EXPECT_EQ((co_await processor.drain()).dead, 0);
            world.clock().advance(1h);
        }
        EXPECT_EQ(world.one("select status from paydesk.subscriptions"), "past_due");
        world.provider().refusal.reset();
        world.clock().advance(1h);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select status from paydesk.subscriptions"), "active");
}

TEST(Processor, TieOfAnObjectThatIsGoneKeepsTheFirst) {
    World world;
    world.add_buyers(1, 1);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(
            db, {"evt_1", "customer.subscription.updated", 9, subscription("past_due")}, 1);
        co_await processor.drain();
        co_await world.deliver(
            db, {"evt_2", "customer.subscription.updated", 9, subscription("unpaid")}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select status from paydesk.subscriptions"), "past_due");
}

// While we ask, a newer event is applied: what the provider said then must not overwrite it.
TEST(Processor, TieWhoseRowMovedMeanwhileIsJudgedAnew) {
    World world;
    world.add_buyers(1, 1);
    world.provider().objects[ObjectKind::subscription] = subscription("unpaid");
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(
            db, {"evt_1", "customer.subscription.updated", 9, subscription("past_due")}, 1);
        co_await processor.drain();
        co_await world.deliver(
            db, {"evt_2", "customer.subscription.updated", 9, subscription("unpaid")}, 1);
        world.provider().before_answer = [&](const provider::Ref&) -> Task<> {
            co_await world.deliver(
                db, {"evt_3", "customer.subscription.updated", 10, subscription("active")}, 1);
            co_await processor.drain();
        };
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select status from paydesk.subscriptions"), "active");
    EXPECT_EQ(world.statuses(), "processed 3");
}

// An event shows ten lines of an invoice, prorations first: what was paid for may be the eleventh.
TEST(Processor, ALongInvoiceIsReadToItsEnd) {
    World world;
    world.add_buyers(1, 1);
    world.database().script("update paydesk.plans set credits_per_month = 2500");
    const auto line = [](const char* id, const char* more) {
        return fmt::format(
            R"({{"id":"{}","amount":100,"currency":"usd","description":"","quantity":1,)"
            R"("period":{{"start":{},"end":{}}}{}}})",
            id, t0, t0 + 2'592'000, more);
    };
    const auto with_lines = [](const std::string& lines, const char* has_more) {
        json::value object = *parse_json(invoice("paid"));
        object.at("lines") =
            *parse_json(R"({"object":"list","has_more":)" + std::string(has_more) +
                        R"(,"url":"/v1/invoices/in_@/lines","data":[)" + lines + "]}");
        return json::serialize(object);
    };
    const std::string shown = line("il_1", ""),
                      hidden = line("il_2", R"(,"price":{"id":"price_pro"})");
    world.provider().objects[ObjectKind::invoice] = with_lines(shown + "," + hidden, "false");
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, {"evt_paid", "invoice.paid", 2, with_lines(shown, "true")}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one("select jsonb_array_length(line_items) from paydesk.invoices"), "2");
    EXPECT_EQ(world.one("select sum(amount) from paydesk.credit_grants where kind = 'plan'"),
              "2500");
    EXPECT_EQ(world.one("select count(*) from paydesk.payments"), "1");
    EXPECT_EQ(world.statuses(), "processed 1");
}

// The item of the plan may be among those that an event does not show.
TEST(Processor, ALongSubscriptionKeepsItsPlan) {
    World world;
    world.add_buyers(1, 1);
    const std::string cut = replace_all(
        replace_all(subscription("past_due"), "price_pro", "price_metered"),
        R"("lookup_key":"pro_monthly"}}]})", R"("lookup_key":null}}],"has_more":true})");
    world.provider().objects[ObjectKind::subscription] = subscription("past_due");
    const char* plan = "select plan_key || ' ' || status from paydesk.subscriptions";
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(db, sub_active, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
        world.provider().before_answer = [&](const provider::Ref&) -> Task<> {
            EXPECT_EQ(world.one(plan), "pro active");
            co_return;
        };
        co_await world.deliver(db, {"evt_cut", "customer.subscription.updated", 9, cut}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
    EXPECT_EQ(world.one(plan), "pro past_due");
    EXPECT_EQ(world.provider().fetches, 1);
}

// Failures of former years, paid since or written off before something was paid again: the grace begins now.
TEST(Processor, AnOldFailureDoesNotShortenTheGrace) {
    World world;
    world.add_buyers(1, 1);
    world.database().run(
        "insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, "
        "provider_subscription_id, status, currency, amount_due, amount_paid, first_failed_at, "
        "provider_stamp, created_at) "
        "select $1, gen_random_uuid(), 'stripe', i.id, 'sub_b000001', i.status, 'usd', 2900, 0, "
        "i.at, i.at, i.at from (select s.id, s.status, to_timestamp($2::bigint - s.days * 86400) "
        "as at from (values ('in_off', 'uncollectible', 400), ('in_paid', 'paid', 300)) "
        "as s (id, status, days)) i",
        {account_id(1), db::param(t0)});
    const auto since = [&] {
        return world.one(
            "select (extract(epoch from past_due_since)::bigint - 1780000000)::text from "
            "paydesk.subscriptions");
    };
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(
            db, {"evt_1", "customer.subscription.updated", 5, subscription("past_due")}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
        EXPECT_EQ(since(), "0") << "its invoice is not here yet: the period's begin";
        co_await world.deliver(db, {"evt_2", "invoice.payment_failed", 4, invoice("open")}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
        EXPECT_EQ(since(), "4");
        co_await world.deliver(db, {"evt_3", "invoice.paid", 9, invoice("paid")}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 1);
    });
}

// What was written off and never paid since is owed still: a new period does not begin the grace anew.
TEST(Processor, AWriteOffDoesNotBeginTheGraceAnew) {
    World world;
    world.add_buyers(1, 1);
    world.database().run(
        "insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, "
        "provider_subscription_id, status, currency, amount_due, amount_paid, first_failed_at, "
        "provider_stamp, created_at) "
        "select $1, gen_random_uuid(), 'stripe', 'in_off', 'sub_b000001', 'uncollectible', 'usd', "
        "2900, 0, at, at, at from to_timestamp($2::bigint - 30 * 86400) as at",
        {account_id(1), db::param(t0)});
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        co_await world.deliver(
            db, {"evt_1", "customer.subscription.updated", 5, subscription("past_due")}, 1);
        co_await world.deliver(db, {"evt_2", "invoice.payment_failed", 4, invoice("open")}, 1);
        EXPECT_EQ((co_await processor.drain()).processed, 2);
    });
    EXPECT_EQ(world.one("select (extract(epoch from past_due_since)::bigint - 1780000000)::text "
                        "from paydesk.subscriptions"),
              "-2592000");
}

// ---- many at once ----

// Counts every write of a row, so that an application too many shows.
constexpr const char* count_writes = R"(
    create table public.writes (what text);
    grant insert on public.writes to public;
    create function public.count_write() returns trigger language plpgsql as
        $$ begin insert into public.writes values (tg_table_name || ' ' || tg_op); return null; end $$;
    create trigger writes after insert or update on paydesk.invoices
        for each row execute function public.count_write();
    create trigger writes after insert or update on paydesk.payments
        for each row execute function public.count_write();
    create trigger writes after insert or update on paydesk.notifications
        for each row execute function public.count_write();)";

TEST(Processor, TwoAtOnceNeverApplyTwice) {
    constexpr int buyers = 120;
    World world;
    world.add_buyers(1, buyers);
    world.database().script(count_writes);
    run_to_end([&](asio::io_context& io) -> Task<> {
        db::Database db(io, {.url = world.database().server_url()});
        co_await db.ready(10s);
        for (int buyer = 1; buyer <= buyers; ++buyer) {
            co_await world.deliver(db, invoice_paid, buyer);
            co_await world.deliver(db, sub_active, buyer);
        }
        const ProcessorOptions options{.workers = 2, .batch_max = 7, .poll = 20ms, .linger = 0ms};
        Processor one(io, db, world.clock(), world.appliers(), options);
        Processor two(io, db, world.clock(), world.appliers(), options);
        bool two_ended = false;
        spawn(io, "two", [](Processor& processor, bool& ended) -> Task<> {
            co_await processor.run();
            ended = true;
        }(two, two_ended));
        spawn(io, "ender",
              [](asio::io_context& loop, const World& w, Processor& a, Processor& b) -> Task<> {
                  for (int i = 0; i < 1'000 && w.statuses() != "processed 240"; ++i) {
                      co_await sleep_for(loop, 10ms);
                  }
                  a.stop();
                  b.stop();
              }(io, world, one, two));
        co_await one.run();
        while (!two_ended) co_await sleep_for(io, 1ms);
        db.stop();
    });
    EXPECT_EQ(world.statuses(), "processed 240");
    EXPECT_EQ(
        world.one("select string_agg(what || ' ' || n, ', ' order by what) from (select what, "
                  "count(*) n from public.writes group by what) w"),
        "invoices INSERT 120, notifications INSERT 240, payments INSERT 120");
    EXPECT_EQ(
        world.one("select deadlocks from pg_stat_database where datname = current_database()"),
        "0");
}

// The server dies at any moment: what was not committed is done again, what was is not.
TEST(Processor, KilledConnectionsLoseAndRepeatNothing) {
    constexpr int buyers = 150;
    World world;
    world.add_buyers(1, buyers);
    world.database().script(count_writes);
    run_to_end([&](asio::io_context& io) -> Task<> {
        db::Database db(io, {.url = world.database().server_url()});
        co_await db.ready(10s);
        for (int buyer = 1; buyer <= buyers; ++buyer)
            co_await world.deliver(db, invoice_paid, buyer);
        Processor processor(io, db, world.clock(), world.appliers(),
                            {.workers = 2, .batch_max = 5, .poll = 10ms, .linger = 0ms});
        spawn(io, "killer", [](asio::io_context& loop, const World& w, Processor& p) -> Task<> {
            for (int i = 0; i < 1'000 && w.statuses() != "processed 150"; ++i) {
                if (i < 20) {
                    w.database().run(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                        "where usename = 'paydesk_server' and datname = current_database()");
                }
                co_await sleep_for(loop, 8ms);
            }
            p.stop();
        }(io, world, processor));
        co_await processor.run();
        db.stop();
    });
    EXPECT_EQ(world.statuses(), "processed 150");
    EXPECT_EQ(
        world.one("select string_agg(what || ' ' || n, ', ' order by what) from (select what, "
                  "count(*) n from public.writes group by what) w"),
        "invoices INSERT 150, notifications INSERT 150, payments INSERT 150");
}

TEST(Processor, WakesPagesOncePerAccount) {
    World world;
    world.add_buyers(1, 1);
    world.play([&](db::Database& db, Processor& processor) -> Task<> {
        std::vector<std::string> heard;
        db.listen(world.database().server_url(), "paydesk_account",
                  [&](std::string_view payload) { heard.emplace_back(payload); });
        co_await world.deliver(db, sub_active, 1);
        co_await world.deliver(db, invoice_paid, 1);
        for (int i = 0; i < 200 && heard.empty(); ++i) {
            if (i == 20) co_await processor.drain();  // listening by then
            co_await db.run({"test_sleep", "select pg_sleep(0.01)"});
        }
        EXPECT_EQ(heard, std::vector<std::string>{account_id(1)});
    });
}

}  // namespace
}  // namespace paydesk::webhook
