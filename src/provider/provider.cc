#include "provider/provider.h"

namespace paydesk::provider {
namespace {

Result<std::vector<Change>> alone(Result<Change> change) {
    if (!change) return change.error();
    std::vector<Change> changes;
    changes.push_back(std::move(*change));
    return changes;
}

}  // namespace

Task<Result<std::vector<Change>>> Provider::capture_checkout(IntentId, Ref checkout) {
    co_return alone(co_await fetch(ObjectKind::checkout, std::move(checkout)));
}

Task<Result<std::vector<Change>>> Provider::fetch_with_payments(ObjectKind kind, Ref object,
                                                                std::optional<Instant>) {
    co_return alone(co_await fetch(kind, std::move(object)));
}

}  // namespace paydesk::provider
