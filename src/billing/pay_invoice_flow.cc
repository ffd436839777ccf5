#include "billing/pay_invoice_flow.h"
#include "billing/provider_name.h"

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "billing/apply_change.h"
#include "billing/dunning_store.h"

namespace paydesk::billing {
namespace {

void report(std::string_view outcome, const std::string& invoice) {
    metrics::count("paydesk_invoice_retries_total", {
                                                        {"outcome", outcome}
    });
    log::info("invoice_retried",
              {
                  {"invoice_id", json::string(invoice)},
                  {"outcome",    json::string(outcome)}
    });
}

Task<Result<void>> pay(const Flow& flow, AccountId account, std::string invoice,
                       std::string method) {
    const bool open =
        co_await dunning_store::is_open(flow.db, account, flow.provider.name(), invoice);
    if (!open) co_return Result<void>{};

    auto answer =
        co_await flow.provider.pay_invoice({"pay:" + invoice + ":" + method}, {invoice}, {method});
    if (!answer) {
        if (info(answer.error().code).retryable) co_return answer.error();
        const bool declined = answer.error().code == ErrorCode::payment_declined;
        report(declined ? "declined" : "refused", invoice);
        co_return Result<void>{};
    }
    co_await flow.db.transaction([&](db::Tx& tx) -> Task<> {
        std::vector<ToApply> changes;
        changes.push_back({.change = *answer});
        (void)co_await apply_changes(tx, std::move(changes), flow.clock.now());
    });
    report("paid", invoice);
    co_return Result<void>{};
}

}  // namespace

jobs::Handler pay_invoice_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto account = string_at(job.payload, {"account_id"}),
                   invoice = string_at(job.payload, {"invoice"}),
                   method = string_at(job.payload, {"payment_method"});
        const auto name = parse_provider(string_at(job.payload, {"provider"}).value_or("stripe"));
        if (!account || !invoice || !method || !name)
            co_return Error{ErrorCode::invalid_input, "the job's payload names no invoice"};
        const auto flow = flows.of(*name);
        if (!flow) co_return flow.error();
        co_return co_await pay(**flow, {*account}, *invoice, *method);
    };
}

}  // namespace paydesk::billing
