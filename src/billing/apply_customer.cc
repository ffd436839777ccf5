// Customers: e-mail, name, default payment method, and deletion.

#include "billing/apply_batch.h"

namespace paydesk::billing {

namespace {

// A sweep restores the row of a customer whose owner is known: it was lost here.
Task<> restore_lost(Batch& batch) {
    std::map<ObjectKey, AccountId> swept;
    for (std::size_t i = 0; i < batch.changes.size(); ++i) {
        const auto* snapshot = std::get_if<provider::CustomerSnapshot>(&batch.change(i).fact);
        if (snapshot == nullptr || snapshot->deleted || !batch.changes[i].swept) continue;
        if (batch.owner[i]) swept.emplace(batch.key_of(i), *batch.owner[i]);
    }
    co_await owner_store::adopt_customers(batch.tx, std::move(swept));
}

}  // namespace

Task<> load_customers(Batch& batch) {
    co_await restore_lost(batch);
    std::map<provider::Name, std::set<AccountId>> accounts;
    for (const auto& [key, account] : owned_keys(batch, provider::ObjectKind::customer)) {
        accounts[key.provider].insert(account);
    }
    for (const auto& [name, ids] : accounts) {
        for (auto& row : co_await customer_rows::load(batch.tx, name, ids)) {
            batch.customers[{name, row.account}].row = std::move(row);
        }
    }
}

void decide(Batch& batch, std::size_t i, const provider::CustomerSnapshot& snapshot) {
    const auto& change = batch.change(i);
    auto& [row, dirty] = batch.customers[{change.provider, *batch.owner[i]}];
    if (!row || row->customer != change.object.value) {
        batch.results[i] = {.outcome = Outcome::unchanged,
                            .note = "a further customer of the account: not the one it pays with"};
        return;
    }
    auto content = content_of(snapshot, row->content);

    std::optional<Standing> standing;
    if (row->stamp) standing = Standing{*row->stamp, row->content.deleted};
    const auto incoming = batch.incoming(i, row->revision, content.deleted);
    const bool same = batch.same_moment(i, row->stamp) && row->content == content;
    const Merge merge = decide_merge(standing, incoming, same, std::partial_ordering::equivalent);
    if (!batch.judge(i, merge, row->revision)) return;

    if (content.deleted && !row->deleted_at) row->deleted_at = change.occurred_at;
    row->stamp = stamp_after(standing, incoming);
    if (row->content.default_payment_method != content.default_payment_method) {
        batch.defaults_moved.insert(row->account);
    }
    row->content = std::move(content);
    dirty = true;
}

Task<> save_customers(Batch& batch) {
    std::vector<CustomerRow> rows;
    for (const auto& [key, loaded] : batch.customers) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await customer_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
