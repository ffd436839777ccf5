#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/clock.h"

namespace paydesk::log {
namespace {

constexpr std::string_view redacted = "[redacted]";

constexpr std::array secret_names = {"secret",        "token",     "password",    "api_key",
                                     "authorization", "signature", "card_number", "service_key",
                                     "cookie",        "cvc"};

// What secrets look like, wherever they stand: a prefix, then a long run of token characters.
constexpr std::array secret_prefixes = {"sk_test_",   "sk_live_", "rk_test_", "rk_live_", "whsec_",
                                        "sb_secret_", "Bearer ",  "bearer ",  "eyJ"};

bool is_token_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' ||
           c == '+' || c == '/' || c == '=';
}

bool names_a_secret(std::string_view name) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::ranges::any_of(
        secret_names, [&](const char* secret) { return lower.find(secret) != lower.npos; });
}

// user:password@ of a URL, as in DATABASE_URL and SMTP_URL.
void redact_url_passwords(std::string& text) {
    for (std::size_t at = 0; (at = text.find("://", at)) != text.npos; at += 3) {
        const std::size_t from = at + 3;
        const std::size_t end = text.find_first_of("/ \"?", from);
        const std::size_t stop = text.rfind('@', end == text.npos ? text.npos : end);
        const std::size_t colon = text.find(':', from);
        if (stop == text.npos || stop <= from || colon == text.npos || colon > stop) continue;
        text.replace(colon + 1, stop - colon - 1, redacted);
    }
}

// 13 to 19 digits in a row, spaces and dashes among them allowed: a card number, never logged.
void redact_card_numbers(std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) {
            ++at;
            continue;
        }
        std::size_t end = at;
        std::size_t digits = 0;
        std::size_t last_digit = at;
        while (end < text.size() && (std::isdigit(static_cast<unsigned char>(text[end])) != 0 ||
                                     text[end] == ' ' || text[end] == '-')) {
            if (text[end] != ' ' && text[end] != '-') {
                ++digits;
                last_digit = end;
            }
            ++end;
        }
        const bool starts_a_word =
            at == 0 ||
            (std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0 && text[at - 1] != '_');
        const bool ends_a_word =
            last_digit + 1 >= text.size() ||
            std::isalnum(static_cast<unsigned char>(text[last_digit + 1])) == 0;
        if (digits >= 13 && digits <= 19 && starts_a_word && ends_a_word) {
            text.replace(at, last_digit + 1 - at, redacted);
            at += redacted.size();
        } else {
            at = end;
        }
    }
}

boost::json::value safe(std::string_view name, const boost::json::value& value) {
    if (names_a_secret(name) && !value.is_null() && !value.is_bool())
        return boost::json::string(redacted);
    if (const auto* text = value.if_string()) return boost::json::string(redact(*text));
    if (const auto* array = value.if_array()) {
        boost::json::array copy;
        for (const auto& item : *array) copy.push_back(safe({}, item));
        return copy;
    }
    if (const auto* object = value.if_object()) {
        boost::json::object copy;
        for (const auto& [key, member] : *object) copy[key] = safe(key, member);
        return copy;
    }
    return value;
}

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

constexpr std::array level_names = {"debug", "info", "warning", "error"};

// The one global of the tree: standard error is one for the process, too.
spdlog::logger& sink() {
    static spdlog::logger logger = [] {
        spdlog::logger made("paydesk", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made.set_pattern("%v");
        made.set_level(spdlog::level::info);
        return made;
    }();
    return logger;
}

}  // namespace

std::string redact(std::string_view text) {
    std::string clean(text);
    for (const std::string_view prefix : secret_prefixes) {
        for (std::size_t at = 0; (at = clean.find(prefix, at)) != clean.npos;) {
            std::size_t end = at + prefix.size();
            while (end < clean.size() && is_token_character(clean[end])) ++end;
            const bool long_enough = end - at >= prefix.size() + 6;
            if (long_enough) clean.replace(at, end - at, redacted);
            at += long_enough ? redacted.size() : prefix.size();
        }
    }
    redact_url_passwords(clean);
    redact_card_numbers(clean);
    return clean;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!sink().should_log(level_of(level))) return;
    boost::json::object line;
    line["at"] = to_iso8601(SystemClock{}.now());
    line["level"] = level_names[static_cast<std::size_t>(level)];
    line["event"] = event;
    for (const auto& [name, value] : fields) line[name] = safe(name, value);
    sink().log(level_of(level), boost::json::serialize(line));
}

void set_level(Level least) { sink().set_level(level_of(least)); }

}  // namespace paydesk::log
