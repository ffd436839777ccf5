#include <gtest/gtest.h>

#include "db/test_database.h"
#include "notify/notifications.h"

namespace paydesk::notify {
namespace {

using namespace std::chrono_literals;

const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
const AccountId bob{"0198a000-0000-7000-8000-000000000002"};

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
