// The customer's own details in the portal: e-mail, name, addresses, tax ids.

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/pages/html.h"
#include "sandbox/pages/portal_parts.h"
#include "sandbox/stripe/portal_customer.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox {

using namespace stripe;

namespace {

struct TaxIdType {
    std::string_view type, label;
};
constexpr TaxIdType tax_id_types[] = {
    {"eu_vat",     "European VAT number"       },
    {"gb_vat",     "United Kingdom VAT number" },
    {"ch_vat",     "Swiss VAT number"          },
    {"us_ein",     "United States EIN"         },
    {"ca_gst_hst", "Canadian GST/HST number"   },
    {"au_abn",     "Australian Business Number"},
    {"in_gst",     "Indian GST number"         },
    {"jp_trn",     "Japanese registration"     },
};

std::string input(const std::string& name, std::string_view label, const std::string& value,
                  std::string_view autocomplete = "off") {
    return fmt::format(
        "<label for=\"{1}\">{0}</label><input id=\"{1}\" name=\"{1}\" value=\"{2}\" "
        "maxlength=\"512\" autocomplete=\"{3}\" data-testid=\"portal-{1}\">",
        label, name, escape(value), autocomplete);
}

std::string address_inputs(const std::string& prefix, const Object& address, const Form& sent,
                           bool again) {
    std::string html;
    for (const auto& [part, label] : address_parts) {
        html +=
            input(prefix + part, label, again ? field(sent, prefix + part) : text(address, part));
    }
    return html;
}

std::string tax_id_inputs(const Account& account, const std::string& customer, const Form& sent) {
    std::string known;
    for (const auto& id : account.store().ids("tax_id")) {
        const auto* tax_id = account.find("tax_id", id);
        if (!tax_id || text(*tax_id, "customer") != customer) continue;
        known += fmt::format("<li>{}<span class=\"soft\">{}</span></li>",
                             escape(text(*tax_id, "value")), escape(text(*tax_id, "type")));
    }
    std::string options;
    for (const auto& [type, label] : tax_id_types) {
        options += fmt::format("<option value=\"{}\"{}>{}</option>", type,
                               field(sent, "tax_id_type") == type ? " selected" : "", label);
    }
    return "<fieldset><legend>Tax ids</legend>" +
           (known.empty() ? std::string() : "<ul class=\"lines\">" + known + "</ul>") +
           "<label for=\"tax_id_type\">One more</label><select id=\"tax_id_type\" "
           "name=\"tax_id_type\">" +
           options + "</select>" +
           input("tax_id_value", "Its number", field(sent, "tax_id_value")) + "</fieldset>";
}

// As one writes an address, on one line.
std::string address_text(const Object& address) {
    std::string line;
    for (const auto& [part, label] : address_parts) {
        const auto said = text(address, part);
        if (!said.empty()) line += (line.empty() ? "" : ", ") + said;
    }
    return line;
}

}  // namespace

std::string details_section(const Account& account, const Object& session) {
    if (allowed_updates(features_of(account, session)).empty()) return {};
    const Object& customer = account.get("customer", text(session, "customer"));
    std::string lines;
    for (const auto& [label, said] : {
             std::pair<std::string, std::string>{"Name",    text(customer,               "name")    },
             {"E-mail",  text(customer,               "email")   },
             {"Phone",   text(customer,               "phone")   },
             {"Address", address_text(child(customer, "address"))},
    }) {
        if (said.empty()) continue;
        lines += fmt::format("<li><span class=\"soft\">{}</span><span>{}</span></li>", label,
                             escape(said));
    }
    return fmt::format(
        "<section class=\"card\"><h2>Billing information</h2><ul class=\"lines\">{}</ul>"
        "<a class=\"button\" data-testid=\"portal-update-details\" href=\"{}?view=details\">"
        "Update information</a></section>",
        lines.empty() ? "<li class=\"soft\">Nothing is known yet.</li>" : lines, base_of(session));
}

http::Response details_view(const Account& account, const Object& session, const Form& sent,
                            std::string_view message) {
    const auto allowed = allowed_updates(features_of(account, session));
    if (allowed.empty()) {
        return notice_page("Not here", "This portal does not let customers change their details.",
                           base_of(session), "Back", 403);
    }
    const Object& customer = account.get("customer", text(session, "customer"));
    const bool again = !message.empty();
    std::string fields;
    for (const auto& what : allowed) {
        const auto said = again ? field(sent, what) : text(customer, what);
        if (what == "name") fields += input("name", "Name", said, "name");
        if (what == "email") fields += input("email", "E-mail", said, "email");
        if (what == "phone") fields += input("phone", "Phone", said, "tel");
        if (what == "address") {
            fields += "<fieldset><legend>Billing address</legend>" +
                      address_inputs("address_", child(customer, "address"), sent, again) +
                      "</fieldset>";
        }
        if (what == "shipping") {
            const Object& shipping = child(customer, "shipping");
            fields += "<fieldset><legend>Shipping address</legend>" +
                      input("shipping_name", "Name",
                            again ? field(sent, "shipping_name") : text(shipping, "name")) +
                      address_inputs("shipping_", child(shipping, "address"), sent, again) +
                      "</fieldset>";
        }
        if (what == "tax_id") fields += tax_id_inputs(account, text(customer, "id"), sent);
    }
    const bool flow = present(session, "flow") && !flag(session, "_flow_done");
    return html_page(
        "Billing information",
        fmt::format(
            "{}<section class=\"card\"><h1>Billing information</h1><form method=\"post\" "
            "action=\"{}/details\" data-once>{}{}<button type=\"submit\" class=\"primary block\" "
            "data-testid=\"portal-save-details\">Save</button></form>{}</section>",
            flow ? return_link(session) : "", base_of(session), error_box(message), fields,
            flow ? std::string() : fmt::format("<p><a href=\"{}\">Back</a></p>", base_of(session))),
        Width::narrow);
}

http::Response post_details(Account& account, const Object& session, const http::Request& request) {
    const auto form = form_of(request);
    const auto id = text(session, "id");
    const auto allowed = allowed_updates(features_of(account, session));
    if (allowed.empty()) return details_view(account, session, form, {});
    try {
        update_details(account, text(session, "customer"), allowed, form);
        return portal_done(account, account.get("billing_portal.session", id),
                           "Your information was saved.");
    } catch (const Refusal& refusal) {
        account.rollback();
        return details_view(account, account.get("billing_portal.session", id), form,
                            refusal.message);
    }
}

}  // namespace paydesk::sandbox
