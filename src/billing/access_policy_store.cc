#include "billing/access_policy_store.h"

namespace paydesk::billing::access_policy_store {

namespace {
constexpr db::Statement set_policy{"set_access_policy", R"(
    update paydesk.access_policy set past_due_grace_days = $1, dispute_access = $2
    where (past_due_grace_days, dispute_access) is distinct from ($1::integer, $2))"};
}  // namespace

Task<> set(db::Database& db, Policy policy) {
    co_await db.run(set_policy, {db::param(policy.past_due_grace.count()),
                                 db::param(policy.suspends_disputed ? "suspend" : "keep")});
}

}  // namespace paydesk::billing::access_policy_store
