#pragma once
// A subscription's life in time: cycles begin, payments are taken, failed ones tried again.
//
// A cycle that begins is paid at once, with what is outstanding where the plan says so. A failed payment
// is tried again every five days, at most twice in a cycle; then it counts as one failure and is
// outstanding, and the subscription is SUSPENDED at the plan's threshold.
//
// Fields: _next (Unix seconds at which the next cycle begins, or the last one ends; 0: never),
// _anchor_day, _cycles: [{sequence, completed}], _outstanding, _failed, _attempts, _retry_at,
// _due (what the failing cycle costs), _sales, _last_payment, _last_failed.

#include <functional>
#include <optional>
#include <string>

#include "sandbox/paypal/account.h"
#include "sandbox/paypal/money.h"

namespace paydesk::sandbox::paypal {

inline constexpr std::int64_t retry_seconds = 5 * day_seconds;
inline constexpr std::int64_t retries_max = 2;

// The subscription begins: setup fee and first cycle, unless that begins later. The events of both come
// after `announce`, which is called when the state is what it is then.
void start_billing(Account& account, const std::string& id, const std::function<void()>& announce);

// When something is to be done next; nothing unless ACTIVE.
std::optional<std::int64_t> next_act(const Object& subscription);
// Does it. REQUIRES: it is due.
void act_on_billing(Account& account, const std::string& id);

// Takes so much of what is outstanding. False when it is declined.
struct Collected {
    bool paid = false;
    std::string sale = {};
};
Collected collect_outstanding(Account& account, const std::string& id, const Amount& amount);
// A payment that was pending did not come.
void note_bounce(Account& account, const std::string& sale);

// {outstanding_balance, cycle_executions, last_payment?, next_billing_time?, ...}
Object billing_info(const Account& account, const Object& subscription, bool with_last_failed);

// The sequence of the cycle that begins next; 0 when all are done.
std::int64_t next_sequence(const Object& plan, const Object& subscription);
std::int64_t completed_of(const Object& subscription, std::int64_t sequence);
// The day of the month on which such cycles begin: that of the first of them, which begins at `at`.
unsigned anchor_of(const Object& subscription, std::int64_t sequence, std::int64_t at);
// Nothing of what missed its time is made up for: the next cycle is the first that begins after now.
void skip_missed(Account& account, const std::string& id);
// By another plan from now on: trials are over, regular cycles count anew.
void follow_plan(Account& account, const std::string& id);

}  // namespace paydesk::sandbox::paypal
