#pragma once
// Building blocks of the pages. What comes from a request or the store goes through escape().

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "http/message.h"
#include "sandbox/stripe/account.h"
#include "sandbox/stripe/cards.h"

namespace paydesk::sandbox {

// "<" -> "&lt;" and so on: safe in text and in quoted attributes.
std::string escape(std::string_view text);

// "$49.00"; the currency's own decimals.
std::string money_text(std::int64_t amount, const std::string& currency);
// "21 Nov 2026", UTC.
std::string date_text(std::int64_t at);
// "21 Nov 2026, 14:03:22 UTC"
std::string time_text(std::int64_t at);
// "Visa •••• 4242", "SEPA Direct Debit •••• 3000"; `method` is a PaymentMethod.
std::string card_text(const stripe::Object& method);
// "per month", "every 3 months"; "" for a one-time price.
std::string interval_text(const stripe::Object& price);

enum class Width : std::uint8_t { narrow, split, wide };

// A whole document around `body` (which is markup).
http::Response html_page(std::string_view title, std::string_view body, Width width,
                         int status = 200);
http::Response redirect_to(const std::string& url);
// A page that says one thing, with a way on if `url` is given.
http::Response notice_page(std::string_view title, std::string_view text, std::string_view url = {},
                           std::string_view link = {}, int status = 200);

// The link only if it is http(s): a stored URL never becomes a script.
std::string safe_url(std::string_view url);

// Number, expiry, code and name, with their labels and data-testid attributes.
std::string card_fields(const std::string& name);
// "Visa 4242 4242 4242 4242 pays" ... that fill the form when clicked.
std::string card_hints();
std::string error_box(std::string_view message);

using Form = std::map<std::string, std::string, std::less<>>;
Form form_of(const http::Request& request);
std::string field(const Form& form, std::string_view name);
// What card_fields() sends. A malformed expiry becomes month 0, which no card has.
stripe::CardDetails card_details(const Form& form);

// /assets/...; nothing for another path.
std::optional<http::Response> asset(std::string_view path);

}  // namespace paydesk::sandbox
