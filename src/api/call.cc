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

namespace {

UserWork admins_only(UserWork work) {
    return [work = std::move(work)](const http::Request& request,
                                    Caller caller) -> Task<http::Response> {
        if (!caller.is_admin && !caller.is_service) {
            co_return refusal({ErrorCode::forbidden, "This is for the operators of this server."});
        }
        co_return co_await work(request, std::move(caller));
    };
}

}  // namespace

http::Handler for_admin(const Services& services, UserWork work) {
    return for_user(services, admins_only(std::move(work)));
}

http::Handler for_admin_once(const Services& services, UserWork work) {
    return for_user_once(services, admins_only(std::move(work)));
}

std::string actor_of(const Caller& caller) {
    return caller.is_service ? "service" : "admin:" + caller.account.value;
}

}  // namespace paydesk::api
