#include "billing/portal_flow.h"

#include <algorithm>

#include "billing/customer_flow.h"
#include "billing/subscription_store.h"

namespace paydesk::billing {

Task<Result<std::string>> create_portal(const Flows& flows, AccountId account,
                                        std::optional<std::string> return_url,
                                        provider::PortalFlow portal_flow) {
    const Flow& flow = flows.stripe;
    const auto url = return_url ? flow.urls.check(*return_url)
                                : Result<std::string>(flow.urls.portal_return_url());
    if (!url) co_return url.error();

    const auto customer = co_await find_customer(flow, account);
    if (!customer && flows.paypal && co_await find_customer(*flows.paypal, account)) {
        co_return flow.urls.portal_return_url();
    }
    if (!customer) {
        co_return Error{ErrorCode::customer_missing,
                        "There is no billing history yet: subscribe to a plan first."};
    }

    provider::NewPortal portal{
        .customer = *customer, .return_url = *url, .flow = portal_flow, .subscription = {}};
    if (portal_flow == provider::PortalFlow::subscription_cancel) {
        const auto live = co_await flow.db.transaction(
            [&](db::Tx& tx) -> Task<std::vector<subscription_store::Subscription>> {
                co_return co_await subscription_store::live(tx, account);
            });
        if (live.empty()) {
            co_return Error{ErrorCode::subscription_not_cancelable,
                            "There is no live subscription to cancel."};
        }
        const auto at_stripe = std::ranges::find(live, provider::Name::stripe,
                                                 &subscription_store::Subscription::provider);
        if (at_stripe == live.end()) co_return flow.urls.portal_return_url();
        portal.subscription = at_stripe->subscription;
    }
    // A portal session is made anew each time: it lives for minutes and changes nothing.
    co_return co_await flow.provider.create_portal({"portal:" + uuid_v7(flow.clock.now())},
                                                   std::move(portal));
}

}  // namespace paydesk::billing
