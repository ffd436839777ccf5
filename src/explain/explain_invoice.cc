// An invoice: what it asks for, how it was collected, what came back, and which credits it gave.

#include <fmt/format.h>

#include "explain/explain_parts.h"

namespace paydesk::explain {

namespace {

const db::Statement read_standing{
    "explain_invoice",
    R"(select i.number, i.status, i.amount_due, i.amount_paid, i.currency, i.attempt_count,
              i.next_payment_attempt, i.first_failed_at, i.billing_reason,
              coalesce(a.email, i.account_id::text) as who
       from paydesk.invoices i left join paydesk.accounts a on a.account_id = i.account_id
       where i.account_id = $1 and i.id = $2)"};

// Charges, the payment, refunds and disputes, as one list: what, id, amount, when, and how it stands.
const db::Statement read_money{"explain_invoice_money",
                               R"(with paid as (
           select p.* from paydesk.payments p
           where p.account_id = $1 and p.provider = $2 and p.provider_invoice_id = $3)
       select 'charge' as what, c.provider_charge_id as id, c.amount, c.currency, c.status,
              coalesce(c.failure_message, c.failure_code) as why, c.created_at as at
       from paydesk.charges c
       where c.account_id = $1 and c.provider = $2 and c.provider_invoice_id = $3
       union all
       select 'payment', p.source_kind || '/' || p.source_id, p.amount, p.currency, p.status,
              case when p.amount_refunded > 0 then p.amount_refunded::text end, p.created_at from paid p
       union all
       select 'refund', coalesce(r.provider_refund_id, r.id::text), r.amount, r.currency, r.status,
              concat_ws(', ', 'by ' || r.actor, r.reason, r.note, r.failure_reason), r.created_at
       from paydesk.refunds r join paid p on p.account_id = r.account_id and p.id = r.payment_id
       union all
       select 'dispute', d.provider_dispute_id, d.amount, d.currency, d.status, d.reason, d.created_at
       from paydesk.disputes d join paid p on p.account_id = d.account_id and p.id = d.payment_id
       union all
       select 'retry', t.provider_payment_method_id, 0, '', '', null, t.created_at
       from paydesk.invoice_retries t
       where t.account_id = $1 and t.provider = $2 and t.provider_invoice_id = $3
       order by 7)"};

const db::Statement read_grants{
    "explain_invoice_grants",
    R"(select fact_key, amount, issued, description, effective_at, expires_at, created_at
       from paydesk.credit_grants
       where account_id = $1
         and starts_with(fact_key, 'invoice_line/' || $2 || '/' || $3 || '/')
       order by effective_at)"};

const db::Statement read_usage{
    "explain_invoice_usage",
    R"(select metric, description, amount, currency, period_start, period_end, created_at
       from paydesk.usage_charges
       where account_id = $1 and provider = $2 and provider_invoice_id = $3
       order by metric)"};

std::string standing_of(const db::Rows& row, const std::string& id) {
    const auto currency = row.text(0, "currency");
    std::string text = fmt::format("Invoice {} ({}) of {} is {}: {} due, {} paid.",
                                   row.optional_text(0, "number").value_or("without a number"), id,
                                   row.text(0, "who"), row.text(0, "status"),
                                   amount_of(row.integer(0, "amount_due"), currency),
                                   amount_of(row.integer(0, "amount_paid"), currency));
    if (row.text(0, "status") == "open" && row.integer(0, "attempt_count") > 0) {
        text += fmt::format(" {} attempts to collect it failed", row.integer(0, "attempt_count"));
        const auto next = row.optional_instant(0, "next_payment_attempt");
        text += next ? ", the next one is on " + day_of(*next) + "."
                     : "; the provider plans no further one. A new default card tries it at once.";
    }
    return text;
}

Step money_step(const db::Rows& rows, std::size_t i) {
    const auto what = rows.text(i, "what");
    const auto status = rows.text(i, "status");
    const std::string why = rows.optional_text(i, "why").value_or("");
    const std::string amount =
        what == "retry" ? "" : amount_of(rows.integer(i, "amount"), rows.text(i, "currency"));
    Step step{.at = rows.instant(i, "at"),
              .kind = StepKind::entry,
              .text = {},
              .id = std::string(rows.text(i, "id"))};
    if (what == "charge") {
        step.text = fmt::format("The provider tried to take {}: {}{}.", amount, status,
                                why.empty() ? "" : " (" + why + ")");
    } else if (what == "payment") {
        step.text = fmt::format(
            "The payment of {} is {}{}.", amount, status,
            why.empty() ? ""
                        : ": " + amount_of(rows.integer(i, "why"), rows.text(i, "currency")) +
                              " of it came back");
    } else if (what == "refund") {
        step.text = fmt::format("A refund of {} is {} ({}).", amount, status, why);
    } else if (what == "dispute") {
        step.text = fmt::format("The buyer's bank disputes {}: {} ({}).", amount, status, why);
    } else {
        step.kind = StepKind::asked;
        step.text = "The default card changed while it was open, so it was tried again at once.";
    }
    return step;
}

Task<> add_grants(const Parts& parts, const Object& object, Explanation& to) {
    const auto rows =
        co_await parts.db.run(read_grants, {object.account, object.provider, object.provider_id});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto expires = rows.optional_instant(i, "expires_at");
        to.steps.push_back(
            {.at = rows.instant(i, "effective_at"),
             .kind = StepKind::rule,
             .text = fmt::format("A paid line of a plan grants its credits, once: {} of {}{}.",
                                 rows.integer(i, "amount"), rows.text(i, "description"),
                                 expires ? ", good until " + day_of(*expires) : ""),
             .id = std::string(rows.text(i, "fact_key"))});
    }
}

// What was used, where we rated it.
Task<> add_usage(const Parts& parts, const Object& object, Explanation& to) {
    const auto rows =
        co_await parts.db.run(read_usage, {object.account, object.provider, object.provider_id});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        to.steps.push_back(
            {.at = rows.instant(i, "created_at"),
             .kind = StepKind::rule,
             .text = fmt::format("What was used from {} until {} was rated by the plan: {} is {}.",
                                 day_of(rows.instant(i, "period_start")),
                                 day_of(rows.instant(i, "period_end")), rows.text(i, "description"),
                                 amount_of(rows.integer(i, "amount"), rows.text(i, "currency"))),
             .id = std::string(rows.text(i, "metric"))});
    }
}

}  // namespace

Task<Result<Explanation>> explain_invoice(const Parts& parts, std::string id) {
    const auto object = co_await find_object(parts.db, Subject::invoice, std::move(id));
    if (!object) co_return object.error();
    const auto standing = co_await parts.db.run(read_standing, {object->account, object->ours});
    Explanation explanation{.subject = Subject::invoice,
                            .id = object->provider_id,
                            .account = object->account,
                            .now = standing_of(standing, object->provider_id)};
    co_await add_events(parts, *object, explanation);
    const auto money =
        co_await parts.db.run(read_money, {object->account, object->provider, object->provider_id});
    for (std::size_t i = 0; i < money.size(); ++i) {
        explanation.steps.push_back(money_step(money, i));
    }
    if (const auto failed = standing.optional_instant(0, "first_failed_at")) {
        explanation.steps.push_back(
            {.at = *failed,
             .kind = StepKind::rule,
             .text = "The first attempt to collect it failed: from here on the grace period of its "
                     "subscription counts, while it is unpaid."});
    }
    co_await add_usage(parts, *object, explanation);
    co_await add_grants(parts, *object, explanation);
    co_await add_told(parts, *object, "invoice_id", explanation);
    co_await add_reconciliations(parts, *object, explanation);
    co_return explanation;
}

}  // namespace paydesk::explain
