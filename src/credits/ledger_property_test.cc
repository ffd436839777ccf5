// Random lives of an account. First against a slow model that shares no code with the ledger and moves
// one credit at a time; then many at once, on a real Postgres, with everything told twice.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "credits/ledger_store.h"
#include "credits/test_credits.h"

namespace paydesk::credits {
namespace {

using std::chrono::seconds;

std::uint64_t test_seed() {
    const char* fixed = std::getenv("PAYDESK_SEED");
    return fixed != nullptr ? std::stoull(fixed) : std::random_device{}();
}

// ---- the model ----

// Everything is counted anew from scratch at each step: who is where, credit by credit.
class Model {
public:
    struct Pot {
        std::string id;
        int priority;
        std::int64_t since, begins, ends;  // seconds; ends -1: never
        bool follows;  // one of a line of plans, each of which ends those before
        bool ends_others;
        std::int64_t left = 0;
        bool opened = false;
    };
    struct Aside {
        std::int64_t until;
        std::vector<std::string> from;  // one name for each credit
        bool open = true;
    };

    void move_to(std::int64_t now) {
        now_ = now;
        for (auto& [id, aside] : asides_) {
            if (aside.open && aside.until <= now_) give_back(aside, 0);
        }
        for (Pot& pot : pots_) {
            if (!alive(pot)) {
                if (pot.opened) pot.left = 0;
            } else if (!pot.opened && pot.begins <= now_) {
                pot.opened = true;
                pot.left = full_.at(pot.id);
            }
        }
    }
    void add(Pot pot, std::int64_t amount) {
        full_[pot.id] = amount;
        pots_.push_back(std::move(pot));
        move_to(now_);
    }
    bool take(std::int64_t amount) { return !pick(amount).empty(); }
    bool set_aside(const std::string& id, std::int64_t amount, std::int64_t until) {
        auto credits = pick(amount);
        if (credits.empty()) return false;
        asides_[id] = {until, std::move(credits)};
        return true;
    }
    // Whether the hold was open.
    bool finish(const std::string& id, std::int64_t used) {
        Aside& aside = asides_.at(id);
        if (!aside.open || used > static_cast<std::int64_t>(aside.from.size())) return false;
        give_back(aside, static_cast<std::size_t>(used));
        return true;
    }
    std::int64_t balance() const {
        std::int64_t sum = 0;
        for (const Pot& pot : pots_) sum += pot.left;
        return sum;
    }

private:
    bool alive(const Pot& pot) const {
        if (pot.ends >= 0 && pot.ends <= now_) return false;
        if (!pot.follows) return true;
        for (const Pot& other : pots_) {
            if (!other.follows || !other.ends_others || other.begins > now_) continue;
            if (other.since > pot.since) return false;
            if (other.since != pot.since) continue;
            // In one moment: what adds to a plan comes after it, and stays.
            if (pot.ends_others && other.begins > pot.begins) return false;
        }
        return true;
    }
    std::vector<std::string> pick(std::int64_t amount) {
        if (balance() < amount) return {};
        std::vector<std::string> credits;
        for (; amount > 0; --amount) {
            Pot* best = nullptr;
            for (Pot& pot : pots_) {
                if (pot.left == 0) continue;
                const auto end = [](const Pot* p) {
                    return p->ends < 0 ? 1'000'000'000'000 : p->ends;
                };
                if (best == nullptr || pot.priority < best->priority ||
                    (pot.priority == best->priority &&
                     (end(&pot) < end(best) || (end(&pot) == end(best) && pot.id < best->id)))) {
                    best = &pot;
                }
            }
            --best->left;
            credits.push_back(best->id);
        }
        return credits;
    }
    // The first `used` of them are gone, the others go home, if there is one still.
    void give_back(Aside& aside, std::size_t used) {
        aside.open = false;
        for (std::size_t i = used; i < aside.from.size(); ++i) {
            for (Pot& pot : pots_) {
                if (pot.id == aside.from[i] && alive(pot)) ++pot.left;
            }
        }
    }

    std::int64_t now_ = 0;
    std::vector<Pot> pots_;
    std::map<std::string, std::int64_t> full_;
    std::map<std::string, Aside> asides_;
};

// ---- a life, step by step ----

class Life {
public:
    explicit Life(std::uint64_t seed) : random_(seed) {}

    void step() {
        now_ += pick(4) == 0 ? pick(40) : pick(3);
        reload();
        switch (pick(8)) {
            case 0:
            case 1:
                grant();
                break;
            case 2:
            case 3:
            case 4:
                consume();
                break;
            case 5:
                hold();
                break;
            default:
                finish();
        }
        EXPECT_EQ(ledger_->balance(), model_.balance());
    }

private:
    std::int64_t pick(std::int64_t below) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
    }
    static Instant at(std::int64_t second) { return from_unix(1'000 + second); }

    // As it would come from the database.
    void reload() {
        Ledger::Loaded loaded{.account = ann};
        if (ledger_) {
            loaded.number = number_ += static_cast<std::int64_t>(ledger_->booked().size());
            loaded.balance = ledger_->balance();
            loaded.grants = ledger_->grants();
            for (const auto& id : holds_) loaded.holds.push_back(*ledger_->find_hold(id));
        }
        ledger_.emplace(std::move(loaded), at(now_));
        ledger_->turn();
        model_.move_to(now_);
        EXPECT_EQ(ledger_->balance(), model_.balance());
    }

    void grant() {
        const std::int64_t amount = 1 + pick(9), begins = now_ - 5 + pick(15);
        const bool follows = pick(2) == 0, lasts = !follows && pick(2) == 0;
        Grant grant{.id = "g" + std::to_string(1'000 + ++names_),
                    .kind = follows ? GrantKind::plan : GrantKind::top_up,
                    .fact_key = std::to_string(names_),
                    .slot = follows ? "main" : "",
                    .supersedes = follows && pick(3) > 0,
                    .since = at(begins - pick(3) * pick(10)),
                    .amount = amount,
                    .priority = static_cast<std::int32_t>(pick(2)),
                    .effective_at = at(begins),
                    .expires_at = lasts ? never : at(begins + 1 + pick(30))};
        model_.add({.id = grant.id,
                    .priority = grant.priority,
                    .since = to_unix(grant.since),
                    .begins = begins,
                    .ends = lasts ? -1 : to_unix(grant.expires_at) - 1'000,
                    .follows = follows,
                    .ends_others = grant.supersedes},
                   amount);
        ledger_->add(std::move(grant));
        ledger_->turn();
    }

    void consume() {
        const std::int64_t amount = 1 + pick(8);
        const auto refused = ledger_->consume(amount, "use", {});
        if (refused) EXPECT_EQ(refused->shortfall, amount - model_.balance());
        EXPECT_EQ(!refused, model_.take(amount));
    }

    void hold() {
        const std::string id = "h" + std::to_string(++names_);
        const std::int64_t amount = 1 + pick(8), until = now_ + 1 + pick(20);
        const bool held = !ledger_->hold(id, amount, at(until), "work", {});
        EXPECT_EQ(held, model_.set_aside(id, amount, until));
        if (held) holds_.push_back(id);
    }

    void finish() {
        if (holds_.empty()) return;
        const std::string& id =
            holds_[static_cast<std::size_t>(pick(static_cast<std::int64_t>(holds_.size())))];
        const std::int64_t used = pick(10);
        const bool done =
            used == 0 ? !ledger_->release(id, {}) : !ledger_->settle(id, used, {}, {});
        EXPECT_EQ(done, model_.finish(id, used));
    }

    std::mt19937_64 random_;
    Model model_;
    std::optional<Ledger> ledger_;
    std::vector<std::string> holds_;
    std::int64_t now_ = 100, number_ = 0;  // so that no time is negative
    int names_ = 0;
};

TEST(LedgerProperty, AgreesWithAModelThatMovesCreditByCredit) {
    const std::uint64_t seed = test_seed();
    for (std::uint64_t life = 0; life < 400; ++life) {
        SCOPED_TRACE(testing::Message() << "PAYDESK_SEED=" << seed << " life " << life);
        Life one(seed + life);
        for (int step = 0; step < 60 && !testing::Test::HasFailure(); ++step) one.step();
        if (testing::Test::HasFailure()) return;  // one counterexample is enough
    }
}

// ---- many at once, on a real Postgres ----

class LedgerAtOnce : public testing::Test, public TestCredits {
protected:
    // What the answers said, by account and key: what the ledger must say too.
    struct Told {
        std::map<std::pair<AccountId, std::string>, Answer> answers;
        std::vector<std::pair<AccountId, std::string>> holds;
    };

    static std::vector<AccountId> people() {
        std::vector<AccountId> all;
        for (int i = 0; i < 5; ++i)
            all.push_back({"0198a000-0000-7000-8000-00000000001" + std::to_string(i)});
        return all;
    }

    std::int64_t pick(std::int64_t below) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
    }

    // Facts of a month of everybody's: told again and again, by several at once.
    std::vector<Fact> facts(int month) {
        std::vector<Fact> told;
        for (const AccountId& person : people()) {
            const PlanPeriod period{.fact_key = "invoice_line/stripe/in/" + person.value,
                                    .slot = "main",
                                    .credits_per_month = 60,
                                    .start = add_months(start, month),
                                    .end = add_months(start, month + 1),
                                    .description = "Pro"};
            told.push_back(Granted{person, grants_of(period).front()});
            const std::string checkout = "top_up/stripe/cs_" + std::to_string(month / 2);
            told.push_back(Granted{person, top_up(checkout, 40, start, "Top-up")});
            if (month % 2 == 1) {
                told.push_back(PaymentRefunded{.account = person,
                                               .grant_fact_key = checkout,
                                               .refunded = 5 * month,
                                               .paid = 100});
            }
            if (month == 2 && person == people().front())
                told.push_back(
                    PeriodRefunded{.account = person, .fact_key_prefix = period.fact_key + "/"});
        }
        std::ranges::shuffle(told, random_);
        return told;
    }

    Request request(const Told& told) {
        const auto everybody = people();
        const AccountId person = everybody[static_cast<std::size_t>(pick(5))];
        switch (pick(4)) {
            case 0:
                return {
                    .account = person,
                    .what = HoldRequest{1 + pick(12), "hold", seconds(1 + pick(86'400 * 20))}
                };
            case 1:
                if (!told.holds.empty()) {
                    const auto& [owner, id] = told.holds[static_cast<std::size_t>(
                        pick(static_cast<std::int64_t>(told.holds.size())))];
                    if (pick(3) == 0) return {.account = owner, .what = ReleaseRequest{id}};
                    return {
                        .account = owner, .what = SettleRequest{id, pick(12)}
                    };
                }
                [[fallthrough]];
            default:
                return {
                    .account = person, .what = ConsumeRequest{1 + pick(9), "use"}
                };
        }
    }

    Task<> ask(Spending& spending, Told& told, int number) {
        Request wish = request(told);
        wish.key = Play::key("key" + std::to_string(number), "request");
        const auto name = std::pair(wish.account, wish.key->text);
        // Sent twice, as after a lost answer.
        const Answer first = co_await spending.run(wish);
        const Answer second = co_await spending.run(wish);
        EXPECT_TRUE(second.replayed);
        EXPECT_EQ(first.transaction.number, second.transaction.number);
        EXPECT_EQ(first.transaction.balance_after, second.transaction.balance_after);
        EXPECT_EQ(first.refusal.has_value(), second.refusal.has_value());
        if (first.hold && first.hold->status == HoldStatus::held)
            told.holds.emplace_back(wish.account, first.hold->id);
        EXPECT_TRUE(told.answers.emplace(name, first).second);
    }

    void expect_told(const Told& told) {
        std::int64_t booked = 0;
        for (const auto& [name, answer] : told.answers) {
            if (answer.refusal) continue;
            ++booked;
            EXPECT_EQ(one("select number || ' ' || amount || ' ' || balance_after from "
                          "paydesk.credit_transactions where account_id = '" +
                          name.first.value + "' and idempotency_key = '" + name.second + "'"),
                      std::to_string(answer.transaction.number) + " " +
                          std::to_string(answer.transaction.amount) + " " +
                          std::to_string(answer.transaction.balance_after));
        }
        EXPECT_GT(booked, 50);
        EXPECT_EQ(one("select count(*) from paydesk.credit_transactions where idempotency_key is "
                      "not null"),
                  std::to_string(booked));
    }

    std::uint64_t seed_ = test_seed();
    std::mt19937_64 random_{seed_};
};

TEST_F(LedgerAtOnce, WhateverHappensAtOnceTheLedgerIsSound) {
    SCOPED_TRACE(testing::Message() << "PAYDESK_SEED=" << seed_);
    Told told;
    int number = 0;
    play([&](Play& play) -> Task<> {
        Spending other(play.io, play.db, clock_);
        for (int month = 0; month < 4; ++month) {
            const auto month_facts = facts(month);
            co_await play.together(45, [&](int i) -> Task<> {
                if (i % 9 == 0) {
                    co_await play.tell(month_facts);
                } else if (i % 15 == 4) {
                    co_await turn_due(play.db, clock_.now());
                } else {
                    co_await ask(i % 2 == 0 ? play.spending : other, told, ++number);
                }
            });
            expect_sound();
            clock_.set(add_months(start, month + 1) + seconds(pick(86'400)));
        }
        co_await turn_due(play.db, clock_.now());
    });
    expect_sound();
    expect_told(told);
    // Each paid period once, each top-up once, and one welcome at most.
    EXPECT_EQ(one("select count(*) from paydesk.credit_grants where kind = 'plan'"), "20");
    EXPECT_EQ(one("select count(*) from paydesk.credit_grants where kind = 'top_up'"), "10");
    EXPECT_EQ(
        one("select count(*) from paydesk.credit_holds where status = 'held' and expires_at <= '" +
            to_iso8601(clock_.now()) + "'"),
        "0");
}

}  // namespace
}  // namespace paydesk::credits
