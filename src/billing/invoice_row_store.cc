// invoice_row.h's SQL.

#include "base/assert.h"
#include "billing/columns.h"
#include "billing/invoice_row.h"
#include "billing/recordset.h"

namespace paydesk::billing::invoice_rows {

namespace {

const db::Statement load_invoices{
    "billing_load_invoices",
    R"(select i.account_id, i.id, i.provider, i.provider_invoice_id, i.provider_subscription_id,
              i.provider_payment_id, i.number, i.status, i.currency, i.amount_due, i.amount_paid,
              i.amount_remaining, i.subtotal, i.total, i.discount_amount, i.tax_amount,
              i.taxes_inclusive, i.bill_to, i.billing_reason, i.hosted_invoice_url,
              i.invoice_pdf, i.line_items, i.attempt_count, i.next_payment_attempt, i.period_start,
              i.period_end, i.due_date, i.paid_at, i.livemode, i.provider_stamp, i.created_at,
              i.revision
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as id) k
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.invoices t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_invoice_id = k.id
           limit 1 for no key update) i)"};

const db::Statement save_invoices{
    "billing_save_invoices",
    R"(insert into paydesk.invoices (account_id, id, provider, provider_invoice_id,
           provider_subscription_id, provider_payment_id, number, status, currency, amount_due,
           amount_paid, amount_remaining, subtotal, total, discount_amount, tax_amount, taxes_inclusive,
           bill_to, billing_reason, hosted_invoice_url,
           invoice_pdf, line_items, attempt_count, next_payment_attempt, period_start, period_end,
           due_date, paid_at, livemode, provider_stamp, created_at)
       select r.account_id::uuid, r.id::uuid, r.provider, r.provider_invoice_id,
           r.provider_subscription_id, r.provider_payment_id, r.number, r.status, r.currency,
           r.amount_due, r.amount_paid, r.amount_remaining, r.subtotal, r.total, r.discount_amount,
           r.tax_amount, r.taxes_inclusive, r.bill_to::jsonb, r.billing_reason,
           r.hosted_invoice_url, r.invoice_pdf, r.line_items::jsonb, r.attempt_count,
           r.next_payment_attempt, r.period_start, r.period_end, r.due_date, r.paid_at, r.livemode,
           r.provider_stamp, r.created_at
       from (select unnest($1::text[]) as account_id, unnest($2::text[]) as id,
                unnest($3::text[]) as provider, unnest($4::text[]) as provider_invoice_id,
                unnest($5::text[]) as provider_subscription_id,
                unnest($6::text[]) as provider_payment_id, unnest($7::text[]) as number,
                unnest($8::text[]) as status, unnest($9::text[]) as currency,
                unnest($10::bigint[]) as amount_due, unnest($11::bigint[]) as amount_paid,
                unnest($12::bigint[]) as amount_remaining, unnest($13::bigint[]) as subtotal,
                unnest($14::bigint[]) as total, unnest($15::text[]) as billing_reason,
                unnest($16::text[]) as hosted_invoice_url, unnest($17::text[]) as invoice_pdf,
                unnest($18::text[]) as line_items, unnest($19::bigint[]) as attempt_count,
                unnest($20::timestamptz[]) as next_payment_attempt,
                unnest($21::timestamptz[]) as period_start,
                unnest($22::timestamptz[]) as period_end,
                unnest($23::timestamptz[]) as due_date, unnest($24::timestamptz[]) as paid_at,
                unnest($25::boolean[]) as livemode,
                unnest($26::timestamptz[]) as provider_stamp,
                unnest($27::timestamptz[]) as created_at,
                unnest($28::bigint[]) as discount_amount, unnest($29::bigint[]) as tax_amount,
                unnest($30::boolean[]) as taxes_inclusive, unnest($31::text[]) as bill_to) r
       on conflict (account_id, provider, provider_invoice_id) do update set
           provider_subscription_id = excluded.provider_subscription_id,
           provider_payment_id = coalesce(excluded.provider_payment_id, invoices.provider_payment_id),
           number = excluded.number, status = excluded.status, currency = excluded.currency,
           amount_due = excluded.amount_due, amount_paid = excluded.amount_paid,
           amount_remaining = excluded.amount_remaining, subtotal = excluded.subtotal,
           total = excluded.total, discount_amount = excluded.discount_amount,
           tax_amount = excluded.tax_amount, taxes_inclusive = excluded.taxes_inclusive,
           bill_to = excluded.bill_to, billing_reason = excluded.billing_reason,
           hosted_invoice_url = excluded.hosted_invoice_url, invoice_pdf = excluded.invoice_pdf,
           line_items = excluded.line_items, attempt_count = excluded.attempt_count,
           next_payment_attempt = excluded.next_payment_attempt,
           period_start = excluded.period_start, period_end = excluded.period_end,
           due_date = excluded.due_date, paid_at = excluded.paid_at, livemode = excluded.livemode,
           provider_stamp = excluded.provider_stamp, created_at = excluded.created_at)"};

InvoiceRow read_row(const db::Rows& rows, std::size_t i) {
    InvoiceRow row{.id = std::string(rows.text(i, "id")),
                   .account = {std::string(rows.text(i, "account_id"))},
                   .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                    : provider::Name::stripe,
                   .invoice = std::string(rows.text(i, "provider_invoice_id")),
                   .stamp = rows.instant(i, "provider_stamp"),
                   .revision = std::string(rows.text(i, "revision")),
                   .content = {}};
    auto& c = row.content;
    c.subscription = rows.optional_text(i, "provider_subscription_id");
    c.payment = rows.optional_text(i, "provider_payment_id");
    c.number = rows.optional_text(i, "number");
    c.status = provider::parse_invoice_status(rows.text(i, "status")).value();
    c.currency = std::string(rows.text(i, "currency"));
    c.amount_due = rows.integer(i, "amount_due");
    c.amount_paid = rows.integer(i, "amount_paid");
    c.amount_remaining = rows.integer(i, "amount_remaining");
    c.subtotal = rows.integer(i, "subtotal");
    c.total = rows.integer(i, "total");
    c.discount_amount = rows.integer(i, "discount_amount");
    c.tax_amount = rows.integer(i, "tax_amount");
    c.taxes_inclusive = rows.boolean(i, "taxes_inclusive");
    const auto bill_to = parse_json(rows.text(i, "bill_to"));
    PD_ASSERT(bill_to.has_value() && bill_to->is_object());  // invoices_bill_to_is_an_object
    c.bill_to = bill_to->as_object();
    c.billing_reason = rows.optional_text(i, "billing_reason");
    c.hosted_invoice_url = rows.optional_text(i, "hosted_invoice_url");
    c.invoice_pdf = rows.optional_text(i, "invoice_pdf");
    const auto lines = parse_json(rows.text(i, "line_items"));
    PD_ASSERT(lines.has_value() && lines->is_array());  // constraint invoices_line_items_are_a_list
    c.line_items = lines->as_array();
    c.attempt_count = rows.integer(i, "attempt_count");
    c.next_payment_attempt = rows.optional_instant(i, "next_payment_attempt");
    c.period_start = rows.optional_instant(i, "period_start");
    c.period_end = rows.optional_instant(i, "period_end");
    c.due_date = rows.optional_instant(i, "due_date");
    c.paid_at = rows.optional_instant(i, "paid_at");
    c.livemode = rows.boolean(i, "livemode");
    c.created_at = rows.instant(i, "created_at");
    return row;
}

// In the order of save_invoices' parameters. `line_items` and `bill_to` are the rows' as texts.
db::Params to_params(const std::vector<InvoiceRow>& rows,
                     const std::vector<std::string>& line_items,
                     const std::vector<std::string>& bill_to) {
    using namespace columns;
    using Row = InvoiceRow;
    using C = Row::Content;
    std::vector<const C*> c;
    for (const auto& row : rows) c.push_back(&row.content);
    return {texts(rows, &Row::account),
            texts(rows, &Row::id),
            texts(rows, &Row::provider),
            texts(rows, &Row::invoice),
            texts(c, &C::subscription),
            texts(c, &C::payment),
            texts(c, &C::number),
            texts(c, [](const C* content) { return provider::to_string(content->status); }),
            texts(c, &C::currency),
            numbers(c, &C::amount_due),
            numbers(c, &C::amount_paid),
            numbers(c, &C::amount_remaining),
            numbers(c, &C::subtotal),
            numbers(c, &C::total),
            texts(c, &C::billing_reason),
            texts(c, &C::hosted_invoice_url),
            texts(c, &C::invoice_pdf),
            texts(line_items, std::identity()),
            numbers(c, &C::attempt_count),
            instants(c, &C::next_payment_attempt),
            instants(c, &C::period_start),
            instants(c, &C::period_end),
            instants(c, &C::due_date),
            instants(c, &C::paid_at),
            flags(c, &C::livemode),
            instants(rows, &Row::stamp),
            instants(c, &C::created_at),
            numbers(c, &C::discount_amount),
            numbers(c, &C::tax_amount),
            flags(c, &C::taxes_inclusive),
            texts(bill_to, std::identity())};
}

}  // namespace

Task<std::vector<InvoiceRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<InvoiceRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_invoices, columns::keys(keys));
    for (std::size_t i = 0; i < rows.size(); ++i) loaded.push_back(read_row(rows, i));
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<InvoiceRow> rows) {
    if (rows.empty()) co_return;
    std::vector<std::string> line_items, bill_to;
    for (const auto& row : rows) {
        line_items.push_back(json::serialize(row.content.line_items));
        bill_to.push_back(json::serialize(row.content.bill_to));
    }
    co_await tx.run(save_invoices, to_params(rows, line_items, bill_to));
}

}  // namespace paydesk::billing::invoice_rows
