#include "billing/refund_flow.h"

#include "base/assert.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "billing/apply_change.h"
#include "billing/refund_store.h"

namespace paydesk::billing {
namespace {

using refund_store::Intent;
using refund_store::Payment;

Error nothing_at_the_provider() {
    return {ErrorCode::payment_not_refundable,
            "The provider names no charge for this payment (it may have been paid outside of it): "
            "give the money back the way it came."};
}

// Whether the money moved can't be found out now.
Error unknown_yet(const Error& why) {
    return {ErrorCode::provider_unavailable, why.message, why.detail};
}

Result<Money> decide_amount(const Payment& payment, std::optional<std::int64_t> wished) {
    if (payment.status == "failed" || payment.status == "pending") {
        return Error{ErrorCode::payment_not_refundable,
                     "Only a payment that has succeeded can be refunded; this one is " +
                         payment.status + "."};
    }
    if (payment.left.minor_units() <= 0) {
        return Error{ErrorCode::refund_exceeds_payment,
                     "Nothing is left of this payment: all " + payment.amount.format() +
                         " were refunded, or are being refunded."};
    }
    const Money amount(wished.value_or(payment.left.minor_units()), payment.amount.currency());
    if (amount > payment.left) {
        return Error{ErrorCode::refund_exceeds_payment, "Only " + payment.left.format() +
                                                            " are left of this payment of " +
                                                            payment.amount.format() + "."};
    }
    return amount;
}

provider::NewRefund call_for(const Intent& intent) {
    return {.charge = intent.charge,
            .payment = intent.payment,
            .amount = intent.amount,
            .reason = intent.reason,
            .refund_id = intent.id};
}

// An invoice of a newer API version names its payment only when it is asked for.
Task<Result<void>> find_payment_of_invoice(const Flow& flow, provider::Ref invoice) {
    auto fetched = co_await flow.provider.fetch(provider::ObjectKind::invoice, invoice);
    if (!fetched) co_return fetched.error();
    co_await flow.db.transaction([&](db::Tx& tx) -> Task<> {
        std::vector<ToApply> changes;
        changes.push_back({.change = *fetched});
        co_await apply_changes(tx, std::move(changes), flow.clock.now());
    });
    co_return Result<void>{};
}

// Under a key one wish has one id: a UUID of version 8, from all that it says.
std::string id_for(const RefundWish& wish, Instant now) {
    if (!wish.key) return uuid_v7(now);
    const json::array said{wish.actor,
                           *wish.key,
                           wish.payment,
                           wish.amount ? json::value(*wish.amount) : json::value(),
                           json::string(wish.reason.value_or("")),
                           json::string(wish.note.value_or(""))};
    std::string hex = to_hex(sha256(json::serialize(said))).substr(0, 32);
    hex[12] = '8';
    hex[16] = "89ab"[hex[16] % 4];
    for (const std::size_t at : {20, 16, 12, 8}) hex.insert(at, 1, '-');
    return hex;
}

struct Recorded {
    AccountId account;
    std::string id;
    std::optional<Intent> to_do = {};  // none: it is done, or refused
    bool asked_before = false;
};

Task<Result<Recorded>> record(const Flow& flow, const RefundWish& wish) {
    const Instant now = flow.clock.now();
    const std::string id = id_for(wish, now);
    try {
        co_return co_await flow.db.transaction([&](db::Tx& tx) -> Task<Result<Recorded>> {
            const auto payment = co_await refund_store::find_payment(tx, wish.payment);
            if (!payment) co_return Error{ErrorCode::not_found, "There is no such payment."};
            if (co_await refund_store::is_known(tx, payment->account, id)) {
                auto open = co_await refund_store::find_open(tx, payment->account, id);
                co_return Recorded{payment->account, id, std::move(open), true};
            }
            const auto amount = decide_amount(*payment, wish.amount);
            if (!amount) co_return amount.error();
            if (!payment->charge && !payment->payment) co_return nothing_at_the_provider();
            Intent intent{.account = payment->account,
                          .id = id,
                          .payment_id = payment->id,
                          .provider = payment->provider,
                          .charge = payment->charge,
                          .payment = payment->payment,
                          .amount = *amount,
                          .reason = wish.reason,
                          .note = wish.note,
                          .actor = wish.actor,
                          .created_at = now};
            co_await refund_store::intend(tx, intent, now + refund_job_delay);
            co_return Recorded{payment->account, id, std::move(intent)};
        });
    } catch (const db::Failure& failure) {
        // The lock on the payment lets nobody get so far; the database does not rely on that.
        if (failure.constraint != "refunds_within_payment") throw;
        co_return Error{ErrorCode::refund_exceeds_payment, "Less than this is left of the payment.",
                        failure.what()};
    }
}

Task<Applied> apply(const Flow& flow, const Intent& intent, ToApply answer) {
    co_return co_await flow.db.transaction([&](db::Tx& tx) -> Task<Applied> {
        std::vector<ToApply> changes;
        changes.push_back(answer);
        auto applied = co_await apply_changes(tx, std::move(changes), flow.clock.now());
        co_await refund_store::forget_job(tx, intent.id);
        co_return applied.front();
    });
}

// The refund as the provider has it: made now, or found, where it may have been made before. `asked_before`: by a
// call whose answer was lost. That this one is refused (our key was changed meanwhile, say) does not say that the
// first was: unless the refund is known not to be there, the job goes on.
Task<Result<provider::Change>> make(const Flow& flow, const Intent& intent, bool asked_before) {
    const bool key_is_forgotten = flow.clock.now() - intent.created_at > refund_key_lifetime;
    if (key_is_forgotten) {
        auto found = co_await flow.provider.find_refund(call_for(intent));
        if (!found) co_return unknown_yet(found.error());
        if (*found) co_return std::move(**found);
    }
    auto made = co_await flow.provider.create_refund({"refund:" + intent.id}, call_for(intent));
    if (made || !asked_before || info(made.error().code).retryable) co_return made;
    auto found = co_await flow.provider.find_refund(call_for(intent));
    if (!found) co_return unknown_yet(found.error());
    if (*found) co_return std::move(**found);
    co_return made;
}

Task<Result<void>> carry_out(const Flow& flow, Intent intent, bool asked_before) {
    auto answer = co_await make(flow, intent, asked_before);
    if (!answer) {
        if (info(answer.error().code).retryable) co_return answer.error();
        const Error error = answer.error();
        const std::string why = error.detail.empty() ? error.message : error.detail;
        co_await flow.db.transaction(
            [&](db::Tx& tx) -> Task<> { co_await refund_store::refuse(tx, intent, why); });
        co_return error;
    }
    // The refund names its charge, which leads to the account; where the charge's event has not come
    // yet, the account is known all the same: the refund is ours.
    std::get<provider::RefundSnapshot>(answer->fact).account = intent.account;
    const Instant stamp = answer->occurred_at;
    const Applied applied = co_await apply(flow, intent, {.change = std::move(*answer)});
    if (applied.outcome != Outcome::needs_fetch) co_return Result<void>{};

    // An event of the same second says something else: the object itself decides. When that cannot
    // be had now, the webhook that follows will bring it.
    auto fetched = co_await flow.provider.fetch(provider::ObjectKind::refund,
                                                applied.object.value_or(provider::Ref{}));
    if (!fetched) co_return Result<void>{};
    fetched->occurred_at = stamp;
    (void)co_await apply(flow, intent,
                         {.change = std::move(*fetched), .fetched_at_revision = applied.revision});
    co_return Result<void>{};
}

// The flow of the payment's provider, which has been asked what can be refunded, if it must be.
Task<Result<const Flow*>> prepare(const Flows& flows, const RefundWish& wish) {
    const auto payment =
        co_await flows.db().transaction([&](db::Tx& tx) -> Task<std::optional<Payment>> {
            co_return co_await refund_store::find_payment(tx, wish.payment);
        });
    if (!payment) co_return Error{ErrorCode::not_found, "There is no such payment."};
    const auto flow = flows.of(payment->provider);
    if (!flow || payment->charge || payment->payment || !payment->invoice) co_return flow;
    const auto found = co_await find_payment_of_invoice(**flow, *payment->invoice);
    if (!found) co_return found.error();
    co_return flow;
}

}  // namespace

Task<Result<RefundMade>> refund_payment(const Flows& flows, RefundWish wish) {
    const auto prepared = co_await prepare(flows, wish);
    if (!prepared) co_return prepared.error();
    const Flow& flow = **prepared;
    const auto recorded = co_await record(flow, wish);
    if (!recorded) co_return recorded.error();
    const RefundMade made{recorded->account, recorded->id};
    if (!recorded->to_do) co_return made;
    const auto done = co_await carry_out(flow, *recorded->to_do, recorded->asked_before);
    // Without an answer the refund is on its way: the job asks again with the same key.
    if (!done && !info(done.error().code).retryable) co_return done.error();
    co_return made;
}

jobs::Handler refund_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto account = string_at(job.payload, {"account_id"}),
                   id = string_at(job.payload, {"refund_id"});
        if (!account || !id)
            co_return Error{ErrorCode::invalid_input, "the job's payload names no refund"};
        const auto intent =
            co_await flows.db().transaction([&](db::Tx& tx) -> Task<std::optional<Intent>> {
                co_return co_await refund_store::find_open(tx, {*account}, *id);
            });
        if (!intent) co_return Result<void>{};
        const auto flow = flows.of(intent->provider);
        if (!flow) co_return flow.error();
        auto done = co_await carry_out(**flow, *intent, true);
        // The row says what became of it, and the audit log why: nothing is left for the job to do.
        if (!done && !info(done.error().code).retryable) co_return Result<void>{};
        co_return done;
    };
}

}  // namespace paydesk::billing
