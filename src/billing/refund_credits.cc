#include "billing/refund_credits.h"

#include <algorithm>

#include "base/assert.h"
#include "billing/columns.h"

namespace paydesk::billing {

namespace {

// What an invoice of no subscription was made for.
const db::Statement find_invoiced_checkouts{"billing_invoiced_checkouts",
                                            R"(select k.provider, k.invoice, c.provider_checkout_id
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as invoice) k
       cross join lateral (
           select t.provider_checkout_id from paydesk.checkouts t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_invoice_id = k.invoice and t.mode = 'payment'
             and t.provider_checkout_id is not null limit 1) c)"};

credits::Fact top_up_refunded(const RefundedPayment& payment, std::string_view checkout) {
    return credits::PaymentRefunded{.account = payment.account,
                                    .grant_fact_key = top_up_fact_key(payment.provider, checkout),
                                    .refunded = payment.refunded.minor_units(),
                                    .paid = payment.amount.minor_units()};
}

}  // namespace

std::string top_up_fact_key(std::string_view provider, std::string_view checkout) {
    return "top_up/" + std::string(provider) + "/" + std::string(checkout);
}

std::string invoice_fact_key(std::string_view provider, std::string_view invoice) {
    return "invoice_line/" + std::string(provider) + "/" + std::string(invoice) + "/";
}

Task<std::vector<credits::Fact>> refund_facts(db::Tx& tx, std::vector<RefundedPayment> payments) {
    std::vector<credits::Fact> facts;
    std::vector<const RefundedPayment*> invoiced;
    for (const auto& payment : payments) {
        if (payment.source_kind == "checkout")
            facts.push_back(top_up_refunded(payment, payment.source_id));
        if (payment.source_kind != "invoice") continue;
        invoiced.push_back(&payment);
        if (payment.refunded != payment.amount) continue;
        facts.push_back(credits::PeriodRefunded{
            .account = payment.account,
            .fact_key_prefix = invoice_fact_key(payment.provider, payment.source_id)});
    }
    if (invoiced.empty()) co_return facts;
    using columns::texts;
    const auto rows =
        co_await tx.run(find_invoiced_checkouts, {texts(invoiced, &RefundedPayment::account),
                                                  texts(invoiced, &RefundedPayment::provider),
                                                  texts(invoiced, &RefundedPayment::source_id)});
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto payment =
            std::ranges::find(invoiced, rows.text(row, "invoice"), &RefundedPayment::source_id);
        PD_ASSERT(payment != invoiced.end());
        facts.push_back(top_up_refunded(**payment, rows.text(row, "provider_checkout_id")));
    }
    co_return facts;
}

}  // namespace paydesk::billing
