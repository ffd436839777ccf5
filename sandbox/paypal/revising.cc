// A subscription is revised: another plan, another quantity, when the buyer has agreed.

#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/plan_rules.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox::paypal {

Answer revise_subscription(Call& call) {
    Account& account = call.account;
    const Object before = account.get(kind::subscription, call.id());
    const auto id = text(before, "id");
    const Object& given = call.fields();
    const auto status = text(before, "status");
    const auto plan_id = optional_text(given, "plan_id", "/plan_id", 50);
    quantity_at(given, "/quantity");
    const auto shipping =
        optional_amount_at(given, "shipping_amount", "/shipping_amount", Sign::not_negative);
    if (status != "ACTIVE" && status != "SUSPENDED")
        refuse(
            "SUBSCRIPTION_STATUS_INVALID", {},
            "Invalid subscription status for revise action; subscription status should be active "
            "or suspended.");
    const Object plan =
        plan_id.empty() ? plan_of(account, before) : account.get(kind::plan, plan_id);
    if (text(plan, "product_id") != text(plan_of(account, before), "product_id")) {
        refuse("PLAN_PRODUCT_NOT_COMPATIBLE");
    }
    if (text(plan, "status") != "ACTIVE") {
        refuse("PLAN_STATUS_INVALID", {}, "The plan to which it is revised should be active.");
    }
    if (currency_of_plan(plan) != text(before, "_currency")) refuse("CURRENCY_MISMATCH");
    if (shipping && shipping->currency != text(before, "_currency")) refuse("CURRENCY_MISMATCH");
    if (present(given, "quantity") && !flag(plan, "quantity_supported")) {
        refuse("SUBSCRIPTION_CANNOT_HAVE_QUANTITY", "/quantity");
    }
    const Object& context = object_at(given, "application_context", "/application_context");
    Object revision{
        {"ba_token", account.new_id("BA-")},
        {"return_url", url_at(context, "return_url", "/application_context/return_url")},
        {"cancel_url", url_at(context, "cancel_url", "/application_context/cancel_url")},
        {"plan_id", plan_id.empty() ? text(before, "plan_id") : plan_id},
        {"quantity", present(given, "quantity") ? given.at("quantity") : before.at("quantity")}
    };
    Object answer{
        {"plan_id", revision.at("plan_id")},
        {"quantity", revision.at("quantity")},
        {"plan_overridden", present(given, "plan")}
    };
    if (shipping) answer["shipping_amount"] = revision["shipping_amount"] = money(*shipping);
    if (present(given, "plan")) {
        revision["override"] = overridden(account, plan, object_at(given, "plan", "/plan"));
        answer["plan"] = given.at("plan");
    }
    const auto self = account.url("/v1/billing/subscriptions/" + id);
    json::array links;
    links.push_back(
        link(consent_url(account, "/revise", text(revision, "ba_token")), "approve", "GET"));
    links.push_back(link(self, "edit", "PATCH"));
    links.push_back(link(self, "self", "GET"));
    if (status == "ACTIVE") links.push_back(link(self + "/suspend", "suspend", "POST"));
    links.push_back(link(self + "/cancel", "cancel", "POST"));
    answer["links"] = std::move(links);
    account.edit(id)["_revision"] = std::move(revision);
    return {200, std::move(answer)};
}

std::string canceled_revision_url(const Object& subscription) {
    const Object& revision = child(subscription, "_revision");
    return with_query(text(revision, "cancel_url"),
                      back_query(subscription, text(revision, "ba_token")));
}

std::string accept_revision(Account& account, const std::string& id) {
    Object& subscription = account.edit(id);
    const Object revision = child(subscription, "_revision");
    const bool other_plan = revision.at("plan_id") != subscription.at("plan_id");
    subscription["plan_id"] = revision.at("plan_id");
    subscription["quantity"] = revision.at("quantity");
    if (present(revision, "shipping_amount")) {
        subscription["shipping_amount"] = revision.at("shipping_amount");
    }
    if (present(revision, "override")) {
        subscription["_override"] = revision.at("override");
        subscription["plan_overridden"] = true;
    } else if (other_plan) {
        subscription.erase("_override");
        subscription["plan_overridden"] = false;
    }
    subscription.erase("_revision");
    subscription["update_time"] = time_text(account.now());
    if (other_plan) {
        // Who comes now pays the plan's price of now.
        subscription["_created"] = account.now();
        follow_plan(account, id);
    }
    const Object& revised = account.get(kind::subscription, id);
    account.emit("BILLING.SUBSCRIPTION.UPDATED", shown_subscription(account, revised));
    return with_query(text(revision, "return_url"),
                      back_query(revised, text(revision, "ba_token")));
}

}  // namespace paydesk::sandbox::paypal
