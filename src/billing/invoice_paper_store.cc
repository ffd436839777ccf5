#include "billing/invoice_paper_store.h"

#include "base/assert.h"
#include "base/json.h"

namespace paydesk::billing::invoice_paper_store {

namespace {

// A provider's id leads to its account; without an account (an admin who has only our id) the table
// is searched.
const db::Statement load_invoice{"billing_load_invoice_paper", R"(
    select i.number, i.status, i.currency, i.amount_due, i.amount_paid, i.amount_remaining,
           i.subtotal, i.total, i.discount_amount, i.tax_amount, i.taxes_inclusive, i.bill_to,
           i.line_items, i.hosted_invoice_url, i.invoice_pdf, i.period_start, i.period_end,
           i.due_date, i.paid_at, i.created_at, coalesce(c.name, a.name) as name,
           coalesce(c.email, a.email) as email, coalesce(a.language, '') as language
    from paydesk.invoices i
    left join paydesk.customers c on c.account_id = i.account_id and c.provider = i.provider
    left join paydesk.accounts a on a.account_id = i.account_id
    where ($1::uuid is null or i.account_id = $1)
      and (i.id::text = $2 or i.provider_invoice_id = $2) and i.status <> 'draft'
    limit 1)"};

const db::Statement load_rate{"billing_load_exchange_rate", R"(
    select rate::text as rate, source, (as_of::timestamp at time zone 'UTC') as as_of from paydesk.exchange_rates
    where base = $1 and quote = $2 and as_of <= ($3::timestamptz at time zone 'UTC')::date
    order by as_of desc limit 1)"};

std::vector<std::string> texts_at(const json::value& object, std::string_view field) {
    std::vector<std::string> texts;
    const json::value* list = at_path(object, {field});
    if (list == nullptr || !list->is_array()) return texts;
    for (const auto& text : list->get_array()) {
        if (text.is_string()) texts.emplace_back(text.get_string());
    }
    return texts;
}

std::optional<Instant> instant_of(const json::value& line, std::string_view field) {
    const auto text = string_at(line, {field});
    if (!text) return std::nullopt;
    const auto instant = parse_iso8601(*text);
    return instant ? std::optional(*instant) : std::nullopt;
}

std::vector<documents::InvoiceItem> items_of(std::string_view stored, Currency currency) {
    std::vector<documents::InvoiceItem> items;
    const auto lines = parse_json(stored);
    PD_ASSERT(lines.has_value() && lines->is_array());  // invoices_line_items_are_a_list
    for (const auto& line : lines->get_array()) {
        items.push_back({.description = string_at(line, {"description"}).value_or(""),
                         .amount = Money(int_at(line, {"amount"}).value_or(0), currency),
                         .quantity = int_at(line, {"quantity"}),
                         .period_start = instant_of(line, "period_start"),
                         .period_end = instant_of(line, "period_end")});
    }
    return items;
}

documents::Invoice read_row(const db::Rows& rows, Currency currency) {
    const auto money = [&](std::string_view column) {
        return Money(rows.integer(0, column), currency);
    };
    const auto bill_to = parse_json(rows.text(0, "bill_to"));
    PD_ASSERT(bill_to.has_value());  // a jsonb column
    const auto theirs = [&](std::string_view field) {
        const auto text = string_at(*bill_to, {field});
        return text ? *text : std::string(rows.text(0, field));
    };
    return {.number = std::string(rows.text(0, "number")),
            .status = std::string(rows.text(0, "status")),
            .issued_at = rows.instant(0, "created_at"),
            .due_at = rows.optional_instant(0, "due_date"),
            .paid_at = rows.optional_instant(0, "paid_at"),
            .period_start = rows.optional_instant(0, "period_start"),
            .period_end = rows.optional_instant(0, "period_end"),
            .name = theirs("name"),
            .email = theirs("email"),
            .address = texts_at(*bill_to, "address"),
            .tax_ids = texts_at(*bill_to, "tax_ids"),
            .items = items_of(rows.text(0, "line_items"), currency),
            .subtotal = money("subtotal"),
            .discount = money("discount_amount"),
            .tax = money("tax_amount"),
            .total = money("total"),
            .amount_due = money("amount_due"),
            .amount_paid = money("amount_paid"),
            .amount_remaining = money("amount_remaining"),
            .taxes_inclusive = rows.boolean(0, "taxes_inclusive"),
            .rate = {},
            .hosted_url = std::string(rows.text(0, "hosted_invoice_url")),
            .provider_pdf_url = std::string(rows.text(0, "invoice_pdf"))};
}

}  // namespace

Task<std::optional<Loaded>> load(db::Database& db, PaperReader reader, std::string invoice) {
    db::Params params{reader.account ? db::Param(reader.account->value) : db::Param{},
                      std::move(invoice)};
    const db::Rows rows =
        reader.identity ? co_await db.run_as(*reader.identity, load_invoice, std::move(params))
                        : co_await db.run(load_invoice, std::move(params));
    if (rows.empty()) co_return std::nullopt;
    const auto currency = Currency::parse(rows.text(0, "currency"));
    PD_ASSERT(currency.has_value());  // as normalise() took it
    co_return Loaded{read_row(rows, *currency), std::string(rows.text(0, "language"))};
}

Task<std::optional<documents::Rate>> rate(db::Database& db, Currency base, Currency quote,
                                          Instant at) {
    const db::Rows rows =
        co_await db.run(load_rate, {base.lower_code(), quote.lower_code(), db::param(at)});
    if (rows.empty()) co_return std::nullopt;
    const auto value = Decimal::parse(rows.text(0, "rate"));
    if (!value) co_return std::nullopt;  // written by hand with more decimals than we reckon with
    co_return documents::Rate{.base = base,
                              .quote = quote,
                              .rate = *value,
                              .source = std::string(rows.text(0, "source")),
                              .as_of = rows.instant(0, "as_of")};
}

}  // namespace paydesk::billing::invoice_paper_store
