#include "billing/schedule_row.h"

#include <algorithm>

#include "billing/columns.h"
#include "billing/recordset.h"

namespace paydesk::billing {

ScheduleRow::Content content_of(const provider::ScheduleSnapshot& snapshot, bool livemode,
                                const PlanPrices& prices) {
    ScheduleRow::Content content;
    if (snapshot.subscription) content.subscription = snapshot.subscription->value;
    content.status = snapshot.status;
    content.livemode = livemode;
    const provider::SchedulePhase* next = snapshot.next_phase();
    if (next == nullptr || next->items.empty()) return content;

    provider::SubscriptionSnapshot then{};
    then.items = next->items;
    const auto plan = prices.plan_of(then);
    auto item = next->items.begin();
    if (plan) {
        content.plan_key = plan->plan_key;
        content.plan_name = plan->plan_name;
        content.billing_cycle = plan->billing_cycle;
        content.unit_amount = plan->unit_amount;
        content.currency = plan->currency;
        const auto of_plan = std::ranges::find_if(next->items, [&](const auto& each) {
            return plan->provider_price_id == each.price.value ||
                   (plan->lookup_key && plan->lookup_key == each.lookup_key);
        });
        if (of_plan != next->items.end()) item = of_plan;
    }
    content.effective_at = next->start;
    content.price_id = item->price.value;
    content.quantity = std::max<std::int64_t>(item->quantity.value_or(1), 0);
    return content;
}

bool is_final_schedule(std::string_view status) {
    return status == "completed" || status == "released" || status == "canceled";
}

std::partial_ordering state_order(const ScheduleRow::Content& incoming,
                                  const ScheduleRow::Content& row) {
    if (incoming.status == row.status) return std::partial_ordering::equivalent;
    if (incoming.status == "not_started") return std::partial_ordering::less;
    if (row.status == "not_started") return std::partial_ordering::greater;
    return std::partial_ordering::unordered;
}

namespace schedule_rows {

namespace {

const db::Statement load_schedules{
    "billing_load_schedules",
    R"(select d.account_id, d.id, d.provider, d.provider_schedule_id, d.provider_subscription_id,
              d.status, d.effective_at, d.plan_key, d.plan_name, d.billing_cycle, d.price_id,
              d.quantity, d.unit_amount, d.currency, d.livemode, d.provider_stamp,
              d.answered_at, d.revision
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as id) k
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.subscription_schedules t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_schedule_id = k.id
           limit 1 for no key update) d)"};

const db::Statement save_schedules{
    "billing_save_schedules",
    R"(insert into paydesk.subscription_schedules (account_id, id, provider, provider_schedule_id,
           provider_subscription_id, status, effective_at, plan_key, plan_name, billing_cycle,
           price_id, quantity, unit_amount, currency, livemode, provider_stamp,
           answered_at)
       select r.account_id, r.id, r.provider, r.provider_schedule_id, r.provider_subscription_id,
           r.status, r.effective_at, r.plan_key, r.plan_name, r.billing_cycle, r.price_id,
           r.quantity, r.unit_amount, r.currency, r.livemode, r.provider_stamp,
           r.answered_at
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, provider text,
           provider_schedule_id text, provider_subscription_id text, status text,
           effective_at timestamptz, plan_key text, plan_name text, billing_cycle text,
           price_id text, quantity bigint, unit_amount bigint, currency text, livemode boolean,
           provider_stamp timestamptz, answered_at timestamptz)
       on conflict (account_id, provider, provider_schedule_id) do update set
           provider_subscription_id = excluded.provider_subscription_id, status = excluded.status,
           effective_at = excluded.effective_at, plan_key = excluded.plan_key,
           plan_name = excluded.plan_name, billing_cycle = excluded.billing_cycle,
           price_id = excluded.price_id, quantity = excluded.quantity,
           unit_amount = excluded.unit_amount, currency = excluded.currency,
           livemode = excluded.livemode, provider_stamp = excluded.provider_stamp,
           answered_at = excluded.answered_at)"};

ScheduleRow read_row(const db::Rows& rows, std::size_t i) {
    ScheduleRow row{.id = std::string(rows.text(i, "id")),
                    .account = {std::string(rows.text(i, "account_id"))},
                    .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                     : provider::Name::stripe,
                    .schedule = std::string(rows.text(i, "provider_schedule_id")),
                    .stamp = rows.instant(i, "provider_stamp"),
                    .answered_at = rows.optional_instant(i, "answered_at"),
                    .revision = std::string(rows.text(i, "revision")),
                    .content = {}};
    auto& c = row.content;
    c.subscription = rows.optional_text(i, "provider_subscription_id");
    c.status = std::string(rows.text(i, "status"));
    c.effective_at = rows.optional_instant(i, "effective_at");
    c.plan_key = rows.optional_text(i, "plan_key");
    c.plan_name = std::string(rows.text(i, "plan_name"));
    c.billing_cycle = rows.optional_text(i, "billing_cycle");
    c.price_id = rows.optional_text(i, "price_id");
    c.quantity = recordset::optional_integer(rows, i, "quantity");
    c.unit_amount = recordset::optional_integer(rows, i, "unit_amount");
    c.currency = rows.optional_text(i, "currency");
    c.livemode = rows.boolean(i, "livemode");
    return row;
}

json::object to_json(const ScheduleRow& row) {
    using recordset::value;
    const auto& c = row.content;
    return {
        {"account_id",               value(row.account.value)                },
        {"id",                       value(row.id)                           },
        {"provider",                 value(provider::to_string(row.provider))},
        {"provider_schedule_id",     value(row.schedule)                     },
        {"provider_subscription_id", value(c.subscription)                   },
        {"status",                   value(c.status)                         },
        {"effective_at",             value(c.effective_at)                   },
        {"plan_key",                 value(c.plan_key)                       },
        {"plan_name",                value(c.plan_name)                      },
        {"billing_cycle",            value(c.billing_cycle)                  },
        {"price_id",                 value(c.price_id)                       },
        {"quantity",                 value(c.quantity)                       },
        {"unit_amount",              value(c.unit_amount)                    },
        {"currency",                 value(c.currency)                       },
        {"livemode",                 value(c.livemode)                       },
        {"provider_stamp",           value(row.stamp)                        },
        {"answered_at",              value(row.answered_at)                  }
    };
}

}  // namespace

Task<std::vector<ScheduleRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<ScheduleRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_schedules, columns::keys(keys));
    for (std::size_t i = 0; i < rows.size(); ++i) loaded.push_back(read_row(rows, i));
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<ScheduleRow> rows) {
    if (rows.empty()) co_return;
    json::array schedules;
    for (const auto& row : rows) schedules.push_back(to_json(row));
    co_await tx.run(save_schedules, {recordset::param(schedules)});
}

}  // namespace schedule_rows

}  // namespace paydesk::billing
