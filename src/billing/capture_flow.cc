#include "billing/capture_flow.h"

#include "base/json.h"
#include "base/log.h"
#include "billing/apply_change.h"
#include "billing/capture_store.h"
#include "billing/checkout_store.h"
#include "billing/invoice_order_store.h"

namespace paydesk::billing {
namespace {

using checkout_store::CheckoutRow;

Task<> apply(const Flow& flow, std::vector<provider::Change> answers) {
    co_await flow.db.transaction([&](db::Tx& tx) -> Task<> {
        std::vector<ToApply> changes;
        for (const auto& answer : answers) changes.push_back({.change = answer});
        (void)co_await apply_changes(tx, std::move(changes), flow.clock.now());
    });
}

Result<void> check_capturable(const CheckoutRow& row) {
    if (row.mode != "payment") {
        return Error{ErrorCode::not_found, "This checkout is of a subscription, not an order."};
    }
    if (row.status == "abandoned" || row.status == "expired") {
        return Error{ErrorCode::checkout_not_approved,
                     "This order was given up or has lapsed: start a new one."};
    }
    if (!row.checkout) {
        return Error{ErrorCode::checkout_not_approved, "This order has not been approved."};
    }
    return {};
}

// Nobody pays for an invoice of ours that was written off, or paid, while its order was open.
Task<Result<void>> check_invoice(const Flows& flows, const CheckoutRow& row) {
    if (!row.invoice || row.status != "open") co_return Result<void>{};
    const auto owed = co_await invoice_order_store::find(flows.db(), row.account, *row.invoice);
    if (owed && owed->status == "open") co_return Result<void>{};
    co_return Error{ErrorCode::invoice_not_payable,
                    "The invoice of this order is not open any more: nothing was charged."};
}

}  // namespace

Task<Result<std::string>> capture_checkout(const Flows& flows, AccountId account,
                                           std::string checkout) {
    const auto row =
        co_await flows.db().transaction([&](db::Tx& tx) -> Task<std::optional<CheckoutRow>> {
            co_return co_await checkout_store::find_any(tx, account, checkout);
        });
    if (!row) co_return Error{ErrorCode::not_found, "You have no such order."};
    if (row->status == "complete") co_return row->id;
    if (const auto capturable = check_capturable(*row); !capturable) co_return capturable.error();
    const auto flow = flows.of(row->provider);
    if (!flow) co_return flow.error();
    if (const auto payable = co_await check_invoice(flows, *row); !payable)
        co_return payable.error();

    auto answers =
        co_await (*flow)->provider.capture_checkout({"capture:" + row->id}, *row->checkout);
    if (!answers) co_return answers.error();
    co_await apply(**flow, std::move(*answers));
    co_return row->id;
}

jobs::Handler capture_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto intent = capture_store::read_intent(job.payload);
        if (!intent) {
            co_return Error{ErrorCode::invalid_input, "the job's payload names no checkout"};
        }
        const auto done = co_await capture_checkout(flows, intent->account, intent->id);
        if (done) co_return Result<void>{};
        const ErrorCode code = done.error().code;
        const bool expected = code == ErrorCode::payment_declined ||
                              code == ErrorCode::checkout_not_approved ||
                              code == ErrorCode::invoice_not_payable;
        if (!expected) co_return done.error();
        log::info("capture_refused", {
                                         {"checkout_id", json::string(intent->id)          },
                                         {"why",         json::string(done.error().message)}
        });
        co_return Result<void>{};
    };
}

}  // namespace paydesk::billing
