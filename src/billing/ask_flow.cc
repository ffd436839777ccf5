#include "billing/ask_flow.h"

#include "billing/apply_change.h"

namespace paydesk::billing {

Task<Result<void>> ask(const Flow& flow, provider::ObjectKind kind, provider::Ref object) {
    const auto answers = co_await flow.provider.fetch_with_payments(kind, std::move(object), {});
    if (!answers) co_return answers.error();
    co_await flow.db.transaction([&](db::Tx& tx) -> Task<> {
        std::vector<ToApply> changes;
        for (const auto& answer : *answers) changes.push_back({.change = answer});
        (void)co_await apply_changes(tx, std::move(changes), flow.clock.now());
    });
    co_return Result<void>{};
}

}  // namespace paydesk::billing
