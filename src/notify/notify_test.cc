#include <gtest/gtest.h>

#include "db/test_database.h"
#include "notify/notification_store.h"
#include "notify/notifications.h"

namespace paydesk::notify {
namespace {

using namespace std::chrono_literals;

const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
const AccountId bob{"0198a000-0000-7000-8000-000000000002"};

db::Identity as(const AccountId& account) {
    return {.role = "authenticated",
            .claims_json = R"({"sub":")" + account.value + R"(","role":"authenticated"})"};
}

Notification fact(const AccountId& account, std::string key) {
    return {.account = account,
            .type = "payment_success",
            .title = "Payment Successful",
            .message = "Paid.",
            .metadata = {{"invoice_id", "in_1"}},
            .fact_key = std::move(key)};
}

class Notify : public testing::Test {
protected:
    void play(std::function<Task<>(asio::io_context&, db::Database&)> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database.server_url()});
            co_await db.ready(10s);
            co_await body(io, db);
            db.stop();
        });
    }
    Task<std::size_t> tell(db::Database& db, std::vector<Notification> facts) {
        co_return co_await db.transaction(
            [&](db::Tx& tx) -> Task<std::size_t> { co_return co_await add(tx, facts); });
    }
    db::TestDatabase database;
};

TEST_F(Notify, OneFactIsOneRow) {
    play([&](asio::io_context&, db::Database& db) -> Task<> {
        EXPECT_EQ(co_await tell(db, {fact(ann, "a"), fact(ann, "b"), fact(ann, "a")}), 2U);
        EXPECT_EQ(co_await tell(db, {fact(ann, "a"), fact(bob, "a")}), 1U);
        EXPECT_EQ(co_await tell(db, {}), 0U);
    });
}

TEST_F(Notify, ReaderSeesAndMarksTheirOwnOnly) {
    play([&](asio::io_context&, db::Database& db) -> Task<> {
        for (const char* key : {"a", "b", "c"}) co_await tell(db, {fact(ann, key)});
        co_await tell(db, {fact(bob, "a")});

        auto rows = co_await db.run_as(as(ann), list, list_params(ann, 10));
        EXPECT_EQ(rows.size(), 3U);
        const auto newest = read_notification(rows, 0), oldest = read_notification(rows, 2);
        EXPECT_EQ(newest.title, "Payment Successful");
        EXPECT_EQ(newest.metadata_json, R"({"invoice_id": "in_1"})");
        EXPECT_FALSE(newest.read);
        EXPECT_EQ((co_await db.run_as(as(bob), list, list_params(ann, 10))).size(), 0U);

        rows = co_await db.run_as(as(ann), list, list_params(ann, 10, false, newest.id));
        EXPECT_EQ(rows.size(), 2U);
        EXPECT_EQ(read_notification(rows, 1).id, oldest.id);
        rows = co_await db.run_as(as(ann), list_since, list_since_params(ann, oldest.id, 10));
        EXPECT_EQ(rows.size(), 2U);
        EXPECT_EQ(read_notification(rows, 1).id, newest.id) << "the oldest first";

        const auto mark = [&](const AccountId& who, bool read) -> Task<std::size_t> {
            const auto changed = co_await db.run_as(
                as(who), mark_read, mark_read_params(ann, {newest.id, oldest.id}, read));
            co_return changed.affected();
        };
        EXPECT_EQ(co_await mark(bob, true), 0U);
        EXPECT_EQ(co_await mark(ann, true), 2U);
        EXPECT_EQ(co_await mark(ann, true), 0U) << "they are so already";
        rows = co_await db.run_as(as(ann), count_unread, count_unread_params(ann));
        EXPECT_EQ(rows.integer(0, "unread"), 1);
        EXPECT_EQ((co_await db.run_as(as(ann), list, list_params(ann, 10, true))).size(), 1U);
        EXPECT_EQ((co_await db.run_as(as(ann), mark_all, mark_all_params(ann, true))).affected(),
                  1U);
        EXPECT_EQ((co_await db.run_as(as(ann), mark_all, mark_all_params(ann, false))).affected(),
                  3U);
    });
}

TEST_F(Notify, WakesOncePerTransactionAndOnlyForNews) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        std::vector<std::string> heard;
        db.listen(database.server_url(), account_channel,
                  [&](std::string_view payload) { heard.emplace_back(payload); });
        const auto nudge = [&](const AccountId& account) -> Task<> {
            co_await db.transaction([&](db::Tx& tx) -> Task<> { co_await wake(tx, {account}); });
        };
        while (heard.empty()) {  // until it listens
            co_await nudge(bob);
            co_await sleep_for(io, 5ms);
        }
        co_await db.transaction([&](db::Tx& tx) -> Task<> {
            co_await add(tx, {fact(ann, "a"), fact(ann, "b")});
            co_await wake(tx, {ann});
        });
        co_await tell(db, {fact(ann, "a")});  // old news
        const AccountId last{"0198a000-0000-7000-8000-000000000003"};
        co_await nudge(last);
        while (heard.back() != last.value) co_await sleep_for(io, 2ms);
        EXPECT_EQ(std::ranges::count(heard, ann.value), 1);
    });
}

}  // namespace
}  // namespace paydesk::notify
