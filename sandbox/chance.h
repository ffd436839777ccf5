#pragma once
// Everything random in the sandbox comes from here: ids, secrets, and the dice of faults.
//
// With a seed, each stream gives the same sequence in every run. Streams are apart so that one
// kind of use does not shift another: reading an object in between changes no later id, and a
// delivery that is tried again changes no object.

#include <array>
#include <cstdint>
#include <string>

namespace paydesk::sandbox {

class Chance {
public:
    enum class Stream : std::uint8_t {
        objects,
        changing_calls,
        reading_calls,
        deliveries,
        faults,
        mails,
        paypal,  // its objects
        paypal_deliveries
    };

    // From the operating system: no two runs alike.
    Chance() = default;
    // `run` sets apart the runs over one folder of state, so that a later one repeats no id.
    Chance(std::uint64_t seed, std::uint64_t run);

    // Text of [A-Za-z0-9].
    std::string alphanumeric(Stream stream, std::size_t length);
    // From 0 to bound - 1. REQUIRES: bound > 0.
    std::uint64_t below(Stream stream, std::uint64_t bound);
    // True with this probability, from 0 (never) to 1 (always).
    bool happens(Stream stream, double probability);

private:
    std::uint64_t next(Stream stream);

    bool seeded_ = false;
    std::array<std::uint64_t, 8> states_{};
};

}  // namespace paydesk::sandbox
