#include "billing/checkout_offer.h"

namespace paydesk::billing {
namespace {

using Offer = catalog::plan_store::Offer;

Task<Result<Offer>> find_offer(const Flow& flow, const CheckoutWish& wish) {
    const auto provider = flow.provider.name();
    if (wish.price) {
        const auto offer =
            co_await catalog::plan_store::find_offer_of_price(flow.db, provider, {*wish.price});
        if (!offer)
            co_return Error{ErrorCode::plan_unknown, "The catalogue has no such price on offer."};
        if (wish.plan && *wish.plan != offer->plan_key) {
            co_return Error{ErrorCode::invalid_input,
                            "planId and priceId name different plans; send one of them."};
        }
        co_return *offer;
    }
    // A top-up has one price and no cycle.
    auto offer =
        co_await catalog::plan_store::find_offer(flow.db, provider, *wish.plan, "one_time");
    if (!offer && wish.billing_cycle) {
        offer = co_await catalog::plan_store::find_offer(flow.db, provider, *wish.plan,
                                                         *wish.billing_cycle);
    }
    if (offer) co_return *offer;
    if (!co_await catalog::plan_store::is_active_plan(flow.db, *wish.plan)) {
        co_return Error{ErrorCode::plan_unknown, "The catalogue has no such plan."};
    }
    if (!wish.billing_cycle) {
        const auto monthly =
            co_await catalog::plan_store::find_offer(flow.db, provider, *wish.plan, "monthly");
        const auto yearly =
            co_await catalog::plan_store::find_offer(flow.db, provider, *wish.plan, "yearly");
        if (monthly || yearly)
            co_return Error{ErrorCode::invalid_input,
                            "billingCycle is missing: monthly or yearly."};
    }
    co_return Error{ErrorCode::plan_not_purchasable,
                    "This plan has no price for this billing cycle."};
}

Result<void> check_fit(const CheckoutWish& wish, const Offer& offer) {
    const bool recurring = offer.kind == catalog::PlanKind::plan;
    if (wish.billing_cycle && recurring && *wish.billing_cycle != offer.billing_cycle) {
        return Error{ErrorCode::invalid_input,
                     "billingCycle does not fit priceId, which is " + offer.billing_cycle + "."};
    }
    if (wish.mode && (*wish.mode == "subscription") != recurring) {
        return Error{ErrorCode::invalid_input, std::string("mode must be ") +
                                                   (recurring ? "subscription" : "payment") +
                                                   " for this price."};
    }
    return {};
}

}  // namespace

Task<Result<Offer>> find_checkout_offer(const Flow& flow, CheckoutWish wish) {
    auto offer = co_await find_offer(flow, wish);
    if (!offer) co_return offer.error();
    if (const auto fits = check_fit(wish, *offer); !fits) co_return fits.error();
    co_return std::move(*offer);
}

}  // namespace paydesk::billing
