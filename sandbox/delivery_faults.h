#pragma once
// What the faults make of deliveries: one rule for both providers, each in its own time.
//
// A delivery is a stored record of {type, status, next_attempt_at, attempts, faults?, ...}.

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/chance.h"
#include "sandbox/faults.h"
#include "sandbox/object.h"
#include "sandbox/store.h"

namespace paydesk::sandbox {

// One provider's.
class Deliveries {
public:
    // What `next_attempt_at` says of a delivery that is due in so many seconds.
    virtual std::int64_t due_in(std::int64_t seconds) const = 0;
    // Stores a second one of the same, and gives its id.
    virtual std::string copy(const std::string& id) = 0;
    // A fault that only this provider has. `order` as below.
    virtual void strike(const std::string& id, const Object& fault,
                        std::vector<std::string>& order) = 0;

protected:
    ~Deliveries() = default;
};

struct Upset {
    std::vector<std::string>
        order;            // of sending; without those that are never sent, with the copies
    bool struck = false;  // the caller commits
};

// Takes deliveries that were made together and strikes each that was not struck before, and was not tried yet.
// Those that `reorder` strikes change places; one alone waits instead.
Upset upset(const std::vector<std::string>& fresh, Deliveries& deliveries, Store& store,
            Faults& faults, Chance& chance);

}  // namespace paydesk::sandbox
