// Invoices; a paid one is also a payment.

#include "billing/apply_batch.h"
#include "billing/decide_facts.h"

namespace paydesk::billing {

namespace {

// The money that moved: once per invoice, from whichever snapshot shows it first.
std::optional<payment_store::Payment> payment_of(const AccountId& account,
                                                 const provider::Change& change,
                                                 const provider::InvoiceSnapshot& snapshot) {
    if (snapshot.status != provider::InvoiceStatus::paid) return std::nullopt;
    if (snapshot.amount_paid.minor_units() <= 0) return std::nullopt;
    return payment_store::Payment{.account = account,
                                  .provider = change.provider,
                                  .source_kind = "invoice",
                                  .source_id = snapshot.invoice->value,
                                  .payment = snapshot.payment,
                                  .invoice = snapshot.invoice,
                                  .amount = snapshot.amount_paid,
                                  .status = "succeeded",
                                  .description = snapshot.number
                                                     ? std::optional("Invoice " + *snapshot.number)
                                                     : std::nullopt,
                                  .created_at = snapshot.paid_at.value_or(change.occurred_at)};
}

// A snapshot of an invoice that was tried in vain, stale or not: the first failure is the least that is
// ever told.
void note_collection(Batch& batch, const AccountId& account, const provider::Change& change,
                     const provider::InvoiceSnapshot& snapshot, Instant at) {
    using enum provider::InvoiceStatus;
    const bool failed =
        snapshot.attempt_count > 0 && (snapshot.status == open || snapshot.status == uncollectible);
    if (!failed && change.event_type != "invoice.payment_failed") return;
    batch.dunning.failed.push_back({.account = account,
                                    .provider = change.provider,
                                    .invoice = snapshot.invoice->value,
                                    .at = at});
    if (snapshot.subscription) {
        batch.dunning.subscriptions.insert(
            {account, change.provider, snapshot.subscription->value});
    }
}

// An answer says that it failed by its state alone; no event comes with it.
std::string_view told_by(const Batch& batch, std::size_t i,
                         const provider::InvoiceSnapshot& snapshot) {
    const bool failed =
        snapshot.status == provider::InvoiceStatus::open && snapshot.attempt_count > 0;
    if (failed && batch.is_told_by_answers(i)) return "invoice.payment_failed";
    return batch.change(i).event_type;
}

}  // namespace

Task<> load_invoices(Batch& batch) {
    const auto keys = owned_keys(batch, provider::ObjectKind::invoice);
    for (const auto& [key, account] : keys) batch.invoices[key];
    for (auto& row : co_await invoice_rows::load(batch.tx, keys)) {
        const ObjectKey key{row.provider, provider::ObjectKind::invoice, row.invoice};
        batch.invoices[key].row = std::move(row);
    }
}

void decide(Batch& batch, std::size_t i, const provider::InvoiceSnapshot& snapshot) {
    const auto& change = batch.change(i);
    const AccountId account = *batch.owner[i];
    auto& [row, dirty] = batch.invoices.at(batch.key_of(i));
    auto content = content_of(snapshot, change.livemode);
    batch.tell(i, facts_of(account, told_by(batch, i, snapshot), snapshot));
    if (auto payment = payment_of(account, change, snapshot)) {
        batch.payments.push_back(std::move(*payment));
    }
    // A sweep can't know when it failed: a row has been told, a new one takes the earliest that it can be.
    const bool swept = batch.changes[i].swept;
    if (!swept || !row) {
        note_collection(batch, account, change, snapshot,
                        swept ? snapshot.created_at : change.occurred_at);
    }

    std::optional<Standing> standing;
    if (row) {
        standing = Standing{row->stamp, is_final(row->content.status)};
        // Newer versions name the payment only where it was asked for: not naming it is no news.
        if (!content.payment) content.payment = row->content.payment;
    }
    const std::string revision = row ? row->revision : "";
    const auto incoming = batch.incoming(i, revision, is_final(content.status));
    const bool same = row && batch.same_moment(i, row->stamp) && row->content == content;
    const Merge merge =
        decide_merge(standing, incoming, same,
                     row ? state_order(content, row->content) : std::partial_ordering::unordered);
    if (!batch.judge(i, merge, revision)) return;

    if (!row) {
        row = InvoiceRow{.id = uuid_v7(batch.now),
                         .account = account,
                         .provider = change.provider,
                         .invoice = change.object.value,
                         .stamp = {},
                         .revision = "",
                         .content = {}};
        batch.new_refs.emplace(batch.key_of(i), account);
    }
    row->stamp = stamp_after(standing, incoming);
    row->content = std::move(content);
    dirty = true;
}

Task<> save_invoices(Batch& batch) {
    std::vector<InvoiceRow> rows;
    for (const auto& [key, loaded] : batch.invoices) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await invoice_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
