#include "billing/customer_flow.h"
#include "billing/provider_name.h"

#include "base/json.h"
#include "billing/checkout_store.h"
#include "billing/customer_store.h"
#include "jobs/queue.h"

namespace paydesk::billing {

Task<Result<provider::Ref>> ensure_customer(const Flow& flow, Buyer buyer) {
    const provider::Name name = flow.provider.name();
    const auto intent =
        co_await flow.db.transaction([&](db::Tx& tx) -> Task<checkout_store::CustomerIntent> {
            co_await checkout_store::lock_account(tx, buyer.account, buyer.email, buyer.name);
            auto there = co_await checkout_store::intend_customer(tx, buyer.account, name,
                                                                  buyer.email, buyer.name);
            if (!there.customer) {
                const std::string provider(provider::to_string(name));
                (void)co_await jobs::enqueue(
                    tx,
                    {
                        .kind = customer_job_kind,
                        .payload = {{"account_id", buyer.account.value}, {"provider", provider}},
                        .run_at = flow.clock.now() + customer_job_delay,
                        .unique_key = provider + "/" + buyer.account.value
                });
            }
            co_return there;
        });
    if (intent.customer) co_return *intent.customer;

    // Under the old key the provider would give back the customer that was deleted.
    std::string intent_id = "customer:" + buyer.account.value;
    if (intent.deleted) intent_id += ":after:" + intent.deleted->value;
    const auto made = co_await flow.provider.create_customer(
        {std::move(intent_id)},
        {.account = buyer.account, .email = intent.email, .name = intent.name});
    if (!made) co_return made.error();

    // Another request may have recorded one in the meantime; with one intent it is the same.
    const auto recorded =
        co_await flow.db.transaction([&](db::Tx& tx) -> Task<customer_store::Customer> {
            co_return co_await customer_store::record(tx, {.account = buyer.account,
                                                           .provider = name,
                                                           .customer = *made,
                                                           .email = intent.email,
                                                           .name = intent.name});
        });
    co_return recorded.customer;
}

Task<std::optional<provider::Ref>> find_customer(const Flow& flow, AccountId account) {
    const auto found = co_await flow.db.transaction(
        [&](db::Tx& tx) -> Task<std::optional<customer_store::Customer>> {
            co_return co_await customer_store::find(tx, account, flow.provider.name());
        });
    if (!found || found->deleted || found->customer.value.empty()) co_return std::nullopt;
    co_return found->customer;
}

jobs::Handler customer_job(const Flows& flows) {
    return [&flows](jobs::Job job) -> Task<Result<void>> {
        const auto account = string_at(job.payload, {"account_id"});
        const auto name = parse_provider(string_at(job.payload, {"provider"}).value_or("stripe"));
        if (!account || !name) {
            co_return Error{ErrorCode::invalid_input, "the job's payload names no account"};
        }
        const auto flow = flows.of(*name);
        if (!flow) co_return flow.error();
        const auto customer = co_await ensure_customer(**flow, {.account = {*account}});
        if (!customer) co_return customer.error();
        co_return Result<void>{};
    };
}

}  // namespace paydesk::billing
