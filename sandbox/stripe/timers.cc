#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {

void add_timer(Account& account, std::int64_t at, std::string_view act, std::string_view target) {
    const auto id = account.new_id("_timer_");
    account.store().add("_timer", id,
                        Object{
                            {"id",     id    },
                            {"at",     at    },
                            {"act",    act   },
                            {"target", target}
    });
}

void drop_timers(Account& account, std::string_view act, std::string_view target) {
    const auto ids = account.store().ids("_timer");
    for (const auto& id : ids) {
        const Object& timer = *account.store().find(id);
        if (text(timer, "act") == act && text(timer, "target") == target) account.store().erase(id);
    }
}

}  // namespace paydesk::sandbox::stripe
