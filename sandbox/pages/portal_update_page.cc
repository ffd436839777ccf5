// The portal's pages that change a plan: choose, see what it costs, confirm; pause and go on.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/pages/html.h"
#include "sandbox/pages/portal_parts.h"
#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/pausing.h"
#include "sandbox/stripe/payments.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/portal_updates.h"
#include "sandbox/stripe/prorations.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

const Object& configuration_of(const Account& account, const Object& session) {
    return account.get("billing_portal.configuration", text(session, "configuration"));
}

// The session's own subscription of that id; nullptr for another's or none.
const Object* own_subscription(const Account& account, const Object& session,
                               const std::string& id) {
    const auto* subscription = account.find("subscription", id);
    const bool own = subscription && text(*subscription, "customer") == text(session, "customer") &&
                     !present(*subscription, "ended_at");
    return own ? subscription : nullptr;
}

http::Response no_subscription(const Object& session) {
    return notice_page("No such subscription", "It may have ended.", base_of(session), "Back", 404);
}

// 0 for what is no quantity: no plan has that one.
std::int64_t quantity_of(const std::string& digits) {
    std::int64_t quantity = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), quantity);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    return whole && quantity <= 999'999 ? quantity : 0;
}

bool takes_codes(const Object& configuration) {
    return std::ranges::any_of(
        children(child(child(configuration, "features"), "subscription_update"),
                 "default_allowed_updates"),
        [](const json::value& update) { return update.as_string() == "promotion_code"; });
}

// What the form, or a flow, asks for. Refuses a code that is none.
PlanChange change_from(const Account& account, const Object& session,
                       const std::function<std::string(std::string_view)>& field_of) {
    PlanChange change{.subscription = field_of("subscription"),
                      .price = field_of("price"),
                      .quantity = quantity_of(field_of("quantity"))};
    const Object& confirmed = child(child(session, "flow"), "subscription_update_confirm");
    if (!confirmed.empty() && !flag(session, "_flow_done")) {
        const Object& item = children(confirmed, "items").front().get_object();
        change.subscription = text(confirmed, "subscription");
        change.price = text(item, "price");
        change.quantity = number(item, "quantity", 1);
        change.discounts = children(confirmed, "discounts");
    }
    const auto code = field_of("code");
    if (!code.empty() && takes_codes(configuration_of(account, session))) {
        const auto* subscription = own_subscription(account, session, change.subscription);
        if (!subscription) refuse("", "No such subscription.");
        change.discounts = {wanted_by_code(
            account, code,
            {.customer = text(session, "customer"), .currency = text(*subscription, "currency")})};
    }
    return change;
}

std::string hidden(std::string_view name, std::string_view value) {
    return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, escape(value));
}

http::Response choose_view(const Account& account, const Object& session, const std::string& id,
                           std::string_view message) {
    const auto* subscription = own_subscription(account, session, id);
    if (!subscription) return no_subscription(session);
    const Object& configuration = configuration_of(account, session);
    const auto choices = plan_choices(account, configuration, *subscription);
    if (choices.empty()) {
        return notice_page("Not now", "This plan cannot be changed here at the moment.",
                           base_of(session), "Back");
    }
    const Object& item = child(*subscription, "items").at("data").at(0).as_object();
    const auto current = text(child(item, "price"), "id");
    const auto quantity = number(item, "quantity", 1);
    std::string rows;
    std::int64_t most = 1;
    for (const PlanChoice& choice : choices) {
        const Object& price = account.get("price", choice.price);
        most = choice.maximum > choice.minimum ? std::max(most, choice.maximum) : most;
        rows += fmt::format(
            "<li><label><input type=\"radio\" name=\"price\" value=\"{0}\"{1} required "
            "data-testid=\"portal-plan-{0}\"> {2}, {3} {4}</label>{5}</li>",
            escape(choice.price), choice.price == current ? " checked" : "", escape(choice.name),
            escape(money_text(amount_of(price, 1), text(price, "currency"))),
            escape(interval_text(price)),
            choice.price == current ? "<span class=\"badge\">Current</span>" : "");
    }
    const auto quantity_field =
        most > 1 ? fmt::format(
                       "<label>Quantity <input type=\"number\" name=\"quantity\" min=\"1\" "
                       "max=\"{}\" value=\"{}\" data-testid=\"portal-quantity\"></label>",
                       most, quantity)
                 : hidden("quantity", std::to_string(quantity));
    const auto code_field =
        takes_codes(configuration)
            ? "<label>Promotion code <input name=\"code\" data-testid=\"portal-code\"></label>"
            : "";
    return html_page(
        "Update plan",
        fmt::format("{}<section class=\"card\"><h1>Update your plan</h1>{}"
                    "<form method=\"get\" action=\"{}\">{}{}<ul class=\"lines\">{}</ul>{}{}"
                    "<div class=\"actions\"><button type=\"submit\" class=\"primary\" "
                    "data-testid=\"portal-continue\">Continue</button></div></form></section>",
                    return_link(session), error_box(message), base_of(session),
                    hidden("view", "confirm"), hidden("subscription", id), rows, quantity_field,
                    code_field),
        Width::narrow);
}

std::string row(std::string_view label, const std::string& amount, std::string_view test_id) {
    return fmt::format("<tr><td>{}</td><td data-testid=\"{}\">{}</td></tr>", escape(label), test_id,
                       escape(amount));
}

http::Response confirm_view(Account& account, const Object& session, const PlanChange& change,
                            const std::string& code, std::string_view message) {
    if (!own_subscription(account, session, change.subscription)) return no_subscription(session);
    const auto quote = quote_plan(account, configuration_of(account, session), change);
    const Object& price = account.get("price", change.price);
    const auto* product = account.store().find("product", text(price, "product"));
    const bool later = quote.at > account.now();
    std::string rows;
    if (later) {
        rows += row("Changes on", date_text(quote.at), "portal-changes-on");
    } else {
        rows += row(quote.due_now < 0 ? "Credit to your balance" : "Due today",
                    money_text(std::abs(quote.due_now), quote.currency), "portal-due-now");
    }
    rows += row("Next invoice, " + date_text(quote.next_at), money_text(quote.next, quote.currency),
                "portal-next");
    return html_page(
        "Confirm",
        fmt::format("{}<section class=\"card\"><h1>Confirm your update</h1>{}<p><strong>{} × {}, "
                    "{} {}</strong></p><table><tbody>{}</tbody></table>"
                    "<form method=\"post\" action=\"{}/update\" data-once class=\"actions\">"
                    "{}{}{}{}<button type=\"submit\" class=\"primary\" "
                    "data-testid=\"portal-confirm-update\">Confirm</button>"
                    "<a class=\"button\" href=\"{}\">Go back</a></form></section>",
                    return_link(session), error_box(message), change.quantity,
                    escape(product ? text(*product, "name") : change.price),
                    escape(money_text(amount_of(price, change.quantity), text(price, "currency"))),
                    escape(interval_text(price)), rows, base_of(session),
                    hidden("subscription", change.subscription), hidden("price", change.price),
                    hidden("quantity", std::to_string(change.quantity)), hidden("code", code),
                    base_of(session)),
        Width::narrow);
}

// {label, value} of each pause that the configuration offers; the value is "", or "3 month".
std::vector<std::pair<std::string, std::string>> pauses(const Object& feature) {
    const Object& duration = child(feature, "duration");
    if (text(duration, "type") != "interval_options")
        return {
            {"Until you resume it", ""}
        };
    std::vector<std::pair<std::string, std::string>> offered;
    for (const json::value& value : children(duration, "interval_options")) {
        const auto interval = text(value.get_object(), "interval");
        const auto count = number(value.get_object(), "interval_count", 1);
        offered.emplace_back(fmt::format("For {} {}{}", count, interval, count == 1 ? "" : "s"),
                             fmt::format("{} {}", count, interval));
    }
    return offered;
}

http::Response pause_view(const Account& account, const Object& session, const std::string& id) {
    const auto* subscription = own_subscription(account, session, id);
    if (!subscription) return no_subscription(session);
    const Object& feature = child(features_of(account, session), "subscription_pause");
    std::string buttons;
    for (const auto& [label, value] : pauses(feature)) {
        buttons += fmt::format(
            "<button type=\"submit\" name=\"duration\" value=\"{}\" "
            "data-testid=\"portal-confirm-pause\">{}</button>",
            escape(value), escape(label));
    }
    return html_page(
        "Pause plan",
        fmt::format("{}<section class=\"card\"><h1>Pause your plan?</h1><p>{}</p><p>Unused time "
                    "is given back on your next invoice.</p><form method=\"post\" "
                    "action=\"{}/pause\" data-once class=\"actions\">{}{}<a class=\"button\" "
                    "href=\"{}\">Go back</a></form></section>",
                    return_link(session), escape(plan_name(account, *subscription)),
                    base_of(session), hidden("subscription", id), buttons, base_of(session)),
        Width::narrow);
}

http::Response post_plan(Account& account, const Object& session, const Form& form) {
    const auto id = text(session, "id");
    PlanChange change;
    try {
        change =
            change_from(account, session, [&](std::string_view name) { return field(form, name); });
        if (!own_subscription(account, session, change.subscription)) {
            return no_subscription(session);
        }
        const auto changed = change_plan(account, configuration_of(account, session), change);
        if (!changed.intent.empty()) {
            account.change(changed.intent, "", [&](Object& intent) {
                intent["_return_url"] = account.base_url() + "/p/session/" + id +
                                        "/updated?subscription=" + change.subscription;
            });
            account.commit();
            return redirect_to(three_d_secure_url(account, changed.intent));
        }
        account.commit();
        const Object& fresh = account.get("billing_portal.session", id);
        if (!changed.message.empty()) {
            return confirm_view(account, fresh, change, field(form, "code"), changed.message);
        }
        return portal_done(account, fresh,
                           changed.at > account.now()
                               ? "Your plan changes on " + date_text(changed.at) + "."
                               : "Your plan was updated.");
    } catch (const Refusal& refusal) {
        account.rollback();
        return choose_view(account, account.get("billing_portal.session", id), change.subscription,
                           refusal.message);
    }
}

http::Response post_pause(Account& account, const Object& session, const std::string& id,
                          const std::string& duration) {
    const Object& feature = child(features_of(account, session), "subscription_pause");
    const auto offered = pauses(feature);
    const bool known =
        std::ranges::any_of(offered, [&](const auto& pause) { return pause.second == duration; });
    if (!flag(feature, "enabled") || !known) {
        return notice_page("Not offered", "This plan cannot be paused like that.", base_of(session),
                           "Back", 400);
    }
    const Object& subscription = account.get("subscription", id);
    if (text(subscription, "status") == "active") {
        credit_unused_time(account, id, account.now());
    }
    pause_subscription(account, id, "pause_requested");
    if (!duration.empty()) {
        const auto space = duration.find(' ');
        const auto ends = next_boundary(account.now(), account.now(), duration.substr(space + 1),
                                        quantity_of(duration.substr(0, space)));
        add_timer(account, ends, "resume_paused", id);
    }
    return portal_done(account, session, "Your plan is paused.");
}

}  // namespace

std::string update_actions(const Account& account, const Object& session,
                           const Object& subscription) {
    const auto id = text(subscription, "id");
    std::string html;
    const auto post = [&](std::string_view action, std::string_view label) {
        html += fmt::format(
            "<form method=\"post\" action=\"{}/{}\" data-once>{}<button "
            "type=\"submit\" data-testid=\"portal-{}\">{}</button></form>",
            base_of(session), action, hidden("subscription", id), action, label);
    };
    const auto link = [&](std::string_view view, std::string_view label) {
        html += fmt::format(
            "<a class=\"button\" data-testid=\"portal-{0}\" "
            "href=\"{1}?view={0}&amp;subscription={2}\">{3}</a>",
            view, base_of(session), escape(id), label);
    };
    const bool paused = text(subscription, "status") == "paused";
    const bool pauses = flag(child(features_of(account, session), "subscription_pause"), "enabled");
    const auto* schedule = account.find("subscription_schedule", text(subscription, "schedule"));
    if (schedule) {
        for (const json::value& phase : children(*schedule, "phases")) {
            if (number(phase.get_object(), "start_date") <= account.now()) continue;
            html += fmt::format("<p data-testid=\"portal-scheduled\">Changes on {}.</p>",
                                date_text(number(phase.get_object(), "start_date")));
            post("keep", "Do not change my plan");
            break;
        }
    }
    if (!plan_choices(account, configuration_of(account, session), subscription).empty()) {
        link("update", "Update plan");
    }
    if (pauses && paused) post("unpause", "Resume my plan");
    if (pauses && !paused && !schedule && !present(subscription, "cancel_at")) {
        link("pause", "Pause plan");
    }
    return html;
}

http::Response update_page(Account& account, const Object& session, const http::Request& request,
                           const std::string& view) {
    auto id = query_value(request, "subscription");
    const Object& flow = child(session, "flow");
    if (id.empty()) id = text(child(flow, text(flow, "type")), "subscription");
    if (view == "pause" || view == "subscription_pause") return pause_view(account, session, id);
    if (view == "update" || view == "subscription_update") {
        return choose_view(account, session, id, {});
    }
    try {
        const auto change = change_from(
            account, session, [&](std::string_view name) { return query_value(request, name); });
        return confirm_view(account, session, change, query_value(request, "code"),
                            query_value(request, "error"));
    } catch (const Refusal& refusal) {
        return choose_view(account, session, id, refusal.message);
    }
}

http::Response post_update(Account& account, const Object& session, const http::Request& request,
                           const std::string& action) {
    const auto form = form_of(request);
    if (action == "update") return post_plan(account, session, form);
    const auto id = field(form, "subscription");
    const auto* subscription = own_subscription(account, session, id);
    if (!subscription) return no_subscription(session);
    const auto status = text(*subscription, "status");
    if (action == "keep") {
        const auto schedule = text(*subscription, "schedule");
        if (!schedule.empty()) release_schedule(account, schedule, false);
        return portal_done(account, session, "Your plan stays as it is.");
    }
    if (action == "unpause") {
        if (status == "paused") resume_subscription(account, id);
        return portal_done(account, session, "Your plan goes on.");
    }
    if ((status != "active" && status != "trialing") || present(*subscription, "schedule")) {
        return notice_page("Not now", "This plan cannot be paused at the moment.", base_of(session),
                           "Back", 400);
    }
    return post_pause(account, session, id, field(form, "duration"));
}

http::Response after_update(Account& account, const Object& session, const http::Request& request) {
    const auto id = query_value(request, "subscription");
    const auto* subscription = own_subscription(account, session, id);
    if (!subscription) return no_subscription(session);
    if (!present(*subscription, "pending_update")) {
        return portal_done(account, session, "Your plan was updated.");
    }
    return choose_view(account, session, id,
                       "Your bank did not confirm the payment: your plan has not changed.");
}

}  // namespace paydesk::sandbox
