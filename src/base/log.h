#pragma once
// Logs: one JSON object a line on standard error, for machines and patient people.
//
// {"at":"2026-11-20T12:00:00Z","level":"info","event":"webhook_stored","event_id":"evt_1"}
//
// Secrets never get out: a value under a secret-sounding name (secret, token, password, key,
// authorization, signature, card number) and any sk_/rk_/whsec_/Bearer/JWT-looking text in any
// value is replaced by "[redacted]".

#include <boost/json.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace paydesk::log {

enum class Level { debug, info, warning, error };

using Field = std::pair<std::string_view, boost::json::value>;

// `event` is a stable snake_case name: what is counted and searched for. Thread-safe.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

// What is below `least` is dropped. From LOG_LEVEL at start-up; info by default.
void set_level(Level least);

// `text` with everything that looks like a secret replaced. What write() applies to every value.
std::string redact(std::string_view text);

}  // namespace paydesk::log
