#pragma once
// What a refund means for credits, whoever settles the payment: apply_changes(), or the job that finds out
// what a charge was for.

#include <string>
#include <string_view>
#include <vector>

#include "billing/refunded_payment.h"
#include "credits/facts.h"

namespace paydesk::billing {

// The fact for which a top-up's credits are granted.
std::string top_up_fact_key(std::string_view provider, std::string_view checkout);
// What the facts of an invoice's lines begin with.
std::string invoice_fact_key(std::string_view provider, std::string_view invoice);

// Part of a month's price is goodwill; all of it undoes the month. A top-up's credits go back in proportion.
Task<std::vector<credits::Fact>> refund_facts(db::Tx& tx, std::vector<RefundedPayment> payments);

}  // namespace paydesk::billing
