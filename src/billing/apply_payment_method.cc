// Payment methods: detached is for ever; which one is the default is derived from the other rows.

#include "billing/apply_batch.h"

namespace paydesk::billing {

Task<> load_payment_methods(Batch& batch) {
    const auto keys = owned_keys(batch, provider::ObjectKind::payment_method);
    for (const auto& [key, account] : keys) batch.payment_methods[key];
    for (auto& row : co_await payment_method_rows::load(batch.tx, keys)) {
        const ObjectKey key{row.provider, provider::ObjectKind::payment_method, row.payment_method};
        batch.payment_methods[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::PaymentMethodSnapshot& snapshot) {
    const auto& change = batch.change(i);
    auto& [row, dirty] = batch.payment_methods.at(batch.key_of(i));
    auto content = content_of(snapshot);

    std::optional<Standing> standing;
    if (row) standing = Standing{row->stamp, row->detached_at.has_value()};
    const std::string revision = row ? row->revision : "";
    auto incoming = batch.incoming(i, revision, !content.attached);
    // An unattached one has no `.created`; attaching is the first that is told of it.
    incoming.is_first = change.event_type == "payment_method.attached";
    const bool same = row && batch.same_moment(i, row->stamp) && row->content == content;
    const Merge merge = decide_merge(standing, incoming, same, std::partial_ordering::equivalent);
    if (batch.changes[i].swept) batch.defaults_moved.insert(*batch.owner[i]);
    if (!batch.judge(i, merge, revision)) return;

    if (!row) {
        row = PaymentMethodRow{.id = uuid_v7(batch.now),
                               .account = *batch.owner[i],
                               .provider = change.provider,
                               .payment_method = change.object.value,
                               .stamp = {},
                               .revision = "",
                               .detached_at = std::nullopt,
                               .content = {}};
        batch.new_refs.emplace(batch.key_of(i), *batch.owner[i]);
    }
    if (!content.attached && !row->detached_at) row->detached_at = change.occurred_at;
    row->stamp = stamp_after(standing, incoming);
    row->content = std::move(content);
    dirty = true;
    batch.defaults_moved.insert(row->account);
}

Task<> save_payment_methods(Batch& batch) {
    std::vector<PaymentMethodRow> rows;
    for (const auto& [key, loaded] : batch.payment_methods) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await payment_method_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
