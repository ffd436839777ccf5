#include "billing/link_charges_flow.h"

#include "billing/charge_origin_store.h"
#include "billing/payment_settlement.h"
#include "billing/refund_credits.h"
#include "notify/notifications.h"

namespace paydesk::billing {
namespace {

using charge_origin_store::Unlinked;

// A payment of its own: nothing else has told the buyer of it.
notify::Notification fact_of(const Unlinked& charge) {
    return {
        .account = charge.account,
        .type = "payment_success",
        .title = "Payment Successful",
        .message = "Your payment of " + charge.amount.format() + " has been processed.",
        .metadata = {{"charge_id", charge.charge}},
        .fact_key = "payment_success:" + charge.charge,
        .details = {{"amount", charge.amount.minor_units()},
                     {"currency", charge.amount.currency().lower_code()}}
    };
}

Task<> record(const Flow& flow, Unlinked charge, provider::PaymentOrigin origin) {
    co_await flow.db.transaction([&](db::Tx& tx) -> Task<> {
        if (!co_await charge_origin_store::record(tx, charge, origin, flow.clock.now())) co_return;
        std::set<payment_settlement::Key> keys;
        keys.insert({.account = charge.account,
                     .provider = charge.provider,
                     .charge = charge.charge,
                     .payment = charge.payment});
        auto refunded = co_await payment_settlement::settle(tx, std::move(keys));
        if (!refunded.empty()) co_await announce_refunded(tx, refunded);
        if (!origin.invoice && !origin.checkout && charge.succeeded) {
            std::vector<notify::Notification> facts;
            facts.push_back(fact_of(charge));
            (void)co_await notify::add(tx, std::move(facts));
        }
        // Last, as in apply_changes(): whoever spends waits from here on.
        auto taken_back = co_await refund_facts(tx, std::move(refunded));
        co_await credits::apply_facts(tx, std::move(taken_back), flow.clock.now());
    });
}

Task<Result<void>> link_charges(const Flow& flow) {
    const auto charges = co_await charge_origin_store::due(
        flow.db, flow.provider.name(), flow.clock.now(), link_charges_at_once_max);
    for (const auto& charge : charges) {
        provider::PaymentOrigin origin;
        if (charge.payment) {
            const auto answer = co_await flow.provider.origin_of_payment({*charge.payment});
            if (!answer) co_return answer.error();
            origin = *answer;
        }
        co_await record(flow, charge, std::move(origin));
    }
    co_return Result<void>{};
}

}  // namespace

jobs::Handler link_charges_job(const Flows& flows) {
    return [&flows](jobs::Job) -> Task<Result<void>> {
        const auto done = co_await link_charges(flows.stripe);
        if (!done || !flows.paypal) co_return done;
        co_return co_await link_charges(*flows.paypal);
    };
}

}  // namespace paydesk::billing
