#include "credits/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.h"

namespace paydesk::credits {

namespace {

// The order of what began in one second: the free month, the plan that was bought, its upgrade, its end.
// The same in SQL: ledger_store.cc and billing/read_money.cc.
int slot_turn(const Grant& grant) {
    if (grant.kind == GrantKind::plan) return grant.supersedes ? 1 : 2;
    return grant.supersedes ? 3 : 0;
}

bool is_amount(std::int64_t amount) { return amount >= 1 && amount <= amount_max; }

}  // namespace

Ledger::Ledger(Loaded loaded, Instant now)
    : account_(std::move(loaded.account)),
      number_(loaded.number),
      balance_(loaded.balance),
      grants_(std::move(loaded.grants)),
      holds_(std::move(loaded.holds)),
      now_(now) {}

// ---- time ----

void Ledger::turn() {
    for (Hold& hold : holds_) {
        if (hold.status == HoldStatus::held && hold.expires_at <= now_)
            end_hold(hold, HoldStatus::expired);
    }
    end_buckets();
    for (const Grant& grant : grants_) {
        if (grant.issued > 0 || grant.amount == 0) continue;
        if (grant.effective_at > now_ || is_ended(grant)) continue;
        book({.kind = TransactionKind::grant,
              .description = grant.description,
              .entries = {
                  {grant.id, LedgerAccount::issued, LedgerAccount::available, grant.amount}}});
    }
}

void Ledger::end_buckets() {
    for (const Grant& grant : grants_) {
        if (grant.remaining == 0 || !is_ended(grant)) continue;
        book({.kind = TransactionKind::expire,
              .description = "Expired: " + grant.description,
              .entries = {
                  {grant.id, LedgerAccount::available, LedgerAccount::expired, grant.remaining}}});
    }
}

bool Ledger::is_ended(const Grant& grant) const {
    return grant.expires_at <= now_ || is_superseded(grant);
}

bool Ledger::is_superseded(const Grant& grant) const {
    if (grant.slot.empty()) return false;
    const auto place = [](const Grant& one) {
        return std::tuple(one.since, slot_turn(one), one.effective_at);
    };
    return std::ranges::any_of(grants_, [&](const Grant& other) {
        return other.supersedes && other.slot == grant.slot && other.effective_at <= now_ &&
               place(other) > place(grant);
    });
}

bool Ledger::in_effect(const Grant& grant) const {
    return grant.effective_at <= now_ && !is_ended(grant);
}

const Grant* Ledger::last_free() const {
    const Grant* last = nullptr;
    for (const Grant& grant : grants_) {
        if (grant.kind != GrantKind::free) continue;
        if (last == nullptr || last->effective_at < grant.effective_at) last = &grant;
    }
    return last;
}

bool Ledger::wants_free() const {
    const bool plan_in_force = std::ranges::any_of(grants_, [&](const Grant& grant) {
        return grant.kind == GrantKind::plan && in_effect(grant);
    });
    if (plan_in_force) return false;
    const Grant* last = last_free();
    return last == nullptr || last->expires_at <= now_;
}

void Ledger::give_free(const FreePlan& plan) {
    if (plan.credits <= 0 || !wants_free()) return;
    if (const Grant* last = last_free(); last == nullptr) {
        // By the second, as the providers count: a plan bought in the same one takes its place.
        const Instant since = std::chrono::floor<std::chrono::seconds>(now_);
        add(free_month("signup", plan.slot, plan.credits, since, false));
    } else {
        // The months go on from the last one, whether or not somebody looked at those between.
        int months = 1;
        while (add_months(last->effective_at, months + 1) <= now_) ++months;
        const Instant start = add_months(last->effective_at, months);
        add(free_month("free/" + std::to_string(to_unix(start)), plan.slot, plan.credits, start,
                       false));
    }
    turn();
}

void Ledger::add(Grant grant) {
    if (grant.id.empty()) grant.id = uuid_v7(now_);
    PD_ASSERT(is_amount(grant.amount) || (grant.amount == 0 && grant.supersedes));
    PD_ASSERT(grant.effective_at < grant.expires_at);
    added_.push_back(grant.id);
    grants_.push_back(std::move(grant));
}

// ---- spending ----

BurnPlan Ledger::plan(std::int64_t amount) const {
    std::vector<Bucket> buckets;
    for (const Grant& grant : grants_) {
        if (grant.remaining == 0 || is_ended(grant)) continue;
        buckets.push_back({.id = grant.id,
                           .remaining = grant.remaining,
                           .priority = grant.priority,
                           .effective_at = grant.effective_at,
                           .expires_at = grant.expires_at});
    }
    return plan_burn(buckets, amount, now_);
}

Refusal Ledger::lacking(std::int64_t amount, std::int64_t shortfall) const {
    return {
        .error = {ErrorCode::insufficient_credits,
                  fmt::format("This takes {} credits, and there are {}: {} are missing.", amount,
                  amount - shortfall, shortfall)},
        .balance = amount - shortfall,
        .shortfall = shortfall
    };
}

std::optional<Refusal> Ledger::consume(std::int64_t amount, std::string description,
                                       std::optional<Key> key) {
    PD_ASSERT(is_amount(amount));
    const BurnPlan burn = plan(amount);
    if (burn.shortfall > 0) return lacking(amount, burn.shortfall);
    Transaction transaction{.kind = TransactionKind::consume,
                            .description = std::move(description),
                            .key = std::move(key)};
    for (const Burn& part : burn.burns) {
        transaction.entries.push_back(
            {part.bucket, LedgerAccount::available, LedgerAccount::consumed, part.amount});
    }
    book(std::move(transaction));
    return std::nullopt;
}

std::optional<Refusal> Ledger::hold(std::string id, std::int64_t amount, Instant expires_at,
                                    std::string description, std::optional<Key> key) {
    PD_ASSERT(is_amount(amount) && expires_at > now_);
    BurnPlan burn = plan(amount);
    if (burn.shortfall > 0) return lacking(amount, burn.shortfall);
    Transaction transaction{.kind = TransactionKind::hold,
                            .description = description,
                            .hold = id,
                            .key = std::move(key)};
    for (const Burn& part : burn.burns) {
        transaction.entries.push_back(
            {part.bucket, LedgerAccount::available, LedgerAccount::held, part.amount});
    }
    book(std::move(transaction));
    added_.push_back(id);
    holds_.push_back({.id = std::move(id),
                      .number = number_,
                      .amount = amount,
                      .description = std::move(description),
                      .expires_at = expires_at,
                      .created_at = now_,
                      .parts = std::move(burn.burns)});
    return std::nullopt;
}

const Hold* Ledger::find_hold(std::string_view id) const {
    const auto found = std::ranges::find(holds_, id, &Hold::id);
    return found == holds_.end() ? nullptr : &*found;
}

std::optional<Refusal> Ledger::refuse_hold(std::string_view id) const {
    const Hold* hold = find_hold(id);
    if (hold == nullptr) {
        return Refusal{
            .error = {ErrorCode::not_found, "There is no such hold."},
              .balance = balance_
        };
    }
    if (hold->status == HoldStatus::held) return std::nullopt;
    const std::string_view how = hold->status == HoldStatus::expired   ? "timed out"
                                 : hold->status == HoldStatus::settled ? "was settled"
                                                                       : "was released";
    return Refusal{
        .error = {ErrorCode::hold_ended, fmt::format("This hold {} already.", how)},
        .balance = balance_
    };
}

std::optional<Refusal> Ledger::settle(std::string_view id, std::optional<std::int64_t> amount,
                                      std::optional<std::string> description,
                                      std::optional<Key> key) {
    if (auto refused = refuse_hold(id)) return refused;
    Hold& hold = *std::ranges::find(holds_, id, &Hold::id);
    std::int64_t left = amount.value_or(hold.amount);
    if (left > hold.amount) {
        return Refusal{
            .error = {ErrorCode::invalid_input,
                      fmt::format("amount: {} were held; settle that or less.", hold.amount)},
            .balance = balance_
        };
    }
    PD_ASSERT(left >= 0);
    hold.settled_amount = left;
    Transaction transaction{.kind = TransactionKind::settle,
                            .description = std::move(description).value_or(hold.description),
                            .hold = hold.id,
                            .key = std::move(key)};
    for (const Burn& part : hold.parts) {
        const std::int64_t consumed = std::min(left, part.amount);
        left -= consumed;
        if (consumed > 0) {
            transaction.entries.push_back(
                {part.bucket, LedgerAccount::held, LedgerAccount::consumed, consumed});
        }
        if (consumed < part.amount) {
            transaction.entries.push_back(
                {part.bucket, LedgerAccount::held, back_to(part.bucket), part.amount - consumed});
        }
    }
    book(std::move(transaction));
    hold.status = HoldStatus::settled;
    hold.ended_at = now_;
    changed_.push_back(hold.id);
    return std::nullopt;
}

std::optional<Refusal> Ledger::release(std::string_view id, std::optional<Key> key) {
    if (auto refused = refuse_hold(id)) return refused;
    Hold& hold = *std::ranges::find(holds_, id, &Hold::id);
    const std::size_t before = booked_.size();
    end_hold(hold, HoldStatus::released);
    booked_[before].key = std::move(key);
    return std::nullopt;
}

// Where credits go that were held and not used: the bucket may have ended meanwhile.
LedgerAccount Ledger::back_to(std::string_view grant) {
    return is_ended(bucket(grant)) ? LedgerAccount::expired : LedgerAccount::available;
}

void Ledger::end_hold(Hold& hold, HoldStatus status) {
    const bool timed_out = status == HoldStatus::expired;
    Transaction transaction{
        .kind = TransactionKind::release,
        .description = (timed_out ? "Timed out: " : "Released: ") + hold.description,
        .hold = hold.id};
    for (const Burn& part : hold.parts) {
        transaction.entries.push_back(
            {part.bucket, LedgerAccount::held, back_to(part.bucket), part.amount});
    }
    book(std::move(transaction));
    hold.status = status;
    hold.ended_at = now_;
    changed_.push_back(hold.id);
}

std::int64_t Ledger::take_back(std::string_view grant, std::int64_t amount,
                               std::string description) {
    const std::int64_t taken = std::min(amount, bucket(grant).remaining);
    if (taken <= 0) return 0;
    book({.kind = TransactionKind::take_back,
          .description = std::move(description),
          .entries = {
              {std::string(grant), LedgerAccount::available, LedgerAccount::taken_back, taken}}});
    return taken;
}

// ---- booking ----

Grant& Ledger::bucket(std::string_view id) {
    const auto found = std::ranges::find(grants_, id, &Grant::id);
    PD_ASSERT(found != grants_.end());
    return *found;
}

void Ledger::apply(const Entry& entry) {
    Grant& grant = bucket(entry.grant);
    if (entry.from == LedgerAccount::issued) grant.issued += entry.amount;
    if (entry.from == LedgerAccount::available) grant.remaining -= entry.amount;
    if (entry.from == LedgerAccount::held) grant.held -= entry.amount;
    if (entry.to == LedgerAccount::available) grant.remaining += entry.amount;
    if (entry.to == LedgerAccount::held) grant.held += entry.amount;
    PD_ASSERT(grant.remaining >= 0 && grant.held >= 0);
    PD_ASSERT(grant.remaining + grant.held <= grant.issued);
}

void Ledger::book(Transaction transaction) {
    PD_ASSERT(!transaction.entries.empty());
    for (const Entry& entry : transaction.entries) {
        PD_ASSERT(entry.amount > 0);
        if (entry.to == LedgerAccount::available) transaction.amount += entry.amount;
        if (entry.from == LedgerAccount::available) transaction.amount -= entry.amount;
        apply(entry);
    }
    balance_ += transaction.amount;
    PD_ASSERT(balance_ >= 0);
    transaction.number = ++number_;
    transaction.balance_after = balance_;
    transaction.at = now_;
    booked_.push_back(std::move(transaction));
}

std::vector<const Grant*> Ledger::new_grants() const {
    std::vector<const Grant*> fresh;
    for (const Grant& grant : grants_) {
        if (std::ranges::find(added_, grant.id) != added_.end()) fresh.push_back(&grant);
    }
    return fresh;
}

std::vector<const Hold*> Ledger::changed_holds() const {
    std::vector<const Hold*> holds;
    for (const Hold& hold : holds_) {
        const bool is_new = std::ranges::find(added_, hold.id) != added_.end();
        if (is_new || std::ranges::find(changed_, hold.id) != changed_.end())
            holds.push_back(&hold);
    }
    return holds;
}

}  // namespace paydesk::credits
