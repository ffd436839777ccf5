// Subscriptions: /v1/billing/subscriptions. What is done to them is in subscription_actions.cc.

#include "sandbox/paypal/subscriptions.h"

#include <algorithm>
#include <charconv>

#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/plan_rules.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/subscription_patch.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::int64_t clock_skew_seconds = 300;

// {id, status, links} or all of it.
json::value represented(const Call& call, const Object& all) {
    if (call.whole) return all;
    return Object{
        {"id",     all.at("id")    },
        {"status", all.at("status")},
        {"links",  all.at("links") }
    };
}

void check_custom_id(const std::string& custom) {
    const bool printable =
        std::ranges::all_of(custom, [](char c) { return c >= 0x20 && c <= 0x7E; });
    if (!printable) refuse("INVALID_PARAMETER_SYNTAX", "/custom_id");
}

Object subscriber_from(const Object& given) {
    const std::string at = "/subscriber";
    const Object& from = object_at(given, "subscriber", at);
    Object subscriber;
    const auto email = optional_text(from, "email_address", at + "/email_address", 254);
    if (!email.empty() && email.find('@') == std::string::npos) {
        refuse("INVALID_PARAMETER_SYNTAX", at + "/email_address");
    }
    if (!email.empty()) subscriber["email_address"] = email;
    if (present(from, "name")) subscriber["name"] = object_at(from, "name", at + "/name");
    if (present(from, "shipping_address")) {
        subscriber["shipping_address"] =
            object_at(from, "shipping_address", at + "/shipping_address");
    }
    if (present(from, "payment_source")) {
        refuse_unsupported(at + "/payment_source", "subscriptions paid by card");
    }
    return subscriber;
}

std::string start_from(const Account& account, const Object& given) {
    const auto start = optional_text(given, "start_time", "/start_time", 64);
    if (start.empty()) return time_text(account.now());
    const auto at = time_of(start);
    if (at == 0) refuse("INVALID_PARAMETER_SYNTAX", "/start_time");
    if (at + clock_skew_seconds < account.now()) {
        refuse("INVALID_PARAMETER_VALUE", "/start_time", "It must not be in the past.");
    }
    return time_text(at);
}

Answer create(Call& call) {
    Account& account = call.account;
    const Object& given = call.fields();
    const auto plan_id = required_text(given, "plan_id", "/plan_id", 50);
    const Object& context = object_at(given, "application_context", "/application_context");
    const auto custom = optional_text(given, "custom_id", "/custom_id", 127);
    check_custom_id(custom);
    quantity_at(given, "/quantity");
    Object subscription{
        {"id", account.new_id("I-", 12)},
        {"plan_id", plan_id},
        {"status", "APPROVAL_PENDING"},
        {"status_update_time", time_text(account.now())},
        {"start_time", start_from(account, given)},
        {"quantity", present(given, "quantity") ? given.at("quantity") : "1"},
        {"subscriber", subscriber_from(given)},
        {"create_time", time_text(account.now())},
        {"plan_overridden", present(given, "plan")},
        {"_created", account.now()},
        {"_ba_token", account.new_id("BA-")},
        {"_return_url", url_at(context, "return_url", "/application_context/return_url")},
        {"_cancel_url", url_at(context, "cancel_url", "/application_context/cancel_url")},
        {"_user_action", choice(context, "user_action", "/application_context/user_action",
         {"CONTINUE", "SUBSCRIBE_NOW"}, "SUBSCRIBE_NOW")},
        {"_brand_name",
         optional_text(context, "brand_name", "/application_context/brand_name", 127)}
    };
    if (!custom.empty()) subscription["custom_id"] = custom;
    const Object plan = account.get(kind::plan, plan_id);
    if (text(plan, "status") != "ACTIVE") {
        refuse("PLAN_STATUS_INVALID", {},
               "Invalid plan status for subscription creation; plan status should be active.");
    }
    if (present(given, "quantity") && !flag(plan, "quantity_supported")) {
        refuse("SUBSCRIPTION_CANNOT_HAVE_QUANTITY", "/quantity");
    }
    if (present(given, "plan")) {
        subscription["_override"] = overridden(account, plan, object_at(given, "plan", "/plan"));
    }
    subscription["_currency"] = currency_of_plan(plan);
    const auto shipping =
        optional_amount_at(given, "shipping_amount", "/shipping_amount", Sign::not_negative);
    if (shipping && shipping->currency != currency_of_plan(plan)) refuse("CURRENCY_MISMATCH");
    if (shipping) subscription["shipping_amount"] = money(*shipping);
    const auto all =
        shown_subscription(account, account.add(kind::subscription, std::move(subscription)));
    account.emit("BILLING.SUBSCRIPTION.CREATED", all);
    return {201, represented(call, all)};
}

// ?fields=plan,last_failed_payment
Answer get(Call& call) {
    const auto fields = "," + call.asked("fields") + ",";
    const Shown more{
        .plan = fields.find(",plan,") != std::string::npos,
        .last_failed_payment = fields.find(",last_failed_payment,") != std::string::npos};
    return {200, shown_subscription(call.account, call.account.get(kind::subscription, call.id()),
                                    more)};
}

// ?plan_ids=a,b&statuses=ACTIVE,SUSPENDED
Answer list(Call& call) {
    const auto plans = "," + call.asked("plan_ids") + ",";
    const auto statuses = "," + call.asked("statuses") + ",";
    const auto fits = [](const std::string& wanted, const std::string& value) {
        return wanted == ",," || wanted.find("," + value + ",") != std::string::npos;
    };
    std::vector<Object> all;
    const auto& ids = call.account.store().ids(kind::subscription);
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Object& one = *call.account.find(kind::subscription, *id);
        if (!fits(plans, text(one, "plan_id")) || !fits(statuses, text(one, "status"))) continue;
        all.push_back(shown_subscription(call.account, one));
    }
    return {200, page_of(call, "subscriptions", all, "/v1/billing/subscriptions", 20)};
}

json::array links_of(const Account& account, const Object& subscription) {
    const auto self = account.url("/v1/billing/subscriptions/" + text(subscription, "id"));
    const auto status = text(subscription, "status");
    json::array links;
    if (status == "APPROVAL_PENDING") {
        links.push_back(
            link(consent_url(account, "", text(subscription, "_ba_token")), "approve", "GET"));
    }
    if (status == "SUSPENDED" || status == "APPROVED") {
        links.push_back(link(self + "/activate", "activate", "POST"));
    }
    if (status == "ACTIVE") links.push_back(link(self + "/suspend", "suspend", "POST"));
    if (status == "ACTIVE" || status == "SUSPENDED") {
        links.push_back(link(self + "/cancel", "cancel", "POST"));
        links.push_back(link(self + "/capture", "capture", "POST"));
    }
    if (status != "CANCELLED" && status != "EXPIRED") links.push_back(link(self, "edit", "PATCH"));
    links.push_back(link(self, "self", "GET"));
    return links;
}

}  // namespace

std::int64_t quantity_at(const Object& object, const std::string& at) {
    constexpr std::int64_t quantity_max = 1'000'000'000;
    if (!present(object, "quantity")) return 1;
    const auto given = required_text(object, "quantity", at, 32);
    std::int64_t quantity = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), quantity);
    if (error != std::errc() || end != given.data() + given.size() || quantity < 1 ||
        quantity > quantity_max) {
        refuse("INVALID_PARAMETER_SYNTAX", at);
    }
    return quantity;
}

const Object& plan_of(const Account& account, const Object& subscription) {
    if (present(subscription, "_override")) return child(subscription, "_override");
    return account.get(kind::plan, text(subscription, "plan_id"));
}

Object shown_subscription(const Account& account, const Object& subscription, Shown more) {
    Object out = shown(subscription);
    if (present(subscription, "_cycles")) {
        out["billing_info"] = billing_info(account, subscription, more.last_failed_payment);
    }
    if (more.plan) {
        out["plan"] = shown(plan_of(account, subscription));
        for (const char* key : {"id", "create_time", "update_time"}) {
            out["plan"].as_object().erase(key);
        }
    }
    out["links"] = links_of(account, subscription);
    return out;
}

const Object* subscription_of_token(const Account& account, std::string_view ba_token) {
    if (ba_token.empty()) return nullptr;
    for (const auto& id : account.store().ids(kind::subscription)) {
        const Object* one = account.find(kind::subscription, id);
        if (text(*one, "_ba_token") == ba_token ||
            text(child(*one, "_revision"), "ba_token") == ba_token) {
            return one;
        }
    }
    return nullptr;
}

std::string consent_url(const Account& account, std::string_view page,
                        const std::string& ba_token) {
    return account.url("/webapps/billing/subscriptions" + std::string(page) +
                       "?ba_token=" + ba_token);
}

std::string back_query(const Object& subscription, const std::string& ba_token) {
    // `token` is the old API's name of the same.
    return "subscription_id=" + text(subscription, "id") + "&ba_token=" + ba_token +
           "&token=" + ba_token;
}

void set_status(Account& account, const std::string& id, std::string_view status,
                std::string_view note, std::string_view event) {
    Object& subscription = account.edit(id);
    subscription["status"] = status;
    subscription["status_update_time"] = time_text(account.now());
    subscription["update_time"] = time_text(account.now());
    subscription.erase("status_change_note");
    if (!note.empty()) subscription["status_change_note"] = note;
    if (!event.empty()) account.emit(event, shown_subscription(account, subscription));
}

void add_subscription_routes(Routes& routes) {
    routes.on("POST /v1/billing/subscriptions", create, remembers_catalog);
    routes.on("GET /v1/billing/subscriptions", list);
    routes.on("GET /v1/billing/subscriptions/{id}", get);
    routes.on("PATCH /v1/billing/subscriptions/{id}", patch_subscription);
}

}  // namespace paydesk::sandbox::paypal
