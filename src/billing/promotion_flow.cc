#include "billing/promotion_flow.h"

#include "billing/customer_flow.h"
#include "billing/decide_facts.h"

namespace paydesk::billing {
namespace {

using change_store::Check;
using change_store::Target;

Error invalid(std::string message, std::string detail = {}) {
    return {ErrorCode::promotion_code_invalid, std::move(message), std::move(detail)};
}

Task<Result<Target>> find_live(const Flows& flows, AccountId account, std::string subscription) {
    auto target = co_await change_store::find(flows.db(), account, std::move(subscription));
    if (!target) co_return Error{ErrorCode::not_found, "There is no such subscription."};
    if (!is_live(target->status)) {
        co_return Error{ErrorCode::subscription_not_changeable,
                        "This subscription has ended: start a new one."};
    }
    co_return std::move(*target);
}

// Sets or takes away; the rows say what came of it.
Task<Result<void>> set(const Flow& flow, AccountId account, Target target,
                       std::optional<provider::Ref> code) {
    const Check check{.account = account,
                      .provider = target.provider,
                      .subscription = target.subscription,
                      .intent = uuid_v7(flow.clock.now())};
    co_await begin_change(flow, check);
    auto changed = co_await flow.provider.set_promotion_code({"change:" + check.intent},
                                                             target.subscription, std::move(code));
    if (!changed) {
        if (!info(changed.error().code).retryable) co_await finish_change(flow, check, {});
        co_return changed.error();
    }
    std::vector<provider::Change> answers{std::move(*changed)};
    co_await finish_change(flow, check, std::move(answers));
    co_return Result<void>{};
}

}  // namespace

Result<void> check_promotion(const provider::PromotionCode& code, const PromotionUse& use,
                             Instant now) {
    if (code.expires_at && *code.expires_at <= now) {
        return invalid("This promotion code expired on " + date_for_people(*code.expires_at) + ".");
    }
    if (code.max_redemptions && code.times_redeemed >= *code.max_redemptions) {
        return invalid("This promotion code has been used as often as it may be.");
    }
    if (!code.active) return invalid("This promotion code is not valid any more.");
    if (code.customer && code.customer != use.customer) {
        return invalid("This promotion code was made for another customer.");
    }
    if (code.first_time_only && use.has_paid) {
        return invalid("This promotion code is for a first purchase only.");
    }
    if (code.minimum_amount && use.amount &&
        (use.amount->currency() != code.minimum_amount->currency() ||
         *use.amount < *code.minimum_amount)) {
        return invalid("This promotion code needs a purchase of at least " +
                       code.minimum_amount->format() + ".");
    }
    return {};
}

Task<Result<provider::PromotionCode>> find_promotion(const Flow& flow, std::string code,
                                                     PromotionUse use) {
    auto found = co_await flow.provider.find_promotion_code(std::move(code));
    if (!found) co_return found.error();
    if (!*found) co_return invalid("There is no such promotion code.");
    use.customer = co_await find_customer(flow, use.account);
    use.has_paid = co_await change_store::has_paid(flow.db, use.account);
    if (const auto usable = check_promotion(**found, use, flow.clock.now()); !usable) {
        co_return usable.error();
    }
    co_return std::move(**found);
}

Error refusal_with_promotion(Error refused) {
    if (refused.code != ErrorCode::provider_rejected) return refused;
    return invalid("This promotion code does not fit this subscription.",
                   std::move(refused.detail));
}

Task<Result<Promoted>> apply_promotion(const Flows& flows, AccountId account,
                                       std::string subscription, std::string code) {
    auto target = co_await find_live(flows, account, std::move(subscription));
    if (!target) co_return target.error();
    const auto found = flows.of(target->provider);
    if (!found) co_return found.error();
    const Flow& flow = **found;
    PromotionUse use{.account = account};
    auto promotion = co_await find_promotion(flow, std::move(code), std::move(use));
    if (!promotion) co_return promotion.error();
    const auto done = co_await set(flow, account, *target, promotion->promotion_code);
    if (!done) co_return refusal_with_promotion(done.error());
    co_return Promoted{target->id, std::move(*promotion)};
}

Task<Result<ChangeDone>> remove_promotion(const Flows& flows, AccountId account,
                                          std::string subscription) {
    auto target = co_await find_live(flows, account, std::move(subscription));
    if (!target) co_return target.error();
    const auto found = flows.of(target->provider);
    if (!found) co_return found.error();
    const Flow& flow = **found;
    const auto done = co_await set(flow, account, *target, std::nullopt);
    if (!done) co_return done.error();
    co_return ChangeDone{.subscription_id = target->id};
}

}  // namespace paydesk::billing
