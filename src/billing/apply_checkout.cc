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

}  // namespace

Task<> load_checkouts(Batch& batch) {
    std::map<std::string, checkout_rows::Key> keys;
    for (std::size_t i = 0; i < batch.changes.size(); ++i) {
        const auto* snapshot = std::get_if<provider::CheckoutSnapshot>(&batch.change(i).fact);
        if (snapshot == nullptr || !batch.owner[i]) continue;
        keys.insert_or_assign(snapshot->checkout.value,
                              checkout_rows::Key{.account = *batch.owner[i],
                                                 .provider = batch.change(i).provider,
                                                 .checkout = snapshot->checkout.value,
                                                 .id = snapshot->intent_id});
    }
    std::vector<checkout_rows::Key> wanted;
    for (auto& [checkout, key] : keys) wanted.push_back(std::move(key));
    batch.checkouts = co_await checkout_rows::load(batch.tx, std::move(wanted));
}

void decide(Batch& batch, std::size_t i, const provider::CheckoutSnapshot& snapshot) {
    const auto& change = batch.change(i);
    const AccountId account = *batch.owner[i];
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

Task<> save_checkouts(Batch& batch) {
    std::vector<checkout_rows::Update> updates;
    for (const auto& [checkout, update] : batch.checkout_updates) updates.push_back(update);
    co_await checkout_rows::save(batch.tx, std::move(updates));
}

}  // namespace paydesk::billing
