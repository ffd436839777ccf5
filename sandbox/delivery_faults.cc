#include "sandbox/delivery_faults.h"

#include <utility>

namespace paydesk::sandbox {
namespace {

void strike(const std::string& id, const Object& fault, Deliveries& deliveries, Store& store,
            std::vector<std::string>& order) {
    const auto name = text(fault, "fault");
    Object& delivery = store.edit(id);
    auto names = children(delivery, "faults");
    names.push_back(json::value(name));
    delivery["faults"] = std::move(names);
    if (name == "drop") {
        delivery["status"] = "dropped";
        std::erase(order, id);
    } else if (name == "delay") {
        delivery["next_attempt_at"] = deliveries.due_in(number(fault, "seconds"));
    } else if (name == "duplicate") {
        for (std::int64_t i = 0; i < number(fault, "copies", 1); ++i)
            order.push_back(deliveries.copy(id));
    } else {
        deliveries.strike(id, fault, order);
    }
}

}  // namespace

Upset upset(const std::vector<std::string>& fresh, Deliveries& deliveries, Store& store,
            Faults& faults, Chance& chance) {
    Upset made;
    auto& order = made.order;
    std::vector<std::size_t> shuffled;  // places in `order`
    std::int64_t window = 0;
    for (const auto& id : fresh) {
        const Object delivery = *store.find(id);
        order.push_back(id);
        // What was upset before a restart, or is being tried again, is left as it is.
        if (delivery.contains("faults") || !children(delivery, "attempts").empty()) continue;
        const auto place = order.size() - 1;
        for (const Object& fault :
             faults.strike(Faults::Place::delivery, "", text(delivery, "type"), id)) {
            made.struck = true;
            strike(id, fault, deliveries, store, order);
            if (text(fault, "fault") != "reorder") continue;
            window = number(fault, "seconds");
            if (place < order.size() && order[place] == id) shuffled.push_back(place);
        }
    }
    // Alone it cannot change places with another: it lets what comes in the next seconds pass.
    if (shuffled.size() == 1)
        store.edit(order[shuffled.front()])["next_attempt_at"] = deliveries.due_in(window);
    for (std::size_t left = shuffled.size(); left > 1; --left) {
        const auto other = chance.below(Chance::Stream::faults, left);
        std::swap(order[shuffled[left - 1]], order[shuffled[other]]);
    }
    return made;
}

}  // namespace paydesk::sandbox
