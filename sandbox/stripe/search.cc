// Search: GET /v1/{customers, prices, ...}/search. The sandbox's index is never late.

#include <algorithm>

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/search_query.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr auto token = SearchKind::token;
constexpr auto string = SearchKind::string;
constexpr auto numeric = SearchKind::number;
constexpr auto boolean = SearchKind::boolean;

constexpr SearchField charges[] = {
    {"amount",                                  numeric},
    {"billing_details.address.postal_code",     token  },
    {"created",                                 numeric},
    {"currency",                                token  },
    {"customer",                                token  },
    {"disputed",                                boolean},
    {"payment_method_details.card.brand",       token  },
    {"payment_method_details.card.exp_month",   numeric},
    {"payment_method_details.card.exp_year",    numeric},
    {"payment_method_details.card.fingerprint", token  },
    {"payment_method_details.card.last4",       token  },
    {"refunded",                                boolean},
    {"status",                                  token  },
};
constexpr SearchField customers[] = {
    {"created", numeric},
    {"email",   string },
    {"name",    string },
    {"phone",   string },
};
constexpr SearchField invoices[] = {
    {"created", numeric},
    {"currency", token},
    {"customer", token},
    {"last_finalization_error_code", token, "last_finalization_error.code"},
    {"last_finalization_error_type", token, "last_finalization_error.type"},
    {"number", token},
    {"receipt_number", token},
    {"status", token},
    {"subscription", token, "parent.subscription_details.subscription"},
    {"total", numeric},
};
constexpr SearchField payment_intents[] = {
    {"amount",   numeric},
    {"created",  numeric},
    {"currency", token  },
    {"customer", token  },
    {"status",   token  },
};
constexpr SearchField prices[] = {
    {"active",     boolean},
    {"currency",   token  },
    {"lookup_key", token  },
    {"product",    token  },
    {"type",       token  },
};
constexpr SearchField products[] = {
    {"active",      boolean},
    {"description", string },
    {"name",        string },
    {"shippable",   boolean},
    {"url",         string },
};
constexpr SearchField subscriptions[] = {
    {"canceled_at", numeric},
    {"created",     numeric},
    {"status",      token  },
};

json::value search(const Call& call, std::string_view kind, std::string_view url,
                   std::span<const SearchField> fields) {
    const auto query = SearchQuery::parse(text(call.params, "query"), fields);
    const auto limit = number(call.params, "limit", 10);
    if (limit < 1 || limit > 100) {
        refuse("parameter_invalid_integer",
               limit < 1 ? "This value must be greater than or equal to 1."
                         : "This value must be less than or equal to 100.",
               "limit");
    }
    const auto& ids = call.account.store().ids(kind);
    const auto page = text(call.params, "page");
    // A page's name is the last object of the one before it: what is made in between moves nothing.
    if (!page.empty() && std::ranges::find(ids, page) == ids.end()) {
        refuse("", "Invalid page: it must be the next_page of a search.", "page");
    }
    bool begun = page.empty();
    std::int64_t total = 0;
    bool more = false;
    json::array data;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const auto* object = call.account.find(kind, *id);
        if (object && query.matches(*object)) {
            ++total;
            if (begun && std::ssize(data) < limit)
                data.push_back(*object);
            else if (begun)
                more = true;
        }
        if (*id == page) begun = true;
    }
    Object result{
        {"object",    "search_result"},
        {"has_more",  more           },
        {"next_page", nullptr        },
        {"url",       url            }
    };
    if (more) result["next_page"] = data.back().get_object().at("id");
    result["data"] = std::move(data);
    const auto& expanded = children(call.params, "expand");
    if (std::ranges::find(expanded, json::value("total_count")) != expanded.end()) {
        result["total_count"] = total;
    }
    return result;
}

}  // namespace

void add_search_routes(Routes& routes) {
    const auto add = [&](std::string_view kind, const std::string& plural,
                         std::span<const SearchField> fields) {
        const auto url = "/v1/" + plural + "/search";
        routes.on("GET " + url, "query!:id limit:i page:id",
                  [=](Call& call) { return search(call, kind, url, fields); });
    };
    add("charge", "charges", charges);
    add("customer", "customers", customers);
    add("invoice", "invoices", invoices);
    add("payment_intent", "payment_intents", payment_intents);
    add("price", "prices", prices);
    add("product", "products", products);
    add("subscription", "subscriptions", subscriptions);
}

}  // namespace paydesk::sandbox::stripe
