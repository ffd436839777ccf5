#include "db/array_param.h"

#include <chrono>

namespace paydesk::db {

namespace {

// Of pg_type; they are the same in every Postgres.
enum class Oid : std::uint32_t { boolean = 16, bigint = 20, text = 25, timestamptz = 1184 };

constexpr Instant postgres_epoch = from_unix(946'684'800);  // 2000-01-01

void put(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(value >> shift & 0xff));
    }
}

void put_element(std::string& out, std::string_view text) {
    put(out, text.size(), 4);
    out.append(text);
}
void put_element(std::string& out, std::int64_t integer) {
    put(out, 8, 4);
    put(out, static_cast<std::uint64_t>(integer), 8);
}
void put_element(std::string& out, Instant instant) {
    const auto since =
        std::chrono::duration_cast<std::chrono::microseconds>(instant - postgres_epoch);
    put_element(out, std::int64_t{since.count()});
}
void put_element(std::string& out, bool flag) {
    put(out, 1, 4);
    put(out, flag ? 1 : 0, 1);
}

std::size_t size_of(std::string_view text) { return text.size(); }
template <class Fixed>
std::size_t size_of(Fixed) {
    return 8;
}

template <class Element>
Param encode(Oid oid, const std::vector<std::optional<Element>>& elements) {
    std::size_t bytes = 20;
    bool has_null = false;
    for (const auto& element : elements) {
        bytes += 4 + (element ? size_of(*element) : 0);
        has_null |= !element;
    }
    std::string out;
    out.reserve(bytes);
    put(out, elements.empty() ? 0 : 1, 4);  // dimensions
    put(out, has_null ? 1 : 0, 4);
    put(out, static_cast<std::uint64_t>(oid), 4);
    if (!elements.empty()) {
        put(out, elements.size(), 4);
        put(out, 1, 4);  // the first one's subscript
    }
    for (const auto& element : elements) {
        if (element) {
            put_element(out, *element);
        } else {
            put(out, 0xffff'ffff, 4);
        }
    }
    Param param(std::move(out));
    param.is_binary = true;
    return param;
}

}  // namespace

Param array(const std::vector<std::optional<std::string_view>>& texts) {
    return encode(Oid::text, texts);
}
Param array(const std::vector<std::optional<Instant>>& instants) {
    return encode(Oid::timestamptz, instants);
}
Param array(const std::vector<std::optional<std::int64_t>>& integers) {
    return encode(Oid::bigint, integers);
}
Param array(const std::vector<std::optional<bool>>& booleans) {
    return encode(Oid::boolean, booleans);
}

}  // namespace paydesk::db
