#include "credits/read_credits.h"

namespace paydesk::credits {

const db::Statement read_entries{"credits_read_entries", R"(
    select t.number as id, t.account_id as user_id, t.kind, t.amount, t.balance_after as balance,
           t.description, t.hold_id, t.created_at,
           (select json_agg(json_build_object('bucket_id', e.grant_id, 'from', e.from_account,
                                              'to', e.to_account, 'amount', e.amount)
                            order by e.position)
            from paydesk.credit_entries e
            where e.account_id = t.account_id and e.number = t.number) as lines
    from paydesk.credit_transactions t
    where t.account_id = $1 and ($3::bigint is null or t.number < $3)
    order by t.number desc
    limit $2)"};

const db::Statement read_open_holds{"credits_read_holds", R"(
    select h.id, h.amount, h.status, h.settled_amount, h.description, h.expires_at, h.created_at,
           h.ended_at
    from paydesk.credit_holds h
    where h.account_id = $1 and h.status = 'held'
    order by h.created_at desc, h.id desc
    limit 100)"};

}  // namespace paydesk::credits
