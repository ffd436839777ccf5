#pragma once
// What a provider still knows, page by page, newest first: what reconcile/ compares our rows with.
//
// Each call is one request, plus one for each nested list that a page does not show to its end. Calls
// change nothing and refuse like those of provider.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "provider/change.h"

namespace paydesk::provider {

inline constexpr int listing_page_max = 100;  // elements of a page

struct EventQuery {
    std::optional<Instant> since = {};  // made then or later
    std::optional<Ref> after = {};      // the page after this event
};

// Payloads as a delivery has them in its body.
struct EventPage {
    std::vector<std::string> events;
    std::optional<Ref> next = {};  // `after` of the next page; none: this was the last
    int requests = 1;
};

struct ObjectQuery {
    ObjectKind kind;                      // REQUIRES: not `other`
    std::optional<Ref> customer = {};     // whose; REQUIRED for payment methods
    std::optional<Instant> created = {};  // then or later
    std::optional<Ref> after = {};
};

struct ObjectPage {
    std::vector<Change> objects;             // occurred_at: the moment of asking, by our clock
    std::vector<std::string> unusable = {};  // why an object that was listed can't be read
    std::optional<Ref> next = {};
    int requests = 1;
};

class Listing {
public:
    virtual ~Listing() = default;
    virtual Name name() const = 0;

    // Whether an event of this type tells us anything: others are not missed.
    virtual bool follows(std::string_view event_type) const = 0;
    // Providers forget events; Stripe after 30 days.
    virtual std::chrono::days events_kept() const = 0;

    virtual Task<Result<EventPage>> list_events(EventQuery query) = 0;
    // Refuses with not_found: there is no such customer (any more).
    virtual Task<Result<ObjectPage>> list_objects(ObjectQuery query) = 0;
};

}  // namespace paydesk::provider
