#include "credits/low.h"

#include <tuple>

namespace paydesk::credits {

namespace {

bool comes_by_period(const Grant& grant) {
    return grant.kind == GrantKind::plan || grant.kind == GrantKind::free;
}

const Grant* newest(const Ledger& ledger) {
    const auto rank = [](const Grant& grant) {
        return std::tuple(comes_by_period(grant), grant.effective_at, std::string_view(grant.id));
    };
    const Grant* found = nullptr;
    for (const Grant& grant : ledger.grants()) {
        if (!ledger.in_effect(grant)) continue;
        if (found == nullptr || rank(*found) < rank(grant)) found = &grant;
    }
    return found;
}

bool spends(const Transaction& transaction) {
    return transaction.kind == TransactionKind::consume ||
           transaction.kind == TransactionKind::hold;
}

}  // namespace

std::optional<RanLow> ran_low(const Ledger& ledger, std::int64_t percent) {
    if (percent <= 0 || ledger.booked().empty()) return std::nullopt;
    const Grant* grant = newest(ledger);
    if (grant == nullptr) return std::nullopt;
    const std::int64_t threshold =
        grant->amount / 100 * percent + grant->amount % 100 * percent / 100;
    for (const Transaction& transaction : ledger.booked()) {
        const std::int64_t before = transaction.balance_after - transaction.amount;
        if (spends(transaction) && before > threshold && transaction.balance_after <= threshold)
            return RanLow{grant->id, transaction.balance_after, threshold};
    }
    return std::nullopt;
}

}  // namespace paydesk::credits
