#pragma once
// Changes a running subscription: another plan, cycle or quantity, a pause, a promotion code.
//
//     wish ── resolve (catalogue), decide_change ──▶ job ── call, key "change:<intent>" ──▶ apply_changes
//
// What changes when is decide_change.h's; what it costs is the provider's own preview. The target of a
// change is absolute, so a double click, or two servers, change once: the second call finds it so.
//
// At PayPal all changes count from the next payment on, without proration, and need the buyer's consent:
// change_plan() gives requires_action and where to consent.
//
// Nothing that costs money is repeated behind anybody's back: what dies between call and outcome, the
// job does not ask for again. It asks the provider how things are, and the rows say that (law 4).

#include <optional>
#include <string>

#include "base/error.h"
#include "billing/change_store.h"
#include "billing/decide_change.h"
#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* change_job_kind = "check_subscription";
inline constexpr std::chrono::seconds change_job_delay{90};
inline constexpr std::int64_t subscription_quantity_max = 1'000;
// How old a preview may be whose prorations are charged.
inline constexpr std::chrono::hours preview_age_max{1};

// What is not named stays. REQUIRES: something is named; 1 <= quantity <= subscription_quantity_max.
struct ChangeWish {
    AccountId account;
    std::string subscription;  // our id, or the provider's
    std::optional<std::string> plan, price, billing_cycle;
    std::optional<std::int64_t> quantity;
    std::optional<Instant> proration_date;  // what preview_change() gave
    // As people type it. It counts if the change happens, from its own invoice on, in place of other discounts.
    std::optional<std::string> promotion_code = {};
};

// What the subscription will be.
struct ChangeTarget {
    std::string subscription_id;  // ours
    std::string plan_name;
    PlanTerms terms;
    provider::Ref price;
    ChangeWhen when;
    std::optional<Instant> effective_at;  // none: now
    std::optional<provider::PromotionCode> promotion_code = {};
};

struct PreviewedChange {
    ChangeTarget target;
    provider::ChangePreview preview;
};

enum class ChangeState : std::uint8_t {
    applied,
    scheduled,        // for the end of the paid period
    requires_action,  // `url`: the buyer must confirm the payment there; nothing has changed yet
    processing,       // the bank moves the money; nothing has changed yet
};
std::string_view to_string(ChangeState state);

struct ChangeDone {
    std::string subscription_id;  // ours
    ChangeState state = ChangeState::applied;
    std::optional<std::string> url = {};
    std::optional<Instant> expires_at = {};  // of what waits
};

// Both refuse, in this order, with
//   not_found                     another's is not found either
//   provider_not_configured
//   subscription_not_changeable   its state, or a price that the catalogue does not know
//   plan_unknown, plan_not_purchasable
//   invalid_input                 another family or currency, a cycle that does not fit the price, or
//                                 it is so already
//   seats_exhausted               fewer units than seats in use
//   promotion_code_invalid        (promotion_flow.h)
// and with what the provider refuses with: change_plan() with payment_declined, and nothing is changed.
Task<Result<PreviewedChange>> preview_change(const Flows& flows, ChangeWish wish);
// Also with invalid_input where proration_date is not that of a preview of the last hour.
// A wish for what it is already gives up a change that is scheduled.
Task<Result<ChangeDone>> change_plan(const Flows& flows, ChangeWish wish);

// Refuses with not_found. Nothing scheduled is a success.
Task<Result<ChangeDone>> cancel_scheduled_change(const Flows& flows, AccountId account,
                                                 std::string subscription);

// No access and no charge until it is resumed; unused time is credited. Paused already is a success.
// Refuses with not_found, subscription_not_changeable.
Task<Result<ChangeDone>> pause_subscription(const Flows& flows, AccountId account,
                                            std::string subscription);
// Ends a pause (what is due is charged first), or takes a scheduled cancellation back. Refuses with
// not_found, subscription_not_resumable.
Task<Result<ChangeDone>> resume_subscription(const Flows& flows, AccountId account,
                                             std::string subscription);

// What the runner must do with change_job_kind. `flows` outlives the handler.
jobs::Handler change_job(const Flows& flows);

// For promotion_flow.h: asks with a job behind it, and applies the answers.
Task<> begin_change(const Flow& flow, change_store::Check check);
Task<> finish_change(const Flow& flow, change_store::Check check,
                     std::vector<provider::Change> answers);

}  // namespace paydesk::billing
