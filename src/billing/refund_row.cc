#include "billing/refund_row.h"

#include <array>

#include "base/assert.h"
#include "billing/recordset.h"

namespace paydesk::billing {

namespace {
constexpr std::array<std::string_view, 4> statuses = {"pending", "succeeded", "failed", "canceled"};
static_assert(statuses.size() == static_cast<std::size_t>(RefundStatus::canceled) + 1);
}  // namespace

std::string_view to_string(RefundStatus status) {
    return statuses.at(static_cast<std::size_t>(status));
}

std::optional<RefundStatus> parse_refund_status(std::string_view text) {
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        if (statuses[i] == text) return static_cast<RefundStatus>(i);
    }
    return std::nullopt;
}

RefundRow::Content content_of(const provider::RefundSnapshot& snapshot) {
    const auto text = [](const std::optional<provider::Ref>& ref) {
        return ref ? std::optional(ref->value) : std::nullopt;
    };
    return {.charge = text(snapshot.charge),
            .payment = text(snapshot.payment),
            .amount = snapshot.amount.minor_units(),
            .currency = snapshot.amount.currency().lower_code(),
            .status = parse_refund_status(snapshot.status).value_or(RefundStatus::pending),
            .reason = snapshot.reason,
            .failure_reason = snapshot.failure_reason,
            .created_at = snapshot.created_at};
}

std::partial_ordering state_order(const RefundRow::Content& incoming,
                                  const RefundRow::Content& row) {
    if (incoming.status == row.status) return std::partial_ordering::equivalent;
    const auto rank = [](RefundStatus status) {
        return is_final(status) ? 2 : static_cast<int>(status);
    };
    const int now = rank(incoming.status), before = rank(row.status);
    if (now == before) return std::partial_ordering::unordered;
    return now > before ? std::partial_ordering::greater : std::partial_ordering::less;
}

namespace refund_rows {

namespace {

// An intent that was taken for refused stays so: a refund that the provider made of it all the same is a row of its own.
const db::Statement load_refunds{"billing_load_refunds",
                                 R"(select k.refund as asked_for, r.*
       from json_to_recordset($1::json)
           as k(account_id uuid, provider text, refund text, id uuid)
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.refunds t
           where t.account_id = k.account_id and t.provider = k.provider
             and (t.provider_refund_id = k.refund
                  or (t.id = k.id and t.provider_refund_id is null and t.status = 'pending'))
           limit 1 for no key update) r)"};

// Who asked and why stay as they were asked. The amount is what the provider says: it moved the money.
const db::Statement save_refunds{
    "billing_save_refunds",
    R"(insert into paydesk.refunds as f (account_id, id, provider, provider_refund_id,
           provider_charge_id, provider_payment_id, amount, currency, status, reason,
           failure_reason, actor, provider_stamp, created_at)
       select r.account_id, r.id, r.provider, r.provider_refund_id, r.provider_charge_id,
           r.provider_payment_id, r.amount, r.currency, r.status, r.reason, r.failure_reason,
           'provider', r.provider_stamp, r.created_at
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, provider text,
           provider_refund_id text, provider_charge_id text, provider_payment_id text,
           amount bigint, currency text, status text, reason text, failure_reason text,
           provider_stamp timestamptz, created_at timestamptz)
       on conflict (account_id, id) do update set
           provider_refund_id = excluded.provider_refund_id,
           provider_charge_id = coalesce(excluded.provider_charge_id, f.provider_charge_id),
           provider_payment_id = coalesce(excluded.provider_payment_id, f.provider_payment_id),
           amount = excluded.amount, currency = excluded.currency, status = excluded.status,
           reason = coalesce(excluded.reason, f.reason), failure_reason = excluded.failure_reason,
           provider_stamp = excluded.provider_stamp, created_at = excluded.created_at)"};

RefundRow read_row(const db::Rows& rows, std::size_t i) {
    RefundRow row{.id = std::string(rows.text(i, "id")),
                  .account = {std::string(rows.text(i, "account_id"))},
                  .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                   : provider::Name::stripe,
                  .refund = rows.optional_text(i, "provider_refund_id"),
                  .stamp = rows.optional_instant(i, "provider_stamp"),
                  .revision = std::string(rows.text(i, "revision")),
                  .content = {}};
    const auto status = parse_refund_status(rows.text(i, "status"));
    PD_ASSERT(status.has_value());
    auto& c = row.content;
    c.charge = rows.optional_text(i, "provider_charge_id");
    c.payment = rows.optional_text(i, "provider_payment_id");
    c.amount = rows.integer(i, "amount");
    c.currency = std::string(rows.text(i, "currency"));
    c.status = *status;
    c.reason = rows.optional_text(i, "reason");
    c.failure_reason = rows.optional_text(i, "failure_reason");
    c.created_at = rows.instant(i, "created_at");
    return row;
}

json::object to_json(const RefundRow& row) {
    using recordset::value;
    const auto& c = row.content;
    return {
        {"account_id",          value(row.account.value)                },
        {"id",                  value(row.id)                           },
        {"provider",            value(provider::to_string(row.provider))},
        {"provider_refund_id",  value(row.refund)                       },
        {"provider_charge_id",  value(c.charge)                         },
        {"provider_payment_id", value(c.payment)                        },
        {"amount",              value(c.amount)                         },
        {"currency",            value(c.currency)                       },
        {"status",              value(to_string(c.status))              },
        {"reason",              value(c.reason)                         },
        {"failure_reason",      value(c.failure_reason)                 },
        {"provider_stamp",      value(row.stamp)                        },
        {"created_at",          value(c.created_at)                     }
    };
}

}  // namespace

Task<std::map<owner_store::ObjectKey, RefundRow>> load(db::Tx& tx,
                                                       std::map<owner_store::ObjectKey, Key> keys) {
    using recordset::value;
    std::map<owner_store::ObjectKey, RefundRow> loaded;
    if (keys.empty()) co_return loaded;
    json::array wanted;
    for (const auto& [key, asked] : keys) {
        // Metadata is text that anyone with the provider's dashboard may change: only a UUID is ours.
        std::optional<std::string> id;
        if (asked.id) {
            if (auto uuid = parse_uuid(*asked.id)) id = *uuid;
        }
        wanted.push_back(json::object{
            {"account_id", value(asked.account.value)              },
            {"provider",   value(provider::to_string(key.provider))},
            {"refund",     value(key.id)                           },
            {"id",         value(id)                               }
        });
    }
    const auto rows = co_await tx.run(load_refunds, {recordset::param(wanted)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto row = read_row(rows, i);
        const owner_store::ObjectKey key{row.provider, provider::ObjectKind::refund,
                                         std::string(rows.text(i, "asked_for"))};
        loaded.emplace(key, std::move(row));
    }
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<RefundRow> rows) {
    if (rows.empty()) co_return;
    json::array refunds;
    for (const auto& row : rows) refunds.push_back(to_json(row));
    co_await tx.run(save_refunds, {recordset::param(refunds)});
}

}  // namespace refund_rows

}  // namespace paydesk::billing
