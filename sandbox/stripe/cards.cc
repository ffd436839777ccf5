#include "sandbox/stripe/cards.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/assert.h"
#include "base/crypto.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/test_card_table.h"

namespace paydesk::sandbox::stripe {
namespace {

bool luhn(std::string_view digits) {
    int sum = 0;
    bool twice = false;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
        int value = *digit - '0';
        if (twice) value = value > 4 ? value * 2 - 9 : value * 2;
        sum += value;
    }
    return sum % 10 == 0;
}

std::string digits_of(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c == ' ' || c == '-') continue;
        if (c < '0' || c > '9') return {};
        digits += c;
    }
    return digits;
}

const TestCard& checked_card(const Account& account, const CardDetails& details) {
    const auto digits = digits_of(details.number);
    if (digits.size() < 12 || digits.size() > 19 || !luhn(digits)) {
        throw card_error("incorrect_number", "", "Your card number is incorrect.", "number");
    }
    if (details.exp_month < 1 || details.exp_month > 12) {
        throw card_error("invalid_expiry_month", "", "Your card's expiration month is invalid.",
                         "exp_month");
    }
    const std::chrono::year_month_day today{
        std::chrono::floor<std::chrono::days>(from_unix(account.now()))};
    const std::int64_t year = static_cast<int>(today.year());
    const std::int64_t month = static_cast<unsigned>(today.month());
    if (details.exp_year < year || details.exp_year > year + 50 ||
        (details.exp_year == year && details.exp_month < month)) {
        throw card_error("invalid_expiry_year", "", "Your card's expiration year is invalid.",
                         "exp_year");
    }
    const auto cvc = digits_of(details.cvc);
    const bool amex = digits.starts_with("34") || digits.starts_with("37");
    const bool amex_cvc = amex && cvc.size() == 4;
    if (!details.cvc.empty() && cvc.size() != 3 && !amex_cvc) {
        throw card_error("invalid_cvc", "", "Your card's security code is invalid.", "cvc");
    }
    const auto* card = card_by_number(digits);
    if (!card) {
        throw card_error("card_declined", "test_mode_live_card",
                         "Your card was declined. Your request was in test mode, but used a non "
                         "test card. For a list of valid test cards, visit: "
                         "https://stripe.com/docs/testing.");
    }
    return *card;
}

// What the checks of this card's code and address come to.
Object checks_of(const TestCard& card) {
    const bool unchecked = card.check == "unchecked";
    const auto address = [&](std::string_view part) -> json::value {
        if (unchecked) return "unavailable";
        return card.check == part || card.check == "address" ? json::value("fail")
                                                             : json::value(nullptr);
    };
    return {
        {"address_line1_check",       address("line1")                     },
        {"address_postal_code_check", address("zip")                       },
        {"cvc_check",                 card.check == "cvc" ? "fail" : "pass"}
    };
}

const Object& add_method(Account& account, const TestCard& card, const CardDetails& details) {
    Object method = blank("payment_method");
    method["id"] = account.new_id("pm_1");
    Object& shown = method["card"].as_object();
    shown["brand"] = card.brand;
    shown["checks"] = checks_of(card);
    shown["country"] = card.country;
    shown["display_brand"] = card.brand == "amex" ? "american_express" : card.brand;
    shown["funding"] = card.funding;
    shown["networks"].as_object()["available"] = json::array{json::value(card.brand)};
    shown["exp_month"] = details.exp_month;
    shown["exp_year"] = details.exp_year;
    shown["last4"] = card.number.substr(card.number.size() - 4);
    shown["fingerprint"] = to_hex(sha256(card.number)).substr(0, 16);
    Object& billing = method["billing_details"].as_object();
    billing["name"] = text_or_null(details.name);
    billing["email"] = text_or_null(details.email);
    method["_card"] = card.named_only ? card.method : card.number;
    return account.add(std::move(method));
}

const TestCard* card_where(std::string_view TestCard::* field, std::string_view value) {
    const auto found = [&](std::span<const TestCard> all) -> const TestCard* {
        const auto at = std::ranges::find(all, value, field);
        return at == all.end() ? nullptr : &*at;
    };
    if (value.empty()) return nullptr;
    const auto* special = found(special_cards);
    return special ? special : found(country_cards);
}

Refusal declined(std::string_view code, std::string_view decline_code) {
    std::string message = "Your card was declined.";
    if (decline_code == "insufficient_funds") message = "Your card has insufficient funds.";
    if (code == "expired_card") message = "Your card has expired.";
    if (code == "incorrect_cvc") message = "Your card's security code is incorrect.";
    if (code == "processing_error") {
        message = "An error occurred while processing your card. Try again in a little bit.";
    }
    if (decline_code == "card_velocity_exceeded") {
        message =
            "Your card was declined for making repeated attempts too frequently or exceeding its "
            "amount limit.";
    }
    const std::string_view param = code == "expired_card"    ? "exp_month"
                                   : code == "incorrect_cvc" ? "cvc"
                                                             : "";
    return card_error(code, code == decline_code ? "" : decline_code, message, param);
}

}  // namespace

std::span<const TestCard> test_cards() { return special_cards; }
std::span<const TestCard> cards_by_country() { return country_cards; }

const TestCard* card_by_number(std::string_view digits) {
    return card_where(&TestCard::number, digits);
}

const TestCard* card_by_method(std::string_view method_name) {
    std::string name(method_name);
    if (name.starts_with("tok_")) name = "pm_card_" + name.substr(4);
    const auto* alias = std::ranges::find(card_aliases, std::string_view(name),
                                          &std::pair<std::string_view, std::string_view>::first);
    if (alias != std::end(card_aliases)) name = alias->second;
    return card_where(&TestCard::method, name);
}

const TestCard& card_of(const Object& payment_method) {
    const auto key = text(payment_method, "_card");
    const auto* card = card_by_number(key);
    if (!card) card = card_by_method(key);
    PD_ASSERT(card);
    return *card;
}

Refusal card_error(std::string_view code, std::string_view decline_code, std::string message,
                   std::string_view param) {
    return {.status = 402,
            .type = "card_error",
            .code = std::string(code),
            .message = std::move(message),
            .param = std::string(param),
            .decline_code = std::string(decline_code)};
}

Refusal decline_by_code(std::string_view decline_code) {
    if (decline_code == "authentication_required") {
        return card_error(decline_code, decline_code,
                          "Your card was declined. This transaction requires authentication.");
    }
    return declined(decline_code == "expired_card" ? decline_code : "card_declined", decline_code);
}

Refusal decline_of(const TestCard& card) { return declined(card.code, card.decline_code); }

const Object& add_payment_method(Account& account, const CardDetails& details) {
    CardDetails full = details;
    if (full.exp_year >= 0 && full.exp_year < 100) full.exp_year += 2000;
    return add_method(account, checked_card(account, full), full);
}

const Object* add_test_payment_method(Account& account, std::string_view method_name) {
    const auto* card = card_by_method(method_name);
    if (!card) return nullptr;
    const std::chrono::year_month_day today{
        std::chrono::floor<std::chrono::days>(from_unix(account.now()))};
    return &add_method(account, *card,
                       {.number = std::string(card->number),
                        .exp_month = static_cast<unsigned>(today.month()),
                        .exp_year = static_cast<int>(today.year()) + 1,
                        .cvc = {},
                        .name = {},
                        .email = {}});
}

}  // namespace paydesk::sandbox::stripe
