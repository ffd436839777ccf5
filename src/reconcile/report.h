#pragma once
// What a reconciliation found: as counts by kind, with examples, for people and as JSON.

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace paydesk::reconcile {

inline constexpr std::size_t findings_max = 100;  // that a report names; all are counted

// What was wrong with one object. Spelled as in the report.
enum class Drift : std::uint8_t {
    event_missing,  // the provider made an event that never came
    missing,        // the object has no row here
    differs,        // its row says something else
    derived,        // what is derived from rows said something else: a payment
};
std::string_view to_string(Drift drift);

struct Finding {
    std::string kind;  // "invoice"; of an event: its type
    std::string id;    // the provider's; of a payment: "invoice/in_1"
    Drift drift;
    std::optional<std::string> account = {};
    std::string note = {};  // why it could not be mended
};

struct Counts {
    std::int64_t checked = 0;
    std::map<Drift, std::int64_t> drift = {};
    std::int64_t repaired = 0;
    std::int64_t in_flight =
        0;  // no drift: an event about it is on its way, or is just being delivered
    std::int64_t unowned = 0;     // no drift: of a customer whom nobody here is
    std::int64_t unreadable = 0;  // listed, and not to be understood
    std::int64_t drifted() const;
    void add(const Counts& more);
};

struct Report {
    std::map<std::string, Counts> kinds = {};  // by kind: "event", "invoice", "payment" ...
    std::vector<Finding> findings = {};        // the first findings_max

    Counts total() const;
    void add(const Report& more);
    void find(Finding finding);  // counts it, too
    boost::json::object to_json() const;
};
// Reads what to_json() wrote; what is not there counts as nothing.
Report read_report(const boost::json::value& value);

// One run as it ended, or stands.
struct Run {
    std::string id;
    std::string mode;  // "events", "objects"
    bool dry_run = false;
    std::string status;              // "complete", "stopped", "failed"
    std::string position_text = {};  // where the next goes on, for people; "" when complete
    std::optional<std::string> error = {};
    int requests = 0;
    Report report;

    boost::json::object to_json() const;
    // A table, and what it means.
    std::string to_text() const;
};

}  // namespace paydesk::reconcile
