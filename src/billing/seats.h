#pragma once
// Seats: an account invites people by e-mail, and whoever accepts shares its plan (entitlements).
//
//     invite ──▶ account_members row with a secret's hash, mail ── accept(secret) ──▶ member ── remove, leave
//
// A seat is a unit of the account's plan (view paydesk.seats). The owner has one, each member has one, and
// an open invitation keeps one. The database refuses one too many, whoever asks and however many at once.
//
// Who may what:   owner    the person whose account it is: everything; alone pays and makes admins
//                 admin    invites and removes members
//                 member   uses the plan, and may leave

#include <optional>
#include <string>

#include "base/error.h"
#include "billing/flow.h"
#include "billing/seat_store.h"

namespace paydesk::billing {

inline constexpr std::chrono::hours invitation_lifetime{7 * 24};
// An invitation is mailed again no sooner: nobody's mailbox is flooded.
inline constexpr std::chrono::minutes invitation_again_after{10};
inline constexpr const char* invitation_path = "/invitation?token=";

// Who asks.
struct SeatCaller {
    std::string user;
    std::optional<std::string> email = {};
};

struct Invited {
    std::string id;
    AccountId account;
    std::string email;
    seat_store::Role role;
    Instant expires_at;
    std::string url;  // holds the secret: for the one who invites, and the mail
};

// Invites, or sends an invitation again with a new secret: the old link is dead then.
// Refuses, in this order, with
//   not_found         the caller is nobody in this account
//   forbidden         a member, or an admin who would make another
//   invalid_input     not an address, or that of one who is there already
//   rate_limited      sent less than invitation_again_after ago
//   seats_exhausted
Task<Result<Invited>> invite(const Flow& flow, SeatCaller caller, AccountId account,
                             std::string email, seat_store::Role role);

// Whose token it is. Accepting twice is a success for the one who did.
// Refuses with not_found (unknown, expired, accepted by another), invalid_input (the owner themselves),
// seats_exhausted.
Task<Result<seat_store::Member>> accept_invitation(const Flow& flow, SeatCaller caller,
                                                   std::string token);

// Removes a member, revokes an invitation, or leaves. Refuses with not_found, forbidden (a member about
// another, an admin about an admin).
Task<Result<void>> give_seat_back(const Flow& flow, SeatCaller caller, std::string id);

// Refuses with not_found, forbidden (not the owner).
Task<Result<void>> change_role(const Flow& flow, SeatCaller caller, std::string id,
                               seat_store::Role role);

// What the caller may see of the account's seats: its owner and admins all, a member themselves.
// Refuses with not_found.
Task<Result<seat_store::Role>> role_in(const Flow& flow, SeatCaller caller, AccountId account);

// After a change of the subscription, in its transaction: who has no seat any more goes, and they and
// the owner are told.
Task<> trim_seats(db::Tx& tx, std::set<AccountId> accounts);

}  // namespace paydesk::billing
