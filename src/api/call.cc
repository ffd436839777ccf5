#include "api/call.h"

#include "api/idempotency.h"
#include "api/problem.h"

namespace paydesk::api {

http::Handler for_user(const Services& services, UserWork work) {
    return
        [&services, work = std::move(work)](const http::Request& request) -> Task<http::Response> {
            auto caller = co_await services.authenticate(request);
            if (!caller) co_return refusal(caller.error());
            co_return co_await work(request, std::move(*caller));
        };
}

http::Handler for_user_once(const Services& services, UserWork work) {
    return
        [&services, work = std::move(work)](const http::Request& request) -> Task<http::Response> {
            auto caller = co_await services.authenticate(request);
            if (!caller) co_return refusal(caller.error());
            if (const auto allowed = services.within_limits(request, &*caller); !allowed) {
                co_return refusal(allowed.error());
            }
            const AccountId account = caller->account;
            co_return co_await once(services.db, services.clock, account, request,
                                    [&] { return work(request, std::move(*caller)); });
        };
}

}  // namespace paydesk::api
