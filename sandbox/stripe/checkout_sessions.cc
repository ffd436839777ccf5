// Checkout sessions: /v1/checkout/sessions. What happens on their pages is checkout.cc.

#include "base/money.h"
#include "sandbox/stripe/balance.h"
#include "sandbox/stripe/checkout.h"
#include "sandbox/stripe/checkout_lines.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/method_types.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/session_discounts.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t lifetime_min = 30 * 60;
constexpr std::int64_t lifetime_max = 24 * 3600;

constexpr std::string_view listing =
    "mode!:(payment|setup|subscription) success_url cancel_url return_url "
    "ui_mode<dahlia:(hosted|embedded|custom) "
    "ui_mode>=dahlia:(hosted_page|embedded_page|elements|form) "
    "client_reference_id metadata:m customer:id customer_email:id customer_account:no "
    "customer_creation:(always|if_required) customer_update{address name shipping} currency "
    "line_items[]{price:id quantity:i metadata:m tax_rates[]:id "
    "adjustable_quantity{enabled!:b maximum:i minimum:i} "
    "price_data{currency! product:id product_data{name! description images[]:id metadata:m "
    "tax_code tax_details{performance_location tax_code} unit_label} "
    "recurring{interval!:(day|week|month|year) "
    "interval_count:i} tax_behavior:(exclusive|inclusive|unspecified) unit_amount:i "
    "unit_amount_decimal:d}} "
    "expires_at:t locale submit_type allow_promotion_codes:b "
    "billing_address_collection:(auto|required) payment_method_collection:(always|if_required) "
    "payment_method_options:any "
    "payment_method_configuration:any "
    "saved_payment_method_options:any phone_number_collection{enabled!:b} "
    "tax_id_collection{enabled!:b required:(if_supported|never)} custom_text:any "
    "after_expiration:no adaptive_pricing{enabled:b} "
    "automatic_tax{enabled!:b liability{type!:(account|self) account:no}} "
    "branding_settings:any wallet_options:any origin_context "
    "integration_identifier redirect_on_completion optional_items:no "
    "discounts[]{coupon:id promotion_code:id} shipping_address_collection:no shipping_options:no "
    "invoice_creation{enabled!:b invoice_data{account_tax_ids:no custom_fields:no description "
    "footer issuer:no metadata:m}} "
    "subscription_data{metadata:m description trial_period_days:i trial_end:t "
    "trial_settings{end_behavior!{missing_payment_method!:(cancel|create_invoice|pause)}} "
    "billing_mode{type!:(classic|flexible) flexible{proration_discounts:(included|itemized)}} "
    "billing_cycle_anchor:no "
    "billing_cycle_anchor_config:no proration_behavior application_fee_percent:no "
    "default_tax_rates[]:id on_behalf_of:no pending_invoice_item_interval:no "
    "transfer_data:no coupon<basil:id} "
    "payment_intent_data{metadata:m description setup_future_usage:(off_session|on_session) "
    "receipt_email statement_descriptor statement_descriptor_suffix "
    "capture_method:(automatic|automatic_async|manual) application_fee_amount:no on_behalf_of:no "
    "shipping{address!{city country line1 line2 postal_code state} carrier name! phone "
    "tracking_number} transfer_data:no transfer_group} "
    "setup_intent_data{metadata:m description on_behalf_of:no}";

void check_url(const Object& params, std::string_view key) {
    const auto url = text(params, key);
    if (url.empty()) return;
    const bool web = url.starts_with("http://") || url.starts_with("https://");
    if (!web || url.find(' ') != std::string::npos || url.size() > 5000) {
        refuse("url_invalid", "Not a valid URL", key);
    }
}

void check_exclusive(const Object& params, std::string_view one, std::string_view other) {
    if (!present(params, one) || !present(params, other)) return;
    refuse("parameters_exclusive", "You may only specify one of these parameters: " +
                                       std::string(one) + ", " + std::string(other) + ".");
}

// A customer without a place would never be asked for one, unless the page may keep it.
void check_tax(const Call& call) {
    const Object& params = call.params;
    if (!flag(child(params, "automatic_tax"), "enabled")) return;
    for (const json::value& line : children(params, "line_items")) {
        if (children(line.get_object(), "tax_rates").empty()) continue;
        refuse("", "You can't use tax_rates with automatic_tax.", "line_items");
    }
    const auto* customer = call.account.find("customer", text(params, "customer"));
    const Object& updates = child(params, "customer_update");
    if (!customer || text(updates, "address") == "auto" || text(updates, "shipping") == "auto") {
        return;
    }
    if (tax_rules(*customer, {}, true).place.empty()) {
        refuse("customer_tax_location_invalid",
               "Automatic tax calculation in Checkout requires a valid address on the Customer. "
               "Add a valid address to the Customer or set either `customer_update[address]` to "
               "'auto' or `customer_update[shipping]` to 'auto' to save the address entered in "
               "Checkout to the Customer.",
               "automatic_tax[enabled]");
    }
}

void check(const Call& call, const std::string& mode) {
    const Object& params = call.params;
    const auto ui_mode = text(params, "ui_mode");
    if (!ui_mode.empty() && ui_mode != "hosted" && ui_mode != "hosted_page") {
        refuse_unsupported("ui_mode " + ui_mode, "ui_mode");
    }
    if (!present(params, "success_url")) refuse_missing_param("success_url");
    for (const auto* key : {"success_url", "cancel_url", "return_url"}) check_url(params, key);
    check_exclusive(params, "customer", "customer_email");
    check_exclusive(params, "allow_promotion_codes", "discounts");
    if (children(params, "discounts").size() > 1) {
        refuse("", "A Checkout Session takes at most one discount.", "discounts");
    }
    if (present(params, "customer_creation")) {
        check_exclusive(params, "customer", "customer_creation");
        if (mode != "payment") {
            refuse("", "`customer_creation` can only be used in `payment` mode.",
                   "customer_creation");
        }
    }
    if (present(params, "customer_update") && !present(params, "customer")) {
        refuse("", "`customer_update` can only be used with `customer`.", "customer_update");
    }
    for (const auto& [key, required_mode] : {
             std::pair{"subscription_data",   "subscription"},
             {"payment_intent_data", "payment"     },
             {"setup_intent_data",   "setup"       },
             {"invoice_creation",    "payment"     }
    }) {
        if (present(params, key) && mode != required_mode) {
            refuse("", "You can not pass `" + std::string(key) + "` in `" + mode + "` mode.", key);
        }
    }
    if (text(child(params, "payment_intent_data"), "capture_method") == "manual" &&
        flag(child(params, "invoice_creation"), "enabled")) {
        refuse("", "`invoice_creation` can't be used with a manual `capture_method`.",
               "payment_intent_data[capture_method]");
    }
    if (present(params, "payment_method_collection") && mode != "subscription") {
        refuse("", "`payment_method_collection` can only be used in `subscription` mode.",
               "payment_method_collection");
    }
    check_tax(call);
    const Object& data = child(params, "subscription_data");
    check_exclusive(data, "trial_period_days", "trial_end");
    if (present(data, "trial_period_days") && number(data, "trial_period_days") < 1) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               "subscription_data[trial_period_days]");
    }
    if (present(data, "trial_end") && number(data, "trial_end") < call.account.now() + 48 * 3600) {
        refuse("", "The `trial_end` date has to be at least 2 days in the future.",
               "subscription_data[trial_end]");
    }
}

std::int64_t expiry(const Call& call) {
    const auto now = call.account.now();
    if (!present(call.params, "expires_at")) return now + lifetime_max;
    const auto at = number(call.params, "expires_at");
    // A caller computes 30 minutes from its own clock, so a few seconds of slack.
    if (at < now + lifetime_min - 5) {
        refuse("",
               "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
               "creation.",
               "expires_at");
    }
    if (at > now + lifetime_max + 5) {
        refuse("",
               "The `expires_at` timestamp must be less than 24 hours from Checkout Session "
               "creation.",
               "expires_at");
    }
    return at;
}

// What only payment mode has.
void fill_payment(const Object& params, Object& session) {
    session["customer_creation"] =
        present(params, "customer_creation")
            ? params.at("customer_creation")
            : (present(params, "customer") ? json::value(nullptr) : json::value("if_required"));
    const Object& creation = child(params, "invoice_creation");
    Object data{
        {"account_tax_ids",   nullptr },
        {"custom_fields",     nullptr },
        {"description",       nullptr },
        {"footer",            nullptr },
        {"issuer",            nullptr },
        {"metadata",          Object()},
        {"rendering_options", nullptr }
    };
    copy_params(child(creation, "invoice_data"), data, {"description", "footer", "metadata"});
    session["invoice_creation"] = Object{
        {"enabled", flag(creation, "enabled")},
        {"invoice_data", std::move(data)}
    };
}

void fill(Call& call, Object& session, const std::string& mode) {
    const Object& params = call.params;
    copy_params(
        params, session,
        {"allow_promotion_codes", "billing_address_collection", "cancel_url", "client_reference_id",
         "customer", "customer_email", "integration_identifier", "locale", "origin_context",
         "submit_type", "success_url", "phone_number_collection"});
    merge_metadata(params, session);
    session["mode"] = mode;
    if (flag(child(params, "automatic_tax"), "enabled")) {
        session["automatic_tax"] = Object{
            {"enabled",   true                      },
            {"liability", Object{{"type", "self"}}  },
            {"provider",  "stripe"                  },
            {"status",    "requires_location_inputs"}
        };
    }
    if (present(params, "tax_id_collection")) {
        const Object& collection = child(params, "tax_id_collection");
        session["tax_id_collection"] = Object{
            {"enabled",  flag(collection,    "enabled")                                       },
            {"required", present(collection, "required") ? collection.at("required") : "never"}
        };
    }
    if (present(params, "adaptive_pricing")) {
        session["adaptive_pricing"] = Object{
            {"enabled", flag(child(params, "adaptive_pricing"), "enabled")}
        };
    }
    if (mode == "subscription") {
        session["payment_method_collection"] = present(params, "payment_method_collection")
                                                   ? params.at("payment_method_collection")
                                                   : json::value("always");
        session["saved_payment_method_options"] = Object{
            {"allow_redisplay_filters", json::array{"always"}},
            {"payment_method_remove",   "disabled"           },
            {"payment_method_save",     nullptr              }
        };
    }
    if (mode == "payment") fill_payment(params, session);
    if (present(session, "customer_email")) {
        session["customer_details"] = Object{
            {"address",         nullptr                     },
            {"business_name",   nullptr                     },
            {"email",           session.at("customer_email")},
            {"individual_name", nullptr                     },
            {"name",            nullptr                     },
            {"phone",           nullptr                     },
            {"tax_exempt",      "none"                      },
            {"tax_ids",         nullptr                     }
        };
    }
    for (const std::string key :
         {"subscription_data", "payment_intent_data", "setup_intent_data"}) {
        if (present(params, key)) session["_" + key] = params.at(key);
    }
    if (mode == "subscription") {
        if (!present(session, "_subscription_data")) session["_subscription_data"] = Object();
        Object& data = session["_subscription_data"].as_object();
        if (present(data, "default_tax_rates")) {
            data["default_tax_rates"] =
                tax_rates_named(call.account, children(data, "default_tax_rates"),
                                "subscription_data[default_tax_rates]");
        }
        data["billing_mode"] = billing_mode_for(child(data, "billing_mode"), call.version.shape);
    }
}

void add_discounts_of(const Call& call, Object& session) {
    total_session(call.account, session);
    const Object& data = child(call.params, "subscription_data");
    const Object& asking = present(data, "coupon") ? data : call.params;
    Object wanted;
    copy_params(asking, wanted, {"coupon", "discounts"});
    set_session_discounts(session, wanted_discounts(call.account, wanted,
                                                    {.customer = text(session, "customer"),
                                                     .amount = number(session, "amount_subtotal"),
                                                     .currency = text(session, "currency")}));
    total_session(call.account, session);
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto mode = text(call.params, "mode");
    check(call, mode);
    if (present(call.params, "customer")) {
        account.get("customer", text(call.params, "customer"), "customer");
    }
    Object session = blank("checkout.session");
    session["id"] = account.new_id("cs_test_a1", 56);
    session["created"] = account.now();
    session["expires_at"] = expiry(call);
    fill(call, session, mode);
    json::array lines = checkout_lines(call, mode);
    if (lines.empty()) {
        session["currency"] = text_or_null(text(call.params, "currency"));
        session["total_details"] = nullptr;
    } else {
        // A trial asks for nothing today.
        const Object& data = child(session, "_subscription_data");
        if (present(data, "trial_period_days") || present(data, "trial_end")) {
            for (json::value& line : lines) {
                Object& object = line.get_object();
                if (present(child(object, "price"), "recurring")) object["amount_subtotal"] = 0;
            }
        }
        session["currency"] = lines.front().at("currency");
        session["_line_items"] = std::move(lines);
        add_discounts_of(call, session);
        const auto total = number(session, "amount_total");
        const auto currency = text(session, "currency");
        if (total > 0 && total < minimum_charge(currency)) {
            refuse("amount_too_small",
                   "The Checkout Session's total amount due must add up to at least " +
                       Money(minimum_charge(currency), *Currency::parse(currency)).format() + " " +
                       currency);
        }
    }
    if (!present(session, "_line_items")) session["_line_items"] = json::array();
    set_method_types(account, call.params, text(session, "currency"), session);
    session.erase("excluded_payment_method_types");  // a session does not show it
    session["url"] = account.base_url() + "/c/pay/" + text(session, "id");
    return account.add(std::move(session));
}

json::value update(Call& call) {
    return call.account.change(text(call.target("checkout.session"), "id"), "",
                               [&](Object& session) { merge_metadata(call.params, session); });
}

json::value expire(Call& call) {
    const auto id = text(call.target("checkout.session", "session"), "id");
    const auto status = text(call.account.get("checkout.session", id), "status");
    if (status != "open") {
        refuse("",
               "Only Checkout Sessions with a status in [\"open\"] can be expired. This "
               "Checkout Session has a status of `" +
                   status + "`.");
    }
    expire_session(call.account, id);
    return call.account.get("checkout.session", id);
}

bool listed(const Call& call, const Object& session) {
    const Object& details = child(call.params, "customer_details");
    if (!details.empty() &&
        value_of(details, "email") != value_of(child(session, "customer_details"), "email")) {
        return false;
    }
    return matches(call, session, "customer") && matches(call, session, "status") &&
           matches(call, session, "payment_intent") && matches(call, session, "subscription");
}

// What `stripe trigger checkout.session.completed` does in a customer's place.
json::value page_view(Call& call) { return call.target("checkout.session", "payment_page"); }

json::value page_confirm(Call& call) {
    const auto id = text(call.target("checkout.session", "payment_page"), "id");
    const auto method = text(
        resolve_method(call.account, text(call.params, "payment_method"), "payment_method"), "id");
    CardDetails details;
    details.email = "stripe@example.com";
    const auto submitted = submit_checkout_with(call.account, id, method, details);
    if (submitted.outcome == Outcome::declined) {
        const Object& session = call.account.get("checkout.session", id);
        throw refusal_of(*call.account.store().find(text(session, "_intent")));
    }
    return call.account.get("checkout.session", id);
}

}  // namespace

void add_checkout_session_routes(Routes& routes) {
    routes.on("POST /v1/checkout/sessions",
              std::string(listing) + " " + std::string(method_type_listing), create);
    routes.list("/v1/checkout/sessions",
                "customer:id payment_intent:id subscription:id status:(open|complete|expired) "
                "payment_link:no customer_details{email!} created:any",
                [](Call& call) {
                    return list_page(call, "checkout.session", "/v1/checkout/sessions",
                                     [&](const Object& session) { return listed(call, session); });
                });
    routes.on("GET /v1/checkout/sessions/{id}", "",
              [](Call& call) -> json::value { return call.target("checkout.session", "session"); });
    routes.on("POST /v1/checkout/sessions/{id}", "metadata:m", update);
    routes.on("POST /v1/checkout/sessions/{id}/expire", "", expire);
    routes.list("/v1/checkout/sessions/{id}/line_items", "", [](Call& call) {
        const Object& session = call.target("checkout.session", "session");
        return page_of(call, children(session, "_line_items"),
                       "/v1/checkout/sessions/" + text(session, "id") + "/line_items");
    });
    routes.on("GET /v1/payment_pages/{id}", "", page_view);
    routes.on("POST /v1/payment_pages/{id}/confirm", "payment_method!:id expected_amount:i",
              page_confirm);
}

}  // namespace paydesk::sandbox::stripe
