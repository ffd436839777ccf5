#include "billing/charge_row.h"

#include "base/assert.h"
#include "billing/columns.h"

namespace paydesk::billing {

ChargeRow::Content content_of(const provider::ChargeSnapshot& snapshot, bool livemode) {
    const auto text = [](const std::optional<provider::Ref>& ref) {
        return ref ? std::optional(ref->value) : std::nullopt;
    };
    return {.payment = text(snapshot.payment),
            .invoice = text(snapshot.invoice),
            .amount = snapshot.amount.minor_units(),
            .amount_refunded = snapshot.amount_refunded.minor_units(),
            .currency = snapshot.amount.currency().lower_code(),
            .status = snapshot.status,
            .disputed = snapshot.disputed,
            .failure_code = snapshot.failure_code,
            .failure_message = snapshot.failure_message,
            .receipt_url = snapshot.receipt_url,
            .description = snapshot.description,
            .livemode = livemode,
            .created_at = snapshot.created_at};
}

std::partial_ordering state_order(const ChargeRow::Content& incoming,
                                  const ChargeRow::Content& row) {
    using provider::ChargeStatus;
    const bool was_pending = row.status == ChargeStatus::pending;
    const bool is_pending = incoming.status == ChargeStatus::pending;
    if (was_pending == is_pending) return std::partial_ordering::equivalent;
    return was_pending ? std::partial_ordering::greater : std::partial_ordering::less;
}

namespace charge_rows {

namespace {

const db::Statement load_charges{"billing_load_charges",
                                 R"(select c.*
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as id) k
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.charges t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_charge_id = k.id
           limit 1 for no key update) c)"};

// Which invoice it is of is told once, by whatever tells it, and that it is disputed only by its dispute: no
// news does not take either away.
const db::Statement save_charges{
    "billing_save_charges",
    R"(insert into paydesk.charges as c (account_id, id, provider, provider_charge_id,
           provider_payment_id, provider_invoice_id, amount, amount_refunded, currency, status,
           disputed, failure_code, failure_message, receipt_url, description, livemode,
           provider_stamp, created_at)
       select r.account_id, r.id, r.provider, r.provider_charge_id, r.provider_payment_id,
           r.provider_invoice_id, r.amount, r.amount_refunded, r.currency, r.status,
           r.disputed or coalesce((
               select true from paydesk.disputes d
               where d.account_id = r.account_id and d.provider = r.provider
                 and d.provider_charge_id = r.provider_charge_id limit 1), false),
           r.failure_code, r.failure_message, r.receipt_url, r.description, r.livemode,
           r.provider_stamp, r.created_at
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[])::uuid as id,
                 unnest($3::text[]) as provider, unnest($4::text[]) as provider_charge_id,
                 unnest($5::text[]) as provider_payment_id,
                 unnest($6::text[]) as provider_invoice_id, unnest($7::bigint[]) as amount,
                 unnest($8::bigint[]) as amount_refunded, unnest($9::text[]) as currency,
                 unnest($10::text[]) as status, unnest($11::boolean[]) as disputed,
                 unnest($12::text[]) as failure_code, unnest($13::text[]) as failure_message,
                 unnest($14::text[]) as receipt_url, unnest($15::text[]) as description,
                 unnest($16::boolean[]) as livemode,
                 unnest($17::timestamptz[]) as provider_stamp,
                 unnest($18::timestamptz[]) as created_at) r
       on conflict (account_id, provider, provider_charge_id) do update set
           provider_payment_id = coalesce(excluded.provider_payment_id, c.provider_payment_id),
           provider_invoice_id = coalesce(excluded.provider_invoice_id, c.provider_invoice_id),
           amount = excluded.amount, amount_refunded = excluded.amount_refunded,
           currency = excluded.currency, status = excluded.status, disputed = excluded.disputed or c.disputed,
           failure_code = excluded.failure_code, failure_message = excluded.failure_message,
           receipt_url = coalesce(excluded.receipt_url, c.receipt_url),
           description = excluded.description, livemode = excluded.livemode,
           provider_stamp = excluded.provider_stamp, created_at = excluded.created_at)"};

ChargeRow read_row(const db::Rows& rows, std::size_t i) {
    ChargeRow row{.id = std::string(rows.text(i, "id")),
                  .account = {std::string(rows.text(i, "account_id"))},
                  .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                   : provider::Name::stripe,
                  .charge = std::string(rows.text(i, "provider_charge_id")),
                  .stamp = rows.instant(i, "provider_stamp"),
                  .revision = std::string(rows.text(i, "revision")),
                  .content = {}};
    auto& c = row.content;
    c.payment = rows.optional_text(i, "provider_payment_id");
    c.invoice = rows.optional_text(i, "provider_invoice_id");
    c.amount = rows.integer(i, "amount");
    c.amount_refunded = rows.integer(i, "amount_refunded");
    c.currency = std::string(rows.text(i, "currency"));
    c.status = provider::parse_charge_status(rows.text(i, "status")).value();
    c.disputed = rows.boolean(i, "disputed");
    c.failure_code = rows.optional_text(i, "failure_code");
    c.failure_message = rows.optional_text(i, "failure_message");
    c.receipt_url = rows.optional_text(i, "receipt_url");
    c.description = rows.optional_text(i, "description");
    c.livemode = rows.boolean(i, "livemode");
    c.created_at = rows.instant(i, "created_at");
    return row;
}

// In the order of save_charges' parameters.
db::Params to_params(const std::vector<ChargeRow>& rows) {
    using namespace columns;
    using Row = ChargeRow;
    using C = Row::Content;
    std::vector<const C*> c;
    for (const auto& row : rows) c.push_back(&row.content);
    return {texts(rows, &Row::account),
            texts(rows, &Row::id),
            texts(rows, &Row::provider),
            texts(rows, &Row::charge),
            texts(c, &C::payment),
            texts(c, &C::invoice),
            numbers(c, &C::amount),
            numbers(c, &C::amount_refunded),
            texts(c, &C::currency),
            texts(c, [](const C* content) { return provider::to_string(content->status); }),
            flags(c, &C::disputed),
            texts(c, &C::failure_code),
            texts(c, &C::failure_message),
            texts(c, &C::receipt_url),
            texts(c, &C::description),
            flags(c, &C::livemode),
            instants(rows, &Row::stamp),
            instants(c, &C::created_at)};
}

}  // namespace

Task<std::vector<ChargeRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<ChargeRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_charges, columns::keys(keys));
    for (std::size_t i = 0; i < rows.size(); ++i) loaded.push_back(read_row(rows, i));
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<ChargeRow> rows) {
    if (!rows.empty()) co_await tx.run(save_charges, to_params(rows));
}

}  // namespace charge_rows

}  // namespace paydesk::billing
