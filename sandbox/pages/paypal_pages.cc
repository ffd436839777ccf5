// /paypal/checkoutnow?token=, /paypal/webapps/billing/subscriptions?ba_token=, .../revise?ba_token=

#include "sandbox/pages/paypal_pages.h"

#include <fmt/format.h>

#include "sandbox/pages/html.h"
#include "sandbox/pages/paypal_console.h"
#include "sandbox/paypal/orders.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/subscriptions.h"

namespace paydesk::sandbox {
namespace {

using paypal::Amount;
using paypal::stored_amount;

constexpr std::string_view order_path = "/paypal/checkoutnow";
constexpr std::string_view subscription_path = "/paypal/webapps/billing/subscriptions";
constexpr std::string_view revision_path = "/paypal/webapps/billing/subscriptions/revise";
constexpr std::string_view usual_buyer = "buyer@example.com";

std::string amount_text(const Amount& amount) {
    return paypal::value_text(amount) + " " + amount.currency;
}

struct Choice {
    std::string_view funding, says;
};
constexpr Choice for_orders[] = {
    {paypal::funding::balance,        "PayPal balance: pays"                                   },
    {paypal::funding::declined,       "A card that declines: the capture is refused, try again"},
    {paypal::funding::refused,        "A bank that refuses: the capture comes out declined"    },
    {paypal::funding::echeck,         "eCheck: pending, arrives five days later"               },
    {paypal::funding::bounced_echeck, "eCheck that bounces: pending, denied five days later"   },
};
constexpr Choice for_subscriptions[] = {
    {paypal::funding::balance,        "PayPal balance: pays"                                },
    {paypal::funding::renewals_fail,  "A card that pays once: renewals fail"                },
    {paypal::funding::declined,       "A card that declines"                                },
    {paypal::funding::echeck,         "eCheck: pending, arrives five days later"            },
    {paypal::funding::bounced_echeck, "eCheck that bounces: pending, denied five days later"},
};

std::string funding_choice(std::span<const Choice> choices) {
    std::string html = "<fieldset><legend>Pay with</legend>";
    for (const Choice& choice : choices) {
        html += fmt::format(
            "<label><input type=\"radio\" name=\"funding\" value=\"{0}\" "
            "data-testid=\"funding-{0}\""
            "{1}> {2}</label>",
            choice.funding, choice.funding == paypal::funding::balance ? " checked" : "",
            escape(choice.says));
    }
    return html + "</fieldset>";
}

std::string email_field(const std::string& email) {
    return fmt::format(
        "<label for=\"email\">PayPal account</label><input id=\"email\" name=\"email\" "
        "type=\"email\" data-testid=\"email\" maxlength=\"254\" autocomplete=\"email\" required "
        "value=\"{}\">",
        escape(email.empty() ? usual_buyer : email));
}

// Approve and cancel around `fields`. `token` is a parameter of the address.
std::string consent_form(const std::string& address, const std::string& fields,
                         std::string_view button) {
    return fmt::format(
        "<form method=\"post\" action=\"{}\" data-once>{}<div class=\"actions\"><button "
        "type=\"submit\" name=\"answer\" value=\"approve\" class=\"primary\" "
        "data-testid=\"approve-button\">{}</button><button type=\"submit\" name=\"answer\" "
        "value=\"cancel\" formnovalidate data-testid=\"cancel-button\">Cancel and go back"
        "</button></div></form>",
        escape(address), fields, escape(button));
}

std::string title_of(const Object& object, std::string_view verb) {
    const auto brand = text(object, "_brand_name");
    return std::string(verb) + " " + (brand.empty() ? "Paydesk sandbox" : brand);
}

// Back to the shop, or a word where it gave no address.
http::Response go_back(const std::string& url, std::string_view said) {
    const auto target = safe_url(url);
    return target.empty() ? notice_page("PayPal", said) : redirect_to(target);
}

http::Response gone(std::string_view why) {
    return notice_page("Nothing to approve", why, {}, {}, 404);
}

http::Response approve_order_page(paypal::Account& account, const http::Request& request) {
    const auto id = query_value(request, "token");
    const auto* order = account.find(paypal::kind::order, id);
    if (!order || !paypal::can_be_approved(account, *order)) {
        return gone("This order is unknown, paid already, or too old.");
    }
    const auto address = std::string(order_path) + "?token=" + id;
    std::string said;
    if (request.method == "POST") {
        const auto form = form_of(request);
        if (field(form, "answer") == "cancel") {
            return go_back(paypal::canceled_order_url(*order), "You did not pay.");
        }
        const auto email = field(form, "email");
        if (email.find('@') != std::string::npos && paypal::is_funding(field(form, "funding"))) {
            const auto back = paypal::approve_order(account, id, email, field(form, "funding"));
            account.commit();
            return go_back(back, "You approved the payment.");
        }
        said = "Your e-mail address is incomplete.";
    }
    std::string lines;
    for (const json::value& value : children(*order, "purchase_units")) {
        const Object& unit = value.get_object();
        const auto what = text(unit, "description");
        lines += fmt::format("<li><span>{}</span><span>{}</span></li>",
                             escape(what.empty() ? text(unit, "reference_id") : what),
                             escape(amount_text(stored_amount(unit, "amount"))));
    }
    const bool again = text(*order, "status") == "APPROVED";
    return html_page(
        "PayPal",
        fmt::format(
            "<section class=\"card\"><h1>{}</h1><p class=\"total\" "
            "data-testid=\"order-total\">{}</p><ul class=\"lines\">{}</ul>{}{}</section>",
            escape(title_of(*order, "Pay")), escape(amount_text(paypal::total_of(*order))), lines,
            error_box(again && said.empty() ? "Your last way to pay was declined. Choose another."
                                            : said),
            consent_form(address,
                         email_field(text(child(*order, "payer"), "email_address")) +
                             funding_choice(for_orders),
                         text(*order, "_user_action") == "PAY_NOW" ? "Pay now" : "Continue")),
        Width::narrow, said.empty() ? 200 : 400);
}

// "then 9.00 USD every month"
std::string cycles_text(const Object& plan, const Object& subscription, std::int64_t quantity) {
    std::string lines;
    const auto currency = paypal::currency_of_plan(plan);
    for (const json::value& value : children(plan, "billing_cycles")) {
        const Object& cycle = value.get_object();
        const Object& frequency = child(cycle, "frequency");
        const auto price = paypal::price_of(child(cycle, "pricing_scheme"), quantity, currency);
        const auto total = number(cycle, "total_cycles");
        const auto count = number(frequency, "interval_count", 1);
        auto unit = text(frequency, "interval_unit");
        for (char& c : unit) c = static_cast<char>(c - 'A' + 'a');
        lines +=
            fmt::format("<li><span>{}{}</span><span>{} {}</span></li>",
                        text(cycle, "tenure_type") == "TRIAL" ? "Trial" : "Subscription",
                        total == 0   ? std::string()
                        : total == 1 ? ", once"
                                     : fmt::format(", {} times", total),
                        escape(price.minor == 0 ? "Free" : amount_text(price)),
                        count == 1 ? "every " + unit : fmt::format("every {} {}s", count, unit));
    }
    const auto fee = stored_amount(child(plan, "payment_preferences"), "setup_fee");
    if (fee.minor > 0) {
        lines += "<li><span>Once</span><span>" + escape(amount_text(fee)) + "</span></li>";
    }
    const auto start = paypal::time_of(text(subscription, "start_time"));
    return "<ul class=\"lines\" data-testid=\"plan-cycles\">" + lines +
           "</ul><p class=\"soft\">Begins " + date_text(start) + "</p>";
}

http::Response subscribe_page(paypal::Account& account, const http::Request& request) {
    const auto token = query_value(request, "ba_token");
    const auto* found = paypal::subscription_of_token(account, token);
    if (!found || text(*found, "_ba_token") != token ||
        text(*found, "status") != "APPROVAL_PENDING") {
        return gone("This subscription is unknown, or was approved already.");
    }
    const Object subscription = *found;
    const auto id = text(subscription, "id");
    std::string said;
    if (request.method == "POST") {
        const auto form = form_of(request);
        if (field(form, "answer") == "cancel") {
            return go_back(paypal::canceled_subscription_url(subscription),
                           "You did not subscribe.");
        }
        const auto email = field(form, "email");
        const auto funding = field(form, "funding");
        if (email.find('@') == std::string::npos || !paypal::is_funding(funding)) {
            said = "Your e-mail address is incomplete.";
        } else if (funding == paypal::funding::declined) {
            said = "Your card was declined. Choose another way to pay.";
        } else {
            const auto back = paypal::approve_subscription(account, id, email, funding);
            account.commit();
            return go_back(back, "You subscribed.");
        }
    }
    const Object& plan = paypal::plan_of(account, subscription);
    return html_page(
        "PayPal",
        fmt::format(
            "<section class=\"card\"><h1>{}</h1><p>{}</p>{}{}{}</section>",
            escape(title_of(subscription, "Subscribe to")), escape(text(plan, "name")),
            cycles_text(plan, subscription, paypal::quantity_at(subscription, "/quantity")),
            error_box(said),
            consent_form(
                std::string(subscription_path) + "?ba_token=" + token,
                email_field(text(child(subscription, "subscriber"), "email_address")) +
                    funding_choice(for_subscriptions),
                text(subscription, "_user_action") == "CONTINUE" ? "Continue" : "Subscribe now")),
        Width::narrow, said.empty() ? 200 : 400);
}

http::Response revise_page(paypal::Account& account, const http::Request& request) {
    const auto token = query_value(request, "ba_token");
    const auto* found = paypal::subscription_of_token(account, token);
    const auto status = found ? text(*found, "status") : std::string();
    if (!found || text(child(*found, "_revision"), "ba_token") != token ||
        (status != "ACTIVE" && status != "SUSPENDED")) {
        return gone("This change is unknown, or was agreed to already.");
    }
    const Object subscription = *found;
    const auto id = text(subscription, "id");
    const Object& revision = child(subscription, "_revision");
    if (request.method == "POST") {
        if (field(form_of(request), "answer") == "cancel") {
            const auto back = paypal::canceled_revision_url(subscription);
            account.edit(id).erase("_revision");
            account.commit();
            return go_back(back, "Nothing changes.");
        }
        const auto back = paypal::accept_revision(account, id);
        account.commit();
        return go_back(back, "Your subscription changes with its next payment.");
    }
    const Object& plan = present(revision, "override")
                             ? child(revision, "override")
                             : account.get(paypal::kind::plan, text(revision, "plan_id"));
    return html_page(
        "PayPal",
        fmt::format(
            "<section class=\"card\"><h1>Change your subscription</h1><p>{}</p>{}<p>Nothing "
            "is paid now: it counts from the next payment on.</p>{}</section>",
            escape(text(plan, "name")),
            cycles_text(plan, subscription, paypal::quantity_at(revision, "/quantity")),
            consent_form(std::string(revision_path) + "?ba_token=" + token, {},
                         "Agree and continue")),
        Width::narrow);
}

}  // namespace

http::Response paypal_page(paypal::Account& account, const http::Request& request) {
    try {
        constexpr std::string_view events = "/paypal/events/";
        if (request.method == "GET" && request.path == "/paypal") return paypal_index_page(account);
        if (request.method == "GET" && request.path.starts_with(events)) {
            return paypal_event_page(account, request.path.substr(events.size()));
        }
        if (request.path == order_path) return approve_order_page(account, request);
        if (request.path == subscription_path) return subscribe_page(account, request);
        if (request.path == revision_path) return revise_page(account, request);
    } catch (const paypal::Refusal& refusal) {
        account.rollback();
        const auto& why = refusal.details;
        return notice_page("That did not work", why.empty() ? refusal.name : why.front().issue, {},
                           {}, 400);
    }
    return notice_page("No such page", "PayPal has nothing here.", "/", "To the sandbox's start",
                       404);
}

}  // namespace paydesk::sandbox
