// Disputes: the operator is told of each at once, there is little time to answer.

#include "base/log.h"
#include "base/metrics.h"
#include "billing/apply_batch.h"
#include "billing/decide_facts.h"
#include "billing/recordset.h"

namespace paydesk::billing {

namespace {

void report(const DisputeRow& row) {
    using recordset::value;
    metrics::count("paydesk_disputes_total", {
                                                 {"status", row.content.status}
    });
    log::warning("payment_disputed", {
                                         {"account_id", value(row.account.value)          },
                                         {"dispute_id", value(row.dispute)                },
                                         {"status",     value(row.content.status)         },
                                         {"reason",     value(row.content.reason)         },
                                         {"amount",     value(row.content.amount)         },
                                         {"currency",   value(row.content.currency)       },
                                         {"due_by",     value(row.content.evidence_due_by)}
    });
}

}  // namespace

Task<> load_disputes(Batch& batch) {
    const auto keys = owned_keys(batch, provider::ObjectKind::dispute);
    for (const auto& [key, account] : keys) batch.disputes[key];
    for (auto& row : co_await dispute_rows::load(batch.tx, keys)) {
        const ObjectKey key{row.provider, provider::ObjectKind::dispute, row.dispute};
        batch.disputes[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::DisputeSnapshot& snapshot) {
    const auto& change = batch.change(i);
    const AccountId account = *batch.owner[i];
    auto& [row, dirty] = batch.disputes.at(batch.key_of(i));
    auto content = content_of(snapshot, change.livemode);
    batch.tell(i, facts_of(account, snapshot));

    std::optional<Standing> standing;
    if (row) standing = Standing{row->stamp, false};
    const std::string revision = row ? row->revision : "";
    auto incoming = batch.incoming(i, revision, false);
    incoming.is_first = change.event_type == "charge.dispute.created";
    const bool same = row && batch.same_moment(i, row->stamp) && row->content == content;
    const Merge merge =
        decide_merge(standing, incoming, same,
                     row ? state_order(content, row->content) : std::partial_ordering::unordered);
    const bool accepted = batch.judge(i, merge, revision);
    if (accepted || batch.changes[i].swept) {
        batch.to_settle.insert({.account = account,
                                .provider = change.provider,
                                .charge = content.charge,
                                .payment = content.payment});
    }
    if (!accepted) return;

    const std::string before = row ? row->content.status : "";
    if (!row) {
        row = DisputeRow{.id = uuid_v7(batch.now),
                         .account = account,
                         .provider = change.provider,
                         .dispute = change.object.value,
                         .stamp = {},
                         .revision = "",
                         .closed_at = std::nullopt,
                         .content = {}};
        batch.new_refs.emplace(batch.key_of(i), account);
    }
    row->stamp = stamp_after(standing, incoming);
    row->content = std::move(content);
    if (!is_decided(row->content.status)) {
        row->closed_at.reset();
    } else if (!row->closed_at) {
        row->closed_at = change.occurred_at;
    }
    dirty = true;
    if (row->content.status != before) report(*row);
}

Task<> save_disputes(Batch& batch) {
    std::vector<DisputeRow> rows;
    for (const auto& [key, loaded] : batch.disputes) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await dispute_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
