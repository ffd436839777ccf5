#include "webhook/receiver.h"

#include "provider/stripe/verify.h"
#include "webhook/test_webhook.h"

namespace paydesk::webhook {
namespace {

using namespace std::chrono_literals;

const std::string secret = "whsec_test";

// A receiver on a real database, as main.cc wires it.
class Inbox {
public:
    Inbox(asio::io_context& io, db::Database& db, Instant now, std::vector<std::string> secrets)
        : now_(now),
          verifier_(secrets),
          receiver_(io, db,
                    {
                        {provider::Name::stripe,
                         {.verify =
                              [this](const Delivery& d) {
                                  return verifier_.verify(d.header("stripe-signature"), d.body,
                                                          d.received_at);
                              },
                          .envelope = stripe_envelope}}
    },
                    [this] { ++wakes; }) {}

    Task<Result<Received>> receive(std::string body) {
        std::string signature = provider::stripe::sign(secret, body, now_);
        co_return co_await receive_signed(std::move(body), std::move(signature));
    }
    Task<Result<Received>> receive_signed(std::string body, std::string signature) {
        co_return co_await receiver_.receive(
            {.provider = provider::Name::stripe,
             .header = [&](std::string_view name) -> std::string_view {
                 return name == "stripe-signature" ? std::string_view(signature) : "";
             },
             .body = body,
             .received_at = now_});
    }

    int wakes = 0;

private:
    Instant now_;
    provider::stripe::Verifier verifier_;
    Receiver receiver_;
};

void with_inbox(World& world, std::function<Task<>(asio::io_context&, db::Database&, Inbox&)> body,
                std::vector<std::string> secrets = {secret}) {
    run_to_end([&](asio::io_context& io) -> Task<> {
        db::Database db(io, {.url = world.database().server_url()});
        co_await db.ready(10s);
        Inbox inbox(io, db, world.clock().now(), secrets);
        co_await body(io, db, inbox);
        db.stop();
    });
}

std::string name_of(const Result<Received>& result) {
    if (result) return *result == Received::stored ? "stored" : "duplicate";
    return std::string(info(result.error().code).name);
}

const Event paid{"evt_paid", "invoice.paid", 2, invoice("paid")};

TEST(Receiver, StoresOnceWhatWasSigned) {
    World world;
    with_inbox(world, [&](asio::io_context&, db::Database&, Inbox& inbox) -> Task<> {
        EXPECT_EQ(name_of(co_await inbox.receive(text_of(paid, 1))), "stored");
        EXPECT_EQ(name_of(co_await inbox.receive(text_of(paid, 1))), "duplicate");
        EXPECT_EQ(inbox.wakes, 1) << "nothing new, nobody woken";
    });
    EXPECT_EQ(world.one("select concat_ws(' ', event_id, type, api_version, livemode, object_kind, "
                        "object_id, status, extract(epoch from occurred_at)::bigint) "
                        "from paydesk.webhook_events"),
              "evt_paid_b000001 invoice.paid 2026-10-28.endive f invoice in_b000001 received " +
                  std::to_string(t0 + 2));
    EXPECT_EQ(world.one("select payload from paydesk.webhook_events"), text_of(paid, 1))
        << "the text as it came";
}

TEST(Receiver, RefusesInThisOrder) {
    World world;
    const std::string body = text_of(paid, 1);
    const Instant now = world.clock().now();
    const auto sign_at = [&](std::chrono::seconds offset) {
        return provider::stripe::sign(secret, body, now + offset);
    };
    const struct {
        const char* name;
        std::string body, signature, code;
    } cases[] = {
        {"too large, and not even signed", std::string(body_bytes_max + 1, ' '), "",
         "webhook_body_too_large"},
        {"no signature", body, "", "webhook_signature_invalid"},
        {"wrong secret", body, provider::stripe::sign("whsec_other", body, now),
         "webhook_signature_invalid"},
        {"tampered", replace_all(body, "2900", "1"), sign_at(0s), "webhook_signature_invalid"},
        {"re-serialised", body + " ", sign_at(0s), "webhook_signature_invalid"},
        {"stale", body, sign_at(-301s), "webhook_timestamp_stale"},
        {"from the future", body, sign_at(301s), "webhook_timestamp_stale"},
        {"old but good", body, sign_at(-299s), "stored"},
    };
    with_inbox(world, [&](asio::io_context&, db::Database&, Inbox& inbox) -> Task<> {
        for (const auto& c : cases) {
            SCOPED_TRACE(c.name);
            EXPECT_EQ(name_of(co_await inbox.receive_signed(c.body, c.signature)), c.code);
        }
    });
    EXPECT_EQ(world.statuses(), "received 1");
    with_inbox(world,
               [&](asio::io_context&, db::Database&, Inbox& inbox) -> Task<> {
                   EXPECT_EQ(name_of(co_await inbox.receive(body)), "webhook_signature_invalid");
               },
               {});
}

TEST(Receiver, SignedButNoEvent) {
    const char* bodies[] = {
        "",
        "garbage",
        "[]",
        "null",
        R"("evt_1")",
        "{}",
        R"({"object":"event"})",
        R"({"object":"event","id":"evt_1"})",
        R"({"object":"event","id":"evt_1","type":"a"})",
        R"({"object":"event","id":"","type":"a","created":1})",
        R"({"object":"event","id":7,"type":"a","created":1})",
        R"({"object":"event","id":"evt_1","type":"a","created":-1})",
        R"({"object":"event","id":"evt_1","type":"a","created":1e99})",
        R"({"object":"event","id":"evt_1","type":"a","created":1}{)",
        R"({"object":"event","id":"evt_1","type":"a","created":1},{"provider":"stripe"})",
        R"({"object":"invoice","id":"in_1","type":"a","created":1})",
        "{\"object\":\"event\",\"id\":\"evt_\xff\",\"type\":\"a\",\"created\":1}",
    };
    World world;
    with_inbox(world, [&](asio::io_context&, db::Database&, Inbox& inbox) -> Task<> {
        for (const char* body : bodies) {
            SCOPED_TRACE(body);
            EXPECT_EQ(name_of(co_await inbox.receive(body)), "webhook_payload_invalid");
        }
        const std::string deep(200, '[');
        EXPECT_EQ(name_of(co_await inbox.receive(
                      R"({"object":"event","id":"e","type":"a","created":1,"x":)" + deep)),
                  "webhook_payload_invalid");
    });
    EXPECT_EQ(world.statuses(), "");
}

TEST(Receiver, OddEventsAreStored) {
    World world;
    world.add_buyers(1, 1);
    const auto stored = [&](Inbox& inbox, std::string body) -> Task<> {
        const auto result = co_await inbox.receive(body);
        EXPECT_EQ(name_of(result), "stored") << body;
    };
    with_inbox(world, [&](asio::io_context&, db::Database&, Inbox& inbox) -> Task<> {
        co_await stored(inbox,
                        R"({"object":"event","id":"evt_1","type":"of.tomorrow","created":1})");
        co_await stored(inbox,
                        R"({"object":"v2.core.event","id":"evt_2","type":"v1.billing.meter",)"
                        R"("created":"2026-10-01T12:00:00.000Z","livemode":false})");
        const Event nul{"evt_3", "customer.updated", 3,
                        replace_all(customer(), "Buyer", "Bu\\u0000yer")};
        co_await stored(inbox, text_of(nul, 1));
        co_await stored(inbox, text_of({"evt_4", "invoice.upcoming", 3,
                                        replace_all(invoice("draft"), R"("id":"in_@",)", "")},
                                       1));
        co_await stored(inbox,
                        replace_all(text_of({"evt_5", "invoice.paid", 3, invoice("paid")}, 1),
                                    R"("livemode":false,"type")", R"("livemode":true,"type")"));
    });
    EXPECT_EQ(world.statuses(), "ignored 1, received 4");
    EXPECT_NE(world.one("select error from paydesk.webhook_events where event_id like 'evt_5%'")
                  .find("live"),
              std::string::npos);
    world.play([&](db::Database&, Processor& processor) -> Task<> {
        const Drained drained = co_await processor.drain();
        EXPECT_EQ(drained.ignored, 2);
        EXPECT_EQ(drained.processed, 2);
    });
    EXPECT_EQ(world.one("select name from paydesk.customers"), "Buyer");
}

// 100 at once, one of which the database refuses: it alone is refused, and told so.
TEST(Receiver, OneBadRowSinksNoOther) {
    World world;
    world.database().script(
        "alter table paydesk.webhook_events add constraint no_bad check (type <> 'bad');");
    std::map<std::string, int> outcomes;
    with_inbox(world, [&](asio::io_context& io, db::Database&, Inbox& inbox) -> Task<> {
        int left = 100;
        for (int i = 0; i < 100; ++i) {
            spawn(
                io, "delivery",
                [](Inbox& to, int n, std::map<std::string, int>& counted, int& running) -> Task<> {
                    const auto result = co_await to.receive(
                        fmt::format(R"({{"object":"event","id":"evt_{}","type":"{}","created":1}})",
                                    n, n == 57 ? "bad" : "good"));
                    ++counted[name_of(result)];
                    --running;
                }(inbox, i, outcomes, left));
        }
        while (left > 0) co_await sleep_for(io, 1ms);
        EXPECT_LE(inbox.wakes, 102);
    });
    EXPECT_EQ(outcomes, (std::map<std::string, int>{
                            {"stored",                  99},
                            {"webhook_payload_invalid", 1 }
    }));
    EXPECT_EQ(world.statuses(), "received 99");
}

// Acknowledged means committed: the connection dies while the insert runs, so nobody is told "stored",
// and nothing is. Delivered again, it is.
TEST(Receiver, NothingIsAcknowledgedBeforeItsCommit) {
    World world;
    world.database().script(R"(
        create table public.hold (on_hold boolean); insert into public.hold values (true);
        grant select on public.hold to public;
        create function public.wait_while_held() returns trigger language plpgsql as $$
        begin
            while (select on_hold from public.hold) loop perform pg_sleep(0.005); end loop;
            return null;
        end $$;
        create constraint trigger hold after insert on paydesk.webhook_events
            deferrable initially deferred for each row execute function public.wait_while_held();)");
    with_inbox(world, [&](asio::io_context& io, db::Database& db, Inbox& inbox) -> Task<> {
        std::vector<std::string> outcomes;
        for (int i = 0; i < 3; ++i) {
            spawn(io, "delivery", [](Inbox& to, int n, std::vector<std::string>& told) -> Task<> {
                const auto result = co_await to.receive(
                    text_of({"evt_" + std::to_string(n), "invoice.paid", 2, invoice("paid")}, 1));
                told.push_back(name_of(result));
            }(inbox, i, outcomes));
        }
        for (int i = 0; i < 50; ++i) co_await sleep_for(io, 2ms);
        EXPECT_TRUE(outcomes.empty()) << "the first commit is still under way";
        world.database().run(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where usename = 'paydesk_server' and datname = current_database()");
        world.database().run("update public.hold set on_hold = false");
        while (outcomes.size() < 3) co_await sleep_for(io, 2ms);
        EXPECT_EQ(outcomes.front(), "unavailable");

        const auto told_stored = std::ranges::count(outcomes, "stored");
        EXPECT_EQ(world.one("select count(*) from paydesk.webhook_events"),
                  std::to_string(told_stored));
        co_await db.ready(10s);
        EXPECT_EQ(name_of(co_await inbox.receive(text_of({"evt_0", "invoice.paid", 2, "{}"}, 1))),
                  "stored");
    });
}

}  // namespace
}  // namespace paydesk::webhook
