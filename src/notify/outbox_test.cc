#include "notify/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/test_database.h"
#include "jobs/runner.h"
#include "notify/email_kinds.h"
#include "notify/notifications.h"
#include "notify/smtp_test_server.h"

namespace paydesk::notify {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
const AccountId bob{"0198a000-0000-7000-8000-000000000002"};
const Instant noon = from_unix(1'764'000'000);

Notification fact(const AccountId& account, std::string type, std::string key) {
    return {
        .account = account,
        .type = std::move(type),
        .title = "Told",
        .message = "It happened.",
        .metadata = {},
        .fact_key = std::move(key),
        .details = {{"amount", 2'900}, {"currency", "usd"}, {"invoice_id", "in_1"}}
    };
}

class OutboxTest : public testing::Test {
protected:
    OutboxTest() {
        account(ann, "ann@example.com", "Ann", "de");
        account(bob, "bob@example.com", "Bob", "");
    }

    void account(const AccountId& id, const std::string& email, const std::string& name,
                 const std::string& language) {
        database.run(
            "insert into paydesk.accounts (account_id, email, name, language) values ($1, "
            "nullif($2, ''), $3, nullif($4, '')) on conflict (account_id) do update set email = "
            "excluded.email",
            {id.value, email, name, language});
    }

    // One node: database, mail client, outbox.
    struct Node {
        db::Database& db;
        SmtpClient& client;
        Outbox& outbox;
    };
    void play(const SmtpTestServer* server, std::function<Task<>(Node)> body) {
        const auto wording = documents::Wording::load(PAYDESK_SOURCE_DIR "/templates", {}).value();
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database.server_url()});
            co_await db.ready(10s);
            auto options =
                parse_smtp_url("smtp://127.0.0.1:" + (server ? server->port() : "1")).value();
            options.tls = SmtpServer::Tls::off;
            SmtpClient client(io, options);
            Outbox outbox(db, clock, wording,
                          {
                              .product = "Acme", .seller = {}
            },
                          {.from = {"billing@acme.example", "Acme"},
                           .reply_to = {},
                           .default_language = "en"},
                          server ? &client : nullptr, attach);
            co_await body({db, client, outbox});
            db.stop();
        });
    }
    static Task<std::size_t> tell(db::Database& db, std::vector<Notification> facts) {
        co_return co_await db.transaction(
            [&](db::Tx& tx) -> Task<std::size_t> { co_return co_await add(tx, facts); });
    }
    Task<> send(Node node) {
        const auto result = co_await node.outbox.send_due(clock.now() + 1min);
        EXPECT_TRUE(result.has_value());
    }
    std::string rows(const std::string& columns = "status") {
        const auto found =
            database.run("select coalesce(string_agg(" + columns +
                         ", ' ' order by created_at, fact_key), '') as r from paydesk.emails");
        return std::string(found.text(0, "r"));
    }

    db::TestDatabase database;
    ManualClock clock{noon};
    Attach attach;
};

TEST_F(OutboxTest, AFactIsMailedOnceHoweverOftenItIsTold) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        const auto told = {fact(ann, "payment_success", "payment_success:in_1"),
                           fact(ann, "subscription_activated", "subscription_activated:sub_1"),
                           fact(ann, "payment_success", "payment_success:in_1")};
        EXPECT_EQ(co_await tell(node.db, told), 2U);
        EXPECT_EQ(co_await tell(node.db, told), 0U);
        EXPECT_EQ(rows("kind"), "payment_success") << "not every fact is mailed";
        EXPECT_EQ(database.run("select count(*) as n from paydesk.jobs where kind = 'send_emails'")
                      .integer(0, "n"),
                  1);
        co_await send(node);
        co_await tell(node.db, told);
        co_await send(node);
    });
    const auto mails = server.mails();
    ASSERT_EQ(mails.size(), 1U);
    EXPECT_EQ(string_at(mails[0], {"to", "0"}), "ann@example.com");
    EXPECT_THAT(string_at(mails[0], {"parts", "0", "text"}).value(), HasSubstr("Guten Tag Ann,"));
    EXPECT_THAT(string_at(mails[0], {"parts", "0", "text"}).value(), HasSubstr("29,00\u00a0$"));
    EXPECT_EQ(rows(), "sent");
    EXPECT_THAT(rows("message_id"), testing::MatchesRegex("<[0-9a-f-]{36}@acme\\.example>"));
}

TEST_F(OutboxTest, AFactThatWasRolledBackIsNotMailed) {
    play(nullptr, [&](Node node) -> Task<> {
        const Result<void> refused =
            co_await node.db.transaction([&](db::Tx& tx) -> Task<Result<void>> {
                co_await add(tx, {fact(ann, "refund_succeeded", "refund:re_1")});
                co_return Error{ErrorCode::invalid_input, "no"};
            });
        EXPECT_TRUE(refused.has_error());
    });
    EXPECT_EQ(rows(), "");
}

TEST_F(OutboxTest, TheRunnerSendsWhatTheTransactionQueued) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    clock.set(SystemClock{}.now() + 1min);
    const auto wording = documents::Wording::load(PAYDESK_SOURCE_DIR "/templates", {}).value();
    play(&server, [&](Node node) -> Task<> {
        asio::io_context unused(1);
        jobs::Runner runner(unused, node.db, clock);
        runner.handle(send_emails_job_kind, [&](jobs::Job job) -> Task<Result<void>> {
            co_return co_await node.outbox.send_due(job.leased_until);
        });
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:re_1"),
                                fact(bob, "refund_succeeded", "refund:re_2")});
        EXPECT_EQ(co_await runner.run_due(), 1U) << "one job for all mails of a transaction";
    });
    EXPECT_EQ(server.mails().size(), 2U);
    EXPECT_EQ(rows(), "sent sent");
}

TEST_F(OutboxTest, RefusedForGoodIsDeadAndRefusedForNowComesAgain) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    account(ann, "refuse-550@example.com", "Ann", "de");
    account(bob, "later-451@example.com", "Bob", "");
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a"),
                                fact(bob, "refund_succeeded", "refund:b")});
        co_await send(node);
        EXPECT_EQ(rows("status || ':' || attempts"), "dead:1 queued:1");
        EXPECT_THAT(rows("error"), HasSubstr("550"));
        EXPECT_THAT(rows("error"), HasSubstr("451"));
        co_await send(node);
        EXPECT_EQ(rows("status || ':' || attempts"), "dead:1 queued:1") << "not before it is due";
        clock.advance(61s);
        co_await send(node);
        EXPECT_EQ(rows("status || ':' || attempts"), "dead:1 queued:2");

        // The operator mends the address and asks for the dead one again.
        database.run(
            "update paydesk.emails set recipient = 'ann@example.com' where status = 'dead'");
        const auto id = database.run("select id from paydesk.emails where status = 'dead'");
        const bool again = co_await node.db.transaction([&](db::Tx& tx) -> Task<bool> {
            co_return co_await email_store::requeue(tx, std::string(id.text(0, "id")), clock.now());
        });
        EXPECT_TRUE(again);
        co_await send(node);
        EXPECT_EQ(rows(), "sent queued");
        for (int i = 0; i < email_attempts_max; ++i) {
            clock.advance(4h);
            co_await send(node);
        }
        EXPECT_EQ(rows("status || ':' || attempts"),
                  "sent:1 dead:" + std::to_string(email_attempts_max));
    });
    EXPECT_EQ(server.mails().size(), 1U);
}

TEST_F(OutboxTest, AServerThatIsGoneCostsTheBatchNothing) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        server.stop();
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a"),
                                fact(ann, "refund_succeeded", "refund:b"),
                                fact(bob, "refund_succeeded", "refund:c")});
        co_await send(node);
        EXPECT_EQ(rows(), "queued queued queued");
        EXPECT_EQ(database.run("select sum(attempts) as n from paydesk.emails").integer(0, "n"), 1)
            << "only the one that was tried counts";
        co_await send(node);
        EXPECT_EQ(database.run("select sum(attempts) as n from paydesk.emails").integer(0, "n"), 1);
    });
}

// The server took the mail and the connection broke before it said so: what is sent again is the same
// mail, byte by byte, and says so by its Message-ID.
TEST_F(OutboxTest, WhatIsSentTwiceHasOneMessageId) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    account(ann, "deaf@example.com", "Ann", "de");
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a")});
        co_await send(node);
        EXPECT_EQ(rows(), "queued");
        clock.advance(61s);
        co_await send(node);
    });
    ASSERT_EQ(server.mails().size(), 2U);
    EXPECT_EQ(server.raw(1), server.raw(2));
}

TEST_F(OutboxTest, TwoNodesNeverSendOneMailTwice) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        std::vector<Notification> facts;
        for (int i = 0; i < 30; ++i)
            facts.push_back(fact(ann, "refund_succeeded", "refund:" + std::to_string(i)));
        co_await tell(node.db, facts);
        auto claimed =
            co_await email_store::claim(node.db, clock.now(), clock.now() + 30min, "x", 20);
        EXPECT_EQ(claimed.size(), 20U);
        co_await send(node);
        EXPECT_EQ(server.mails().size(), 10U) << "twenty are another node's";
        clock.advance(31min);  // which died
        co_await send(node);
        co_await email_store::bury(node.db, claimed[0], "too late: its lease is over");
    });
    EXPECT_EQ(server.mails().size(), 30U);
    EXPECT_THAT(rows(), testing::Not(HasSubstr("dead")));
}

TEST_F(OutboxTest, WithoutAMailServerNothingIsKeptForLater) {
    clock.set(SystemClock{}.now() + 1min);
    play(nullptr, [&](Node node) -> Task<> {
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a")});
        co_await send(node);
    });
    EXPECT_EQ(rows(), "skipped");
    EXPECT_THAT(rows("error"), HasSubstr("SMTP_URL"));
}

TEST_F(OutboxTest, NoAddressNoMail) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    account(ann, "", "Ann", "de");
    account(bob, "bob at example", "Bob", "");
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a"),
                                fact(bob, "refund_succeeded", "refund:b")});
        co_await send(node);
        EXPECT_EQ(rows(), "skipped skipped");
        // One that is learned in time is used.
        account(ann, "ann@example.com", "Ann", "de");
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:c")});
        co_await send(node);
    });
    EXPECT_EQ(server.mails().size(), 1U);
}

TEST_F(OutboxTest, TheCustomersAddressBeforeTheAccounts) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    database.run(
        "insert into paydesk.customers (account_id, provider, email) values ($1, 'stripe', "
        "'books@example.com')",
        {ann.value});
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a")});
        co_await send(node);
    });
    ASSERT_EQ(server.mails().size(), 1U);
    EXPECT_EQ(string_at(server.mails()[0], {"to", "0"}), "books@example.com");
}

// An address with a line break must not stop the webhook that brought the fact.
TEST_F(OutboxTest, AnAddressThatIsNoneStopsNothing) {
    account(ann, "ann@example.com\r\nRCPT TO:<eve@example.com>", "Ann", "de");
    play(nullptr, [&](Node node) -> Task<> {
        EXPECT_EQ(co_await tell(node.db, {fact(ann, "refund_succeeded", "refund:a")}), 1U);
    });
    EXPECT_EQ(rows("coalesce(recipient, 'none')"), "none");
}

TEST_F(OutboxTest, ThePaperGoesWithTheMail) {
    SmtpTestServer server(SmtpTestServer::Kind::plain);
    int tried = 0;
    attach = [&](const email_store::Email& email,
                 const std::string& language) -> Task<std::optional<Attachment>> {
        if (++tried == 1) throw Unavailable("the printer is on fire");
        EXPECT_EQ(string_at(json::value(email.data), {"invoice_id"}), "in_1");
        EXPECT_EQ(language, "de");
        co_return Attachment{"invoice.pdf", "application/pdf", "%PDF"};
    };
    clock.set(SystemClock{}.now() + 1min);
    play(&server, [&](Node node) -> Task<> {
        co_await tell(node.db, {fact(ann, "payment_success", "payment_success:in_1")});
        co_await send(node);
        EXPECT_EQ(rows(), "queued");
        EXPECT_THAT(rows("error"), HasSubstr("on fire"));
        clock.advance(61s);
        co_await send(node);
    });
    ASSERT_EQ(server.mails().size(), 1U);
    EXPECT_EQ(string_at(server.mails()[0], {"parts", "2", "filename"}), "invoice.pdf");
    EXPECT_THAT(string_at(server.mails()[0], {"parts", "0", "text"}).value(),
                HasSubstr("angehängt"));
}

TEST(EmailBackOff, GrowsToFourHours) {
    EXPECT_EQ(email_back_off(1), 60s);
    EXPECT_EQ(email_back_off(2), 120s);
    EXPECT_EQ(email_back_off(8), 128min);
    EXPECT_EQ(email_back_off(9), 4h);
    EXPECT_EQ(email_back_off(1'000), 4h);
}

}  // namespace
}  // namespace paydesk::notify
