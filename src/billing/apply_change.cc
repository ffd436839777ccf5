#include "billing/apply_change.h"

#include "base/assert.h"
#include "base/metrics.h"
#include "billing/apply_batch.h"
#include "billing/decide_facts.h"
#include "billing/seats.h"

namespace paydesk::billing {

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::applied:
            return "applied";
        case Outcome::unchanged:
            return "unchanged";
        case Outcome::stale:
            return "stale";
        case Outcome::ignored:
            return "ignored";
        case Outcome::waiting:
            return "waiting";
        case Outcome::needs_fetch:
            return "needs_fetch";
    }
    std::unreachable();
}

Incoming Batch::incoming(std::size_t i, const std::string& revision, bool is_final) const {
    Incoming in{.occurred_at = change(i).occurred_at,
                .is_final = is_final,
                .is_first = change(i).event_type.ends_with(".created")};
    if (change(i).event_id.empty()) {
        const auto& asked_at = changes[i].fetched_at_revision;
        const bool unmoved = asked_at && *asked_at == revision;
        if (changes[i].swept) {
            in.origin = unmoved ? Origin::repair : Origin::compared;
        } else if (is_told_by_answers(i)) {
            in.origin = Origin::asked;
        } else if (!asked_at) {
            in.origin = Origin::fetched;
        } else if (unmoved) {
            in.origin = Origin::fetched_for_event;
        }
    }
    return in;
}

bool Batch::is_told_by_answers(std::size_t i) const {
    using enum provider::ObjectKind;
    return change(i).provider == provider::Name::paypal && change(i).event_id.empty() &&
           (change(i).kind == subscription || change(i).kind == invoice);
}

bool Batch::same_moment(std::size_t i, const std::optional<Instant>& stamp) const {
    return changes[i].swept || is_told_by_answers(i) || stamp == change(i).occurred_at;
}

bool Batch::judge(std::size_t i, Merge merge, const std::string& revision) {
    Applied& result = results[i];
    const auto ask = [&] {
        result.outcome = Outcome::needs_fetch;
        result.revision = revision;
        result.object = change(i).object;
    };
    switch (merge) {
        case Merge::insert:
        case Merge::replace:
            result.outcome = Outcome::applied;
            if (change(i).is_cut) ask();
            // What is cut off a subscription may be its plan: it stays as it is until the answer.
            if (change(i).is_cut && change(i).kind == provider::ObjectKind::subscription)
                return false;
            touched.insert(*owner[i]);
            return true;
        case Merge::unchanged:
            result.outcome = Outcome::unchanged;
            if (change(i).is_cut) ask();
            return false;
        case Merge::stale:
            result.outcome = Outcome::stale;
            return false;
        case Merge::needs_fetch:
            ask();
            return false;
    }
    std::unreachable();
}

void Batch::tell(std::size_t i, std::vector<notify::Notification> more) {
    if (changes[i].swept) return;
    facts.insert(facts.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

std::map<ObjectKey, AccountId> owned_keys(const Batch& batch, provider::ObjectKind kind) {
    std::map<ObjectKey, AccountId> keys;
    for (std::size_t i = 0; i < batch.changes.size(); ++i) {
        if (batch.change(i).kind != kind || !batch.owner[i]) continue;
        if (batch.change(i).object.value.empty()) continue;
        keys.emplace(batch.key_of(i), *batch.owner[i]);
    }
    return keys;
}

namespace {

struct Decide {
    Batch& batch;
    std::size_t i;

    void operator()(const provider::Unfollowed&) const {
        batch.results[i] = {.outcome = Outcome::ignored};
    }
    void operator()(const provider::MustAsk&) const { PD_ASSERT(false); }  // see apply_changes()
    void operator()(const provider::InvoiceSnapshot& snapshot) const {
        if (!snapshot.invoice) {
            batch.results[i] = {.outcome = Outcome::unchanged, .note = "an upcoming invoice"};
            if (batch.owner[i])
                batch.tell(i, facts_of(*batch.owner[i], batch.change(i).event_type, snapshot));
        } else if (batch.owner[i]) {
            decide(batch, i, snapshot);
        }
    }
    template <class Snapshot>
    void operator()(const Snapshot& snapshot) const {
        if (batch.owner[i]) decide(batch, i, snapshot);
    }
};

// Every object that got a row is found again by its own id, and what waited for it may come.
Task<> save_refs(Batch& batch) {
    std::set<ObjectKey> appeared;
    for (const auto& [key, account] : batch.new_refs) {
        using enum provider::ObjectKind;
        if (key.kind == customer || key.kind == payment_method || key.kind == charge) {
            appeared.insert(key);
        }
    }
    co_await owner_store::add(batch.tx, batch.new_refs);
    co_await owner_store::release_waiting(batch.tx, std::move(appeared));
}

// Payments that this batch adds find their charge by the payment that their invoice names, or by a charge
// that names the invoice.
void name_payments(Batch& batch) {
    for (auto& payment : batch.payments) {
        payment_settlement::Key key{.account = payment.account,
                                    .provider = payment.provider,
                                    .charge = std::nullopt,
                                    .payment = std::nullopt};
        if (!payment.payment && payment.invoice) {
            const auto loaded = batch.invoices.find(
                {payment.provider, provider::ObjectKind::invoice, payment.invoice->value});
            if (loaded != batch.invoices.end() && loaded->second.row &&
                loaded->second.row->content.payment) {
                payment.payment = provider::Ref{*loaded->second.row->content.payment};
            }
            key.invoice = payment.invoice->value;
        }
        if (payment.payment) key.payment = payment.payment->value;
        if (key.payment || key.invoice) batch.to_settle.insert(std::move(key));
    }
}

// What is derived from several rows, once they are all saved.
Task<> derive(Batch& batch) {
    name_payments(batch);
    co_await payment_store::add(batch.tx, std::move(batch.payments), batch.now);
    batch.refunded = co_await payment_settlement::settle(batch.tx, std::move(batch.to_settle));
    if (!batch.refunded.empty()) co_await announce_refunded(batch.tx, batch.refunded);
    co_await dunning_store::note(batch.tx, std::move(batch.dunning));
    co_await trim_seats(batch.tx, std::move(batch.seats_moved));
    co_await trial_store::note(batch.tx, std::move(batch.trials), batch.now);
    co_await capture_store::note(batch.tx, std::move(batch.to_capture), batch.now);
    co_await second_subscription_store::note(batch.tx, std::move(batch.begun), batch.now);

    auto moved =
        co_await payment_method_rows::refresh_defaults(batch.tx, std::move(batch.defaults_moved));
    co_await dunning_store::retry_open_invoices(batch.tx, std::move(moved), batch.now);
}

}  // namespace

Task<std::vector<Applied>> apply_changes(db::Tx& tx, std::vector<ToApply> changes, Instant now) {
    const std::size_t count = changes.size();
    Batch batch{.tx = tx, .now = now, .changes = std::move(changes)};
    batch.results.resize(count, Applied{.outcome = Outcome::ignored});
    batch.owner.resize(count);

    co_await resolve_owners(batch);
    co_await load_customers(batch);
    co_await load_subscriptions(batch);
    co_await load_checkouts(batch);
    co_await load_invoices(batch);  // also of those that orders pay
    co_await load_payment_methods(batch);
    co_await load_charges(batch);
    co_await load_refunds(batch);
    co_await load_disputes(batch);
    co_await load_schedules(batch);

    for (std::size_t i = 0; i < count; ++i) {
        std::visit(Decide{batch, i}, batch.change(i).fact);
        batch.results[i].account = batch.owner[i];
        if (batch.changes[i].swept && batch.owner[i] && !batch.change(i).object.value.empty()) {
            batch.new_refs.emplace(batch.key_of(i), *batch.owner[i]);
        }
    }

    co_await save_customers(batch);
    co_await save_subscriptions(batch);
    co_await save_invoices(batch);
    co_await save_payment_methods(batch);
    co_await save_checkouts(batch);
    co_await save_charges(batch);
    co_await save_refunds(batch);
    co_await save_disputes(batch);
    co_await save_schedules(batch);
    co_await save_refs(batch);
    co_await derive(batch);
    co_await notify::add(tx, std::move(batch.facts), std::move(batch.touched));
    // Last of what locks: whoever spends waits for the end of this transaction from here on.
    co_await apply_credits(batch);
    for (const auto& result : batch.results) {
        metrics::count("paydesk_changes_total", {
                                                    {"outcome", to_string(result.outcome)}
        });
    }
    co_return std::move(batch.results);
}

Task<Result<void>> apply_change(db::Tx& tx, provider::Change change, Instant now) {
    std::vector<ToApply> changes;
    changes.push_back({.change = std::move(change)});
    const auto applied = co_await apply_changes(tx, std::move(changes), now);
    const Applied& one = applied.front();
    if (one.outcome == Outcome::applied) co_return Result<void>{};
    co_return Error{ErrorCode::unavailable,
                    "It was not applied: " + std::string(to_string(one.outcome)) +
                        (one.note.empty() ? "." : ", " + one.note + ".")};
}

}  // namespace paydesk::billing
