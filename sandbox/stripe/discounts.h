#pragma once
// Coupons at work: who may use one, what it takes off, how long it lasts.
//
//     coupon, promotion code ──▶ wanted {coupon, promotion_code} ──▶ discount on a customer,
//     subscription, checkout session or invoice ──▶ amounts taken off each line
//
// Percentages are taken of each line and rounded half up, fixed amounts are spread over the lines
// in proportion (largest remainder first). Several discounts apply one after the other.

#include <span>
#include <string>
#include <vector>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

struct DiscountedLine {
    std::int64_t amount = 0;
    bool discountable = true;
    std::string product = {};
};

// What each coupon takes off each line: result[coupon][line]. Never more than the line has left.
std::vector<std::vector<std::int64_t>> discount_lines(std::span<const DiscountedLine> lines,
                                                      std::span<const Object> coupons,
                                                      std::string_view currency);
// The sum of all of that.
std::int64_t discount_total(std::span<const DiscountedLine> lines, std::span<const Object> coupons,
                            std::string_view currency);

// What a promotion code's restrictions are held against.
struct Purchase {
    std::string customer = {};
    std::int64_t amount = -1;  // -1: not known yet
    std::string currency = {};
};

// {coupon, promotion_code|null} each, from `coupon`, `promotion_code` or `discounts` of a call.
// {discount} keeps one that stands already.
// Refuses with resource_missing, coupon_expired, and 400 for what a code's restrictions say.
json::array wanted_discounts(const Account& account, const Object& params,
                             const Purchase& purchase);
// The wanted discount of a code as a person types it, in any case. Refuses as above.
Object wanted_by_code(const Account& account, std::string_view code, const Purchase& purchase);

// The coupons behind wanted discounts or discount objects.
std::vector<Object> coupons_of(const Account& account, const json::array& wanted);

// Makes the discounts and counts their redemption; emits customer.discount.created for those of a
// customer or subscription, unless told not to. `fields`: customer, subscription, checkout_session.
// Gives whole objects.
json::array add_discounts(Account& account, const json::array& wanted, const Object& fields,
                          bool announced = true);

// The subscription has these and no others. Emits customer.discount.created and .deleted.
void set_subscription_discounts(Account& account, const std::string& subscription,
                                const json::array& wanted);
// The same for a change that may have to wait: the new ones stand beside those that they replace, until one of both
// ends. Gives the ids of the new ones.
json::array begin_subscription_discounts(Account& account, const std::string& subscription,
                                         const json::array& wanted);
// Ends those of `before` that the subscription does not have any more. Emits customer.discount.deleted.
void end_replaced_discounts(Account& account, const Object& before);
// Ends new ones whose change never came, and gives their redemption back. Emits customer.discount.deleted.
void take_back_discounts(Account& account, const json::array& begun);
// One discount or none on the customer. Emits customer.discount.created, .updated or .deleted.
void set_customer_discount(Account& account, const std::string& customer,
                           const json::array& wanted);

// Those that an invoice of this subscription ("" for none) and customer would get now: the
// subscription's own, else the customer's.
json::array discounts_for(const Account& account, const std::string& customer,
                          const std::string& subscription);

// A `once` discount that took something off ends with this invoice; expired ones end too.
void end_used_discounts(Account& account, const Object& invoice);

// subtotal, discounts, taxes and total of a draft, from its lines, its `discounts` and the rates of
// both (taxes.h).
void total_up(const Account& account, Object& invoice);

}  // namespace paydesk::sandbox::stripe
