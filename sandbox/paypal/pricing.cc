#include "sandbox/paypal/pricing.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t tiers_max = 32;

// Digits of a text; -1 for another text.
std::int64_t whole_text(const Object& object, std::string_view key) {
    const auto given = text(object, key);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    const bool good = error == std::errc() && end == given.data() + given.size() && value >= 1;
    return good ? value : -1;
}

json::array tiers_of(const Object& given, const std::string& at) {
    if (!present(given, "tiers") || !given.at("tiers").is_array() ||
        children(given, "tiers").empty()) {
        refuse_missing_field(at + "/tiers");
    }
    if (children(given, "tiers").size() > tiers_max) {
        refuse("INVALID_ARRAY_MAX_ITEMS", at + "/tiers");
    }
    std::int64_t expected = 1;
    std::string currency;
    json::array tiers;
    for (const json::value& value : children(given, "tiers")) {
        const auto place = at + "/tiers/" + std::to_string(tiers.size());
        if (!value.is_object()) refuse("INVALID_PARAMETER_SYNTAX", place);
        const Object& tier = value.get_object();
        const auto amount = amount_at(tier, "amount", place + "/amount", Sign::positive);
        const auto from = whole_text(tier, "starting_quantity");
        const bool open = !present(tier, "ending_quantity");
        const auto to = open ? from : whole_text(tier, "ending_quantity");
        if (from < 0 || to < from) refuse("INVALID_PRICING_TIER_QUANTITY", place);
        if (from < expected) refuse("OVERLAPPING_PRICING_SCHEME_TIERS", place);
        if (from > expected) refuse("MISSING_PRICING_SCHEME_TIERS", place);
        if (!currency.empty() && amount.currency != currency) refuse("CURRENCY_MISMATCH", place);
        currency = amount.currency;
        expected = open ? INT64_MAX : to + 1;
        tiers.push_back(tier);
    }
    return tiers;
}

}  // namespace

Object pricing_scheme_of(const Account& account, const Object& given, const std::string& at,
                         std::int64_t version) {
    const bool tiered = present(given, "pricing_model") || present(given, "tiers");
    if (tiered && present(given, "fixed_price")) {
        refuse("FIXED_PRICE_NOT_SUPPORTED", at + "/fixed_price");
    }
    Object scheme{
        {"version", version}
    };
    if (tiered) {
        if (!present(given, "pricing_model")) refuse_missing_field(at + "/pricing_model");
        scheme["pricing_model"] =
            choice(given, "pricing_model", at + "/pricing_model", {"VOLUME", "TIERED"}, "");
        scheme["tiers"] = tiers_of(given, at);
    } else {
        scheme["fixed_price"] =
            money(amount_at(given, "fixed_price", at + "/fixed_price", Sign::not_negative));
    }
    scheme["create_time"] = time_text(account.now());
    scheme["update_time"] = time_text(account.now());
    return scheme;
}

void check_same_type(const Object& old_scheme, const Object& new_scheme) {
    if (!old_scheme.empty() && present(old_scheme, "tiers") != present(new_scheme, "tiers")) {
        refuse("INVALID_PRICING_SCHEME");
    }
    const auto before = currency_of_scheme(old_scheme);
    if (!before.empty() && before != currency_of_scheme(new_scheme)) refuse("CURRENCY_MISMATCH");
}

std::string currency_of_scheme(const Object& scheme) {
    const auto& tiers = children(scheme, "tiers");
    if (!tiers.empty()) return stored_amount(tiers.front().get_object(), "amount").currency;
    return stored_amount(scheme, "fixed_price").currency;
}

Amount price_of(const Object& scheme, std::int64_t quantity, const std::string& currency) {
    const auto& tiers = children(scheme, "tiers");
    if (tiers.empty()) {
        auto price = stored_amount(scheme, "fixed_price");
        price.currency = currency;
        return times(price, quantity);
    }
    Amount sum{0, currency};
    for (const json::value& value : tiers) {
        const Object& tier = value.get_object();
        const auto from = whole_text(tier, "starting_quantity");
        const auto to = present(tier, "ending_quantity") ? whole_text(tier, "ending_quantity")
                                                         : std::max(from, quantity);
        if (quantity < from) break;
        const auto amount = stored_amount(tier, "amount");
        const bool inside = quantity <= to;
        if (text(scheme, "pricing_model") == "VOLUME") {
            if (inside) return times(amount, quantity);
        } else {
            sum = plus(sum, times(amount, std::min(quantity, to) - from + 1));
        }
    }
    return sum;
}

std::string currency_of_plan(const Object& plan) {
    for (const json::value& cycle : children(plan, "billing_cycles")) {
        auto own = currency_of_scheme(child(cycle.get_object(), "pricing_scheme"));
        if (!own.empty()) return own;
    }
    return "USD";
}

const Object* cycle_of(const Object& plan, std::int64_t sequence) {
    for (const json::value& cycle : children(plan, "billing_cycles")) {
        if (number(cycle.get_object(), "sequence") == sequence) return &cycle.get_object();
    }
    return nullptr;
}

Object scheme_at(const Object& plan, std::int64_t sequence, std::int64_t since, std::int64_t at) {
    const auto* cycle = cycle_of(plan, sequence);
    if (!cycle) return {};
    Object scheme = child(*cycle, "pricing_scheme");
    const auto& changes = children(plan, "_changes");
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        const Object& one = change->get_object();
        if (number(one, "sequence") != sequence) continue;
        const auto changed = number(one, "at");
        if (since >= changed || at >= changed + price_change_seconds) break;
        scheme = child(one, "before");
    }
    return scheme;
}

void change_price(const Account& account, Object& plan, std::int64_t sequence, Object scheme) {
    for (json::value& value : plan["billing_cycles"].as_array()) {
        Object& cycle = value.get_object();
        if (number(cycle, "sequence") != sequence) continue;
        json::array changes = children(plan, "_changes");
        changes.push_back(Object{
            {"sequence", sequence},
            {"at", account.now()},
            {"before", child(cycle, "pricing_scheme")}
        });
        cycle["pricing_scheme"] = std::move(scheme);
        plan["_changes"] = std::move(changes);
        return;
    }
}

unsigned day_of(std::int64_t at) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(from_unix(at))};
    return static_cast<unsigned>(date.day());
}

std::int64_t later_by(std::int64_t at, const Object& frequency, unsigned anchor_day) {
    const auto unit = text(frequency, "interval_unit");
    const auto count = number(frequency, "interval_count", 1);
    if (unit == "DAY") return at + count * day_seconds;
    if (unit == "WEEK") return at + count * 7 * day_seconds;
    const auto day = std::chrono::floor<std::chrono::days>(from_unix(at));
    const std::chrono::year_month_day date{day};
    const std::chrono::months months{unit == "YEAR" ? 12 * count : count};
    const auto month = std::chrono::year_month{date.year(), date.month()} + months;
    const std::chrono::year_month_day_last last{month.year(),
                                                std::chrono::month_day_last{month.month()}};
    const auto chosen = std::min(std::chrono::day{anchor_day}, last.day());
    const std::chrono::sys_days moved{month / chosen};
    return to_unix(moved) + (at - to_unix(day));
}

}  // namespace paydesk::sandbox::paypal
