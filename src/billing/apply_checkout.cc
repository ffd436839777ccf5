// Checkout sessions: our intent's row, and a one-time purchase's payment. Their states alone decide.

#include "billing/apply_batch.h"
#include "billing/decide_facts.h"

namespace paydesk::billing {

namespace {

// A subscription's or an invoiced purchase's money is its invoice's payment.
std::optional<payment_store::Payment> payment_of(const AccountId& account,
                                                 const provider::Change& change,
                                                 const provider::CheckoutSnapshot& snapshot) {
    if (snapshot.mode != "payment" || snapshot.invoice || !snapshot.total) return std::nullopt;
    if (snapshot.status != "complete" || snapshot.payment_status != "paid") return std::nullopt;
    if (snapshot.total->minor_units() <= 0) return std::nullopt;
    return payment_store::Payment{.account = account,
                                  .provider = change.provider,
                                  .source_kind = "checkout",
                                  .source_id = snapshot.checkout.value,
                                  .payment = snapshot.payment,
                                  .invoice = std::nullopt,
                                  .amount = *snapshot.total,
                                  .status = "succeeded",
                                  .description = std::nullopt,
                                  .created_at = change.occurred_at};
}

// A payment that PayPal denied: its order's.
bool is_denied_order(const provider::Change& change, const provider::ChargeSnapshot& charge) {
    return change.provider == provider::Name::paypal && charge.payment &&
           charge.status == provider::ChargeStatus::failed;
}

// The operator must know: money came for an invoice that did not wait for it.
notify::Notification paid_twice(const AccountId& account, const std::string& invoice,
                                const provider::CheckoutSnapshot& order) {
    return {
        .account = operator_account,
        .type = "payment_doubled",
        .title = "Invoice Paid Twice",
        .message = "The order " + order.checkout.value + " of " + order.total->format() +
                   " paid the invoice " + invoice + ", which was not open: refund it.",
        .metadata = {{"invoice_id", invoice},
                     {"checkout_id", order.checkout.value},
                     {"account_id", account.value}},
        .fact_key = "payment_doubled:" + order.checkout.value
    };
}

bool is_paid(const provider::CheckoutSnapshot& snapshot) {
    return snapshot.status == "complete" && snapshot.payment_status == "paid" && snapshot.total;
}

// What the snapshot tells, knowing what our own row says that it was for.
provider::CheckoutSnapshot with_invoice(Batch& batch, std::size_t i,
                                        provider::CheckoutSnapshot snapshot) {
    const auto row = batch.checkouts.find(snapshot.checkout.value);
    if (row == batch.checkouts.end() || !row->second.pays_invoice()) return snapshot;
    const std::string& invoice = *row->second.invoice;
    if (is_paid(snapshot) && !pay_by_order(batch, i, invoice, snapshot)) {
        batch.tell(i, {paid_twice(*batch.owner[i], invoice, snapshot)});
        return snapshot;  // a payment of its own
    }
    snapshot.invoice = provider::Ref{invoice};
    return snapshot;
}

}  // namespace

Task<> load_checkouts(Batch& batch) {
    std::map<std::string, checkout_rows::Key> keys;
    for (std::size_t i = 0; i < batch.changes.size(); ++i) {
        if (!batch.owner[i]) continue;
        checkout_rows::Key key{.account = *batch.owner[i],
                               .provider = batch.change(i).provider,
                               .checkout = {},
                               .id = {}};
        if (const auto* charge = std::get_if<provider::ChargeSnapshot>(&batch.change(i).fact);
            charge != nullptr && is_denied_order(batch.change(i), *charge)) {
            key.checkout = charge->payment->value;
            keys.emplace(key.checkout, key);
        }
        const auto* snapshot = std::get_if<provider::CheckoutSnapshot>(&batch.change(i).fact);
        if (snapshot == nullptr) continue;
        key.checkout = snapshot->checkout.value;
        key.id = snapshot->intent_id;
        keys.insert_or_assign(key.checkout, key);
    }
    std::vector<checkout_rows::Key> wanted;
    for (auto& [checkout, key] : keys) wanted.push_back(std::move(key));
    batch.checkouts = co_await checkout_rows::load(batch.tx, std::move(wanted));
}

void decide(Batch& batch, std::size_t i, const provider::CheckoutSnapshot& told) {
    const auto& change = batch.change(i);
    const AccountId account = *batch.owner[i];
    const provider::CheckoutSnapshot snapshot = with_invoice(batch, i, told);
    batch.results[i].outcome = Outcome::unchanged;
    batch.new_refs.emplace(batch.key_of(i), account);
    batch.tell(i, facts_of(account, change.event_type, snapshot));
    if (auto payment = payment_of(account, change, snapshot)) {
        batch.payments.push_back(std::move(*payment));
        batch.touched.insert(account);
    }

    const auto row = batch.checkouts.find(snapshot.checkout.value);
    if (row == batch.checkouts.end()) {
        batch.results[i].note = "no checkout of ours";
        return;
    }
    if (snapshot.approved) {
        const bool given_up = row->second.status == "abandoned" || row->second.status == "expired";
        if (given_up)
            batch.results[i].note = "it was given up before it was approved: not captured";
        batch.to_capture.insert({account, change.provider, snapshot.checkout.value});
    }
    const auto status = checkout_status_after(row->second.status, snapshot);
    const bool names_invoice = snapshot.status == "complete" && snapshot.invoice &&
                               row->second.invoice != snapshot.invoice->value;
    if (!status && !names_invoice) return;
    if (status) row->second.status = *status;
    if (names_invoice) row->second.invoice = snapshot.invoice->value;
    std::optional<Instant> completed_at;
    if (status == "complete") completed_at = change.occurred_at;
    batch.checkout_updates.insert_or_assign(snapshot.checkout.value,
                                            checkout_rows::Update{.row = row->second,
                                                                  .checkout = snapshot.checkout,
                                                                  .stamp = change.occurred_at,
                                                                  .completed_at = completed_at});
    batch.results[i].outcome = Outcome::applied;
    batch.touched.insert(account);
}

void deny_order(Batch& batch, std::size_t i, const provider::ChargeSnapshot& charge) {
    const auto& change = batch.change(i);
    if (!is_denied_order(change, charge)) return;
    const auto row = batch.checkouts.find(charge.payment->value);
    if (row == batch.checkouts.end() || row->second.status != "processing") return;
    row->second.status = "failed";
    batch.checkout_updates.insert_or_assign(charge.payment->value,
                                            checkout_rows::Update{.row = row->second,
                                                                  .checkout = *charge.payment,
                                                                  .stamp = change.occurred_at,
                                                                  .completed_at = std::nullopt});
    provider::CheckoutSnapshot denied{};
    denied.checkout = *charge.payment;
    denied.payment_failed = true;
    denied.total = charge.amount;
    batch.tell(i, facts_of(*batch.owner[i], change.event_type, denied));
    batch.touched.insert(*batch.owner[i]);
}

Task<> save_checkouts(Batch& batch) {
    std::vector<checkout_rows::Update> updates;
    for (const auto& [checkout, update] : batch.checkout_updates) updates.push_back(update);
    co_await checkout_rows::save(batch.tx, std::move(updates));
}

}  // namespace paydesk::billing
