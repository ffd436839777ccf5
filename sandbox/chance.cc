#include "sandbox/chance.h"

#include "base/ids.h"

namespace paydesk::sandbox {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): every state is a good one.
std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

}  // namespace

Chance::Chance(std::uint64_t seed, std::uint64_t run) : seeded_(true) {
    for (std::size_t i = 0; i < states_.size(); ++i) {
        states_[i] = mixed(mixed(mixed(seed + golden) + run) + i);
    }
}

std::uint64_t Chance::next(Stream stream) {
    if (!seeded_) return std::stoull(random_hex(8), nullptr, 16);
    auto& state = states_[static_cast<std::size_t>(stream)];
    state += golden;
    return mixed(state);
}

std::string Chance::alphanumeric(Stream stream, std::size_t length) {
    if (!seeded_) return random_alphanumeric(length);
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string text;
    while (text.size() < length) text += alphabet[below(stream, alphabet.size())];
    return text;
}

std::uint64_t Chance::below(Stream stream, std::uint64_t bound) { return next(stream) % bound; }

bool Chance::happens(Stream stream, double probability) {
    return static_cast<double>(next(stream) >> 11U) * 0x1p-53 < probability;
}

}  // namespace paydesk::sandbox
