// Refunds: ours and those that were made in the provider's dashboard look the same.

#include "billing/apply_batch.h"
#include "billing/decide_facts.h"

namespace paydesk::billing {

Task<> load_refunds(Batch& batch) {
    std::map<ObjectKey, refund_rows::Key> keys;
    for (std::size_t i = 0; i < batch.changes.size(); ++i) {
        const auto* snapshot = std::get_if<provider::RefundSnapshot>(&batch.change(i).fact);
        if (snapshot == nullptr || !batch.owner[i]) continue;
        batch.refunds[batch.key_of(i)];
        keys.insert_or_assign(batch.key_of(i),
                              refund_rows::Key{*batch.owner[i], snapshot->intent_id});
    }
    for (auto& [key, row] : co_await refund_rows::load(batch.tx, std::move(keys))) {
        batch.refunds[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::RefundSnapshot& snapshot) {
    const auto& change = batch.change(i);
    const AccountId account = *batch.owner[i];
    auto& [row, dirty] = batch.refunds.at(batch.key_of(i));
    auto content = content_of(snapshot);
    batch.tell(i, facts_of(account, snapshot));

    // Our own intent has no stamp: the provider has said nothing of it yet.
    std::optional<Standing> standing;
    if (row && row->stamp) standing = Standing{*row->stamp, is_final(row->content.status)};
    const std::string revision = row ? row->revision : "";
    auto incoming = batch.incoming(i, revision, is_final(content.status));
    incoming.is_first = change.event_type == "refund.created";
    const bool same = standing && batch.same_moment(i, standing->stamp) && row->content == content;
    const Merge merge = decide_merge(
        standing, incoming, same,
        standing ? state_order(content, row->content) : std::partial_ordering::unordered);
    const bool accepted = batch.judge(i, merge, revision);
    if (accepted || batch.changes[i].swept) {
        batch.to_settle.insert({.account = account,
                                .provider = change.provider,
                                .charge = content.charge,
                                .payment = content.payment});
    }
    if (!accepted) return;

    if (!row) {
        row = RefundRow{.id = uuid_v7(batch.now),
                        .account = account,
                        .provider = change.provider,
                        .refund = change.object.value,
                        .stamp = {},
                        .revision = "",
                        .content = {}};
    }
    batch.new_refs.emplace(batch.key_of(i), account);
    row->refund = change.object.value;
    row->stamp = stamp_after(standing, incoming);
    row->content = std::move(content);
    dirty = true;
}

Task<> save_refunds(Batch& batch) {
    std::vector<RefundRow> rows;
    for (const auto& [key, loaded] : batch.refunds) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await refund_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
