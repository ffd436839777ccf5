#pragma once
// Test clocks: /v1/test_helpers/test_clocks. What belongs to a customer of a test clock lives in
// its time; everything else goes by the global clock.

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {

// The test clock that this object follows, by itself, its customer, or what it belongs to; "" for
// the global clock.
std::string clock_of(const Account& account, const Object& object);
// The clock of what the call's path or parameters name.
std::string clock_of_call(const Account& account, const PathParams& path, const Object& params);
// The clock of the first object that a segment of a hosted page's path names.
std::string clock_of_page(const Account& account, std::string_view path);

// While it lives, account.now() is that clock's frozen time ("": the time as it was).
class InTimeOf {
public:
    // REQUIRES: the account outlives it.
    InTimeOf(Account& account, std::string_view test_clock);
    ~InTimeOf();
    InTimeOf(const InTimeOf&) = delete;
    InTimeOf& operator=(const InTimeOf&) = delete;

private:
    Account& account_;
    std::optional<std::int64_t> before_;
};

// Carries out what POST .../advance asked for: the clocks whose status is advancing become ready,
// step by step. Commits. Emits test_helpers.test_clock.ready.
void finish_advancing(Account& account);

}  // namespace paydesk::sandbox::stripe
