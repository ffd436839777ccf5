#pragma once
// The API's routes: method, path, allowed parameters, and what answers.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/params.h"

namespace paydesk::sandbox::stripe {

using PathParams = std::map<std::string, std::string, std::less<>>;

// One API call whose key, version and parameters are in order.
struct Call {
    Account& account;
    Version version;
    PathParams path;
    Object params;  // typed (params.h)
    // A preview: the answer is computed by doing everything, and nothing of it is kept.
    bool keeps_nothing = false;

    // The object that the path's {id} names; 404 resource_missing.
    const Object& target(std::string_view kind, std::string_view param = "id") const;
};

// Gives the answer in the newest shape; versions and `expand` are api.cc's business.
// Throws Refusal.
using Action = std::function<json::value(Call&)>;

struct Route {
    std::string method;
    std::vector<std::string> segments;
    ParamSpec params;
    Action action;
};

class Routes {
public:
    // "POST /v1/customers/{id}"; `listing` as params.h describes it.
    void on(std::string_view method_and_pattern, std::string_view listing, Action action);
    // As on() for a GET that lists: limit, starting_after and ending_before are allowed too.
    void list(std::string_view pattern, std::string_view listing, Action action);

    // A literal segment beats a parameter. nullptr when nothing matches.
    const Route* find(std::string_view method, std::string_view path, PathParams& params) const;

private:
    std::vector<Route> routes_;
};

// Every route that there is.
Routes all_routes();

// One file each.
void add_account_routes(Routes& routes);
void add_balance_routes(Routes& routes);
void add_charge_routes(Routes& routes);
void add_checkout_session_routes(Routes& routes);
void add_coupon_routes(Routes& routes);
void add_credit_note_routes(Routes& routes);
void add_customer_routes(Routes& routes);
void add_dispute_routes(Routes& routes);
void add_event_routes(Routes& routes);
void add_event_summary_routes(Routes& routes);
void add_invoice_item_routes(Routes& routes);
void add_invoice_line_routes(Routes& routes);
void add_invoice_routes(Routes& routes);
void add_mandate_routes(Routes& routes);
void add_microdeposit_routes(Routes& routes);
void add_payment_intent_routes(Routes& routes);
void add_meter_event_routes(Routes& routes);
void add_meter_routes(Routes& routes);
void add_payment_method_routes(Routes& routes);
void add_plan_routes(Routes& routes);
void add_portal_routes(Routes& routes);
void add_price_routes(Routes& routes);
void add_preview_routes(Routes& routes);
void add_product_routes(Routes& routes);
void add_refund_routes(Routes& routes);
void add_search_routes(Routes& routes);
void add_setup_intent_routes(Routes& routes);
void add_subscription_item_routes(Routes& routes);
void add_subscription_routes(Routes& routes);
void add_subscription_schedule_routes(Routes& routes);
void add_test_clock_routes(Routes& routes);
void add_tax_id_routes(Routes& routes);
void add_tax_rate_routes(Routes& routes);
void add_usage_record_routes(Routes& routes);
void add_webhook_endpoint_routes(Routes& routes);

// POST /v1/refunds, for what refunds on the way.
json::value create_refund(Call& call);

// A page of the objects of `kind` that `keep` keeps, newest first.
// Refuses with resource_missing when the cursor names nothing.
json::value list_page(const Call& call, std::string_view kind, std::string_view url,
                      const std::function<bool(const Object&)>& keep);
// A page of these, in their order.
json::value page_of(const Call& call, const json::array& all, std::string_view url);

// The parameter equals the object's field, or was not given.
bool matches(const Call& call, const Object& object, std::string_view key);
// `created` as an integer or {gt, gte, lt, lte}; allowed by "created:any".
bool created_matches(const Call& call, const Object& object);

// Sets on `object` each of `keys` that the parameters have.
void copy_params(const Object& params, Object& object,
                 std::initializer_list<std::string_view> keys);
// Metadata by Stripe's rules: given keys are set, empty ones removed, "" removes all.
void merge_metadata(const Object& params, Object& object, std::string_view key = "metadata");
// {id, object, deleted: true}
Object deleted(const Object& object);

}  // namespace paydesk::sandbox::stripe
