#include "api/live.h"

#include <algorithm>

#include "api/notification_store.h"
#include "base/json.h"
#include "base/log.h"

namespace paydesk::api {

// Lives as long as the response: counts the account's open pages.
class Live::Reader {
public:
    Reader(Live& live, std::string account, std::shared_ptr<Feed> feed)
        : live_(live), account_(std::move(account)), feed_(std::move(feed)) {
        feed_->readers += 1;
    }
    ~Reader() {
        feed_->readers -= 1;
        if (feed_->readers == 0) live_.feeds_.erase(account_);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

private:
    Live& live_;
    std::string account_;
    std::shared_ptr<Feed> feed_;
};

Live::Live(asio::io_context& io, db::Database& db) : db_(db), hub_(io), timer_(io) {}

Live::~Live() = default;

http::Response Live::subscribe(AccountId account, Instant from, std::string backlog) {
    auto& feed = feeds_[account.value];
    if (!feed) {
        feed = std::make_shared<Feed>();
        feed->from = from;
    }
    auto reader = std::make_shared<Reader>(*this, account.value, feed);
    http::Response response = hub_.subscribe(account.value, std::move(backlog));
    if (!response.stream) return response;  // too many open
    response.stream = [inner = std::move(response.stream), reader](http::Writer& writer) {
        return inner(writer);
    };
    return response;
}

void Live::wake(std::string_view accounts) {
    if (accounts.empty()) {
        for (const auto& [id, feed] : feeds_) woken_.insert(id);
    }
    while (!accounts.empty()) {
        const std::string_view account = accounts.substr(0, accounts.find(','));
        accounts.remove_prefix(std::min(accounts.size(), account.size() + 1));
        if (feeds_.contains(account)) woken_.emplace(account);
    }
    if (!woken_.empty()) timer_.cancel();
}

Task<> Live::run() {
    while (!stopping_) {
        std::set<std::string, std::less<>> accounts = std::exchange(woken_, {});
        const bool polling = accounts.empty();
        if (polling) {
            timer_.expires_after(live_poll);
            (void)co_await timer_.async_wait(awaits_tuple);
            if (stopping_) break;
            if (!woken_.empty()) continue;
            for (const auto& [id, feed] : feeds_) accounts.insert(id);
        }
        for (const std::string& account : accounts) {
            if (stopping_) break;
            try {
                co_await deliver(account, !polling);
            } catch (const Unavailable& failure) {
                // The next poll finds what this one missed.
                log::warning("live_not_read", {
                                                  {"error", json::string(failure.what())}
                });
            }
        }
    }
}

Task<> Live::deliver(std::string account, bool changed) {
    const auto found = feeds_.find(account);
    if (found == feeds_.end()) co_return;
    const std::shared_ptr<Feed> feed = found->second;

    const db::Rows rows = co_await db_.run(notification_store::recent,
                                           {account, db::param(feed->from - live_overlap)});
    for (std::size_t row = rows.size(); row-- > 0;) {
        const std::string id(rows.text(row, "id"));
        const Instant at = rows.instant(row, "created_at");
        if (!feed->sent.emplace(id, at).second) continue;
        hub_.publish(account, id, "notification", json::serialize(notification_json(rows, row)));
        feed->from = std::max(feed->from, at);
        changed = true;
    }
    std::erase_if(feed->sent,
                  [&](const auto& entry) { return entry.second < feed->from - live_overlap; });
    if (changed) hub_.publish(account, "", "changed", "{}");
}

void Live::stop() {
    stopping_ = true;
    timer_.cancel();
    hub_.close();
}

}  // namespace paydesk::api
