// Subscription schedules: what a subscription will become, whoever scheduled it (we, the portal, the
// dashboard).

#include "base/log.h"
#include "billing/apply_batch.h"
#include "billing/decide_facts.h"
#include "billing/recordset.h"

namespace paydesk::billing {

namespace {

// Stripe may add states; one that the table does not know would fail the whole batch.
bool is_known(std::string_view status) {
    return status == "not_started" || status == "active" || is_final_schedule(status);
}

}  // namespace

Task<> load_schedules(Batch& batch) {
    const auto keys = owned_keys(batch, provider::ObjectKind::subscription_schedule);
    for (const auto& [key, account] : keys) {
        batch.schedules[key];
        if (batch.prices.contains(key.provider)) continue;
        batch.prices.emplace(key.provider, co_await plan_price_store::load(batch.tx, key.provider));
    }
    for (auto& row : co_await schedule_rows::load(batch.tx, keys)) {
        const ObjectKey key{row.provider, provider::ObjectKind::subscription_schedule,
                            row.schedule};
        batch.schedules[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::ScheduleSnapshot& snapshot) {
    const auto& change = batch.change(i);
    if (!is_known(snapshot.status)) {
        batch.results[i] = {.outcome = Outcome::ignored, .note = "an unknown state of a schedule"};
        log::warning("schedule_status_unknown",
                     {
                         {"schedule_id", recordset::value(snapshot.schedule.value)},
                         {"status",      recordset::value(snapshot.status)        }
        });
        return;
    }
    const AccountId account = *batch.owner[i];
    auto& [row, dirty] = batch.schedules.at(batch.key_of(i));
    auto content = content_of(snapshot, change.livemode, batch.prices.at(change.provider));
    batch.tell(i, facts_of(account, content));

    std::optional<Standing> standing;
    if (row)
        standing = Standing{row->stamp, is_final_schedule(row->content.status), row->answered_at};
    const std::string revision = row ? row->revision : "";
    const auto incoming = batch.incoming(i, revision, is_final_schedule(content.status));
    const bool same =
        row && (row->stamp == change.occurred_at || row->answered_at) && row->content == content;
    const Merge merge =
        decide_merge(standing, incoming, same,
                     row ? state_order(content, row->content) : std::partial_ordering::unordered);
    if (!batch.judge(i, merge, revision)) return;

    if (!row) {
        row = ScheduleRow{.id = uuid_v7(batch.now),
                          .account = account,
                          .provider = change.provider,
                          .schedule = change.object.value,
                          .stamp = {},
                          .answered_at = {},
                          .revision = "",
                          .content = {}};
        batch.new_refs.emplace(batch.key_of(i), account);
    }
    row->stamp = stamp_after(standing, incoming);
    row->answered_at = answered_after(standing, incoming);
    row->content = std::move(content);
    dirty = true;
}

Task<> save_schedules(Batch& batch) {
    std::vector<ScheduleRow> rows;
    for (const auto& [key, loaded] : batch.schedules) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await schedule_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
