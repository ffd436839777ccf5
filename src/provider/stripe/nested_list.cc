#include "provider/stripe/nested_list.h"

#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {

namespace {
constexpr int pages_max = 20;
constexpr int page_elements_max = 100;
}  // namespace

Task<Answer> read_to_the_end(Client& client, json::value list) {
    const std::string url = text_at(list, {"url"}).value_or("");
    json::array elements = list_at(list, {});
    bool more = bool_at(list, {"has_more"}).value_or(false);
    for (int page = 0; more && page < pages_max; ++page) {
        const auto last = elements.empty() ? std::nullopt : ref_at(elements.back(), {"id"});
        if (!last || !url.starts_with("/v1/")) break;
        Form query;
        query.set("limit", page_elements_max).set("starting_after", last->value);
        const Answer next = co_await client.get(url, query);
        if (!next) co_return next.error();
        for (const json::value& element : list_at(*next, {})) elements.push_back(element);
        more = bool_at(*next, {"has_more"}).value_or(false);
    }
    co_return json::object{
        {"object",   "list"             },
        {"data",     std::move(elements)},
        {"has_more", more               }
    };
}

}  // namespace paydesk::provider::stripe
