#include "sandbox/mail/mime_text.h"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "http/message.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox {
namespace {

constexpr std::string_view unreadable = "\xEF\xBF\xBD";  // U+FFFD

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// The byte that "=41" or "_41" at `at` + 1 stands for; -1 when that is none.
int hex_byte(std::string_view text, std::size_t at) {
    if (at + 2 >= text.size()) return -1;
    const int high = hex_digit(text[at + 1]);
    const int low = hex_digit(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// "Q" of encoded words: quoted-printable in which '_' is a blank.
std::string from_q(std::string_view encoded) {
    std::string bytes;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const int byte = encoded[i] == '=' ? hex_byte(encoded, i) : -1;
        if (byte >= 0) {
            bytes += static_cast<char>(byte);
            i += 2;
        } else {
            bytes += encoded[i] == '_' ? ' ' : encoded[i];
        }
    }
    return bytes;
}

// One "=?charset?B?text?=" at the head of `field`; its length, or 0 when there is none.
struct Word {
    std::size_t length = 0;
    std::string charset, bytes;
};
Word encoded_word(std::string_view field) {
    if (!field.starts_with("=?")) return {};
    const auto after_charset = field.find('?', 2);
    if (after_charset == std::string_view::npos || after_charset + 2 >= field.size()) return {};
    if (field[after_charset + 2] != '?') return {};
    const auto end = field.find("?=", after_charset + 3);
    if (end == std::string_view::npos) return {};
    const auto inside = field.substr(after_charset + 3, end - after_charset - 3);
    const char way = field[after_charset + 1];
    Word word;
    if (way == 'B' || way == 'b')
        word.bytes = from_base64(inside);
    else if (way == 'Q' || way == 'q')
        word.bytes = from_q(inside);
    else
        return {};
    word.charset = field.substr(2, after_charset - 2);
    if (const auto star = word.charset.find('*'); star != std::string::npos) {
        word.charset.resize(star);  // RFC 2231: "=?UTF-8*en?Q?...?="
    }
    word.length = end + 2;
    return word;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Takes a value off the head of `rest`, a quoted one without its quotes, up to the next ';'.
std::string take_value(std::string_view& rest) {
    std::string value;
    bool quoted = false;
    std::size_t i = 0;
    for (; i < rest.size() && (quoted || rest[i] != ';'); ++i) {
        if (rest[i] == '"') {
            quoted = !quoted;
        } else {
            if (quoted && rest[i] == '\\' && i + 1 < rest.size()) ++i;
            value += rest[i];
        }
    }
    rest.remove_prefix(std::min(i + 1, rest.size()));
    return std::string(trimmed(value));
}

// "UTF-8'en'%C3%BC" -> {"UTF-8", "%C3%BC"}
std::pair<std::string, std::string> apart(const std::string& extended) {
    const auto first = extended.find('\'');
    const auto second = first == std::string::npos ? first : extended.find('\'', first + 1);
    if (second == std::string::npos) return {"", extended};
    return {extended.substr(0, first), extended.substr(second + 1)};
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return lower;
}

std::string from_base64(std::string_view encoded) {
    std::string bytes;
    bytes.reserve(encoded.size() * 3 / 4);
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : encoded) {
        int value = -1;
        if (c >= 'A' && c <= 'Z') value = c - 'A';
        if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
        if (c >= '0' && c <= '9') value = c - '0' + 52;
        if (c == '+') value = 62;
        if (c == '/') value = 63;
        if (c == '=') break;
        if (value < 0) continue;
        held = (held << 6U | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(held >> static_cast<unsigned>(bits) & 0xFFU);
    }
    return bytes;
}

std::string from_quoted_printable(std::string_view encoded) {
    std::string bytes;
    bytes.reserve(encoded.size());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        if (encoded[i] != '=') {
            bytes += encoded[i];
            continue;
        }
        if (const int byte = hex_byte(encoded, i); byte >= 0) {
            bytes += static_cast<char>(byte);
            i += 2;
            continue;
        }
        // A soft line end: "=" and perhaps blanks, then the line's end. Both are taken away.
        auto end = i + 1;
        while (end < encoded.size() && (encoded[end] == ' ' || encoded[end] == '\t')) ++end;
        if (end < encoded.size() && encoded[end] == '\r') ++end;
        if (end >= encoded.size() || encoded[end] == '\n')
            i = std::min(end, encoded.size() - 1);
        else
            bytes += '=';
    }
    return bytes;
}

std::string to_utf8(std::string_view bytes, std::string_view charset) {
    const std::string name = lower_case(charset);
    if (name.empty() || name == "utf-8" || name == "utf8" || name == "us-ascii") {
        return stripe::readable(bytes);
    }
    // What calls itself Latin-1 is read as Windows-1252, as browsers do.
    const auto* from = name == "iso-8859-1" || name == "latin1" ? "windows-1252" : name.c_str();
    const auto converter = ::iconv_open("UTF-8", from);
    if (converter == reinterpret_cast<iconv_t>(-1)) return stripe::readable(bytes);
    std::string text;
    std::string input(bytes);
    char* in = input.data();
    std::size_t left = input.size();
    while (left > 0) {
        char piece[512];
        char* out = piece;
        std::size_t room = sizeof piece;
        const auto made = ::iconv(converter, &in, &left, &out, &room);
        text.append(piece, sizeof piece - room);
        if (made != static_cast<std::size_t>(-1) || errno == E2BIG) continue;
        text += unreadable;
        ++in;
        --left;
    }
    ::iconv_close(converter);
    return text;
}

std::string decoded_words(std::string_view field) {
    std::string text;
    // A character may be cut by the end of a word, so neighbours of one charset are decoded as one.
    std::string pending, charset;
    const auto flush = [&] {
        text += to_utf8(pending, charset);
        pending.clear();
    };
    while (!field.empty()) {
        const auto blanks = std::min(field.find_first_not_of(" \t"), field.size());
        const auto word = encoded_word(field.substr(blanks));
        if (word.length > 0) {
            if (pending.empty()) text += field.substr(0, blanks);
            if (!pending.empty() && charset != word.charset) flush();
            charset = word.charset;
            pending += word.bytes;
            field.remove_prefix(blanks + word.length);
            continue;
        }
        if (!pending.empty()) flush();
        // To the next blank or word: words also stand in the middle, as in "(=?utf-8?q?x?=)".
        auto end = std::min(field.find_first_of(" \t", blanks + 1), field.size());
        end = std::min(end, field.find("=?", blanks + 1));
        text += stripe::readable(field.substr(0, end));
        field.remove_prefix(end);
    }
    if (!pending.empty()) flush();
    return text;
}

std::string ParameterField::parameter(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
}

ParameterField parameter_field(std::string_view field) {
    ParameterField parsed;
    parsed.value = lower_case(take_value(field));
    std::map<std::string, std::map<int, std::pair<bool, std::string>>> pieces;
    while (!field.empty()) {
        const auto equals = field.find('=');
        if (equals == std::string_view::npos) break;
        std::string name = lower_case(trimmed(field.substr(0, equals)));
        field.remove_prefix(equals + 1);
        const auto value = take_value(field);
        const auto star = name.find('*');
        if (star == std::string::npos) {
            parsed.parameters.emplace(name, decoded_words(value));
            continue;
        }
        const bool extended = name.ends_with('*');
        int number = 0;
        for (const char c : name.substr(star + 1)) {
            if (c >= '0' && c <= '9' && number < 1000) number = number * 10 + (c - '0');
        }
        pieces[name.substr(0, star)].emplace(number, std::pair(extended, value));
    }
    for (const auto& [name, parts] : pieces) {
        std::string charset, bytes;
        for (const auto& [number, part] : parts) {
            auto value = part.second;
            if (number == 0 && part.first) std::tie(charset, value) = apart(value);
            bytes += part.first ? http::percent_decode(value, false).value_or(value) : value;
        }
        parsed.parameters[name] = to_utf8(bytes, charset);
    }
    return parsed;
}

}  // namespace paydesk::sandbox
