#pragma once
// Promotion codes as people type them: at a checkout, and on a subscription that runs already.

#include <optional>
#include <string>

#include "base/error.h"
#include "base/money.h"
#include "billing/change_flow.h"
#include "billing/flow.h"

namespace paydesk::billing {

// Who wants to use a code, and for what.
struct PromotionUse {
    AccountId account;
    std::optional<provider::Ref> customer = {};  // none: new at the provider
    bool has_paid = false;                       // ever
    std::optional<Money> amount = {};            // of the purchase; none: a running subscription
};

// Pure. The first that applies is said: expired, used up, not valid (any more), for somebody else, for a
// first purchase only, below the least amount. Refuses with promotion_code_invalid.
Result<void> check_promotion(const provider::PromotionCode& code, const PromotionUse& use,
                             Instant now);

// The code, if it may be used so. Refuses with promotion_code_invalid (unknown, else as above).
// `use.customer` and `use.has_paid` are looked up by the account.
Task<Result<provider::PromotionCode>> find_promotion(const Flow& flow, std::string code,
                                                     PromotionUse use);

// What the provider's refusal of a call with a code amounts to: promotion_code_invalid in place of provider_rejected.
Error refusal_with_promotion(Error refused);

struct Promoted {
    std::string subscription_id;  // ours
    provider::PromotionCode code;
};

// In place of every other discount, from the next invoice on. Refuses with not_found,
// subscription_not_changeable (it has ended), promotion_code_invalid.
Task<Result<Promoted>> apply_promotion(const Flows& flows, AccountId account,
                                       std::string subscription, std::string code);
// Nothing to take away is a success. Refuses with not_found, subscription_not_changeable.
Task<Result<ChangeDone>> remove_promotion(const Flows& flows, AccountId account,
                                          std::string subscription);

}  // namespace paydesk::billing
