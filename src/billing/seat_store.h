#pragma once
// account_members and the view seats: SQL, nothing else. Its rules are seats.h's and the database's.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"

namespace paydesk::billing::seat_store {

// The constraint by whose name the database refuses a member too many.
inline constexpr std::string_view within_seats = "account_members_within_seats";

enum class Role : std::uint8_t { owner, admin, member };
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

struct Member {
    AccountId account;
    std::string id;
    std::optional<std::string> user;   // none: an invitation
    std::optional<std::string> email;  // invited
    Role role;
    std::optional<Instant> expires_at;  // of an invitation
    std::optional<Instant> sent_at;     // when it was last sent
};

// What the person is there; a person is the owner of their own account. None: a stranger.
Task<std::optional<Role>> role_of(db::Tx& tx, AccountId account, std::string user);

// One of the person's own account or of those that they are a member of; locked.
Task<std::optional<Member>> find(db::Tx& tx, std::string user, std::string id);
Task<std::optional<Member>> find_by_invitation(db::Tx& tx, std::string sha256);
// Of an address, open or not.
Task<std::optional<Member>> find_invitation(db::Tx& tx, AccountId account, std::string email);
// Whether a member, or the owner, is known by this address.
Task<bool> is_member(db::Tx& tx, AccountId account, std::string email);

struct NewInvitation {
    AccountId account;
    std::string id;  // of a new row
    std::string email;
    Role role;
    std::string sha256;
    std::string invited_by;
    Instant now, expires_at;
};
// Makes it, or gives the one of this address a new secret. The row's id. Throws db::Failure by
// within_seats.
Task<std::string> invite(db::Tx& tx, NewInvitation invitation);
// The same refusals.
Task<> accept(db::Tx& tx, Member invitation, std::string user, Instant now);
Task<> set_role(db::Tx& tx, Member member, Role role);
Task<> remove(db::Tx& tx, Member member);

// Of the accounts with more members than seats, those who came last: invitations first. They are
// removed, and given back.
Task<std::vector<Member>> trim(db::Tx& tx, std::set<AccountId> accounts);

// How the account is called towards others: its name, else its e-mail; and its language.
struct Called {
    std::string name;
    std::optional<std::string> language;
};
Task<Called> called(db::Tx& tx, AccountId account);

Task<> audit(db::Tx& tx, AccountId account, std::string actor, std::string action,
             std::string details_json);

// Reads for the API. $1 account: one row (seats or NULL, used).
extern const db::Statement read_seats;
// $1 account, $2 NULL or the only user to show.
extern const db::Statement read_members;
// $1 user: the accounts that they are a member of.
extern const db::Statement read_memberships;

}  // namespace paydesk::billing::seat_store
