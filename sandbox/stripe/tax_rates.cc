// Tax rates: /v1/tax_rates.

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/tax_places.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view shared =
    "active:b country description jurisdiction metadata:m state "
    "tax_type ";

constexpr std::initializer_list<std::string_view> fields = {
    "active", "country", "description", "display_name", "jurisdiction", "state", "tax_type"};

json::value create(Call& call) {
    const auto units = percent_units(text(call.params, "percentage"));
    if (units < 0 || units > 1'000'000) {
        refuse("", "The percentage must be from 0 to 100, with at most 4 decimals.", "percentage");
    }
    if (present(call.params, "country") && !is_country(text(call.params, "country"))) {
        refuse("country_code_invalid",
               "Country '" + text(call.params, "country") +
                   "' is unknown. Try using a 2-character alphanumeric country code instead.",
               "country");
    }
    Object rate = blank("tax_rate");
    rate["id"] = call.account.new_id("txr_1");
    rate["inclusive"] = flag(call.params, "inclusive");
    rate["_percent"] = units;
    rate["percentage"] = percent_number(units);
    copy_params(call.params, rate, fields);
    merge_metadata(call.params, rate);
    const Object& added = call.account.add(std::move(rate));
    call.account.emit("tax_rate.created", added);
    return added;
}

json::value update(Call& call) {
    return call.account.change(text(call.target("tax_rate"), "id"), "tax_rate.updated",
                               [&](Object& rate) {
                                   copy_params(call.params, rate, fields);
                                   merge_metadata(call.params, rate);
                               });
}

json::value retrieve(Call& call) {
    const auto* automatic = automatic_rate(call.path.at("id"));
    return automatic ? *automatic : call.target("tax_rate");
}

}  // namespace

void add_tax_rate_routes(Routes& routes) {
    routes.on("POST /v1/tax_rates",
              std::string(shared) + "display_name!:id inclusive!:b percentage!:d", create);
    routes.list("/v1/tax_rates", "active:b inclusive:b created:any", [](Call& call) {
        return list_page(call, "tax_rate", "/v1/tax_rates", [&](const Object& rate) {
            return matches(call, rate, "active") && matches(call, rate, "inclusive");
        });
    });
    routes.on("GET /v1/tax_rates/{id}", "", retrieve);
    routes.on("POST /v1/tax_rates/{id}", std::string(shared) + "display_name:id", update);
}

}  // namespace paydesk::sandbox::stripe
