#include "sandbox/stripe/cards.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/assert.h"
#include "base/crypto.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

using enum Authentication;

constexpr std::array cards = {
    TestCard{"4242424242424242", "pm_card_visa", "visa", "", "", never, true, "pays"},
    TestCard{"4000000000000002", "pm_card_visa_chargeDeclined", "visa", "card_declined",
             "generic_decline", never, false, "is declined"},
    TestCard{"4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", "visa",
             "card_declined", "insufficient_funds", never, false, "has insufficient funds"},
    TestCard{"4000002500003155", "pm_card_authenticationRequiredOnSetup", "visa", "", "",
             unless_set_up, true, "asks for 3-D Secure once"},
    TestCard{"4000000000003220", "pm_card_threeDSecure2Required", "visa", "", "", on_session, true,
             "asks for 3-D Secure every time"},
    TestCard{"5555555555554444", "pm_card_mastercard", "mastercard", "", "", never, true, "pays"},
    TestCard{"378282246310005", "pm_card_amex", "amex", "", "", never, true, "pays"},
    TestCard{"4000000000000341", "pm_card_chargeCustomerFail", "visa", "card_declined",
             "generic_decline", never, true, "can be saved, then every charge fails"},
    TestCard{"4000002760003184", "pm_card_authenticationRequired", "visa", "", "", always, true,
             "asks for 3-D Secure even for renewals"},
    TestCard{"4000003800000446", "pm_card_authenticationRequiredSetupForOffSession", "visa", "", "",
             unless_set_up_before, true, "is set up for renewals already"},
    TestCard{"4000008260003178", "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
             "visa", "card_declined", "insufficient_funds", always, true,
             "has insufficient funds after 3-D Secure"},
    TestCard{"4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "visa", "card_declined",
             "lost_card", never, false, "was lost"},
    TestCard{"4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "visa", "card_declined",
             "stolen_card", never, false, "was stolen"},
    TestCard{"4000000000000069", "pm_card_chargeDeclinedExpiredCard", "visa", "expired_card",
             "expired_card", never, false, "has expired"},
    TestCard{"4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "visa", "incorrect_cvc",
             "incorrect_cvc", never, false, "has another security code"},
    TestCard{"4000000000000119", "pm_card_chargeDeclinedProcessingError", "visa",
             "processing_error", "processing_error", never, false, "fails while processing"},
    TestCard{"4000000000000259", "pm_card_createDispute", "visa", "", "", never, true,
             "pays, then is disputed", "fraudulent"},
    TestCard{"4000000000002685", "pm_card_createDisputeProductNotReceived", "visa", "", "", never,
             true, "pays, then is disputed as not received", "product_not_received"},
    TestCard{"4000000000001976", "pm_card_createDisputeInquiry", "visa", "", "", never, true,
             "pays, then an inquiry comes", "inquiry"},
    TestCard{"4000000000007726", "pm_card_pendingRefund", "visa", "", "", never, true,
             "pays; refunds arrive a day later", "", "pending"},
    TestCard{"4000000000005126", "pm_card_refundFail", "visa", "", "", never, true,
             "pays; refunds fail three days later", "", "fails"},
    TestCard{"4000000000000077", "pm_card_bypassPending", "visa", "", "", never, true, "pays"},
};

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

const Object& add_method(Account& account, const TestCard& card, const CardDetails& details) {
    Object method = blank("payment_method");
    method["id"] = account.new_id("pm_1");
    Object& shown = method["card"].as_object();
    shown["brand"] = card.brand;
    shown["display_brand"] = card.brand == "amex" ? "american_express" : card.brand;
    shown["networks"].as_object()["available"] = json::array{json::value(card.brand)};
    shown["exp_month"] = details.exp_month;
    shown["exp_year"] = details.exp_year;
    shown["last4"] = card.number.substr(card.number.size() - 4);
    shown["fingerprint"] = to_hex(sha256(card.number)).substr(0, 16);
    Object& billing = method["billing_details"].as_object();
    billing["name"] = text_or_null(details.name);
    billing["email"] = text_or_null(details.email);
    method["_card"] = card.number;
    return account.add(std::move(method));
}

}  // namespace

std::span<const TestCard> test_cards() { return cards; }

const TestCard* card_by_number(std::string_view digits) {
    const auto found = std::ranges::find(cards, digits, &TestCard::number);
    return found == cards.end() ? nullptr : &*found;
}

const TestCard* card_by_method(std::string_view method_name) {
    if (method_name == "tok_visa") method_name = "pm_card_visa";
    if (method_name == "tok_mastercard") method_name = "pm_card_mastercard";
    if (method_name == "tok_amex") method_name = "pm_card_amex";
    if (method_name == "tok_chargeDeclined" || method_name == "pm_card_chargeDeclined") {
        method_name = "pm_card_visa_chargeDeclined";
    }
    if (method_name == "tok_chargeCustomerFail") method_name = "pm_card_chargeCustomerFail";
    if (method_name == "pm_card_chargeDeclinedInsufficientFunds") {
        method_name = "pm_card_visa_chargeDeclinedInsufficientFunds";
    }
    const auto found = std::ranges::find(cards, method_name, &TestCard::method);
    return found == cards.end() ? nullptr : &*found;
}

const TestCard& card_of(const Object& payment_method) {
    const auto* card = card_by_number(text(payment_method, "_card"));
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

Refusal decline_of(const TestCard& card) {
    std::string message = "Your card was declined.";
    if (card.decline_code == "insufficient_funds") message = "Your card has insufficient funds.";
    if (card.code == "expired_card") message = "Your card has expired.";
    if (card.code == "incorrect_cvc") message = "Your card's security code is incorrect.";
    if (card.code == "processing_error") {
        message = "An error occurred while processing your card. Try again in a little bit.";
    }
    const std::string_view param = card.code == "expired_card"    ? "exp_month"
                                   : card.code == "incorrect_cvc" ? "cvc"
                                                                  : "";
    return card_error(card.code, card.code == card.decline_code ? "" : card.decline_code, message,
                      param);
}

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
