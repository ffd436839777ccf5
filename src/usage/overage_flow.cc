#include "usage/overage_flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "usage/charge_flow.h"
#include "usage/overage_store.h"

namespace paydesk::usage {
namespace {

using overage_store::Charge;
using overage_store::EndedPeriod;

constexpr std::int64_t periods_at_once = 200;

std::vector<std::string> charged_metrics(const Metrics& metrics) {
    std::vector<std::string> keys;
    for (const auto& [key, metric] : metrics.metrics) {
        if (metric.charge != catalog::UsageCharge::none) keys.push_back(key);
    }
    return keys;
}

provider::InvoiceLine line_of(const Charge& charge, const Period& period) {
    return {.description = charge.rated.description,
            .amount = charge.rated.amount,
            .quantity = {},
            .price = {},
            .period_start = period.start,
            .period_end = period.end};
}

// What is to pay; nothing where that is nothing. Refuses with invalid_input more than int64 minor units.
Result<std::optional<Money>> sum_of(const std::vector<Charge>& charges) {
    std::optional<Money> sum;
    for (const Charge& charge : charges) {
        if (!sum) {
            sum = charge.rated.amount;
            continue;
        }
        auto more = sum->plus(charge.rated.amount);
        if (!more) return more.error();
        sum = *more;
    }
    if (sum && sum->minor_units() <= 0) sum.reset();
    return sum;
}

provider::Change invoice_of(const EndedPeriod& ended, const std::vector<Charge>& charges,
                            const provider::Ref& id, Money total, const OverageOptions& options,
                            Instant now) {
    const Money nothing = Money::zero(total.currency());
    provider::InvoiceSnapshot invoice{.invoice = id,
                                      .customer = ended.customer,
                                      .subscription = ended.subscription,
                                      .account = ended.account,
                                      .status = provider::InvoiceStatus::open,
                                      .amount_due = total,
                                      .amount_paid = nothing,
                                      .amount_remaining = total,
                                      .subtotal = total,
                                      .total = total,
                                      .number = {},
                                      .billing_reason = std::string(provider::usage_billing_reason),
                                      .hosted_invoice_url = options.pay_url(id.value),
                                      .invoice_pdf = {},
                                      .discount = nothing,
                                      .tax = nothing,
                                      .lines = {},
                                      .period_start = ended.period.start,
                                      .period_end = ended.period.end,
                                      .paid_at = {},
                                      .due_date = {},
                                      .next_payment_attempt = {},
                                      .payment = {},
                                      .created_at = std::chrono::floor<std::chrono::seconds>(now)};
    for (const Charge& charge : charges) {
        if (charge.rated.amount.minor_units() > 0)
            invoice.lines.push_back(line_of(charge, ended.period));
    }
    return {.provider = provider::Name::paypal,
            .event_id = {},
            .event_type = {},
            .api_version = {},
            .livemode = options.livemode,
            .occurred_at = std::chrono::floor<std::chrono::seconds>(now),
            .kind = provider::ObjectKind::invoice,
            .object = id,
            .fact = std::move(invoice)};
}

class Run {
public:
    Run(db::Database& db, std::shared_ptr<const Metrics> metrics, const OverageOptions& options,
        Instant now)
        : db_(db),
          metrics_(std::move(metrics)),
          keys_(charged_metrics(*metrics_)),
          options_(options),
          now_(now) {}

    Task<OverageResult> all() {
        std::optional<EndedPeriod> last;
        for (;;) {
            auto page =
                co_await overage_store::ended(db_, now_ - charge_after, last, periods_at_once);
            if (page.empty()) co_return result_;
            for (const EndedPeriod& ended : page) co_await one(ended);
            last = std::move(page.back());
        }
    }

private:
    Task<> one(EndedPeriod ended) {
        const provider::Ref id = usage_invoice_id(ended.subscription, ended.period.start);
        std::vector<Charge> charges;
        for (const Totals& totals : co_await overage_store::totals(db_, ended, keys_)) {
            auto rated = rate_total(totals, ended.in_trial, ended.currency, id.value, *metrics_);
            if (!rated) {
                result_.unrated += 1;
                count("unrated");
                co_return;
            }
            charges.push_back({totals.metric, std::move(*rated), totals.sums.events});
        }
        const auto total = sum_of(charges);
        if (!total) {
            result_.unrated += 1;
            count("unrated");
            log::error("usage_cannot_be_invoiced",
                       {
                           {"invoice", json::string(id.value)             },
                           {"why",     json::string(total.error().message)}
            });
            co_return;
        }
        const auto closed = co_await db_.transaction([&](db::Tx& tx) -> Task<Result<void>> {
            if (*total) {
                const auto made = co_await options_.make_invoice(
                    tx, invoice_of(ended, charges, id, **total, options_, now_), now_);
                if (!made) co_return made.error();
            }
            if (!co_await overage_store::close(tx, ended, charges, keys_, id, now_)) {
                co_return Error{ErrorCode::unavailable, "The period has changed meanwhile."};
            }
            co_return Result<void>{};
        });
        report(id, closed, total->has_value());
    }

    void report(const provider::Ref& id, const Result<void>& closed, bool to_pay) {
        if (!closed) {
            result_.moved += 1;
            count("left");
            log::info("usage_invoice_left", {
                                                {"invoice", json::string(id.value)              },
                                                {"why",     json::string(closed.error().message)}
            });
            return;
        }
        result_.closed += 1;
        if (to_pay) result_.invoiced += 1;
        count(to_pay ? "invoiced" : "nothing_to_pay");
    }

    static void count(std::string_view outcome) {
        metrics::count("paydesk_usage_periods_total", {
                                                          {"outcome", outcome}
        });
    }

    db::Database& db_;
    const std::shared_ptr<const Metrics> metrics_;
    const std::vector<std::string> keys_;
    const OverageOptions& options_;
    const Instant now_;
    OverageResult result_;
};

}  // namespace

provider::Ref usage_invoice_id(const provider::Ref& subscription, Instant period_start) {
    return {"usage/" + subscription.value + "/" + to_iso8601(period_start)};
}

Task<OverageResult> invoice_overage(db::Database& db, std::shared_ptr<const Metrics> metrics,
                                    const OverageOptions& options, Instant now) {
    Run run(db, std::move(metrics), options, now);
    co_return co_await run.all();
}

jobs::Handler overage_job(db::Database& db, MetricsCache& metrics, const Clock& clock,
                          OverageOptions options) {
    return [&db, &metrics, &clock, options = std::move(options)](jobs::Job) -> Task<Result<void>> {
        const auto known = co_await metrics.current();
        (void)co_await invoice_overage(db, known, options, clock.now());
        co_return Result<void>{};
    };
}

}  // namespace paydesk::usage
