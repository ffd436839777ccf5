#include "sandbox/stripe/expand.h"

#include <algorithm>

#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/tax_places.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
        parts.push_back(path.substr(begin, dot - begin));
        begin = dot + 1;
    }
    parts.push_back(path.substr(begin));
    return parts;
}

// The objects of `kind` that `keep` keeps, newest first, as a nested list.
json::value nested(const Account& account, std::string_view kind, const std::string& url,
                   const std::function<bool(const Object&)>& keep) {
    json::array data;
    const auto& ids = account.store().ids(kind);
    for (auto id = ids.rbegin(); id != ids.rend() && data.size() < 10; ++id) {
        const auto* object = account.find(kind, *id);
        if (object && keep(*object)) data.push_back(*object);
    }
    return list_of(url, std::move(data));
}

const Object* session_line(const Account& account, const std::string& id) {
    for (const auto& session : account.store().ids("checkout.session")) {
        for (const json::value& line : children(*account.store().find(session), "_line_items")) {
            if (text(line.get_object(), "id") == id) return &line.get_object();
        }
    }
    return nullptr;
}

// The taxes of a session's lines, summed by rate.
json::array session_taxes(const Account& account, const std::string& id) {
    json::array sums;
    const auto* session = account.store().find("checkout.session", id);
    if (!session) return sums;
    for (const json::value& line : children(*session, "_line_items")) {
        for (const json::value& value : children(line.get_object(), "_taxes")) {
            const Object& tax = value.get_object();
            auto* known = std::ranges::find_if(sums, [&](const json::value& sum) {
                return child(sum.get_object(), "rate").at("id") == child(tax, "rate").at("id");
            });
            if (known == sums.end()) {
                sums.push_back(tax);
                continue;
            }
            for (const auto* key : {"amount", "taxable_amount"}) {
                known->get_object()[key] = number(known->get_object(), key) + number(tax, key);
            }
        }
    }
    return sums;
}

// What is shown only when asked for, in the newest shape; nothing when `owner` has no such field.
std::optional<json::value> includable(const Account& account, const Object& owner,
                                      const std::string& key, Shape shape) {
    const auto kind = text(owner, "object");
    const auto id = text(owner, "id");
    const auto* stored = account.store().find(id);
    if (kind == "checkout.session" && key == "line_items" && stored) {
        return list_of("/v1/checkout/sessions/" + id + "/line_items",
                       children(*stored, "_line_items"));
    }
    if (kind == "invoice" && shape >= Shape::basil && stored) {
        if (key == "payments") {
            return nested(account, "invoice_payment", "/v1/invoice_payments?invoice=" + id,
                          [&](const Object& payment) { return text(payment, "invoice") == id; });
        }
        if (key == "confirmation_secret") {
            const auto* intent = account.find("payment_intent", text(*stored, "_payment_intent"));
            if (!intent) return json::value(nullptr);
            return Object{
                {"client_secret", intent->at("client_secret")},
                {"type",          "payment_intent"           }
            };
        }
    }
    if (kind == "charge" && key == "refunds") {
        return nested(account, "refund", "/v1/charges/" + id + "/refunds",
                      [&](const Object& refund) { return text(refund, "charge") == id; });
    }
    if (kind == "customer" && key == "subscriptions") {
        return nested(account, "subscription", "/v1/customers/" + id + "/subscriptions",
                      [&](const Object& subscription) {
                          return text(subscription, "customer") == id &&
                                 !present(subscription, "ended_at");
                      });
    }
    if (kind == "customer" && key == "tax_ids") {
        return nested(account, "tax_id", "/v1/customers/" + id + "/tax_ids",
                      [&](const Object& tax_id) { return text(tax_id, "customer") == id; });
    }
    if (kind == "customer" && key == "sources") {
        return list_of("/v1/customers/" + id + "/sources", {});
    }
    if (kind == "coupon" && stored && key == "applies_to") {
        return value_of(*stored, "_applies_to");
    }
    if ((kind == "price" || kind == "plan") && stored && key == "tiers") {
        return stored->contains("_tiers") ? stored->at("_tiers") : json::value(json::array());
    }
    if (kind == "price" && stored && key == "currency_options") return currency_options(*stored);
    if (kind == "coupon" && stored && key == "currency_options") {
        return child(*stored, "_currency_options");
    }
    if (kind == "customer" && stored && key == "tax") return customer_tax(*stored, shape);
    if (kind == "item" && key == "taxes") {
        if (const auto* line = session_line(account, id)) return value_of(*line, "_taxes");
    }
    return std::nullopt;
}

class Expansion {
public:
    Expansion(const Account& account, Shape shape, std::string path)
        : account_(account), shape_(shape), path_(std::move(path)), parts_(split(path_)) {
        const auto levels = static_cast<std::size_t>(
            std::ranges::count_if(parts_, [](const auto& part) { return part != "data"; }));
        if (levels > expand_levels_max) {
            refuse(
                "",
                "You cannot expand more than 4 levels of a property. Attempted to expand: " + path_,
                "expand");
        }
    }

    void walk(json::value& value, std::size_t depth = 0) {
        if (depth == parts_.size() || value.is_null()) return;
        if (value.is_array()) {
            for (json::value& element : value.get_array()) walk(element, depth);
            return;
        }
        if (!value.is_object()) cannot();
        Object& owner = value.get_object();
        if (text(owner, "object") == "checkout.session") session_ = text(owner, "id");
        const auto& key = parts_[depth];
        if (key == "breakdown" && owner.contains("amount_discount")) {
            if (number(owner, "amount_discount") > 0) {
                refuse_unsupported("the breakdown of a session with a discount", "expand");
            }
            owner["breakdown"] = Object{
                {"discounts", json::array()},
                {"taxes", render(session_taxes(account_, session_), shape_)}
            };
            return;
        }
        if (!present(owner, key)) {
            if (auto found = includable(account_, owner, key, shape_)) {
                owner[key] = render(*found, shape_);
            } else if (!owner.contains(key)) {
                cannot();
            }
        }
        json::value& slot = owner[key];
        if (slot.is_string()) slot = target(std::string(slot.get_string()));
        if (slot.is_array()) {
            for (json::value& element : slot.get_array()) {
                if (element.is_string()) element = target(std::string(element.get_string()));
            }
        }
        walk(slot, depth + 1);
    }

private:
    [[noreturn]] void cannot() const {
        refuse("", "This property cannot be expanded (" + path_ + ").", "expand");
    }
    json::value target(const std::string& id) const {
        const auto* object = account_.store().find(id);
        if (!object) object = automatic_rate(id);
        if (!object) cannot();
        if (flag(*object, "_deleted")) return deleted(*object);
        return render(*object, shape_);
    }

    const Account& account_;
    Shape shape_;
    std::string path_;
    std::vector<std::string> parts_;
    std::string session_;  // the one that is being walked through
};

}  // namespace

void expand(const Account& account, json::value& shown, const json::array& paths, Shape shape) {
    for (const json::value& path : paths) {
        Expansion(account, shape, std::string(path.as_string())).walk(shown);
    }
}

}  // namespace paydesk::sandbox::stripe
