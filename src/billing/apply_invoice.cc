// Invoices; a paid one is also a payment.

#include <algorithm>

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

// What the row of an invoice of ours tells people, as if a provider told it.
provider::InvoiceSnapshot snapshot_of(const InvoiceRow& row, Currency currency) {
    const auto& content = row.content;
    const auto money = [&](std::int64_t amount) { return Money(amount, currency); };
    return {
        .invoice = provider::Ref{row.invoice},
        .customer = {},
        .subscription = content.subscription ? std::optional(provider::Ref{*content.subscription})
                                             : std::nullopt,
        .account = row.account,
        .status = content.status,
        .amount_due = money(content.amount_due),
        .amount_paid = money(content.amount_paid),
        .amount_remaining = money(content.amount_remaining),
        .subtotal = money(content.subtotal),
        .total = money(content.total),
        .number = content.number,
        .billing_reason = content.billing_reason,
        .hosted_invoice_url = content.hosted_invoice_url,
        .invoice_pdf = {},
        .lines = {},
        .period_start = content.period_start,
        .period_end = content.period_end,
        .paid_at = content.paid_at,
        .due_date = {},
        .next_payment_attempt = {},
        .payment = content.payment ? std::optional(provider::Ref{*content.payment}) : std::nullopt,
        .created_at = content.created_at};
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
    auto keys = owned_keys(batch, provider::ObjectKind::invoice);
    for (const auto& [checkout, row] : batch.checkouts) {
        if (!row.pays_invoice()) continue;
        keys.emplace(ObjectKey{row.provider, provider::ObjectKind::invoice, *row.invoice},
                     row.account);
    }
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

bool pay_by_order(Batch& batch, std::size_t i, const std::string& invoice,
                  const provider::CheckoutSnapshot& order) {
    const auto& change = batch.change(i);
    auto& [row, dirty] =
        batch.invoices.at({change.provider, provider::ObjectKind::invoice, invoice});
    if (!row || !order.payment || !order.total) return false;
    auto& content = row->content;
    if (content.status == provider::InvoiceStatus::paid)
        return content.payment == order.payment->value;
    const Money owed(content.amount_remaining, order.total->currency());
    if (is_final(content.status) || *order.total != owed ||
        content.currency != owed.currency().lower_code()) {
        return false;
    }
    content.status = provider::InvoiceStatus::paid;
    content.amount_paid += owed.minor_units();
    content.amount_remaining = 0;
    content.paid_at = change.occurred_at;
    content.payment = order.payment->value;
    row->stamp = std::max(row->stamp, change.occurred_at);
    dirty = true;
    const auto paid = snapshot_of(*row, owed.currency());
    batch.payments.push_back(*payment_of(row->account, change, paid));
    batch.payments.back().description = "Usage";
    batch.tell(i, facts_of(row->account, "", paid));
    batch.touched.insert(row->account);
    return true;
}

Task<> save_invoices(Batch& batch) {
    std::vector<InvoiceRow> rows;
    for (const auto& [key, loaded] : batch.invoices) {
        if (loaded.dirty) rows.push_back(*loaded.row);
    }
    co_await invoice_rows::save(batch.tx, std::move(rows));
}

}  // namespace paydesk::billing
