#include "billing/resolve_change.h"

#include "billing/promotion_flow.h"
#include "catalog/plan_store.h"

namespace paydesk::billing {
namespace {

using change_store::Offer;
using change_store::Target;

Error wrong(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

// Why the plan cannot be had in this cycle.
Task<Error> no_offer(const Flow& flow, std::string plan, std::string cycle) {
    if (!co_await catalog::plan_store::is_active_plan(flow.db, plan)) {
        co_return Error{ErrorCode::plan_unknown, "The catalogue has no such plan."};
    }
    const std::string other = cycle == "monthly" ? "yearly" : "monthly";
    if (co_await catalog::plan_store::find_offer(flow.db, flow.provider.name(), plan, other)) {
        co_return Error{ErrorCode::plan_not_purchasable,
                        "This plan has no " + cycle + " price: send billingCycle " + other + "."};
    }
    co_return Error{
        ErrorCode::plan_not_purchasable,
        "This plan has no price. To go back to the free plan, cancel the subscription."};
}

// The price that the wish leads to. Who stays on plan and cycle stays on the price that they have,
// also when the catalogue has a new one.
Task<Result<Offer>> find_offer(const Flow& flow, const ChangeWish& wish, const Target& current) {
    const auto provider = flow.provider.name();
    if (wish.price && wish.price != current.price->value) {
        auto offer = co_await change_store::find_offer_of_price(flow.db, provider, *wish.price);
        if (!offer) {
            co_return Error{ErrorCode::plan_unknown, "The catalogue has no such price on offer."};
        }
        if (wish.plan && *wish.plan != offer->terms.plan_key) {
            co_return wrong("planId and priceId name different plans; send one of them.");
        }
        if (wish.billing_cycle && *wish.billing_cycle != offer->terms.billing_cycle) {
            co_return wrong("billingCycle does not fit priceId, which is " +
                            offer->terms.billing_cycle + ".");
        }
        co_return std::move(*offer);
    }
    if (wish.price && wish.plan && *wish.plan != current.terms->plan_key) {
        co_return wrong("planId and priceId name different plans; send one of them.");
    }
    const std::string plan = wish.plan.value_or(current.terms->plan_key);
    const std::string cycle = wish.billing_cycle.value_or(current.terms->billing_cycle);
    if (plan == current.terms->plan_key && cycle == current.terms->billing_cycle) {
        auto paid = co_await change_store::find_price(flow.db, provider, current.price->value);
        PD_ASSERT(paid.has_value());  // prices are never deleted
        co_return std::move(*paid);
    }
    auto offer = co_await change_store::find_offer(flow.db, provider, plan, cycle,
                                                   current.terms->unit_amount.currency());
    if (!offer) co_return co_await no_offer(flow, plan, cycle);
    co_return std::move(*offer);
}

Result<void> check_fit(const Offer& offer, const Target& current) {
    if (offer.plan_family != current.plan_family) {
        return wrong(
            "This plan is sold beside the subscription, not in place of it: check it out.");
    }
    if (offer.terms.unit_amount.currency() != current.terms->unit_amount.currency()) {
        return wrong("The subscription is paid in " +
                     std::string(current.terms->unit_amount.currency().code()) +
                     "; this price is in another currency.");
    }
    return {};
}

}  // namespace

Task<Result<ResolvedChange>> resolve_change(const Flow& flow, ChangeWish wish) {
    const auto current = co_await change_store::find(flow.db, wish.account, wish.subscription);
    if (!current) co_return Error{ErrorCode::not_found, "There is no such subscription."};
    const auto changeable = check_changeable(current->status, current->cancel_scheduled);
    if (!changeable) co_return changeable.error();
    if (!current->terms) {
        co_return Error{ErrorCode::subscription_not_changeable,
                        "The catalogue does not know what this subscription is paid by: it is "
                        "changed where it was made."};
    }
    auto offer = co_await find_offer(flow, wish, *current);
    if (!offer) co_return offer.error();
    if (const auto fits = check_fit(*offer, *current); !fits) co_return fits.error();

    PlanTerms terms = offer->terms;
    terms.quantity = wish.quantity.value_or(current->terms->quantity);
    ChangeWhen when =
        decide_change(*current->terms, terms, current->status == SubscriptionStatus::trialing);
    // PayPal prorates nothing: whatever is changed counts from the next payment on.
    if (when == ChangeWhen::now && current->provider == provider::Name::paypal) {
        when = ChangeWhen::period_end;
    }
    if (when == ChangeWhen::never && !current->change_scheduled) {
        co_return wrong("The subscription is so already.");
    }
    if (current->plan_family == "main" && terms.quantity < current->terms->quantity) {
        const auto used = co_await change_store::seats_used(flow.db, wish.account);
        if (used > terms.quantity && used > 1) {
            co_return Error{
                ErrorCode::seats_exhausted,
                std::to_string(used) + " seats are in use: remove members or invitations first."};
        }
    }
    std::optional<provider::PromotionCode> promotion_code;
    if (wish.promotion_code) {
        PromotionUse use{.account = wish.account};
        auto found = co_await find_promotion(flow, *wish.promotion_code, std::move(use));
        if (!found) co_return found.error();
        promotion_code = std::move(*found);
    }
    co_return ResolvedChange{
        .account = wish.account,
        .subscription = current->subscription,
        .item = *current->item,
        .target = {.subscription_id = current->id,
                   .plan_name = offer->plan_name,
                   .terms = std::move(terms),
                   .price = offer->price,
                   .when = when,
                   .effective_at =
                       when == ChangeWhen::period_end ? current->current_period_end : std::nullopt,
                   .promotion_code = std::move(promotion_code)}
    };
}

}  // namespace paydesk::billing
