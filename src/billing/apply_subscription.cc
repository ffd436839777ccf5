// Subscriptions: status as the provider says it, plan by price, told when it starts, ends or turns.

#include "base/log.h"
#include "base/metrics.h"
#include "billing/apply_batch.h"
#include "billing/decide_facts.h"
#include "billing/recordset.h"
#include "billing/subscription_status.h"

namespace paydesk::billing {

namespace {

using recordset::value;

void report_anomaly(const Batch& batch, std::size_t i, SubscriptionStatus from,
                    SubscriptionStatus to, std::string_view what) {
    metrics::count("paydesk_anomalies_total", {
                                                  {"kind", what}
    });
    log::warning("subscription_anomaly",
                 {
                     {"what",            value(what)                        },
                     {"event_id",        value(batch.change(i).event_id)    },
                     {"subscription_id", value(batch.change(i).object.value)},
                     {"from",            value(provider::to_string(from))   },
                     {"to",              value(provider::to_string(to))     }
    });
}

// What it adds to the question which payment method is the account's default.
std::optional<std::string> default_method(const SubscriptionRow::Content& content) {
    return is_live(content.status) ? content.default_payment_method : std::nullopt;
}

void check_transition(const Batch& batch, std::size_t i, SubscriptionStatus from,
                      SubscriptionStatus to) {
    switch (transition(from, to)) {
        case Transition::same:
        case Transition::step:
            return;
        case Transition::anomaly:
            report_anomaly(batch, i, from, to, "transition_undocumented");
            return;
        case Transition::refused:
            report_anomaly(batch, i, from, to, "transition_out_of_final");
            return;
    }
}

// Whether a plan is sold by it now: what seats are counted by (view paydesk.seats).
bool gives_seats(const SubscriptionRow::Content& content) {
    using enum SubscriptionStatus;
    return content.plan_family == "main" && content.plan_key &&
           (content.status == active || content.status == trialing || content.status == past_due);
}

// Who has more members than seats now. A subscription that ends gives no seats either, but its members
// share nothing then; they keep their places should it come back.
void note_seats(Batch& batch, const SubscriptionRow& row, const SubscriptionRow::Content& content) {
    if (!gives_seats(content)) return;
    const bool same = gives_seats(row.content) && row.content.plan_key == content.plan_key &&
                      row.content.quantity <= content.quantity;
    if (!same) batch.seats_moved.insert(row.account);
}

bool gives_plan(SubscriptionStatus status) {
    using enum SubscriptionStatus;
    return status == active || status == trialing || status == past_due;
}

void note_begin(Batch& batch, const SubscriptionRow& row, const SubscriptionRow::Content& content,
                bool is_new) {
    if (!gives_plan(content.status) || (!is_new && gives_plan(row.content.status))) return;
    batch.begun.insert({row.account, row.provider, row.subscription});
}

void note_trial(Batch& batch, const SubscriptionRow& row, const SubscriptionRow::Content& content) {
    using enum SubscriptionStatus;
    if (content.status != trialing || row.content.status == trialing) return;
    batch.trials.push_back({.account = row.account,
                            .provider = row.provider,
                            .subscription = {row.subscription},
                            .started_at = content.trial_start.value_or(batch.now)});
}

}  // namespace

Task<> load_subscriptions(Batch& batch) {
    const auto keys = owned_keys(batch, provider::ObjectKind::subscription);
    if (keys.empty()) co_return;
    for (const auto& [key, account] : keys) {
        batch.subscriptions[key];
        if (batch.prices.contains(key.provider)) continue;
        batch.prices.emplace(key.provider, co_await plan_price_store::load(batch.tx, key.provider));
    }
    for (auto& row : co_await subscription_rows::load(batch.tx, keys)) {
        const ObjectKey key{row.provider, provider::ObjectKind::subscription, row.subscription};
        batch.subscriptions[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::SubscriptionSnapshot& snapshot) {
    const auto& change = batch.change(i);
    const AccountId account = *batch.owner[i];
    auto& [row, dirty] = batch.subscriptions.at(batch.key_of(i));
    auto content = content_of(snapshot, change.livemode, batch.prices.at(change.provider));
    batch.tell(i, facts_of(account, change.event_type, snapshot, content.plan_name,
                           change.provider != provider::Name::paypal));

    std::optional<Standing> standing;
    if (row)
        standing =
            Standing{row->stamp, provider::is_terminal(row->content.status), row->answered_at};
    const std::string revision = row ? row->revision : "";
    const auto incoming = batch.incoming(i, revision, provider::is_terminal(content.status));
    const bool same =
        row && (batch.same_moment(i, row->stamp) || row->answered_at) && row->content == content;
    const Merge merge =
        decide_merge(standing, incoming, same,
                     row ? state_order(content, row->content) : std::partial_ordering::unordered);

    const bool accepted = batch.judge(i, merge, revision);
    if (row) {
        auto resumed = accepted ? resumed_fact(account, row->subscription, row->content, content)
                                : resumed_fact(account, row->subscription, content, row->content);
        if (resumed && merge != Merge::needs_fetch) batch.tell(i, {std::move(*resumed)});
    }
    if (!accepted) return;

    const bool is_new = !row;
    if (!row) {
        row = SubscriptionRow{.id = uuid_v7(batch.now),
                              .account = account,
                              .provider = change.provider,
                              .subscription = change.object.value,
                              .stamp = {},
                              .answered_at = {},
                              .revision = "",
                              .content = {}};
        batch.new_refs.emplace(batch.key_of(i), account);
    } else {
        check_transition(batch, i, row->content.status, content.status);
    }
    if (!content.plan_key && !content.items.empty()) {
        log::warning("subscription_price_unknown",
                     {
                         {"subscription_id", value(change.object.value)        },
                         {"price_id",        value(content.items.front().price)}
        });
    }
    batch.items.note(account, row->id, row->content.items, content.items);
    if (default_method(row->content) != default_method(content)) {
        batch.defaults_moved.insert(account);
    }
    const bool owes = row->content.status == SubscriptionStatus::past_due ||
                      content.status == SubscriptionStatus::past_due;
    if (owes) batch.dunning.subscriptions.insert({account, change.provider, row->subscription});
    note_seats(batch, *row, content);
    note_trial(batch, *row, content);
    note_begin(batch, *row, content, is_new);
    row->stamp = stamp_after(standing, incoming);
    row->answered_at = answered_after(standing, incoming);
    row->content = std::move(content);
    dirty = true;
}

Task<> save_subscriptions(Batch& batch) {
    std::vector<SubscriptionRow> rows;
    for (const auto& [key, loaded] : batch.subscriptions) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await subscription_rows::save(batch.tx, std::move(rows), std::move(batch.items));
}

}  // namespace paydesk::billing
