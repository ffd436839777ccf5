#include "base/ids.h"

#include <openssl/rand.h>

#include <array>
#include <atomic>
#include <cctype>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk {
namespace {

void fill_random(unsigned char* bytes, std::size_t count) {
    PD_ASSERT(RAND_bytes(bytes, static_cast<int>(count)) == 1);
}

// Milliseconds and a counter of 12 bits within each (RFC 9562, 6.2, method 1), which starts in its lower
// half. One that is full borrows from the next millisecond; a clock that was set back starts anew.
std::uint64_t next_tick(std::uint64_t millis, std::uint64_t random) {
    static std::atomic<std::uint64_t> last = 0;
    const std::uint64_t fresh = (millis << 12) | (random & 0x7ff);
    std::uint64_t before = last.load(), tick = 0;
    do {
        const std::uint64_t before_millis = before >> 12;
        const bool same = before_millis == millis || before_millis == millis + 1;
        tick = same ? before + 1 : fresh;
    } while (!last.compare_exchange_weak(before, tick));
    return tick;
}

}  // namespace

std::string uuid_v7(Instant now) {
    std::array<unsigned char, 16> bytes;
    fill_random(bytes.data(), bytes.size());
    const auto millis = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
    const std::uint64_t tick = next_tick(millis, (bytes[6] << 8U) | bytes[7]);
    for (int i = 0; i < 6; ++i) {
        bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(tick >> (52 - 8 * i));
    }
    bytes[6] = static_cast<unsigned char>(((tick >> 8) & 0x0f) | 0x70);  // version 7
    bytes[7] = static_cast<unsigned char>(tick);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // the RFC's variant

    std::string text = to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    for (const std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
    return text;
}

Result<std::string> parse_uuid(std::string_view text) {
    const Error refusal{ErrorCode::invalid_input,
                        "'" + std::string(text.substr(0, 40)) + "' is not a UUID"};
    if (text.size() != 36) return refusal;
    std::string uuid;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : std::isxdigit(c) == 0) return refusal;
        uuid += static_cast<char>(std::tolower(c));
    }
    return uuid;
}

std::string random_hex(std::size_t bytes) {
    std::string raw(bytes, '\0');
    fill_random(reinterpret_cast<unsigned char*>(raw.data()), raw.size());
    return to_hex(raw);
}

std::string random_alphanumeric(std::size_t characters) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string text;
    while (text.size() < characters) {
        std::array<unsigned char, 64> bytes;
        fill_random(bytes.data(), bytes.size());
        for (const unsigned char byte : bytes) {
            // 248 is the largest multiple of 62 in a byte: beyond it some letters would come up more.
            if (byte < 248 && text.size() < characters) text += alphabet[byte % alphabet.size()];
        }
    }
    return text;
}

}  // namespace paydesk
