#include "billing/seats.h"

#include "base/crypto.h"
#include "base/json.h"
#include "billing/checkout_store.h"
#include "billing/decide_facts.h"
#include "notify/email_store.h"
#include "notify/mime.h"
#include "notify/notifications.h"

namespace paydesk::billing {
namespace {

using seat_store::Member;
using seat_store::Role;

constexpr std::size_t secret_bytes = 24;

Error nobody() { return {ErrorCode::not_found, "You have no seat in such an account."}; }
Error no_such_seat() { return {ErrorCode::not_found, "There is no such member or invitation."}; }
Error not_allowed(std::string message) { return {ErrorCode::forbidden, std::move(message)}; }
Error exhausted() {
    return {ErrorCode::seats_exhausted,
            "All seats are taken: raise the subscription's quantity, or remove somebody."};
}

notify::Notification told(AccountId account, std::string type, std::string title,
                          std::string message, const std::string& id) {
    return {.account = std::move(account),
            .type = type,
            .title = std::move(title),
            .message = std::move(message),
            .metadata = {{"seat_id", id}},
            .fact_key = type + ":" + id};
}

std::string called(const Member& member) { return member.email.value_or("A member"); }

Task<> note(db::Tx& tx, AccountId account, std::string actor, std::string action, std::string id,
            std::optional<std::string> email) {
    json::object details{
        {"seat_id", id}
    };
    if (email) details["email"] = *email;
    co_await seat_store::audit(tx, std::move(account), std::move(actor), std::move(action),
                               storable(json::value(std::move(details))));
}

// In the outbox of nobody's account: an account's mails its members may read, and the link is a secret.
Task<> mail(db::Tx& tx, Invited invited, std::string fact) {
    const auto by = co_await seat_store::called(tx, invited.account);
    json::object data{
        {"inviter",    by.name                    },
        {"url",        invited.url                },
        {"expires_at", to_unix(invited.expires_at)}
    };
    (void)co_await notify::email_store::add(tx, operator_account, std::move(fact),
                                            "seat_invitation", invited.email, by.language,
                                            std::move(data));
}

Task<Result<void>> may_invite(db::Tx& tx, const SeatCaller& caller, const AccountId& account,
                              Role role) {
    const auto own = co_await seat_store::role_of(tx, account, caller.user);
    if (!own) co_return nobody();
    if (*own == Role::member) co_return not_allowed("Members cannot invite: ask an admin.");
    if (role != Role::member && *own != Role::owner) {
        co_return not_allowed("Only the owner makes admins.");
    }
    co_return Result<void>{};
}

Task<Result<void>> check_address(db::Tx& tx, const AccountId& account, const std::string& email,
                                 Instant now) {
    if (co_await seat_store::is_member(tx, account, email)) {
        co_return Error{ErrorCode::invalid_input, "Who has this address is there already."};
    }
    const auto before = co_await seat_store::find_invitation(tx, account, email);
    if (before && before->sent_at && now - *before->sent_at < invitation_again_after) {
        co_return Error{ErrorCode::rate_limited,
                        "This address was invited a moment ago: wait ten minutes."};
    }
    co_return Result<void>{};
}

// Runs `body`; the database's refusal of a seat too many becomes ours.
template <class Body>
auto within_seats(const Flow& flow, Body body) -> std::invoke_result_t<Body, db::Tx&> {
    try {
        co_return co_await flow.db.transaction(body);
    } catch (const db::Failure& failure) {
        if (failure.constraint != seat_store::within_seats) throw;
        co_return exhausted();
    }
}

}  // namespace

Task<Result<Invited>> invite(const Flow& flow, SeatCaller caller, AccountId account,
                             std::string email, Role role) {
    const Instant now = flow.clock.now();
    const std::string secret = random_hex(secret_bytes);
    const std::string new_id = uuid_v7(now);
    co_return co_await within_seats(flow, [&](db::Tx& tx) -> Task<Result<Invited>> {
        if (account.value == caller.user) {
            co_await checkout_store::lock_account(tx, account, caller.email, std::nullopt);
        }
        const auto may = co_await may_invite(tx, caller, account, role);
        if (!may) co_return may.error();
        if (!notify::is_mail_address(email)) {
            co_return Error{ErrorCode::invalid_input, "email is not an e-mail address."};
        }
        const auto fits = co_await check_address(tx, account, email, now);
        if (!fits) co_return fits.error();

        Invited invited{.id = {},
                        .account = account,
                        .email = email,
                        .role = role,
                        .expires_at = now + invitation_lifetime,
                        .url = flow.urls.app_url() + invitation_path + secret};
        const std::string hash = sha256(secret);
        invited.id = co_await seat_store::invite(tx, {.account = account,
                                                      .id = new_id,
                                                      .email = email,
                                                      .role = role,
                                                      .sha256 = hash,
                                                      .invited_by = caller.user,
                                                      .now = now,
                                                      .expires_at = invited.expires_at});
        co_await mail(tx, invited,
                      "seat_invitation:" + invited.id + ":" + to_hex(hash).substr(0, 16));
        co_await note(tx, account, "user:" + caller.user, "seat.invite", invited.id, email);
        co_return invited;
    });
}

Task<Result<Member>> accept_invitation(const Flow& flow, SeatCaller caller, std::string token) {
    const Instant now = flow.clock.now();
    co_return co_await within_seats(flow, [&](db::Tx& tx) -> Task<Result<Member>> {
        auto member = co_await seat_store::find_by_invitation(tx, sha256(token));
        if (member && member->user == caller.user) co_return std::move(*member);
        if (!member || member->user) {
            co_return Error{ErrorCode::not_found, "This invitation is not valid (any more)."};
        }
        if (member->expires_at && *member->expires_at <= now) {
            co_return Error{ErrorCode::not_found,
                            "This invitation has expired: ask for a new one."};
        }
        if (member->account.value == caller.user) {
            co_return Error{ErrorCode::invalid_input,
                            "You own this account: you have a seat already."};
        }
        co_await checkout_store::lock_account(tx, {caller.user}, caller.email, std::nullopt);
        if (co_await seat_store::role_of(tx, member->account, caller.user)) {
            co_return Error{ErrorCode::invalid_input,
                            "You have a seat in this account already, by another invitation."};
        }
        co_await seat_store::accept(tx, *member, caller.user, now);
        member->user = caller.user;
        co_await note(tx, member->account, "user:" + caller.user, "seat.accept", member->id,
                      member->email);
        std::vector<notify::Notification> facts;
        facts.push_back(told(member->account, "seat_accepted", "Invitation Accepted",
                             called(*member) + " has accepted your invitation.", member->id));
        co_await notify::add(tx, std::move(facts));
        co_return std::move(*member);
    });
}

Task<Result<void>> give_seat_back(const Flow& flow, SeatCaller caller, std::string id) {
    co_return co_await flow.db.transaction([&](db::Tx& tx) -> Task<Result<void>> {
        const auto member = co_await seat_store::find(tx, caller.user, id);
        if (!member) co_return no_such_seat();
        const bool leaves = member->user == caller.user;
        if (!leaves) {
            const auto own = co_await seat_store::role_of(tx, member->account, caller.user);
            if (!own || *own == Role::member) co_return no_such_seat();
            if (member->role != Role::member && *own != Role::owner) {
                co_return not_allowed("Only the owner removes admins.");
            }
        }
        co_await seat_store::remove(tx, *member);
        co_await note(tx, member->account, "user:" + caller.user,
                      leaves ? "seat.leave" : "seat.remove", member->id, member->email);
        std::vector<notify::Notification> facts;
        if (leaves) {
            facts.push_back(told(member->account, "seat_left", "Seat Free Again",
                                 called(*member) + " has left.", member->id));
        } else if (member->user) {
            facts.push_back(told({*member->user}, "seat_removed", "Seat Removed",
                                 "You have no seat in the team's plan any more.", member->id));
        }
        co_await notify::add(tx, std::move(facts));
        co_return Result<void>{};
    });
}

Task<Result<void>> change_role(const Flow& flow, SeatCaller caller, std::string id, Role role) {
    co_return co_await flow.db.transaction([&](db::Tx& tx) -> Task<Result<void>> {
        const auto member = co_await seat_store::find(tx, caller.user, id);
        if (!member) co_return no_such_seat();
        const auto own = co_await seat_store::role_of(tx, member->account, caller.user);
        if (own != Role::owner) co_return not_allowed("Only the owner changes roles.");
        co_await seat_store::set_role(tx, *member, role);
        co_await note(tx, member->account, "user:" + caller.user,
                      "seat.role." + std::string(to_string(role)), member->id, member->email);
        co_return Result<void>{};
    });
}

Task<Result<Role>> role_in(const Flow& flow, SeatCaller caller, AccountId account) {
    const auto role = co_await flow.db.transaction([&](db::Tx& tx) -> Task<std::optional<Role>> {
        co_return co_await seat_store::role_of(tx, account, caller.user);
    });
    if (!role) co_return nobody();
    co_return *role;
}

Task<> trim_seats(db::Tx& tx, std::set<AccountId> accounts) {
    const auto gone = co_await seat_store::trim(tx, std::move(accounts));
    std::vector<notify::Notification> facts;
    for (const auto& member : gone) {
        co_await note(tx, member.account, "provider", "seat.trim", member.id, member.email);
        facts.push_back(
            told(member.account, "seat_trimmed", "Fewer Seats",
                 called(member) + " has no seat any more: the subscription has fewer seats now.",
                 member.id));
        if (!member.user) continue;
        facts.push_back(told({*member.user}, "seat_removed", "Seat Removed",
                             "You have no seat in the team's plan any more.", member.id));
    }
    co_await notify::add(tx, std::move(facts));
}

}  // namespace paydesk::billing
