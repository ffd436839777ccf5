#include "billing/dispute_row.h"

#include <array>

#include "billing/columns.h"
#include "billing/recordset.h"

namespace paydesk::billing {

namespace {

// In the order of a dispute's life; equal ranks exclude each other.
struct Stage {
    std::string_view status;
    int rank;
};
constexpr std::array<Stage, 9> stages = {
    {{"warning_needs_response", 0},
     {"warning_under_review", 1},
     {"warning_closed", 4},
     {"needs_response", 2},
     {"under_review", 3},
     {"won", 4},
     {"lost", 4},
     {"charge_refunded", 4},
     {"prevented", 4}}
};
constexpr int decided_rank = 4;

std::optional<int> rank_of(std::string_view status) {
    for (const auto& stage : stages) {
        if (stage.status == status) return stage.rank;
    }
    return std::nullopt;
}

}  // namespace

DisputeRow::Content content_of(const provider::DisputeSnapshot& snapshot, bool livemode) {
    const auto text = [](const std::optional<provider::Ref>& ref) {
        return ref ? std::optional(ref->value) : std::nullopt;
    };
    return {.charge = text(snapshot.charge),
            .payment = text(snapshot.payment),
            .amount = snapshot.amount.minor_units(),
            .currency = snapshot.amount.currency().lower_code(),
            .status = snapshot.status,
            .reason = snapshot.reason,
            .evidence_due_by = snapshot.evidence_due_by,
            .livemode = livemode,
            .created_at = snapshot.created_at};
}

bool is_decided(std::string_view dispute_status) { return rank_of(dispute_status) == decided_rank; }

bool is_inquiry(std::string_view dispute_status) { return dispute_status.starts_with("warning_"); }

std::partial_ordering state_order(const DisputeRow::Content& incoming,
                                  const DisputeRow::Content& row) {
    const auto now = rank_of(incoming.status), before = rank_of(row.status);
    if (!now || !before) return std::partial_ordering::unordered;
    if (*now == *before) return std::partial_ordering::equivalent;
    return *now > *before ? std::partial_ordering::greater : std::partial_ordering::less;
}

namespace dispute_rows {

namespace {

const db::Statement load_disputes{"billing_load_disputes",
                                  R"(select d.*
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as id) k
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.disputes t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_dispute_id = k.id
           limit 1 for no key update) d)"};

const db::Statement save_disputes{
    "billing_save_disputes",
    R"(insert into paydesk.disputes as d (account_id, id, provider, provider_dispute_id,
           provider_charge_id, provider_payment_id, amount, currency, status, reason,
           evidence_due_by, closed_at, livemode, provider_stamp, created_at)
       select r.account_id, r.id, r.provider, r.provider_dispute_id, r.provider_charge_id,
           r.provider_payment_id, r.amount, r.currency, r.status, r.reason, r.evidence_due_by,
           r.closed_at, r.livemode, r.provider_stamp, r.created_at
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, provider text,
           provider_dispute_id text, provider_charge_id text, provider_payment_id text,
           amount bigint, currency text, status text, reason text, evidence_due_by timestamptz,
           closed_at timestamptz, livemode boolean, provider_stamp timestamptz,
           created_at timestamptz)
       on conflict (account_id, provider, provider_dispute_id) do update set
           provider_charge_id = coalesce(excluded.provider_charge_id, d.provider_charge_id),
           provider_payment_id = coalesce(excluded.provider_payment_id, d.provider_payment_id),
           amount = excluded.amount, currency = excluded.currency, status = excluded.status,
           reason = excluded.reason, evidence_due_by = excluded.evidence_due_by,
           closed_at = excluded.closed_at, livemode = excluded.livemode,
           provider_stamp = excluded.provider_stamp, created_at = excluded.created_at)"};

const db::Statement mark_charges{"billing_mark_disputed_charges",
                                 R"(update paydesk.charges c set disputed = true
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as charge) k
       where c.account_id = any ($1::text[]::uuid[]) and c.account_id = k.account_id
         and c.provider = k.provider and c.provider_charge_id = k.charge and not c.disputed)"};

DisputeRow read_row(const db::Rows& rows, std::size_t i) {
    DisputeRow row{.id = std::string(rows.text(i, "id")),
                   .account = {std::string(rows.text(i, "account_id"))},
                   .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                    : provider::Name::stripe,
                   .dispute = std::string(rows.text(i, "provider_dispute_id")),
                   .stamp = rows.instant(i, "provider_stamp"),
                   .revision = std::string(rows.text(i, "revision")),
                   .closed_at = rows.optional_instant(i, "closed_at"),
                   .content = {}};
    auto& c = row.content;
    c.charge = rows.optional_text(i, "provider_charge_id");
    c.payment = rows.optional_text(i, "provider_payment_id");
    c.amount = rows.integer(i, "amount");
    c.currency = std::string(rows.text(i, "currency"));
    c.status = std::string(rows.text(i, "status"));
    c.reason = std::string(rows.text(i, "reason"));
    c.evidence_due_by = rows.optional_instant(i, "evidence_due_by");
    c.livemode = rows.boolean(i, "livemode");
    c.created_at = rows.instant(i, "created_at");
    return row;
}

json::object to_json(const DisputeRow& row) {
    using recordset::value;
    const auto& c = row.content;
    return {
        {"account_id",          value(row.account.value)                },
        {"id",                  value(row.id)                           },
        {"provider",            value(provider::to_string(row.provider))},
        {"provider_dispute_id", value(row.dispute)                      },
        {"provider_charge_id",  value(c.charge)                         },
        {"provider_payment_id", value(c.payment)                        },
        {"amount",              value(c.amount)                         },
        {"currency",            value(c.currency)                       },
        {"status",              value(c.status)                         },
        {"reason",              value(c.reason)                         },
        {"evidence_due_by",     value(c.evidence_due_by)                },
        {"closed_at",           value(row.closed_at)                    },
        {"livemode",            value(c.livemode)                       },
        {"provider_stamp",      value(row.stamp)                        },
        {"created_at",          value(c.created_at)                     }
    };
}

}  // namespace

Task<std::vector<DisputeRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<DisputeRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_disputes, columns::keys(keys));
    for (std::size_t i = 0; i < rows.size(); ++i) loaded.push_back(read_row(rows, i));
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<DisputeRow> rows) {
    if (rows.empty()) co_return;
    json::array disputes;
    for (const auto& row : rows) disputes.push_back(to_json(row));
    co_await tx.run(save_disputes, {recordset::param(disputes)});
    using namespace columns;
    using Row = DisputeRow;
    co_await tx.run(mark_charges,
                    {texts(rows, &Row::account), texts(rows, &Row::provider),
                     texts(rows, [](const Row& row) -> const std::optional<std::string>& {
                         return row.content.charge;
                     })});
}

}  // namespace dispute_rows

}  // namespace paydesk::billing
