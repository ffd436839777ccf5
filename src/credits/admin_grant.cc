#include "credits/admin_grant.h"

#include "base/assert.h"
#include "base/json.h"
#include "credits/facts.h"
#include "credits/ledger_store.h"

namespace paydesk::credits {

namespace {

const db::Statement add_audit_row{"credits_audit", R"(
    insert into paydesk.audit_log (account_id, actor, action, details)
    values ($1, $2, 'credits.grant', $3))"};

Grant grant_of(const AdminGrant& wish, const std::string& fact_key, Instant now) {
    return {.kind = GrantKind::admin,
            .fact_key = fact_key,
            .since = now,
            .amount = wish.amount,
            .priority = wish.priority,
            .effective_at = wish.effective_at,
            .expires_at = wish.expires_at,
            .description = wish.reason};
}

}  // namespace

Task<Grant> grant_by_admin(db::Database& db, AdminGrant wish, Instant now) {
    const std::string fact_key = "admin/" + wish.actor + "/" + wish.intent;
    co_return co_await db.transaction([&](db::Tx& tx) -> Task<Grant> {
        co_await ledger_store::lock(tx, {wish.account});
        if (const auto there = co_await ledger_store::find_grant(tx, wish.account, fact_key))
            co_return there->grant;
        std::vector<Fact> facts{
            Granted{wish.account, grant_of(wish, fact_key, now)}
        };
        co_await apply_facts(tx, std::move(facts), now);
        const auto granted = co_await ledger_store::find_grant(tx, wish.account, fact_key);
        PD_ASSERT(granted.has_value());
        co_await tx.run(add_audit_row,
                        {
                            wish.account.value, wish.actor,
                            json::serialize(json::object{{"grant_id", granted->grant.id},
                                                         {"amount", wish.amount},
                                                         {"reason", wish.reason}}
                            )
        });
        co_return granted->grant;
    });
}

}  // namespace paydesk::credits
