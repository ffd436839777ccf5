#pragma once
// PayPal's routes: method, path, how long a request id is remembered, and what answers.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

class Keys;

// One call whose token and body are in order.
struct Call {
    Account& account;
    Keys& keys;
    const http::Request& request;
    std::map<std::string, std::string, std::less<>> path = {};   // "{id}" of the route
    std::map<std::string, std::string, std::less<>> query = {};  // decoded
    json::value body = nullptr;                                  // null where none was sent
    bool whole = false;                                          // Prefer: return=representation

    // The body's fields; none where the body is no object.
    const Object& fields() const;
    const std::string& id() const { return path.find("id")->second; }
    // "" where the query has none.
    std::string asked(std::string_view name) const;
};

struct Answer {
    int status = 200;
    json::value body = nullptr;  // null: no body
};

// Throws Refusal.
using Action = Answer (*)(Call&);

struct Route {
    std::string method;
    std::vector<std::string> segments;
    std::int64_t remembers =
        0;  // seconds for which PayPal-Request-Id gives the same answer; 0: never
    Action action = nullptr;
    std::string pattern;
};

class Routes {
public:
    // "POST /v2/checkout/orders/{id}/capture"
    void on(std::string_view method_and_pattern, Action action, std::int64_t remembers = 0);
    // A literal segment beats a parameter. nullptr when nothing matches.
    const Route* find(std::string_view method, std::string_view path,
                      std::map<std::string, std::string, std::less<>>& params) const;

private:
    std::vector<Route> routes_;
};

// Every route that there is.
Routes all_routes();

// One file each.
void add_order_routes(Routes& routes);
void add_payment_routes(Routes& routes);
void add_sale_routes(Routes& routes);
void add_product_routes(Routes& routes);
void add_plan_routes(Routes& routes);
void add_subscription_routes(Routes& routes);
void add_subscription_action_routes(Routes& routes);
void add_webhook_routes(Routes& routes);
void add_webhook_event_routes(Routes& routes);
void add_dispute_routes(Routes& routes);

inline constexpr std::int64_t hour_seconds = 3600;
inline constexpr std::int64_t remembers_orders = 6 * hour_seconds;
inline constexpr std::int64_t remembers_catalog = 72 * hour_seconds;
inline constexpr std::int64_t remembers_payments = 45 * day_seconds;

// {<name>: page, total_items?, total_pages?, links} by page_size (1 to `most`), page and total_required.
Object page_of(const Call& call, std::string_view name, const std::vector<Object>& all,
               std::string_view url, std::int64_t most);

}  // namespace paydesk::sandbox::paypal
