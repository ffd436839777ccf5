#pragma once
// Group commit: rows that arrive while a commit is under way leave together in the next one, and each
// add() returns once its own row's commit is over. Under load one commit serves hundreds of rows; on
// its own, a row does not wait for company.
//
// When a full group waits, or as many rows as are under way and a good many, a second commit starts beside
// the first: while one waits for the disk, the other's rows are written. Sooner would only make both groups
// small, and a group costs as much as several rows.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/signal.h"
#include "base/task.h"
#include "db/database.h"

namespace paydesk::db {

inline constexpr int commits_at_once_max = 2;
inline constexpr std::size_t second_commit_rows_min = 16;

// Not thread-safe; of the io_context's thread. No add() may be under way when it dies.
template <class Row, class Answer>
class GroupCommit {
public:
    // Commits `rows` in one transaction and answers for each, in their order. They live until it has
    // answered. Throws Failure.
    using Commit = std::function<Task<std::vector<Answer>>(std::vector<const Row*>)>;

    // `rows_max`: the most rows of one commit; `bytes_max`: the most bytes, a single row excepted.
    GroupCommit(asio::io_context& io, const char* name, Commit commit, std::size_t rows_max,
                std::size_t bytes_max)
        : io_(io),
          name_(name),
          commit_(std::move(commit)),
          rows_max_(rows_max),
          bytes_max_(bytes_max) {}

    // Throws what the commit of this row threw. A row that Postgres refuses (Failure::
    // data_is_at_fault) sinks no other: its group is committed again row by row.
    Task<Answer> add(Row row, std::size_t bytes) {
        auto waiter = std::make_shared<Waiter>(std::move(row), bytes);
        queue_.push_back(waiter);
        queued_bytes_ += bytes;
        // One that is spawned and has not begun takes this row, too.
        const bool second = under_way_ > 0 && running_ < commits_at_once_max && may_commit();
        if (running_ == 0 || second) {
            ++running_;
            spawn(io_, name_, drain());
        }
        co_await waiter->done.wait();
        if (waiter->failure) std::rethrow_exception(waiter->failure);
        co_return std::move(*waiter->answer);
    }

    // Rows that wait for their commit, those under way included.
    std::size_t waiting() const { return queue_.size() + under_way_; }

private:
    struct Waiter {
        Waiter(Row row_, std::size_t bytes_) : row(std::move(row_)), bytes(bytes_) {}
        Row row;
        std::size_t bytes;
        std::optional<Answer> answer;
        std::exception_ptr failure;
        Signal done;
    };
    using Group = std::vector<std::shared_ptr<Waiter>>;

    // Rows under way are those of the other commit: a drain() asks between two of its own.
    bool may_commit() const {
        return under_way_ == 0 || queued_bytes_ >= bytes_max_ ||
               queue_.size() >= std::max(second_commit_rows_min, under_way_);
    }

    Group next_group() {
        Group group;
        std::size_t bytes = 0;
        while (!queue_.empty() && group.size() < rows_max_) {
            bytes += queue_.front()->bytes;
            if (!group.empty() && bytes > bytes_max_) break;
            queued_bytes_ -= queue_.front()->bytes;
            group.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        return group;
    }

    Task<> drain() {
        while (!queue_.empty() && may_commit()) {
            const Group group = next_group();
            under_way_ += group.size();
            if (!co_await attempt(group)) {
                for (const auto& waiter : group) co_await attempt({waiter});
            }
            under_way_ -= group.size();
            for (const auto& waiter : group) waiter->done.set();
        }
        --running_;
    }

    // False where the group should be tried row by row.
    Task<bool> attempt(Group group) {
        std::exception_ptr failure;
        try {
            std::vector<const Row*> rows;
            rows.reserve(group.size());
            for (const auto& waiter : group) rows.push_back(&waiter->row);
            auto answers = co_await commit_(std::move(rows));
            for (std::size_t i = 0; i < group.size(); ++i) {
                group[i]->answer.emplace(std::move(answers[i]));
            }
            co_return true;
        } catch (const Failure& refused) {
            if (group.size() > 1 && refused.data_is_at_fault()) co_return false;
            failure = std::current_exception();
        } catch (const std::exception&) {
            failure = std::current_exception();
        }
        for (const auto& waiter : group) waiter->failure = failure;
        co_return true;
    }

    asio::io_context& io_;
    const char* name_;
    Commit commit_;
    std::size_t rows_max_, bytes_max_;
    std::deque<std::shared_ptr<Waiter>> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t under_way_ = 0;
    int running_ = 0;  // commits under way
};

}  // namespace paydesk::db
