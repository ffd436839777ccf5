// plans sync: the catalogue to every provider that is configured, and on offer here.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "catalog/sync_plans_flow.h"
#include "commands.h"
#include "operation_parts.h"
#include "provider_parts.h"
#include "usage/sync_meters_flow.h"

namespace paydesk {
namespace {

std::string where(const Config& config, provider::Name provider) {
    if (provider == provider::Name::paypal)
        return config.paypal.livemode ? "PayPal (live)" : "PayPal (sandbox)";
    return config.stripe.livemode ? "Stripe (live)" : "Stripe (test mode)";
}

const std::map<std::string, std::string>& fixed_prices(const Config& config,
                                                       provider::Name provider) {
    return provider == provider::Name::paypal ? config.paypal.plan_ids : config.price_ids;
}

// What is said of a plan is the same for every provider that sells it: it is told once.
void print_changes(const std::string& place, const catalog::SyncPlan& changes,
                   std::vector<std::string>& told) {
    if (!changes.at_provider.empty()) {
        fmt::print("At {}:\n", place);
        for (const auto& change : changes.at_provider) fmt::print("  {}\n", change);
    }
    std::vector<std::string> fresh;
    for (const auto& change : changes.here) {
        if (std::ranges::find(told, change) == told.end()) fresh.push_back(change);
    }
    if (!fresh.empty()) fmt::print("On offer here through {}:\n", place);
    for (const auto& change : fresh) fmt::print("  {}\n", change);
    told.insert(told.end(), fresh.begin(), fresh.end());
    std::fflush(stdout);
}

// Without a terminal nobody can answer: silence is a no.
bool person_agrees() {
    fmt::print("Go ahead? [y/N] ");
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

// Whether there is anything to do. Throws Unavailable: a provider refuses or does not answer.
Task<bool> show_changes(db::Database& db, ProviderParts& parts, const Config& config,
                        const catalog::Catalogue& catalogue) {
    bool any = false;
    std::vector<std::string> told;
    for (provider::Provider* provider : parts.all()) {
        const std::string place = where(config, provider->name());
        auto changes = co_await catalog::compare_plans(db, *provider, catalogue,
                                                       fixed_prices(config, provider->name()));
        if (changes && provider->name() == provider::Name::stripe) {
            const auto compared =
                co_await usage::compare_meters(db, parts.metering, catalogue, *changes);
            if (!compared) changes = compared.error();
        }
        if (!changes) throw Unavailable(place + ": " + changes.error().message);
        print_changes(place, *changes, told);
        any = any || !changes->empty();
    }
    co_return any;
}

Task<> sync(db::Database& db, ProviderParts& parts, const Config& config,
            const catalog::Catalogue& catalogue) {
    for (provider::Provider* provider : parts.all()) {
        const std::string place = where(config, provider->name());
        const auto report = co_await catalog::sync_plans(db, *provider, catalogue,
                                                         fixed_prices(config, provider->name()));
        if (!report) throw Unavailable(place + ": " + report.error().message);
        fmt::print(
            "{}: {} plans, {} top-ups and {} products are on offer, with {} prices ({} of them "
            "from the environment).\n",
            place, report->plans, report->top_ups, report->products, report->prices,
            report->fixed_prices);
    }
    const auto meters = co_await usage::sync_meters(db, parts.metering, catalogue);
    if (!meters) throw Unavailable(meters.error().message);
}

}  // namespace

int sync_plans(const SyncPlansOptions& options) {
    const Config config = config_for({.database = true, .provider = true});
    const auto catalogue = catalog::read_plans(config.plans_file);
    if (!catalogue) throw Unavailable(catalogue.error().message);
    int status = 0;
    run_to_end([&](asio::io_context& io) -> Task<> {
        ProviderParts parts(io, config);
        db::Database db(io, database_options(config));
        co_await db.ready(postgres_patience);
        std::exception_ptr failure;
        try {
            const bool any = co_await show_changes(db, parts, config, *catalogue);
            if (!any)
                fmt::print("Nothing to do: all is as {} says.\n",
                           config.plans_file.filename().string());
            const bool wanted = any && !options.dry_run;
            if (wanted && (options.yes || person_agrees())) {
                co_await sync(db, parts, config, *catalogue);
            } else if (wanted) {
                fmt::print("Nothing was changed. With --yes it does not ask.\n");
                status = 1;
            }
        } catch (...) {
            failure = std::current_exception();
        }
        db.stop();
        if (failure) std::rethrow_exception(failure);
    });
    return status;
}

}  // namespace paydesk
