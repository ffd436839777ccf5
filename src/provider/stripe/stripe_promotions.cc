// Promotion codes: found by what people type, put on a running subscription and taken off it.

#include <fmt/format.h>

#include "provider/stripe/amount.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

constexpr int codes_max = 100;  // with one text: one may be active, any number has been

std::optional<Money> amount_at(const json::value& object, std::string_view amount,
                               std::string_view currency) {
    const auto minor = int_at(object, {amount});
    const auto code = text_at(object, {currency});
    if (!minor || !code) return std::nullopt;
    const auto parsed = Currency::parse(*code);
    if (!parsed) return std::nullopt;
    const auto money = from_stripe(*minor, *parsed);
    return money ? std::optional(*money) : std::nullopt;
}

// "25" of 25 and 25.0, "12.5" of 12.5: to be shown, never to be calculated with.
std::optional<std::string> percent_at(const json::value& coupon) {
    const json::value* percent = at_path(coupon, {"percent_off"});
    if (percent == nullptr) return std::nullopt;
    if (percent->is_double()) return fmt::format("{}", percent->get_double());
    const auto whole = int_at(coupon, {"percent_off"});
    return whole ? std::optional(std::to_string(*whole)) : std::nullopt;
}

std::optional<PromotionCode> read_code(const json::value& object) {
    const auto id = ref_at(object, {"id"});
    const auto code = text_at(object, {"code"});
    if (!id || !code) return std::nullopt;
    // clover moved the coupon.
    const json::value* coupon = at_path(object, {"promotion", "coupon"});
    if (coupon == nullptr) coupon = at_path(object, {"coupon"});
    static const json::value nothing;
    if (coupon == nullptr || !coupon->is_object()) coupon = &nothing;
    const json::value* restrictions = at_path(object, {"restrictions"});
    if (restrictions == nullptr) restrictions = &nothing;
    return PromotionCode{
        .promotion_code = *id,
        .code = *code,
        .active = bool_at(object, {"active"}).value_or(false) &&
                  bool_at(*coupon, {"valid"}).value_or(true),
        .expires_at = instant_at(object, {"expires_at"}),
        .max_redemptions = int_at(object, {"max_redemptions"}),
        .times_redeemed = int_at(object, {"times_redeemed"}).value_or(0),
        .customer = ref_at(object, {"customer"}),
        .first_time_only = bool_at(*restrictions, {"first_time_transaction"}).value_or(false),
        .minimum_amount = amount_at(*restrictions, "minimum_amount", "minimum_amount_currency"),
        .name = text_at(*coupon, {"name"}).value_or(""),
        .percent_off = percent_at(*coupon),
        .amount_off = amount_at(*coupon, "amount_off", "currency"),
        .duration = text_at(*coupon, {"duration"}).value_or(""),
        .duration_in_months = int_at(*coupon, {"duration_in_months"})};
}

}  // namespace

Task<Result<std::optional<PromotionCode>>> StripeProvider::find_promotion_code(std::string code) {
    Form query;
    query.set("code", code).set("limit", codes_max).set("expand[0]", "data.promotion.coupon");
    const Answer answer = co_await client_.get("/v1/promotion_codes", query);
    if (!answer) co_return to_refusal(answer.error());
    std::optional<PromotionCode> found;
    for (const json::value& each : list_at(*answer, {})) {
        auto read = read_code(each);
        if (!read) continue;
        if (!found || (read->active && !found->active)) found = std::move(read);
    }
    co_return found;
}

Task<Result<Change>> StripeProvider::set_promotion_code(IntentId intent, Ref subscription,
                                                        std::optional<Ref> promotion_code) {
    Form form;
    if (promotion_code) {
        form.set("discounts[0][promotion_code]", promotion_code->value);
    } else {
        form.set("discounts", "");
    }
    co_return co_await change_subscription(intent, std::move(subscription), std::move(form));
}

}  // namespace paydesk::provider::stripe
