#pragma once
// Why is it so? For a balance, an invoice or a subscription: the events, the rules and the entries that
// made it, in their order, in words for people who support customers.

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::explain {

// Of each sort of step; of more the newest are told, and how many were left out.
inline constexpr std::int64_t steps_max = 500;

enum class Subject : std::uint8_t { balance, invoice, subscription };
std::string_view to_string(Subject subject);
std::optional<Subject> parse_subject(std::string_view text);

enum class StepKind : std::uint8_t {
    event,  // what the provider told, and what we made of it
    rule,   // what follows from it, and by which rule
    entry,  // a line of the credit ledger, a payment, a refund
    told,   // a notification or an e-mail
    asked,  // something that a person or a job of ours asked for
};
std::string_view to_string(StepKind kind);

struct Step {
    Instant at;
    StepKind kind;
    std::string text;     // a sentence
    std::string id = {};  // the event's, the payment's ...: "" where there is none
};

struct Explanation {
    Subject subject;
    std::string id;  // the provider's; of a balance the account
    std::string account;
    std::string now;               // how it stands, in a sentence or two
    std::vector<Step> steps = {};  // oldest first
    std::vector<std::string> left_out = {};

    boost::json::object to_json() const;
    std::string to_text() const;
};

struct Parts {
    db::Database& db;
    // Reads a stored payload. Its refusals are told, not given.
    std::function<Result<provider::Change>(provider::Name from, const boost::json::value& payload)>
        normalise;
};

// `id`: of an account its UUID or e-mail; of an invoice or a subscription the provider's id or ours.
// Refuses with not_found.
Task<Result<Explanation>> explain(const Parts& parts, Subject subject, std::string id);

}  // namespace paydesk::explain
