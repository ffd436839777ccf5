#pragma once
// Coupons and promotion codes: which of them may be used, by whom. Their routes are coupons.cc.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Not deleted, not past redeem_by, not redeemed max_redemptions times.
bool coupon_is_valid(const Account& account, const Object& coupon);
// Active, not expired, not used up, and its coupon is valid.
bool code_is_active(const Account& account, const Object& code);

// The codes of this coupon show it as it is now (versions before clover have it inside of them).
void refresh_promotion_codes(Account& account, const Object& coupon);

}  // namespace paydesk::sandbox::stripe
