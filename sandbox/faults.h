#pragma once
// Faults on demand: what goes wrong between Stripe and its users, when somebody asks for it.
//
// A fault is a stored record of kind "_fault":
//   {id, fault, when, filter, probability, count, hits, seconds, reason, api_version, copies}
// and each time that it strikes there is one of kind "_fault_log":
//   {id, at, fault_id, fault, subject, reference, note}
// None is set by default.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

class Faults {
public:
    enum class Place : std::uint8_t {
        call,      // an API call; subject "POST /v1/customers"
        event,     // an event is made; subject "invoice.paid"
        delivery,  // its delivery to one endpoint; subject "invoice.paid"
        mail,      // a mail to one recipient; subject "ada@example.com"
    };
    struct Kind {
        std::string_view name;
        Place place;
        std::int64_t seconds;  // unless said otherwise
        std::string_view says;
        std::string_view filter = {};  // unless said otherwise
        std::int64_t seconds_max = 24 * 3600;
    };
    static std::span<const Kind> kinds();
    // What filters faults of that place: "route", "event" or "to".
    static std::string_view filter_of(Place place);

    // REQUIRES: it outlives the faults.
    explicit Faults(stripe::Account& account) : account_(account) {}

    // Sets one: {fault, when?: before | after, route? or event? or to?, probability?, count?, seconds?,
    // reason?, api_version?, copies?}. Commits. Throws Refusal naming what is wrong.
    stripe::Object add(const stripe::Object& wanted);
    // Commits. False when there is no such fault.
    bool remove(std::string_view id);
    void clear();
    void clear_log();

    // Oldest first; those whose count is used up are gone.
    std::vector<stripe::Object> all() const;
    // Newest first.
    std::vector<stripe::Object> log() const;

    // Those that strike now, in the order in which they were set. Each is counted and logged; the
    // caller commits. `when` "" takes both.
    std::vector<stripe::Object> strike(Place place, std::string_view when, std::string_view subject,
                                       std::string_view reference);
    void commit() { account_.commit(); }

private:
    void note(const stripe::Object& fault, std::string_view subject, std::string_view reference);

    stripe::Account& account_;
};

// "POST /v1/*" fits "POST /v1/customers": '*' is any text, "" fits all.
bool fits(std::string_view pattern, std::string_view subject);

}  // namespace paydesk::sandbox
