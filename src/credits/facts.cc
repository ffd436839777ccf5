#include "credits/facts.h"

#include <algorithm>

#include "base/assert.h"
#include "credits/ledger_store.h"
#include "credits/notices.h"

namespace paydesk::credits {

namespace {

// The part of `credits` that belongs to `refunded` of `paid`, rounded down.
std::int64_t share(std::int64_t credits, std::int64_t refunded, std::int64_t paid) {
    PD_ASSERT(refunded >= 0 && paid > 0);
    return static_cast<std::int64_t>(static_cast<__int128>(credits) * std::min(refunded, paid) /
                                     paid);
}

std::set<AccountId> accounts_of(const std::vector<Fact>& facts) {
    std::set<AccountId> accounts;
    for (const Fact& fact : facts)
        std::visit([&](const auto& told) { accounts.insert(told.account); }, fact);
    return accounts;
}

// Takes the grants out that are there already, or are told twice.
Task<> drop_known(db::Tx& tx, std::vector<Fact>& facts) {
    std::set<ledger_store::FactKey> told;
    for (const Fact& fact : facts) {
        if (const auto* granted = std::get_if<Granted>(&fact))
            told.emplace(granted->account, granted->grant.fact_key);
    }
    auto known = co_await ledger_store::known_facts(tx, told);
    std::erase_if(facts, [&](const Fact& fact) {
        const auto* granted = std::get_if<Granted>(&fact);
        return granted != nullptr &&
               !known.emplace(granted->account, granted->grant.fact_key).second;
    });
}

// What this very transaction has taken back already: another fact of it may tell the same.
std::int64_t taken_back_now(const Ledger& ledger, std::string_view grant) {
    std::int64_t taken = 0;
    for (const Transaction& transaction : ledger.booked()) {
        for (const Entry& entry : transaction.entries) {
            if (entry.grant == grant && entry.to == LedgerAccount::taken_back)
                taken += entry.amount;
        }
    }
    return taken;
}

// A grant of this very transaction is not in the database yet: it is looked for in the ledger first.
Task<> take_back(db::Tx& tx, PaymentRefunded fact, Ledger& ledger) {
    const auto fresh = ledger.new_grants();
    const auto found = std::ranges::find(fresh, fact.grant_fact_key, &Grant::fact_key);
    std::string grant;
    std::int64_t due = 0;
    if (found != fresh.end()) {
        grant = (*found)->id;
        due = share((*found)->amount, fact.refunded, fact.paid);
    } else if (const auto stored =
                   co_await ledger_store::find_grant(tx, fact.account, fact.grant_fact_key)) {
        grant = stored->grant.id;
        due = share(stored->grant.amount, fact.refunded, fact.paid) - stored->taken_back;
        if (std::ranges::find(ledger.grants(), grant, &Grant::id) == ledger.grants().end())
            co_return;  // nothing of it is left
    } else {
        co_return;
    }
    ledger.take_back(grant, due - taken_back_now(ledger, grant), fact.description);
}

// "<price>/<month>" or "<price>/upgrade/<month>" behind the prefix (grant.cc). More is another invoice's, whose id goes
// on where this one's ends.
bool is_of_period(std::string_view fact_key, std::string_view prefix) {
    if (!fact_key.starts_with(prefix)) return false;
    fact_key.remove_prefix(prefix.size());
    const auto slashes = std::ranges::count(fact_key, '/');
    return slashes == 1 || (slashes == 2 && fact_key.find("/upgrade/") != fact_key.npos);
}

Task<> take_back(db::Tx& tx, PeriodRefunded fact, Ledger& ledger) {
    auto made = co_await ledger_store::find_grants(tx, fact.account, fact.fact_key_prefix);
    for (const Grant* fresh : ledger.new_grants()) made.emplace(fresh->id, fresh->fact_key);
    const std::vector<Grant> grants = ledger.grants();
    for (const Grant& grant : grants) {
        const auto found = made.find(grant.id);
        if (found == made.end() || !is_of_period(found->second, fact.fact_key_prefix)) continue;
        ledger.take_back(grant.id, grant.remaining, fact.description);
    }
}

// What was bought and has arrived. Under the ledgers' lock: notices.h.
Task<> tell_topped_up(db::Tx& tx, const std::map<AccountId, Ledger>& ledgers) {
    std::vector<notify::Notification> notices;
    for (const auto& [account, ledger] : ledgers) {
        for (const Grant* grant : ledger.new_grants()) {
            if (grant->kind == GrantKind::top_up)
                notices.push_back(topped_up_notice(account, *grant, ledger.balance()));
        }
    }
    co_await notify::add(tx, std::move(notices));
}

}  // namespace

Task<> apply_facts(db::Tx& tx, std::vector<Fact> facts, Instant now) {
    // Most are told several times: those need no lock. Once more under it, for another transaction may
    // have been telling the same.
    co_await drop_known(tx, facts);
    if (facts.empty()) co_return;
    const std::set<AccountId> accounts = accounts_of(facts);
    co_await ledger_store::lock(tx, accounts);
    co_await drop_known(tx, facts);
    auto ledgers = co_await ledger_store::load(tx, {.accounts = accounts}, now);
    for (const Fact& fact : facts) {
        if (const auto* granted = std::get_if<Granted>(&fact))
            ledgers.at(granted->account).add(granted->grant);
    }
    for (auto& [account, ledger] : ledgers) ledger.turn();
    for (const Fact& fact : facts) {
        if (const auto* payment = std::get_if<PaymentRefunded>(&fact))
            co_await take_back(tx, *payment, ledgers.at(payment->account));
        if (const auto* period = std::get_if<PeriodRefunded>(&fact))
            co_await take_back(tx, *period, ledgers.at(period->account));
    }
    co_await ledger_store::save(tx, ledgers);
    co_await tell_topped_up(tx, ledgers);
}

}  // namespace paydesk::credits
