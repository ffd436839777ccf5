#pragma once
// payments as people see them, derived from the rows below them: which charge paid, what of it was
// refunded, and which payment a refund or a dispute is of. Derived from the rows alone, whenever one of
// them changes, so it does not depend on what came first.
//
//     charge of an invoice or a checkout  ──▶ that payment: its charge, receipt, refunded amount, status
//     charge of neither, or a failed one  ──▶ a payment of its own (source_kind 'charge')
//
// That it is of neither is known only when the provider was asked (link_charges_flow.h): until then a
// charge that succeeded is no payment of its own, or it would be shown twice.

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/refunded_payment.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::payment_settlement {

// What changed, by the provider's ids: a charge, a payment intent, an invoice whose payment nobody names.
struct Key {
    AccountId account;
    provider::Name provider;
    std::optional<std::string> charge, payment, invoice = {};
    friend auto operator<=>(const Key&, const Key&) = default;
};

// In the caller's transaction, after the rows are saved. Gives the payments whose refunded amount
// changed.
Task<std::vector<RefundedPayment>> settle(db::Tx& tx, std::set<Key> keys);

}  // namespace paydesk::billing::payment_settlement
