#pragma once
// Identifiers. Ids of different kinds are different types, so that they cannot be swapped.

#include <compare>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace paydesk {

template <class Tag>
struct Id {
    std::string value;
    friend auto operator<=>(const Id&, const Id&) = default;
};

// Who pays: a person (the id of their auth.users row) or a team. A UUID in lower case.
using AccountId = Id<struct AccountTag>;

// A UUID version 7 (RFC 9562), lower case: time-ordered; those that this process makes of one millisecond
// are ordered as they were made. 62 bits are random.
std::string uuid_v7(Instant now);

// `text` as a lower-case UUID, or invalid_input.
Result<std::string> parse_uuid(std::string_view text);

// `bytes` random bytes from the operating system, as lower-case hex or as text of [A-Za-z0-9].
std::string random_hex(std::size_t bytes);
std::string random_alphanumeric(std::size_t characters);

}  // namespace paydesk
