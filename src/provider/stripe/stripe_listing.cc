#include "provider/stripe/stripe_listing.h"

#include "base/assert.h"
#include "provider/stripe/nested_list.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

struct Collection {
    std::string path;
    std::string_view nested;  // a list in each object that may be longer than it shows
};

Collection collection_of(const ObjectQuery& query) {
    switch (query.kind) {
        case ObjectKind::customer:
            return {"/v1/customers", ""};
        case ObjectKind::subscription:
            return {"/v1/subscriptions", "items"};
        case ObjectKind::subscription_schedule:
            return {"/v1/subscription_schedules", ""};
        case ObjectKind::invoice:
            return {"/v1/invoices", "lines"};
        case ObjectKind::payment_method:
            PD_ASSERT(query.customer.has_value());
            return {path_of("/v1/customers", *query.customer) + "/payment_methods", ""};
        case ObjectKind::checkout:
            return {"/v1/checkout/sessions", ""};
        case ObjectKind::charge:
            return {"/v1/charges", ""};
        case ObjectKind::refund:
            return {"/v1/refunds", ""};
        case ObjectKind::dispute:
            return {"/v1/disputes", ""};
        case ObjectKind::other:
            break;
    }
    PD_ASSERT(!"kind other has no list");
    return {};
}

Form query_of(const ObjectQuery& query) {
    Form form;
    form.set("limit", listing_page_max);
    if (query.after) form.set("starting_after", query.after->value);
    const bool dated = query.kind != ObjectKind::payment_method;  // else Stripe refuses the field
    if (query.created && dated) form.set("created[gte]", to_unix(*query.created));
    if (query.kind == ObjectKind::subscription) form.set("status", "all");
    if (query.kind == ObjectKind::invoice) form.set("expand[0]", "data.payments");
    return form;
}

std::optional<Ref> next_of(const json::value& page) {
    const json::array& elements = list_at(page, {});
    if (!bool_at(page, {"has_more"}).value_or(false) || elements.empty()) return std::nullopt;
    return ref_at(elements.back(), {"id"});
}

}  // namespace

bool StripeListing::follows(std::string_view event_type) const {
    return followed_kind(event_type).has_value();
}

Task<Result<EventPage>> StripeListing::list_events(EventQuery query) {
    Form form;
    form.set("limit", listing_page_max);
    if (query.after) form.set("starting_after", query.after->value);
    if (query.since) form.set("created[gte]", to_unix(*query.since));
    const Answer answer = co_await client_.get("/v1/events", form);
    if (!answer) co_return to_refusal(answer.error());
    EventPage page;
    for (const json::value& event : list_at(*answer, {})) page.events.push_back(storable(event));
    page.next = next_of(*answer);
    co_return page;
}

Task<Result<ObjectPage>> StripeListing::list_objects(ObjectQuery query) {
    const Collection collection = collection_of(query);
    const Instant asked = clock_.now();
    Answer answer = co_await client_.get(collection.path, query_of(query));
    if (!answer) co_return to_refusal(answer.error());
    ObjectPage page;
    page.next = next_of(*answer);
    for (json::value object : list_at(*answer, {})) {
        const json::value* list =
            collection.nested.empty() ? nullptr : at_path(object, {collection.nested});
        if (list != nullptr && bool_at(*list, {"has_more"}).value_or(false)) {
            const Answer whole = co_await read_to_the_end(client_, *list);
            if (!whole) co_return to_refusal(whole.error());
            ++page.requests;
            object.as_object()[collection.nested] = *whole;
        }
        auto change = normalise_object(query.kind, object, client_.remote_clock().there(asked));
        if (change) {
            page.objects.push_back(std::move(*change));
        } else {
            page.unusable.push_back(change.error().detail.empty() ? change.error().message
                                                                  : change.error().detail);
        }
    }
    co_return page;
}

}  // namespace paydesk::provider::stripe
