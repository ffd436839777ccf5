#include "base/ids.h"
#include "explain/explain_parts.h"

namespace paydesk::explain {

namespace {

const db::Statement find_invoice{
    "explain_find_invoice",
    R"(select account_id, id, provider, provider_invoice_id as provider_id
       from paydesk.invoices i
       where case when $2::uuid is not null then i.id = $2
                  else i.provider_invoice_id = $1
                       and i.account_id in (select r.account_id from paydesk.provider_refs r
                                            where r.kind = 'invoice' and r.provider_id = $1) end
       limit 1)"};

const db::Statement find_subscription{
    "explain_find_subscription",
    R"(select account_id, id, provider, provider_subscription_id as provider_id
       from paydesk.subscriptions s
       where case when $2::uuid is not null then s.id = $2
                  else s.provider_subscription_id = $1
                       and s.account_id in (select r.account_id from paydesk.provider_refs r
                                            where r.kind = 'subscription' and r.provider_id = $1) end
       limit 1)"};

}  // namespace

Task<Result<Object>> find_object(db::Database& db, Subject subject, std::string id) {
    const auto uuid = parse_uuid(id);
    const auto rows =
        co_await db.run(subject == Subject::invoice ? find_invoice : find_subscription,
                        {db::param(id), uuid ? db::Param(*uuid) : db::Param()});
    if (rows.empty()) {
        const std::string what(to_string(subject));
        co_return Error{ErrorCode::not_found,
                        "There is no " + what + " " + id +
                            " here. Give the provider's id, or ours; if the provider has it, "
                            "`paydesk reconcile` brings it."};
    }
    co_return Object{.account = std::string(rows.text(0, "account_id")),
                     .ours = std::string(rows.text(0, "id")),
                     .provider = std::string(rows.text(0, "provider")),
                     .provider_id = std::string(rows.text(0, "provider_id"))};
}

}  // namespace paydesk::explain
