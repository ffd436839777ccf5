#pragma once
// Live notifications: from a commit anywhere to the open pages of its account.
//
//     NOTIFY paydesk_account ──▶ wake() ──▶ run(): reads what is new ──▶ http::EventHub ──▶ pages
//
// The table is the truth, NOTIFY only a hint: open pages are also looked after every live_poll. A
// reader may get a notification twice (its id tells), never not at all.

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "db/database.h"
#include "http/sse.h"

namespace paydesk::api {

inline constexpr std::chrono::seconds live_poll{5};
// created_at is when a transaction began: one that commits late comes with an earlier time.
inline constexpr std::chrono::seconds live_overlap{30};

class Live {
public:
    // The arguments outlive it; run() must have returned before it dies.
    Live(asio::io_context& io, db::Database& db);
    ~Live();

    // A stream of the account's notifications written after `from`, by the database's clock; `backlog`
    // goes out first.
    http::Response subscribe(AccountId account, Instant from, std::string backlog);

    // Something of these accounts (ids, separated by commas) has changed; "": nobody knows of which.
    void wake(std::string_view accounts);

    // Until stop(), which also ends every stream.
    Task<> run();
    void stop();

private:
    struct Feed {
        int readers = 0;
        std::map<std::string, Instant> sent;  // ids within the overlap
        Instant from;                         // nothing older is new
    };
    class Reader;

    Task<> deliver(std::string account, bool changed);

    db::Database& db_;
    http::EventHub hub_;
    Timer timer_;
    std::map<std::string, std::shared_ptr<Feed>, std::less<>> feeds_;  // by account
    std::set<std::string, std::less<>> woken_;
    bool stopping_ = false;
};

// A row of notification_store's statements as JSON.
boost::json::object notification_json(const db::Rows& rows, std::size_t row);

}  // namespace paydesk::api
