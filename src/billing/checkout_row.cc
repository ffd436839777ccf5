#include "billing/checkout_row.h"

#include "billing/provider_name.h"
#include "billing/recordset.h"

namespace paydesk::billing {

namespace {

int stage_of(std::string_view status) {
    if (status == "complete") return 4;
    if (status == "failed") return 3;
    if (status == "processing") return 2;
    if (status == "expired" || status == "abandoned") return 1;
    return 0;  // creating, open
}

std::optional<std::string> status_told_by(const provider::CheckoutSnapshot& snapshot) {
    if (snapshot.status == "expired") return "expired";
    if (snapshot.status == "complete" && snapshot.payment_status != "unpaid") return "complete";
    if (snapshot.payment_failed) return "failed";
    return snapshot.status == "complete" ? std::optional<std::string>("processing") : std::nullopt;
}

}  // namespace

std::optional<std::string> checkout_status_after(std::string_view status,
                                                 const provider::CheckoutSnapshot& snapshot) {
    auto told = status_told_by(snapshot);
    if (!told || stage_of(*told) <= stage_of(status)) return std::nullopt;
    return told;
}

namespace checkout_rows {

namespace {

const db::Statement load_checkouts{
    "billing_load_checkouts",
    R"(select k.checkout as asked_for, c.account_id, c.id, c.provider, c.provider_checkout_id, c.status,
              c.provider_invoice_id
       from json_to_recordset($1::json) as k(account_id uuid, provider text, checkout text, id uuid)
       cross join lateral (
           select t.account_id, t.id, t.provider, t.provider_checkout_id, t.status, t.provider_invoice_id
           from paydesk.checkouts t
           where t.account_id = k.account_id and t.provider = k.provider
             and (t.provider_checkout_id = k.checkout
                  or (t.id = k.id and t.provider_checkout_id is null))
           limit 1 for no key update) c)"};

const db::Statement save_checkouts{"billing_save_checkouts",
                                   R"(update paydesk.checkouts c
       set status = r.status, provider_checkout_id = r.checkout,
           url = null,
           completed_at = coalesce(c.completed_at, r.completed_at),
           provider_invoice_id = coalesce(r.invoice, c.provider_invoice_id),
           provider_stamp = greatest(c.provider_stamp, r.stamp)
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, checkout text, status text,
           completed_at timestamptz, stamp timestamptz, invoice text)
       where c.account_id = any (array(
                 select (json_array_elements($1::json) ->> 'account_id')::uuid))
         and c.account_id = r.account_id and c.id = r.id)"};

}  // namespace

Task<std::map<std::string, CheckoutRow>> load(db::Tx& tx, std::vector<Key> keys) {
    using recordset::value;
    std::map<std::string, CheckoutRow> loaded;
    if (keys.empty()) co_return loaded;
    json::array wanted;
    for (const auto& key : keys) {
        // Metadata is text that anyone with the provider's dashboard may change: only a UUID is ours.
        std::optional<std::string> id;
        if (key.id) {
            if (auto uuid = parse_uuid(*key.id)) id = *uuid;
        }
        wanted.push_back(json::object{
            {"account_id", value(key.account.value)                },
            {"provider",   value(provider::to_string(key.provider))},
            {"checkout",   value(key.checkout)                     },
            {"id",         value(id)                               }
        });
    }
    const auto rows = co_await tx.run(load_checkouts, {recordset::param(wanted)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        loaded.emplace(std::string(rows.text(i, "asked_for")),
                       CheckoutRow{.id = std::string(rows.text(i, "id")),
                                   .account = {std::string(rows.text(i, "account_id"))},
                                   .provider = parse_provider(rows.text(i, "provider")).value(),
                                   .checkout = rows.optional_text(i, "provider_checkout_id"),
                                   .status = std::string(rows.text(i, "status")),
                                   .invoice = rows.optional_text(i, "provider_invoice_id")});
    }
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<Update> updates) {
    using recordset::value;
    if (updates.empty()) co_return;
    json::array rows;
    for (const auto& update : updates) {
        rows.push_back(json::object{
            {"account_id",   value(update.row.account.value)},
            {"id",           value(update.row.id)           },
            {"checkout",     value(update.checkout)         },
            {"status",       value(update.row.status)       },
            {"completed_at", value(update.completed_at)     },
            {"stamp",        value(update.stamp)            },
            {"invoice",      value(update.row.invoice)      }
        });
    }
    co_await tx.run(save_checkouts, {recordset::param(rows)});
}

}  // namespace checkout_rows

}  // namespace paydesk::billing
