// A subscription: what was bought, what it became, what it owes, and what it is worth now.

#include <fmt/format.h>

#include "explain/explain_parts.h"

namespace paydesk::explain {

namespace {

const db::Statement read_standing{
    "explain_subscription",
    R"(select s.status, s.plan_key, s.plan_name, s.price_id, s.current_period_end,
              s.cancel_at, s.cancel_at_period_end, s.past_due_since,
              p.past_due_grace_days, p.dispute_access,
              s.past_due_since + make_interval(days => p.past_due_grace_days) as grace_until,
              coalesce(a.email, a.account_id::text) as who, e.plan_key as has, e.is_active,
              e.access_until, e.suspended
       from paydesk.subscriptions s
       cross join paydesk.access_policy p
       left join paydesk.accounts a on a.account_id = s.account_id
       left join paydesk.entitlements e on e.account_id = s.account_id
       where s.account_id = $1 and s.id = $2)"};

// The provider's clock is not ours, and counts whole seconds: a minute for both.
const db::Statement read_checkouts{
    "explain_checkouts",
    R"(select id, plan_key, billing_cycle, quantity, status, created_at
       from paydesk.checkouts
       where account_id = $1 and mode = 'subscription' and created_at <
             (select coalesce(provider_created_at, created_at) + interval '1 minute'
              from paydesk.subscriptions
              where account_id = $1 and id = $2)
       order by created_at desc limit 3)"};

const db::Statement read_invoices{
    "explain_subscription_invoices",
    R"(select provider_invoice_id, number, status, amount_due, amount_paid, currency, attempt_count,
              created_at, paid_at, first_failed_at, billing_reason
       from paydesk.invoices
       where account_id = $1 and provider = $2 and provider_subscription_id = $3
       order by created_at desc limit $4)"};

// Why the account has the plan that it has, by the rules of billing/access.h.
std::string rule_of(const db::Rows& row) {
    const std::string_view status = row.text(0, "status");
    const bool ends = row.boolean(0, "cancel_at_period_end") || !row.is_null(0, "cancel_at");
    if (row.is_null(0, "plan_key")) {
        return fmt::format(
            "Its price {} is of no plan in the catalogue, so it grants none. `paydesk plans sync` "
            "with the price in plans.toml mends that.",
            row.text(0, "price_id"));
    }
    if (status == "active" || status == "trialing") {
        return fmt::format("{} grants its plan{}.", status,
                           ends ? " until it ends, as was asked for" : "");
    }
    if (status == "past_due" && !row.is_null(0, "grace_until")) {
        return fmt::format(
            "past_due grants its plan for {} days after the first failure to collect "
            "(PAYDESK_PAST_DUE_GRACE_DAYS): until {}.",
            row.integer(0, "past_due_grace_days"), day_of(row.instant(0, "grace_until")));
    }
    if (status == "incomplete") return "incomplete grants nothing: the first payment is still due.";
    return fmt::format("{} grants nothing: the account is on the free plan.", status);
}

std::string standing_of(const db::Rows& row, const std::string& id) {
    std::string text = fmt::format(
        "Subscription {} of {} is {}: plan {}", id, row.text(0, "who"), row.text(0, "status"),
        row.is_null(0, "plan_key") ? "unknown" : row.text(0, "plan_key"));
    if (const auto end = row.optional_instant(0, "current_period_end"))
        text += ", paid period to " + day_of(*end);
    text += ". " + rule_of(row);
    if (!row.is_null(0, "has")) {
        text += fmt::format(
            " The account may use the plan \"{}\" now{}.", row.text(0, "has"),
            row.boolean(0, "suspended") ? ": its access is suspended by a dispute" : "");
    }
    return text;
}

Task<> add_invoices(const Parts& parts, const Object& object, Explanation& to) {
    const auto rows = co_await parts.db.run(
        read_invoices, {object.account, object.provider, object.provider_id, db::param(steps_max)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string id(rows.text(i, "provider_invoice_id"));
        const std::string number = rows.optional_text(i, "number").value_or(id);
        const auto currency = rows.text(i, "currency");
        to.steps.push_back(
            {.at = rows.instant(i, "created_at"),
             .kind = StepKind::entry,
             .text = fmt::format("Invoice {} over {} was made; it is {} now.", number,
                                 amount_of(rows.integer(i, "amount_due"), currency),
                                 rows.text(i, "status")),
             .id = id});
        if (const auto failed = rows.optional_instant(i, "first_failed_at")) {
            to.steps.push_back({.at = *failed,
                                .kind = StepKind::rule,
                                .text = "Collecting invoice " + number +
                                        " failed for the first time: from here on the grace "
                                        "period counts, while it is unpaid.",
                                .id = id});
        }
        if (const auto paid = rows.optional_instant(i, "paid_at")) {
            to.steps.push_back(
                {.at = *paid,
                 .kind = StepKind::entry,
                 .text = fmt::format("Invoice {} was paid: {}.", number,
                                     amount_of(rows.integer(i, "amount_paid"), currency)),
                 .id = id});
        }
    }
}

Task<> add_checkouts(const Parts& parts, const Object& object, Explanation& to) {
    const auto rows = co_await parts.db.run(read_checkouts, {object.account, object.ours});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        to.steps.push_back(
            {.at = rows.instant(i, "created_at"),
             .kind = StepKind::asked,
             .text = fmt::format("The customer began a checkout of {} ({}, {} of it); it is {}.",
                                 rows.text(i, "plan_key"), rows.text(i, "billing_cycle"),
                                 rows.integer(i, "quantity"), rows.text(i, "status")),
             .id = std::string(rows.text(i, "id"))});
    }
}

}  // namespace

Task<Result<Explanation>> explain_subscription(const Parts& parts, std::string id) {
    const auto object = co_await find_object(parts.db, Subject::subscription, std::move(id));
    if (!object) co_return object.error();
    const auto standing = co_await parts.db.run(read_standing, {object->account, object->ours});
    Explanation explanation{.subject = Subject::subscription,
                            .id = object->provider_id,
                            .account = object->account,
                            .now = standing_of(standing, object->provider_id)};
    co_await add_checkouts(parts, *object, explanation);
    co_await add_events(parts, *object, explanation);
    co_await add_invoices(parts, *object, explanation);
    co_await add_told(parts, *object, "subscription_id", explanation);
    co_await add_reconciliations(parts, *object, explanation);
    co_return explanation;
}

}  // namespace paydesk::explain
