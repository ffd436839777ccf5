#include "billing/charge_row.h"

#include "base/assert.h"
#include "billing/recordset.h"

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
       from json_to_recordset($1::json) as k(account_id uuid, provider text, id text)
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.charges t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_charge_id = k.id
           limit 1 for no key update) c)"};

// Which invoice it is of is told once, by whatever tells it: no news does not take it away.
const db::Statement save_charges{
    "billing_save_charges",
    R"(insert into paydesk.charges as c (account_id, id, provider, provider_charge_id,
           provider_payment_id, provider_invoice_id, amount, amount_refunded, currency, status,
           disputed, failure_code, failure_message, receipt_url, description, livemode,
           provider_stamp, created_at)
       select r.account_id, r.id, r.provider, r.provider_charge_id, r.provider_payment_id,
           r.provider_invoice_id, r.amount, r.amount_refunded, r.currency, r.status, r.disputed,
           r.failure_code, r.failure_message, r.receipt_url, r.description, r.livemode,
           r.provider_stamp, r.created_at
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, provider text,
           provider_charge_id text, provider_payment_id text, provider_invoice_id text,
           amount bigint, amount_refunded bigint, currency text, status text, disputed boolean,
           failure_code text, failure_message text, receipt_url text, description text,
           livemode boolean, provider_stamp timestamptz, created_at timestamptz)
       on conflict (account_id, provider, provider_charge_id) do update set
           provider_payment_id = coalesce(excluded.provider_payment_id, c.provider_payment_id),
           provider_invoice_id = coalesce(excluded.provider_invoice_id, c.provider_invoice_id),
           amount = excluded.amount, amount_refunded = excluded.amount_refunded,
           currency = excluded.currency, status = excluded.status, disputed = excluded.disputed,
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

json::object to_json(const ChargeRow& row) {
    using recordset::value;
    const auto& c = row.content;
    return {
        {"account_id",          value(row.account.value)                },
        {"id",                  value(row.id)                           },
        {"provider",            value(provider::to_string(row.provider))},
        {"provider_charge_id",  value(row.charge)                       },
        {"provider_payment_id", value(c.payment)                        },
        {"provider_invoice_id", value(c.invoice)                        },
        {"amount",              value(c.amount)                         },
        {"amount_refunded",     value(c.amount_refunded)                },
        {"currency",            value(c.currency)                       },
        {"status",              value(provider::to_string(c.status))    },
        {"disputed",            value(c.disputed)                       },
        {"failure_code",        value(c.failure_code)                   },
        {"failure_message",     value(c.failure_message)                },
        {"receipt_url",         value(c.receipt_url)                    },
        {"description",         value(c.description)                    },
        {"livemode",            value(c.livemode)                       },
        {"provider_stamp",      value(row.stamp)                        },
        {"created_at",          value(c.created_at)                     }
    };
}

}  // namespace

Task<std::vector<ChargeRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<ChargeRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_charges, {recordset::keys(keys)});
    for (std::size_t i = 0; i < rows.size(); ++i) loaded.push_back(read_row(rows, i));
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<ChargeRow> rows) {
    if (rows.empty()) co_return;
    json::array charges;
    for (const auto& row : rows) charges.push_back(to_json(row));
    co_await tx.run(save_charges, {recordset::param(charges)});
}

}  // namespace charge_rows

}  // namespace paydesk::billing
