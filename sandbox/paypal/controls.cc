#include "sandbox/paypal/controls.h"

#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/disputes.h"
#include "sandbox/paypal/events.h"
#include "sandbox/paypal/orders.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/sales.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t shown_max = 1000;

http::Response answer(int status, const json::value& body) {
    return {.status = status, .body = json::serialize(body)};
}

http::Response refusal(int status, std::string_view message) {
    return answer(status, Object{
                              {"error", message}
    });
}

// "captures/ID/dispute" -> ID for ("captures", "dispute"); "" for another path.
std::string between(const std::string& path, std::string_view noun, std::string_view verb) {
    const auto before = std::string(noun) + "/";
    const auto after = "/" + std::string(verb);
    const bool fits = path.size() > before.size() + after.size() && path.starts_with(before) &&
                      path.ends_with(after);
    return fits ? path.substr(before.size(), path.size() - before.size() - after.size())
                : std::string();
}

json::array newest(const Account& account, std::string_view kind) {
    json::array all;
    const auto& ids = account.store().ids(kind);
    for (auto id = ids.rbegin(); id != ids.rend() && all.size() < shown_max; ++id) {
        all.push_back(shown(*account.store().find(*id)));
    }
    return all;
}

// The pending capture or sale clears, or does not.
json::value settle(Account& account, const std::string& id, const Object& wanted) {
    const bool completed = text(wanted, "status") != "DECLINED";
    if (const auto* sale = account.find(kind::sale, id)) {
        if (text(*sale, "state") != "pending") refuse("NOT_PATCHABLE", {}, "It is not pending.");
        settle_sale(account, id, completed);
        if (!completed) note_bounce(account, id);
        return shown_sale(account, account.get(kind::sale, id));
    }
    if (text(account.get(kind::capture, id), "status") != "PENDING") {
        refuse("NOT_PATCHABLE", {}, "It is not pending.");
    }
    settle_capture(account, id, completed);
    return shown_capture(account, account.get(kind::capture, id));
}

json::value reverse(Account& account, const std::string& id) {
    if (account.find(kind::sale, id)) {
        reverse_sale(account, id);
        return shown_sale(account, account.get(kind::sale, id));
    }
    const auto status = text(account.get(kind::capture, id), "status");
    if (status != "COMPLETED" && status != "PARTIALLY_REFUNDED") {
        refuse("REFUND_NOT_ALLOWED", {}, "Only a completed capture can be reversed.");
    }
    reverse_capture(account, id);
    return shown_capture(account, account.get(kind::capture, id));
}

// {funding}: how the subscriber pays from now on.
json::value change_funding(Account& account, const std::string& id, const Object& wanted) {
    account.get(kind::subscription, id);
    const auto funding = text(wanted, "funding");
    if (!is_funding(funding)) {
        refuse("INVALID_PARAMETER_VALUE", "/funding",
               "It is balance, declined, echeck, bounced_echeck or renewals_fail.");
    }
    account.edit(id)["_funding"] = funding;
    return Object{
        {"id",      id     },
        {"funding", funding}
    };
}

// {email?, funding?}: what a click on the approval page does.
json::value approve(Account& account, const std::string& id, const Object& wanted) {
    const auto email = present(wanted, "email") ? text(wanted, "email") : "buyer@example.com";
    const auto funding =
        present(wanted, "funding") ? text(wanted, "funding") : std::string(funding::balance);
    if (!is_funding(funding)) refuse("INVALID_PARAMETER_VALUE", "/funding");
    if (email.find('@') == std::string::npos) refuse("INVALID_PARAMETER_VALUE", "/email");
    if (const auto* order = account.find(kind::order, id)) {
        if (!can_be_approved(account, *order)) refuse("ORDER_ALREADY_COMPLETED");
        return Object{
            {"return_url", approve_order(account, id, email, funding)}
        };
    }
    const Object& subscription = account.get(kind::subscription, id);
    if (present(subscription, "_revision")) {
        return Object{
            {"return_url", accept_revision(account, id)}
        };
    }
    if (text(subscription, "status") != "APPROVAL_PENDING") refuse("SUBSCRIPTION_STATUS_INVALID");
    return Object{
        {"return_url", approve_subscription(account, id, email, funding)}
    };
}

// What a POST does; nothing for a path that is none.
std::optional<json::value> act(Account& account, const std::string& path, const Object& wanted) {
    for (const char* noun : {"captures", "sales"}) {
        if (const auto id = between(path, noun, "settle"); !id.empty()) {
            return settle(account, id, wanted);
        }
        if (const auto id = between(path, noun, "reverse"); !id.empty())
            return reverse(account, id);
        if (const auto id = between(path, noun, "dispute"); !id.empty()) {
            return open_dispute(account, id, wanted);
        }
    }
    if (const auto id = between(path, "disputes", "resolve"); !id.empty()) {
        return resolve_dispute(account, id, text(wanted, "outcome") == "buyer");
    }
    if (const auto id = between(path, "subscriptions", "funding"); !id.empty()) {
        return change_funding(account, id, wanted);
    }
    for (const char* noun : {"orders", "subscriptions"}) {
        if (const auto id = between(path, noun, "approve"); !id.empty()) {
            return approve(account, id, wanted);
        }
    }
    if (const auto id = between(path, "events", "resend"); !id.empty()) {
        return Object{
            {"deliveries", add_deliveries(account, account.get(kind::event, id))}
        };
    }
    return std::nullopt;
}

}  // namespace

http::Response control(Account& account, Keys& keys, const http::Request& request,
                       const std::string& path, const Object& wanted) {
    if (request.method == "GET" && path == "root.pem") {
        return {.content_type = "application/x-pem-file", .body = keys.root()};
    }
    if (request.method == "GET" && path == "events") {
        return answer(200, Object{
                               {"data", newest(account, kind::event)}
        });
    }
    if (request.method == "GET" && path == "deliveries") {
        return answer(200, Object{
                               {"data", newest(account, kind::delivery)}
        });
    }
    if (request.method == "POST") {
        try {
            if (const auto done = act(account, path, wanted)) {
                account.commit();
                return answer(200, *done);
            }
        } catch (const Refusal& refused) {
            account.rollback();
            const auto& why = refused.details.front();
            return refusal(refused.status,
                           why.issue + (why.description.empty() ? "" : ": ") + why.description);
        } catch (...) {
            account.rollback();
            throw;
        }
    }
    return refusal(404, "the sandbox has no such control: see sandbox/README.md");
}

}  // namespace paydesk::sandbox::paypal
