// Usage before meters: /v1/subscription_items/{id}/usage_records, .../usage_record_summaries.
// Versions before basil have them, for metered prices without a meter.

#include "base/crypto.h"
#include "sandbox/stripe/pricing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

void refuse_since_basil(const Call& call, const std::string& url) {
    if (call.version.shape < Shape::basil) return;
    throw Refusal{.status = 404,
                  .message = "Unrecognized request URL (" + url +
                             "). Usage records were removed in 2025-03-31.basil: report meter "
                             "events (POST /v1/billing/meter_events) instead."};
}

// Refuses one that takes no usage records.
SubscriptionItem metered_item(const Call& call) {
    const auto found = find_subscription_item(call.account, call.path.at("id"));
    const Object& price = child(*found.item, "price");
    if (!is_metered(price)) {
        refuse("",
               "Usage records can only be created for subscription items with a metered plan. "
               "This item's plan has `usage_type` licensed.",
               "subscription_item");
    }
    if (!is_legacy_metered(price)) {
        refuse("",
               "This item's price is backed by a meter: report its usage as meter events (POST "
               "/v1/billing/meter_events).",
               "subscription_item");
    }
    return found;
}

std::int64_t time_of(const Call& call, const Object& item) {
    const auto given = text(call.params, "timestamp");
    const auto now = call.account.now();
    if (given.empty() || given == "now") return now;
    if (given.find_first_not_of("0123456789") != std::string::npos || given.size() > 12) {
        refuse("parameter_invalid_integer", "Invalid timestamp: " + given, "timestamp");
    }
    const auto at = std::stoll(given);
    if (at < number(item, "current_period_start")) {
        refuse("",
               "Cannot create the usage record with this timestamp because timestamps must be "
               "after the subscription's last invoice period (or current period start time).",
               "timestamp");
    }
    if (at >= number(item, "current_period_end")) {
        refuse("",
               "Cannot create the usage record with this timestamp because timestamps must be "
               "before the subscription's next invoice period (or end time).",
               "timestamp");
    }
    return at;
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto id = call.path.at("id");
    refuse_since_basil(call, "POST: /v1/subscription_items/" + id + "/usage_records");
    const auto found = metered_item(call);
    if (present(*found.subscription, "ended_at")) {
        refuse("", "Cannot create the usage record because the subscription has been canceled.");
    }
    const auto quantity = number(call.params, "quantity");
    if (quantity < 0) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 0.",
               "quantity");
    }
    const auto at = time_of(call, *found.item);
    // One record a second: `set` overwrites it, `increment` adds to it.
    const auto record_id = "_usage_record:" + id + ":" + std::to_string(at);
    const auto* before = account.store().find(record_id);
    const bool adds = text(call.params, "action") != "set";
    const auto total = quantity + (before && adds ? number(*before, "quantity") : 0);
    const auto shown_id = before ? text(*before, "id") : account.new_id("mbur_1");
    Object record{
        {"id",        shown_id},
        {"timestamp", at      },
        {"quantity",  total   }
    };
    if (before)
        account.store().edit(record_id) = std::move(record);
    else
        account.store().add(records_kind(id), record_id, std::move(record));
    return Object{
        {"id",                shown_id      },
        {"object",            "usage_record"},
        {"livemode",          false         },
        {"quantity",          total         },
        {"subscription_item", id            },
        {"timestamp",         at            }
    };
}

Object summary(const std::string& item, Span period, std::int64_t total, json::value invoice) {
    const auto name = item + "/" + std::to_string(period.start);
    return {
        {"id", "sis_1" + to_hex(sha256(name)).substr(0, 24)},
        {"object", "usage_record_summary"},
        {"invoice", std::move(invoice)},
        {"livemode", false},
        {"period", Object{{"start", period.start}, {"end", period.end}}},
        {"subscription_item", item},
        {"total_usage", total}
    };
}

// The period under way, then those that were invoiced, newest first.
json::value summaries(Call& call) {
    const Account& account = call.account;
    const auto id = call.path.at("id");
    const auto url = "/v1/subscription_items/" + id + "/usage_record_summaries";
    refuse_since_basil(call, "GET: " + url);
    const auto found = metered_item(call);
    const Span current{number(*found.item, "current_period_start"),
                       number(*found.item, "current_period_end")};
    json::array all;
    all.push_back(summary(
        id, current,
        whole_part(aggregate_records(account, child(*found.item, "price"), id, current)), nullptr));
    const auto& invoices = account.store().ids("invoice");
    for (auto invoice = invoices.rbegin(); invoice != invoices.rend(); ++invoice) {
        const Object& object = *account.store().find(*invoice);
        // The first one only says that usage begins to be counted.
        if (text(object, "billing_reason") == "subscription_create") continue;
        for (const json::value& value : children(child(object, "lines"), "data")) {
            const Object& line = value.get_object();
            const Object& details = child(child(line, "parent"), "subscription_item_details");
            if (text(details, "subscription_item") != id) continue;
            const Object& period = child(line, "period");
            all.push_back(summary(id, {number(period, "start"), number(period, "end")},
                                  number(line, "quantity"), json::value(*invoice)));
        }
    }
    return page_of(call, all, url);
}

}  // namespace

void add_usage_record_routes(Routes& routes) {
    routes.on("POST /v1/subscription_items/{id}/usage_records",
              "quantity!:i timestamp action:(increment|set)", create);
    routes.list("/v1/subscription_items/{id}/usage_record_summaries", "", summaries);
}

}  // namespace paydesk::sandbox::stripe
