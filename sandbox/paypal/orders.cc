// Orders: /v2/checkout/orders.

#include "sandbox/paypal/orders.h"

#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/json_patch.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/purchase_units.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

// {id, status, links} or all of it.
json::value represented(const Call& call, const Object& order) {
    auto all = shown_order(call.account, order);
    if (call.whole) return all;
    Object few{
        {"id",     all.at("id")    },
        {"status", all.at("status")}
    };
    if (present(all, "payment_source")) few["payment_source"] = all.at("payment_source");
    few["links"] = all.at("links");
    return few;
}

const Object& target(const Call& call) {
    const Object& order = call.account.get(kind::order, call.id());
    if (is_lapsed(call.account, order)) refuse_missing();
    return order;
}

// Where the buyer comes from and goes back to: of the payment source, or of the older context.
void read_context(const Object& context, const std::string& at, Object& order) {
    order["_return_url"] = url_at(context, "return_url", at + "/return_url");
    order["_cancel_url"] = url_at(context, "cancel_url", at + "/cancel_url");
    order["_brand_name"] = optional_text(context, "brand_name", at + "/brand_name", 127);
    order["_user_action"] =
        choice(context, "user_action", at + "/user_action", {"PAY_NOW", "CONTINUE"}, "CONTINUE");
    choice(context, "shipping_preference", at + "/shipping_preference",
           {"GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"}, "GET_FROM_FILE");
}

void read_source(const Call& call, const Object& source, Object& order) {
    if (call.request.headers.get("PayPal-Request-Id").empty()) {
        refuse("PAYPAL_REQUEST_ID_REQUIRED");
    }
    for (const auto& [name, value] : source) {
        if (name != "paypal") {
            refuse_unsupported("/payment_source/" + std::string(name),
                               "payment sources but paypal");
        }
    }
    const std::string at = "/payment_source/paypal";
    const Object& wallet = object_at(source, "paypal", at);
    if (source.empty()) refuse_missing_field(at);
    read_context(object_at(wallet, "experience_context", at + "/experience_context"),
                 at + "/experience_context", order);
    order["status"] = "PAYER_ACTION_REQUIRED";
    order["payment_source"] = Object{
        {"paypal", Object()}
    };
}

Answer create(Call& call) {
    const Object& given = call.fields();
    Account& account = call.account;
    if (!given.contains("intent")) refuse_missing_field("/intent");
    const auto intent = choice(given, "intent", "/intent", {"CAPTURE", "AUTHORIZE"}, "");
    if (intent != "CAPTURE") refuse_unsupported("/intent", "orders that only authorise");
    Object order{
        {"id",             account.new_id("")      },
        {"intent",         "CAPTURE"               },
        {"status",         "CREATED"               },
        {"purchase_units", purchase_units_of(given)},
        {"create_time",    time_text(account.now())},
        {"_created",       account.now()           },
        {"_captures",      json::array()           },
        {"_attempts",      0                       }
    };
    if (present(given, "payment_source")) {
        read_source(call, object_at(given, "payment_source", "/payment_source"), order);
    } else {
        read_context(object_at(given, "application_context", "/application_context"),
                     "/application_context", order);
    }
    return {201, represented(call, account.add(kind::order, std::move(order)))};
}

Answer get(Call& call) { return {200, shown_order(call.account, target(call))}; }

constexpr Patchable patchables[] = {
    {"/custom_id",       "add replace remove"},
    {"/description",     "add replace remove"},
    {"/invoice_id",      "add replace remove"},
    {"/soft_descriptor", "replace remove"    },
    {"/items",           "add replace remove"},
    {"/amount",          "replace"           },
    {"/shipping",        "add replace"       },
};

// "/purchase_units/@reference_id=='default'/amount" -> the unit's place; the path's rest is left.
std::size_t unit_of(const Object& order, Patch& patch) {
    constexpr std::string_view before = "/purchase_units/@reference_id=='";
    if (!patch.path.starts_with(before)) refuse("NOT_PATCHABLE", patch.path);
    const auto end = patch.path.find('\'', before.size());
    if (end == std::string::npos) refuse("INVALID_PARAMETER_SYNTAX", patch.path);
    const auto reference = patch.path.substr(before.size(), end - before.size());
    const auto& units = children(order, "purchase_units");
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (text(units[i].get_object(), "reference_id") != reference) continue;
        patch.path = patch.path.substr(end + 1);
        return i;
    }
    refuse("REFERENCE_ID_NOT_FOUND", patch.path);
}

Answer update(Call& call) {
    Account& account = call.account;
    const auto id = text(target(call), "id");
    Object& order = account.edit(id);
    if (text(order, "status") == "COMPLETED") refuse("ORDER_ALREADY_COMPLETED");
    if (text(order, "status") == "VOIDED") refuse_missing();
    const auto before = total_of(order);
    for (Patch& patch : patches_of(call.body)) {
        if (patch.path == "/intent") {
            if (patch.value != "CAPTURE") refuse_unsupported("/intent", "orders that authorise");
            continue;
        }
        const auto place = unit_of(order, patch);
        check_patch(patch, patchables);
        Object unit = children(order, "purchase_units").at(place).get_object();
        apply_patch(unit, patch);
        order["purchase_units"].as_array()[place] =
            purchase_unit_of(unit, "/purchase_units/" + std::to_string(place));
    }
    if (text(order, "status") == "APPROVED" && total_of(order) != before) {
        refuse("AMOUNT_CHANGE_NOT_ALLOWED");
    }
    order["update_time"] = time_text(account.now());
    return {204, nullptr};
}

Answer authorize(Call& call) {
    target(call);
    refuse("ACTION_DOES_NOT_MATCH_INTENT", {}, "The sandbox's orders are all to be captured.");
}

}  // namespace

std::string approval_url(const Account& account, const std::string& order) {
    return account.url("/checkoutnow?token=" + order);
}

bool is_lapsed(const Account& account, const Object& order) {
    const auto status = text(order, "status");
    return (status == "CREATED" || status == "PAYER_ACTION_REQUIRED") &&
           number(order, "_created") + order_approvable_seconds <= account.now();
}

Amount total_of(const Object& order) {
    const auto& units = children(order, "purchase_units");
    Amount sum = stored_amount(units.at(0).get_object(), "amount");
    for (std::size_t i = 1; i < units.size(); ++i) {
        sum = plus(sum, stored_amount(units[i].get_object(), "amount"));
    }
    return sum;
}

Object shown_order(const Account& account, const Object& order) {
    Object out = shown(order);
    const auto& captures = children(order, "_captures");
    for (std::size_t i = 0; i < captures.size(); ++i) {
        const Object& capture = *account.find(kind::capture, captures[i].as_string());
        json::array refunds;
        for (const json::value& id : children(capture, "_refunds")) {
            refunds.push_back(shown(*account.find(kind::refund, id.as_string())));
        }
        Object payments{
            {"captures", json::array{capture_in_order(account, capture)}}
        };
        if (!refunds.empty()) payments["refunds"] = std::move(refunds);
        out["purchase_units"].as_array().at(i).as_object()["payments"] = std::move(payments);
    }
    const auto id = text(order, "id");
    const auto status = text(order, "status");
    const auto self = account.url("/v2/checkout/orders/" + id);
    json::array links;
    links.push_back(link(self, "self", "GET"));
    if (status == "PAYER_ACTION_REQUIRED") {
        links.push_back(link(approval_url(account, id), "payer-action", "GET"));
    } else if (status == "CREATED") {
        links.push_back(link(approval_url(account, id), "approve", "GET"));
    }
    if (status == "CREATED" || status == "APPROVED") {
        links.push_back(link(self, "update", "PATCH"));
        links.push_back(link(self + "/capture", "capture", "POST"));
    }
    out["links"] = std::move(links);
    return out;
}

bool can_be_approved(const Account& account, const Object& order) {
    const auto status = text(order, "status");
    const bool again = status == "APPROVED" && number(order, "_attempts") > 0;
    return again || ((status == "CREATED" || status == "PAYER_ACTION_REQUIRED") &&
                     !is_lapsed(account, order));
}

std::string approve_order(Account& account, const std::string& id, const std::string& email,
                          const std::string& funding) {
    Object& order = account.edit(id);
    const bool first = text(order, "status") != "APPROVED";
    order["status"] = "APPROVED";
    order["_funding"] = funding;
    order["_approved"] = account.now();
    order["update_time"] = time_text(account.now());
    order["payer"] = payer_of(email);
    order["payment_source"] = Object{
        {"paypal", wallet_of(email)}
    };
    if (first) account.emit("CHECKOUT.ORDER.APPROVED", shown_order(account, order));
    return with_query(text(order, "_return_url"), "token=" + id + "&PayerID=" + payer_id_of(email));
}

std::string canceled_order_url(const Object& order) {
    return with_query(text(order, "_cancel_url"), "token=" + text(order, "id"));
}

void reverse_approval(Account& account, const std::string& id) {
    Object& order = account.edit(id);
    order["status"] = "VOIDED";
    order["update_time"] = time_text(account.now());
    account.emit("CHECKOUT.PAYMENT-APPROVAL.REVERSED",
                 Object{
                     {"order_id",       id                        },
                     {"purchase_units", order.at("purchase_units")},
                     {"payment_source", order.at("payment_source")}
    });
}

void add_order_routes(Routes& routes) {
    routes.on("POST /v2/checkout/orders", create, remembers_orders);
    routes.on("GET /v2/checkout/orders/{id}", get);
    routes.on("PATCH /v2/checkout/orders/{id}", update);
    routes.on("POST /v2/checkout/orders/{id}/capture", capture_order, remembers_orders);
    routes.on("POST /v2/checkout/orders/{id}/authorize", authorize);
}

}  // namespace paydesk::sandbox::paypal
