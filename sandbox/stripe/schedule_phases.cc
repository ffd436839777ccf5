#include "sandbox/stripe/schedule_phases.h"

#include <algorithm>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/subscription_updates.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string param_of(std::size_t phase, std::string_view name) {
    return "phases[" + std::to_string(phase) + "][" + std::string(name) + "]";
}

// Unix seconds or "now".
std::int64_t moment(const Object& given, const char* key, std::int64_t now, std::size_t phase) {
    const auto said = text(given, key);
    return said == "now" ? now : seconds_of(said, param_of(phase, key));
}

Object phase_item(const Object& price, std::int64_t quantity, Object metadata) {
    Object item{
        {"billing_thresholds", nullptr            },
        {"discounts",          json::array()      },
        {"metadata",           std::move(metadata)},
        {"plan",               price.at("id")     },
        {"price",              price.at("id")     },
        {"quantity",           quantity           },
        {"tax_rates",          json::array()      }
    };
    if (text(child(price, "recurring"), "usage_type") == "metered") item.erase("quantity");
    return item;
}

// `currency`: of the phases before, "" for the first; gets this phase's.
json::array items_of(const Account& account, const Object& given, std::size_t phase,
                     const std::string& customer, std::string& currency) {
    SubscriptionOrder order{.customer = customer, .currency = currency};
    json::array items;
    for (const json::value& value : children(given, "items")) {
        const Object& wanted = value.get_object();
        const auto id = text(wanted, present(wanted, "price") ? "price" : "plan");
        const auto param =
            param_of(phase, "items") + "[" + std::to_string(items.size()) + "][price]";
        if (id.empty()) refuse_missing_param(param);
        const auto quantity = number(wanted, "quantity", 1);
        items.push_back(
            phase_item(account.get("price", id, param), quantity, child(wanted, "metadata")));
        order.items.push_back({.price = id, .quantity = quantity});
    }
    if (items.empty()) refuse_missing_param(param_of(phase, "items"));
    check_order(account, order, param_of(phase, "items"));
    currency = currency_of(account, order);
    return items;
}

json::array one_time_items_of(const Account& account, const Object& given, std::size_t phase,
                              std::string_view currency) {
    json::array items;
    for (const json::value& value : children(given, "add_invoice_items")) {
        const Object& wanted = value.get_object();
        const auto param =
            param_of(phase, "add_invoice_items") + "[" + std::to_string(items.size()) + "][price]";
        if (!present(wanted, "price")) refuse_missing_param(param);
        const Object& price = one_time_price(account, text(wanted, "price"), param);
        check_currency(price, currency, param);
        items.push_back(Object{
            {"discountable", nullptr},
            {"discounts", json::array()},
            {"metadata", child(wanted, "metadata")},
            {"period", Object{{"end", Object{{"type", "min_item_period_end"}}},
                              {"start", Object{{"type", "max_item_period_start"}}}}},
            {"price", price.at("id")},
            {"quantity", number(wanted, "quantity", 1)},
            {"tax_rates", json::array()}
        });
    }
    return items;
}

json::array discounts_of(const Account& account, const Object& given, const std::string& customer) {
    json::array discounts;
    for (const json::value& value : wanted_discounts(account, given, {.customer = customer})) {
        const Object& wanted = value.get_object();
        const bool by_code = present(wanted, "promotion_code");
        discounts.push_back(Object{
            {"coupon",         by_code ? json::value(nullptr) : value_of(wanted, "coupon")        },
            {"discount",       value_of(wanted,                                  "discount")      },
            {"promotion_code", value_of(wanted,                                  "promotion_code")}
        });
    }
    return discounts;
}

// Where the phase ends by its own words; 0 when it says nothing.
std::int64_t end_of(const Account& account, const Object& given, const Object& phase,
                    std::size_t index) {
    const auto start = number(phase, "start_date");
    int said = 0;
    for (const auto* key : {"end_date", "iterations", "duration"}) said += present(given, key);
    if (said > 1) {
        refuse("parameters_exclusive",
               "A phase can only have one of these: end_date, iterations, duration.",
               param_of(index, "end_date"));
    }
    if (present(given, "end_date")) return moment(given, "end_date", account.now(), index);
    const auto checked = [&](const Object& owner, const char* key, const std::string& param) {
        const auto count = number(owner, key, 1);
        if (count < 1 || count > phase_intervals_max) {
            refuse("parameter_invalid_integer",
                   "This value must be from 1 to " + std::to_string(phase_intervals_max) + ".",
                   param);
        }
        return count;
    };
    if (present(given, "duration")) {
        const Object& duration = child(given, "duration");
        const auto param = param_of(index, "duration") + "[interval_count]";
        return next_boundary(start, start, text(duration, "interval"),
                             checked(duration, "interval_count", param));
    }
    if (!present(given, "iterations")) return 0;
    const auto iterations = checked(given, "iterations", param_of(index, "iterations"));
    const Object& price = account.get("price", text(phase.at("items").at(0).as_object(), "price"));
    const Object& recurring = child(price, "recurring");
    return next_boundary(start, start, text(recurring, "interval"),
                         iterations * number(recurring, "interval_count", 1));
}

void set_end(const Account& account, const json::array& given, std::size_t index, Object& phase) {
    const Object& own = given[index].as_object();
    auto end = end_of(account, own, phase, index);
    const bool last = index + 1 == given.size();
    if (end == 0 && !last && present(given[index + 1].as_object(), "start_date")) {
        end = moment(given[index + 1].as_object(), "start_date", account.now(), index + 1);
    }
    if (end == 0 && !last) refuse_missing_param(param_of(index, "end_date"));
    if (end == 0) {
        end = end_of(account,
                     Object{
                         {"iterations", 1}
        },
                     phase, index);
    }
    if (end <= number(phase, "start_date")) {
        refuse("", "A phase must end after it starts.", param_of(index, "end_date"));
    }
    phase["end_date"] = end;
}

void set_trial(const Object& given, std::size_t index, std::int64_t now, Object& phase) {
    const auto end = number(phase, "end_date");
    if (flag(given, "trial")) {
        if (present(given, "trial_end")) {
            refuse("parameters_exclusive", "`trial` and `trial_end` cannot be combined.",
                   param_of(index, "trial_end"));
        }
        phase["trial_end"] = end;
    } else if (present(given, "trial_end")) {
        const auto trial_end = moment(given, "trial_end", now, index);
        if (trial_end > end) {
            refuse("", "A phase's trial must end before the phase does.",
                   param_of(index, "trial_end"));
        }
        phase["trial_end"] = trial_end;
    }
    if (present(phase, "trial_end") && text(given, "billing_cycle_anchor") == "phase_start") {
        refuse("", "`billing_cycle_anchor` cannot be `phase_start` in a phase with a trial.",
               param_of(index, "billing_cycle_anchor"));
    }
}

}  // namespace

json::array phases_from(const Account& account, const json::array& given, std::int64_t start,
                        const std::string& customer) {
    json::array phases;
    std::string currency;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const Object& own = given[i].as_object();
        Object phase = blank("_phase");
        phase.erase("id");
        phase.erase("object");
        const auto from = i == 0 ? start : number(phases.back().as_object(), "end_date");
        phase["start_date"] =
            present(own, "start_date") ? moment(own, "start_date", account.now(), i) : from;
        if (i > 0 && number(phase, "start_date") != from) {
            refuse("", "A phase must start where the one before it ends.",
                   param_of(i, "start_date"));
        }
        phase["items"] = items_of(account, own, i, customer, currency);
        phase["add_invoice_items"] = one_time_items_of(account, own, i, currency);
        phase["discounts"] = discounts_of(account, own, customer);
        phase["currency"] = currency;
        set_end(account, given, i, phase);
        set_trial(own, i, account.now(), phase);
        copy_params(own, phase,
                    {"billing_cycle_anchor", "collection_method", "default_payment_method",
                     "description", "proration_behavior"});
        merge_metadata(own, phase);
        if (present(own, "invoice_settings")) {
            phase["invoice_settings"] = Object{
                {"account_tax_ids", nullptr},
                {"custom_fields", nullptr},
                {"days_until_due", value_of(child(own, "invoice_settings"), "days_until_due")},
                {"description", nullptr},
                {"footer", nullptr},
                {"issuer", Object{{"type", "self"}}}
            };
        }
        phases.push_back(std::move(phase));
    }
    return phases;
}

Object phase_of(const Object& subscription) {
    Object phase = blank("_phase");
    phase.erase("id");
    phase.erase("object");
    json::array items;
    for (const json::value& value : children(child(subscription, "items"), "data")) {
        const Object& item = value.get_object();
        items.push_back(
            phase_item(child(item, "price"), number(item, "quantity", 1), child(item, "metadata")));
        phase["start_date"] = item.at("current_period_start");
    }
    phase["items"] = std::move(items);
    phase["currency"] = subscription.at("currency");
    phase["end_date"] = period_end_of(subscription);
    json::array discounts;
    for (const json::value& discount : children(subscription, "discounts")) {
        discounts.push_back(Object{
            {"coupon",         nullptr },
            {"discount",       discount},
            {"promotion_code", nullptr }
        });
    }
    phase["discounts"] = std::move(discounts);
    if (text(subscription, "status") == "trialing") {
        phase["trial_end"] = value_of(subscription, "trial_end");
    }
    return phase;
}

json::array merged_phases(const Object& schedule, const json::array& phases, std::int64_t now) {
    if (text(schedule, "status") != "active") return phases;
    const auto begin = number(phases.front().as_object(), "start_date");
    json::array merged;
    bool joins = false;
    for (const json::value& value : children(schedule, "phases")) {
        const auto start = number(value.get_object(), "start_date");
        if (start < begin) merged.push_back(value);
        joins = joins || (start == begin && start <= now);
    }
    if (!joins) {
        refuse("",
               "The first phase must start where the current phase or an earlier one of this "
               "schedule does: the start of the current phase cannot be changed.",
               "phases[0][start_date]");
    }
    merged.insert(merged.end(), phases.begin(), phases.end());
    if (!phase_at(merged, now)) {
        refuse("", "The phases must go on beyond now: release or cancel the schedule to end it.",
               "phases");
    }
    return merged;
}

json::array split_phase(const json::array& phases, const Object& terms, std::int64_t now) {
    json::array split;
    for (const json::value& value : phases) {
        const Object& phase = value.get_object();
        if (number(phase, "start_date") > now || number(phase, "end_date") <= now) {
            split.push_back(phase);
            continue;
        }
        Object rest = phase;
        rest["items"] = terms.at("items");
        rest["discounts"] = terms.at("discounts");
        rest["trial_end"] =
            present(terms, "trial_end")
                ? json::value(std::min(number(terms, "trial_end"), number(phase, "end_date")))
                : json::value(nullptr);
        if (number(phase, "start_date") < now) {
            Object begun = phase;
            begun["end_date"] = now;
            split.push_back(std::move(begun));
            rest["start_date"] = now;
            rest["add_invoice_items"] = json::array();
        }
        split.push_back(std::move(rest));
    }
    return split;
}

const Object* phase_at(const json::array& phases, std::int64_t at) {
    for (const json::value& value : phases) {
        const Object& phase = value.get_object();
        if (number(phase, "start_date") <= at && at < number(phase, "end_date")) return &phase;
    }
    return nullptr;
}

bool same_terms(const Object& phase, const Object& other) {
    for (const auto* key :
         {"items", "discounts", "trial_end", "collection_method", "default_payment_method",
          "description", "invoice_settings", "metadata", "add_invoice_items"}) {
        if (value_of(phase, key) != value_of(other, key)) return false;
    }
    return true;
}

json::array item_changes(const Object& subscription, const Object& phase) {
    std::vector<const Object*> left;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        left.push_back(&item.get_object());
    }
    json::array changes;
    std::vector<const Object*> unmatched;
    const auto change = [&](const Object& item, const Object& wanted) {
        Object made{
            {"id",    item.at("id")     },
            {"price", wanted.at("price")}
        };
        copy_params(wanted, made, {"quantity"});
        changes.push_back(std::move(made));
    };
    for (const json::value& value : children(phase, "items")) {
        const Object& wanted = value.get_object();
        const auto same = std::ranges::find_if(left, [&](const Object* item) {
            return value_of(child(*item, "price"), "id") == wanted.at("price");
        });
        if (same == left.end()) {
            unmatched.push_back(&wanted);
            continue;
        }
        change(**same, wanted);
        left.erase(same);
    }
    for (const Object* wanted : unmatched) {
        if (left.empty()) {
            changes.push_back(*wanted);
        } else {
            change(*left.front(), *wanted);
            left.erase(left.begin());
        }
    }
    for (const Object* item : left) {
        changes.push_back(Object{
            {"id",      item->at("id")},
            {"deleted", true          }
        });
    }
    return changes;
}

}  // namespace paydesk::sandbox::stripe
