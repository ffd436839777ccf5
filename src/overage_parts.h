#pragma once
// How usage of PayPal's plans becomes invoices, for the server and `paydesk report-usage` alike.

#include <optional>
#include <string>

#include "billing/apply_change.h"
#include "billing/return_url.h"
#include "config.h"
#include "http/message.h"
#include "usage/overage_flow.h"

namespace paydesk {

inline usage::OverageOptions overage_options(const Config& config) {
    return {.make_invoice = billing::apply_change,
            .pay_url =
                [app_url = config.app_url](std::string_view invoice) -> std::optional<std::string> {
                if (app_url.empty()) return std::nullopt;
                return billing::ReturnUrls(app_url, {}).billing_url() +
                       "?pay=" + http::percent_encode(invoice);
            },
            .livemode = config.paypal.livemode};
}

}  // namespace paydesk
