#include "billing/capture_store.h"

#include "billing/capture_flow.h"
#include "billing/columns.h"

namespace paydesk::billing::capture_store {
namespace {

constexpr db::Statement insert_jobs{"capture_note", R"(
    insert into paydesk.jobs (kind, account_id, payload, run_at, unique_key)
    select $4, c.account_id,
           jsonb_build_object('account_id', c.account_id, 'checkout_id', c.id), $5, c.id::text
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
              unnest($3::text[]) as checkout) k
    cross join lateral (
        select t.account_id, t.id from paydesk.checkouts t
        where t.account_id = k.account_id and t.provider = k.provider
          and t.provider_checkout_id = k.checkout and t.mode = 'payment'
          and t.status in ('open', 'processing') offset 0) c
    on conflict do nothing)"};

}  // namespace

Task<> note(db::Tx& tx, std::set<Key> keys, Instant now) {
    using columns::texts;
    if (keys.empty()) co_return;
    co_await tx.run(insert_jobs,
                    {texts(keys, &Key::account), texts(keys, &Key::provider),
                     texts(keys, &Key::checkout), std::string(capture_job_kind), db::param(now)});
}

std::optional<Intent> read_intent(const boost::json::value& payload) {
    const auto account = string_at(payload, {"account_id"}),
               id = string_at(payload, {"checkout_id"});
    if (!account || !id) return std::nullopt;
    return Intent{.account = {*account}, .id = *id};
}

}  // namespace paydesk::billing::capture_store
