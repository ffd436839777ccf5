#include "credits/spending.h"

#include "base/assert.h"
#include "base/metrics.h"
#include "credits/ledger_store.h"
#include "credits/notices.h"
#include "db/group_commit.h"

namespace paydesk::credits {

namespace {

constexpr std::size_t group_rows_max = 256;
constexpr std::size_t group_bytes_max = 1024 * 1024;

using ledger_store::KeyedOutcome;
using ledger_store::KeyedRequest;
using Requests = std::vector<const Request*>;

// A request without a key gets one of ours: a transaction whose COMMIT was lost with its connection runs
// again (db/README.md), and must find what it has booked. No client's key holds a space.
const char* const our_key_prefix = "our ";
Key our_key(Instant now) { return {our_key_prefix + uuid_v7(now), "00"}; }
bool is_ours(const Key& key) { return key.text.starts_with(our_key_prefix); }

// One group: its ledgers, and what its keys have led to so far, this group included.
struct Group {
    std::map<AccountId, Ledger> ledgers;
    std::map<KeyedRequest, KeyedOutcome> keys;
    std::vector<ledger_store::KeyedRefusal> refusals = {};
};

ledger_store::Wanted wanted_by(const Requests& requests) {
    ledger_store::Wanted wanted;
    for (const Request* asked : requests) {
        const Request& request = *asked;
        wanted.accounts.insert(request.account);
        if (const auto* settle = std::get_if<SettleRequest>(&request.what))
            wanted.holds.emplace_back(request.account, settle->hold);
        if (const auto* release = std::get_if<ReleaseRequest>(&request.what))
            wanted.holds.emplace_back(request.account, release->hold);
    }
    return wanted;
}

std::set<KeyedRequest> keys_of(const Requests& requests) {
    std::set<KeyedRequest> keys;
    for (const Request* request : requests) {
        if (request->key) keys.insert({request->account, request->key->text});
    }
    return keys;
}

// Books one request in memory.
class Decide {
public:
    Decide(Ledger& ledger, const std::optional<Key>& key) : ledger_(ledger), key_(key) {}

    Answer operator()(const ConsumeRequest& request) {
        return finish(ledger_.consume(request.amount, request.description, key_));
    }
    Answer operator()(const HoldRequest& request) {
        std::string id = uuid_v7(ledger_.now());
        auto refusal = ledger_.hold(id, request.amount, ledger_.now() + request.lifetime,
                                    request.description, key_);
        return finish(std::move(refusal), id);
    }
    Answer operator()(const SettleRequest& request) {
        return finish(ledger_.settle(request.hold, request.amount, request.description, key_),
                      request.hold);
    }
    Answer operator()(const ReleaseRequest& request) {
        return finish(ledger_.release(request.hold, key_), request.hold);
    }
    Answer operator()(const LookRequest&) { return {}; }

private:
    Answer finish(std::optional<Refusal> refusal, std::string_view hold = {}) {
        if (refusal) return {.refusal = std::move(refusal)};
        Answer answer{.transaction = ledger_.booked().back()};
        if (const Hold* there = ledger_.find_hold(hold)) answer.hold = *there;
        return answer;
    }

    Ledger& ledger_;
    const std::optional<Key>& key_;
};

Answer replay(const KeyedOutcome& outcome, const Key& key) {
    if (outcome.request_sha256 != key.request_sha256) {
        return {.refusal = Refusal{
                    .error = {ErrorCode::idempotency_key_reused,
                              "This Idempotency-Key came with another request before. Use a new "
                              "key."}}};
    }
    Answer answer{.replayed = true, .refusal = outcome.refusal, .hold = outcome.hold};
    if (outcome.transaction) answer.transaction = *outcome.transaction;
    return answer;
}

void remember(Group& group, const Request& request, const Answer& answer) {
    KeyedOutcome outcome{.request_sha256 = request.key->request_sha256};
    if (answer.refusal) {
        outcome.refusal = answer.refusal;
        if (!is_ours(*request.key))
            group.refusals.push_back({request.account, *request.key, *answer.refusal});
    } else {
        outcome.transaction = answer.transaction;
        outcome.hold = answer.hold;
    }
    group.keys.emplace(KeyedRequest{request.account, request.key->text}, std::move(outcome));
}

Answer answer_one(Group& group, const Request& request) {
    if (request.key) {
        const auto known = group.keys.find({request.account, request.key->text});
        if (known != group.keys.end()) return replay(known->second, *request.key);
    }
    Ledger& ledger = group.ledgers.at(request.account);
    Answer answer = std::visit(Decide(ledger, request.key), request.what);
    if (request.key) remember(group, request, answer);
    return answer;
}

Task<> give_free(db::Tx& tx, Group& group, const Requests& requests) {
    std::optional<FreePlan> plan;
    for (const Request* request : requests) {
        Ledger& ledger = group.ledgers.at(request->account);
        if (!request->gives_free || !ledger.wants_free()) continue;
        if (!plan) plan = co_await ledger_store::free_plan(tx);
        ledger.give_free(*plan);
    }
}

Task<> tell_low(db::Tx& tx, const Group& group, std::int64_t low_percent) {
    std::vector<notify::Notification> notices;
    for (const auto& [account, ledger] : group.ledgers) {
        if (const auto low = ran_low(ledger, low_percent))
            notices.push_back(low_notice(account, *low));
    }
    co_await notify::add(tx, std::move(notices));
}

Task<std::vector<Answer>> decide_group(db::Tx& tx, const Requests& requests,
                                       std::int64_t low_percent, Instant now) {
    Group group;
    auto locked =
        co_await ledger_store::lock_and_load(tx, wanted_by(requests), keys_of(requests), now);
    group.ledgers = std::move(locked.ledgers);
    group.keys = std::move(locked.keys);
    for (auto& [account, ledger] : group.ledgers) ledger.turn();
    co_await give_free(tx, group, requests);

    std::vector<Answer> answers;
    answers.reserve(requests.size());
    for (const Request* request : requests) answers.push_back(answer_one(group, *request));
    co_await tell_low(tx, group, low_percent);
    ledger_store::save_with_commit(tx, group.ledgers);
    ledger_store::save_refusals(tx, group.refusals, now);
    co_return answers;
}

void count(const Answer& answer) {
    std::string_view outcome = "booked";
    if (answer.refusal) outcome = info(answer.refusal->error.code).name;
    if (answer.replayed) outcome = "replayed";
    metrics::count("paydesk_credit_requests_total", {
                                                        {"outcome", outcome}
    });
}

}  // namespace

class Spending::Impl {
public:
    Impl(asio::io_context& io, db::Database& db, const Clock& clock, std::int64_t low_percent)
        : db_(db),
          clock_(clock),
          low_percent_(low_percent),
          commits_(
              io, "credits_group_commit",
              [this](Requests requests) { return commit(std::move(requests)); }, group_rows_max,
              group_bytes_max) {}

    Task<Answer> run(Request request) {
        if (commits_.waiting() >= spending_queue_max)
            throw Unavailable("too many requests for credits are waiting: try again soon");
        const std::size_t bytes = sizeof(Request) + description_bytes_max;
        const bool is_keyed = request.key.has_value();
        if (!is_keyed) request.key = our_key(clock_.now());
        Answer answer = co_await commits_.add(std::move(request), bytes);
        if (!is_keyed) answer.replayed = false;
        count(answer);
        co_return answer;
    }

private:
    Task<std::vector<Answer>> commit(Requests requests) {
        co_return co_await db_.transaction([&](db::Tx& tx) -> Task<std::vector<Answer>> {
            co_return co_await decide_group(tx, requests, low_percent_, clock_.now());
        });
    }

    db::Database& db_;
    const Clock& clock_;
    const std::int64_t low_percent_;
    db::GroupCommit<Request, Answer> commits_;
};

Spending::Spending(asio::io_context& io, db::Database& db, const Clock& clock,
                   std::int64_t low_percent)
    : impl_(std::make_shared<Impl>(io, db, clock, low_percent)) {}
Spending::~Spending() = default;

Task<Answer> Spending::run(Request request) { return impl_->run(std::move(request)); }

}  // namespace paydesk::credits
