#include "billing/refunded_payment.h"

#include <set>

#include "base/log.h"
#include "base/metrics.h"
#include "billing/recordset.h"
#include "notify/notifications.h"

namespace paydesk::billing {

Task<> announce_refunded(db::Tx& tx, std::vector<RefundedPayment> payments) {
    using recordset::value;
    std::set<AccountId> touched;
    for (const auto& payment : payments) {
        touched.insert(payment.account);
        metrics::count("paydesk_refunded_payments_total",
                       {
                           {"source_kind", payment.source_kind}
        });
        log::info("payment_refunded", {
                                          {"account_id", value(payment.account.value)       },
                                          {"payment_id", value(payment.payment_id)          },
                                          {"refunded",   value(payment.refunded.to_string())},
                                          {"of",         value(payment.amount.to_string())  }
        });
    }
    co_await notify::wake(tx, std::move(touched));
}

}  // namespace paydesk::billing
