#include "billing/seat_store.h"

#include "base/assert.h"
#include "base/crypto.h"
#include "base/json.h"
#include "db/array_param.h"

namespace paydesk::billing::seat_store {
namespace {

#define MEMBER_COLUMNS \
    "m.account_id, m.id, m.user_id, m.invited_email, m.role, m.expires_at, m.updated_at "

constexpr db::Statement select_role{"seat_role", R"(
    select role from paydesk.account_members where account_id = $1 and user_id = $2)"};

constexpr db::Statement select_one{"seat_find", "select " MEMBER_COLUMNS R"(
    from paydesk.account_members m
    where m.id = $2 and m.account_id in (
        select $1::uuid union all
        select t.account_id from paydesk.account_members t where t.user_id = $1)
    for update)"};

constexpr db::Statement select_by_invitation{"seat_find_by_invitation", "select " MEMBER_COLUMNS R"(
    from paydesk.account_members m where m.invitation_sha256 = decode($1, 'hex') for update)"};

constexpr db::Statement select_invitation{"seat_find_invitation", "select " MEMBER_COLUMNS R"(
    from paydesk.account_members m
    where m.account_id = $1 and lower(m.invited_email) = lower($2) and m.user_id is null
    for update)"};

constexpr db::Statement select_is_member{"seat_is_member", R"(
    select exists (select from paydesk.accounts a
                   where a.account_id = $1 and lower(a.email) = lower($2))
        or exists (select from paydesk.account_members m
                   left join paydesk.accounts a on a.account_id = m.user_id
                   where m.account_id = $1 and m.user_id is not null
                     and lower($2) in (lower(a.email), lower(m.invited_email))) as is_member)"};

constexpr db::Statement insert_invitation{"seat_invite", R"(
    insert into paydesk.account_members (account_id, id, role, invited_email, invitation_sha256,
                                         invited_by, created_at, expires_at)
    values ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8)
    on conflict (account_id, lower(invited_email)) where user_id is null do update set
        role = excluded.role, invitation_sha256 = excluded.invitation_sha256,
        invited_by = excluded.invited_by, expires_at = excluded.expires_at
    returning id)"};

constexpr db::Statement update_accepted{"seat_accept", R"(
    update paydesk.account_members set user_id = $3, joined_at = $4, expires_at = null
    where account_id = $1 and id = $2)"};

constexpr db::Statement update_role{"seat_set_role", R"(
    update paydesk.account_members set role = $3 where account_id = $1 and id = $2)"};

constexpr db::Statement delete_one{"seat_remove", R"(
    delete from paydesk.account_members where account_id = $1 and id = $2)"};

constexpr db::Statement delete_surplus{"seat_trim", R"(
    with placed as (
        select t.account_id, t.id, s.seats,
               row_number() over (partition by t.account_id
                   order by t.user_id is null, coalesce(t.joined_at, t.created_at), t.id) as place
        from paydesk.account_members t
        join paydesk.seats s on s.account_id = t.account_id
        where t.account_id = any (($1::text[])::uuid[]) and s.used > s.seats
          and (t.user_id is not null or coalesce(t.expires_at > now(), true)))
    delete from paydesk.account_members m using placed p
    where m.account_id = p.account_id and m.id = p.id and p.place > p.seats - 1
    returning )" MEMBER_COLUMNS};

constexpr db::Statement select_called{"seat_called", R"(
    select coalesce(nullif(name, ''), email, '') as name, language from paydesk.accounts
    where account_id = $1)"};

constexpr db::Statement insert_audit{"seat_audit", R"(
    insert into paydesk.audit_log (account_id, actor, action, details) values ($1, $2, $3, $4))"};

constexpr std::array<std::string_view, 3> roles = {"owner", "admin", "member"};

std::optional<Member> first_member(const db::Rows& rows, std::size_t i = 0) {
    if (rows.size() <= i) return std::nullopt;
    const auto role = parse_role(rows.text(i, "role"));
    PD_ASSERT(role.has_value());
    return Member{.account = {std::string(rows.text(i, "account_id"))},
                  .id = std::string(rows.text(i, "id")),
                  .user = rows.optional_text(i, "user_id"),
                  .email = rows.optional_text(i, "invited_email"),
                  .role = *role,
                  .expires_at = rows.optional_instant(i, "expires_at"),
                  .sent_at = rows.optional_instant(i, "updated_at")};
}

}  // namespace

std::string_view to_string(Role role) { return roles.at(static_cast<std::size_t>(role)); }

std::optional<Role> parse_role(std::string_view text) {
    for (std::size_t i = 0; i < roles.size(); ++i) {
        if (roles[i] == text) return static_cast<Role>(i);
    }
    return std::nullopt;
}

Task<std::optional<Role>> role_of(db::Tx& tx, AccountId account, std::string user) {
    if (account.value == user) co_return Role::owner;
    const db::Rows rows = co_await tx.run(select_role, {account.value, std::move(user)});
    if (rows.empty()) co_return std::nullopt;
    co_return parse_role(rows.text(0, "role"));
}

Task<std::optional<Member>> find(db::Tx& tx, std::string user, std::string id) {
    co_return first_member(co_await tx.run(select_one, {std::move(user), std::move(id)}));
}

Task<std::optional<Member>> find_by_invitation(db::Tx& tx, std::string sha256) {
    co_return first_member(co_await tx.run(select_by_invitation, {to_hex(sha256)}));
}

Task<std::optional<Member>> find_invitation(db::Tx& tx, AccountId account, std::string email) {
    co_return first_member(co_await tx.run(select_invitation, {account.value, std::move(email)}));
}

Task<bool> is_member(db::Tx& tx, AccountId account, std::string email) {
    const db::Rows rows = co_await tx.run(select_is_member, {account.value, std::move(email)});
    co_return rows.boolean(0, "is_member");
}

Task<std::string> invite(db::Tx& tx, NewInvitation invitation) {
    const db::Rows rows = co_await tx.run(
        insert_invitation,
        {invitation.account.value, invitation.id, std::string(to_string(invitation.role)),
         invitation.email, to_hex(invitation.sha256), invitation.invited_by,
         db::param(invitation.now), db::param(invitation.expires_at)});
    co_return std::string(rows.text(0, "id"));
}

Task<> accept(db::Tx& tx, Member invitation, std::string user, Instant now) {
    co_await tx.run(update_accepted,
                    {invitation.account.value, invitation.id, std::move(user), db::param(now)});
}

Task<> set_role(db::Tx& tx, Member member, Role role) {
    co_await tx.run(update_role, {member.account.value, member.id, std::string(to_string(role))});
}

Task<> remove(db::Tx& tx, Member member) {
    co_await tx.run(delete_one, {member.account.value, member.id});
}

Task<std::vector<Member>> trim(db::Tx& tx, std::set<AccountId> accounts) {
    std::vector<Member> gone;
    if (accounts.empty()) co_return gone;
    const db::Rows rows = co_await tx.run(
        delete_surplus,
        {db::column<std::string_view>(
            accounts, [](const AccountId& a) -> std::string_view { return a.value; })});
    for (std::size_t i = 0; i < rows.size(); ++i) gone.push_back(*first_member(rows, i));
    co_return gone;
}

Task<Called> called(db::Tx& tx, AccountId account) {
    const db::Rows rows = co_await tx.run(select_called, {account.value});
    if (rows.empty()) co_return Called{};
    co_return Called{std::string(rows.text(0, "name")), rows.optional_text(0, "language")};
}

Task<> audit(db::Tx& tx, AccountId account, std::string actor, std::string action,
             std::string details_json) {
    co_await tx.run(insert_audit,
                    {account.value, std::move(actor), std::move(action), std::move(details_json)});
}

const db::Statement read_seats{"read_seats", R"(
    select seats, used from paydesk.seats where account_id = $1)"};

const db::Statement read_members{"read_members", R"(
    select m.id, m.user_id, coalesce(a.email, m.invited_email) as email, m.role, m.created_at as invited_at,
           m.joined_at, m.expires_at,
           case when m.user_id is not null then 'active'
                when coalesce(m.expires_at > now(), true) then 'invited' else 'expired' end as status
    from paydesk.account_members m
    left join paydesk.accounts a on a.account_id = m.user_id
    where m.account_id = $1 and ($2::uuid is null or m.user_id = $2)
    order by m.user_id is null, coalesce(m.joined_at, m.created_at), m.id
    limit 1000)"};

const db::Statement read_memberships{"read_memberships", R"(
    select m.account_id, m.id, m.role, m.joined_at, coalesce(nullif(a.name, ''), a.email) as account_name
    from paydesk.account_members m
    left join paydesk.accounts a on a.account_id = m.account_id
    where m.user_id = $1
    order by m.joined_at, m.account_id
    limit 100)"};

}  // namespace paydesk::billing::seat_store
