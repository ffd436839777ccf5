// Charges, and which payment made an invoice paid. What people see of them (payments) is derived from
// the rows afterwards: payment_settlement.h.

#include "billing/apply_batch.h"

namespace paydesk::billing {

Task<> load_charges(Batch& batch) {
    const auto keys = owned_keys(batch, provider::ObjectKind::charge);
    for (const auto& [key, account] : keys) batch.charges[key];
    for (auto& row : co_await charge_rows::load(batch.tx, keys)) {
        const ObjectKey key{row.provider, provider::ObjectKind::charge, row.charge};
        batch.charges[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::ChargeSnapshot& snapshot) {
    const auto& change = batch.change(i);
    auto& [row, dirty] = batch.charges.at(batch.key_of(i));
    auto content = content_of(snapshot, change.livemode);

    std::optional<Standing> standing;
    if (row) {
        standing = Standing{row->stamp, false};
        // Since basil a charge does not name its invoice: not naming it is no news.
        if (!content.invoice) content.invoice = row->content.invoice;
        if (!content.receipt_url) content.receipt_url = row->content.receipt_url;
        content.disputed |= row->content.disputed;  // no event of the charge says so
    }
    const std::string revision = row ? row->revision : "";
    auto incoming = batch.incoming(i, revision, false);
    // A charge is told of by one of these first; only `pending` may be followed by another of them.
    const bool ended =
        change.event_type == "charge.succeeded" || change.event_type == "charge.failed";
    incoming.is_first = change.event_type == "charge.pending" ||
                        (ended && row && row->content.status != provider::ChargeStatus::pending);
    const bool same = row && batch.same_moment(i, row->stamp) && row->content == content;
    const Merge merge =
        decide_merge(standing, incoming, same,
                     row ? state_order(content, row->content) : std::partial_ordering::unordered);
    const bool accepted = batch.judge(i, merge, revision);
    if (accepted) deny_order(batch, i, snapshot);
    if (accepted || batch.changes[i].swept) {
        batch.to_settle.insert({.account = *batch.owner[i],
                                .provider = change.provider,
                                .charge = change.object.value,
                                .payment = content.payment});
    }
    if (!accepted) return;
    if (change.provider == provider::Name::paypal && content.payment &&
        content.status == provider::ChargeStatus::succeeded) {
        batch.to_capture.insert({*batch.owner[i], change.provider, *content.payment});
    }

    if (!row) {
        row = ChargeRow{.id = uuid_v7(batch.now),
                        .account = *batch.owner[i],
                        .provider = change.provider,
                        .charge = change.object.value,
                        .stamp = {},
                        .revision = "",
                        .content = {}};
        batch.new_refs.emplace(batch.key_of(i), *batch.owner[i]);
    }
    row->stamp = stamp_after(standing, incoming);
    row->content = std::move(content);
    dirty = true;
}

Task<> save_charges(Batch& batch) {
    std::vector<ChargeRow> rows;
    for (const auto& [key, loaded] : batch.charges) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await charge_rows::save(batch.tx, std::move(rows));
}

void decide(Batch& batch, std::size_t i, const provider::InvoicePaymentSnapshot& paid) {
    auto& [row, dirty] = batch.invoices.at(batch.key_of(i));
    Applied& result = batch.results[i];
    if (!row) {  // its own event is on the way
        result.outcome = Outcome::waiting;
        result.waiting_for = paid.invoice;
        return;
    }
    result.outcome = Outcome::unchanged;
    // An invoice that was paid in parts keeps the least, whichever is told first.
    if (row->content.payment && *row->content.payment <= paid.payment.value) return;
    row->content.payment = paid.payment.value;
    dirty = true;
    result.outcome = Outcome::applied;
    batch.to_settle.insert({.account = row->account,
                            .provider = row->provider,
                            .charge = std::nullopt,
                            .payment = paid.payment.value});
}

}  // namespace paydesk::billing
