#pragma once
// What the routes work with. main.cc and the tests build it; all of it outlives the router.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/task.h"
#include "billing/flow.h"
#include "billing/invoice_papers.h"
#include "db/database.h"
#include "http/message.h"

namespace paydesk::credits {
class Spending;
}
namespace paydesk::usage {
struct Usage;
}
namespace paydesk::webhook {
class Receiver;
}

namespace paydesk::api {

class Live;

// Who calls, or for whom a service calls.
struct Caller {
    AccountId account;  // a person's own: their user id
    std::optional<std::string> email = {};
    bool is_service = false;
    bool is_admin = false;
    bool is_anonymous = false;
    std::string claims_json = {};  // verified; "" for a service
    // When the token stops being good; none for a service. A request is done long before, a stream is not.
    std::optional<Instant> good_until = {};

    // What their reads run as: role authenticated, RLS by `sub`.
    db::Identity identity() const;
};

struct LocalUser {
    std::string id, email, name;
    bool is_admin = false;
};

// Only in `paydesk up`.
struct LocalSignIn {
    std::vector<LocalUser> users;
    std::chrono::seconds lifetime{};
    std::function<std::string(const LocalUser&)> mint;
};

struct Services {
    db::Database& db;
    const Clock& clock;
    billing::Flows flows;
    credits::Spending& spending;
    usage::Usage& usage;
    webhook::Receiver& receiver;
    Live& live;
    billing::InvoicePapers& papers;

    // The caller of a request that is for a person. Refuses with unauthenticated, forbidden.
    std::function<Task<Result<Caller>>(const http::Request&)> authenticate;
    // Whether the request may do something that costs now. Refuses with rate_limited.
    // The caller is null for what needs no token.
    std::function<Result<void>(const http::Request&, const Caller*)> within_limits;
    // Whether the request carries the service key.
    std::function<Task<bool>(const http::Request&)> is_service;

    std::chrono::days past_due_grace{14};
    bool allow_anonymous_checkout = false;
    bool livemode = false;
    std::optional<std::string> sandbox_url = {}, supabase_url = {}, supabase_anon_key = {};
    std::optional<LocalSignIn> local_sign_in = {};
    std::string openapi_yaml;
    // Reads a stored webhook payload: for explaining what it said.
    std::function<Result<provider::Change>(provider::Name, const boost::json::value&)> normalise =
        {};
};

}  // namespace paydesk::api
