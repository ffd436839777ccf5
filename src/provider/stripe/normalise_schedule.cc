#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

// Nothing for a phase without a start or with an item without a price: it can't be told what it is.
std::optional<SchedulePhase> read_phase(const json::value& element) {
    const auto start = instant_at(element, {"start_date"});
    if (!start) return std::nullopt;
    SchedulePhase phase{.start = *start, .end = instant_at(element, {"end_date"}), .items = {}};
    const json::value* items = at_path(element, {"items"});
    if (items == nullptr || !items->is_array()) return std::nullopt;
    for (const json::value& item : items->get_array()) {
        auto price = ref_at(item, {"price"});
        if (!price) price = ref_at(item, {"plan"});
        if (!price) return std::nullopt;
        phase.items.push_back({.item = {},
                               .price = *price,
                               .product = ref_at(item, {"price", "product"}),
                               .lookup_key = text_at(item, {"price", "lookup_key"}),
                               .quantity = int_at(item, {"quantity"}),
                               .period_start = {},
                               .period_end = {}});
    }
    return phase;
}

}  // namespace

Result<ScheduleSnapshot> read_schedule(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    const auto customer = ref_at(object, {"customer"});
    const auto status = text_at(object, {"status"});
    if (!id || !customer) return unusable(object, "has no id or no customer");
    if (!status) return unusable(object, "has no status");

    ScheduleSnapshot schedule{
        .schedule = *id,
        .customer = *customer,
        .subscription = ref_at(object, {"subscription"}),
        .status = *status,
        .current_phase_start = instant_at(object, {"current_phase", "start_date"}),
        .phases = {},
        .created_at = instant_at(object, {"created"}).value_or(at)};
    if (!schedule.subscription) schedule.subscription = ref_at(object, {"released_subscription"});
    const json::value* phases = at_path(object, {"phases"});
    if (phases == nullptr || !phases->is_array()) return unusable(object, "has no phases");
    for (const json::value& element : phases->get_array()) {
        auto phase = read_phase(element);
        if (!phase) return unusable(object, "has a phase without start, items or a price");
        schedule.phases.push_back(std::move(*phase));
    }
    return schedule;
}

}  // namespace paydesk::provider::stripe
