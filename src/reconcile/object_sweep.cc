// Reconciler::objects(): every list of the provider, page by page.

#include <algorithm>
#include <array>
#include <iterator>

#include "base/log.h"
#include "reconcile/inbox_store.h"
#include "reconcile/progress.h"
#include "reconcile/sweep_page.h"

namespace paydesk::reconcile {

namespace {

// Customers first: without them nothing has an owner. A payment is derived from its invoice and charge.
constexpr std::array stages = {
    provider::ObjectKind::customer,     provider::ObjectKind::payment_method,
    provider::ObjectKind::subscription, provider::ObjectKind::subscription_schedule,
    provider::ObjectKind::invoice,      provider::ObjectKind::charge,
    provider::ObjectKind::refund,       provider::ObjectKind::dispute,
    provider::ObjectKind::checkout,
};

// What can change long after it was made is always looked at whole.
bool is_dated(provider::ObjectKind kind) {
    return kind != provider::ObjectKind::customer && kind != provider::ObjectKind::subscription &&
           kind != provider::ObjectKind::subscription_schedule &&
           kind != provider::ObjectKind::payment_method;
}

// Between two pages. `after`: of payment methods the customer's id, else the last object's.
struct Position {
    std::size_t stage = 0;
    std::string after = {};
    std::optional<Instant> since = {};

    bool at_the_end() const { return stage == stages.size(); }
    provider::ObjectKind kind() const { return stages[stage]; }
    void next_stage() {
        ++stage;
        after.clear();
    }
    json::object to_json() const {
        json::object object;
        if (at_the_end()) return object;
        object["stage"] = provider::to_string(kind());
        if (!after.empty()) object["after"] = after;
        if (since) object["since"] = to_unix(*since);
        return object;
    }
    std::string in_words() const {
        if (at_the_end()) return "";
        const std::string kind_name(provider::to_string(kind()));
        return kind_name + (after.empty() ? "" : " after " + after);
    }
};

Position read_position(const json::value& value) {
    Position position;
    const auto stage = string_at(value, {"stage"}).value_or("");
    for (std::size_t i = 0; i < stages.size(); ++i) {
        if (provider::to_string(stages[i]) == stage) position.stage = i;
    }
    position.after = string_at(value, {"after"}).value_or("");
    if (const auto since = int_at(value, {"since"})) position.since = from_unix(*since);
    return position;
}

Task<Position> start_of(const Parts& parts, const Options& options) {
    Position start;
    start.since = options.since;
    if (options.since) co_return start;
    const auto last =
        co_await run_store::last(parts.db, parts.listing.name(), "objects", options.dry_run);
    if (last && last->status != "complete") co_return read_position(last->position);
    co_return start;
}

void note_unreadable(const provider::ObjectPage& page, provider::ObjectKind kind,
                     Progress& progress) {
    for (const auto& why : page.unusable) {
        ++progress.report().kinds[std::string(provider::to_string(kind))].unreadable;
        log::warning("reconcile_object_unreadable", {
                                                        {"why", json::value(why)}
        });
    }
}

Task<> sweep(const Parts& parts, const Options& options, std::vector<provider::Change> objects,
             Progress& progress) {
    const auto swept = co_await sweep_page(parts, std::move(objects), options.dry_run);
    progress.took(swept.requests);
    progress.found(swept.report);
}

Task<> sweep_unlisted(const Parts& parts, const Options& options, provider::ObjectKind kind,
                      std::vector<provider::Ref> objects, Progress& progress) {
    const auto swept =
        co_await reconcile::sweep_unlisted(parts, kind, std::move(objects), options.dry_run);
    progress.took(swept.requests);
    progress.found(swept.report);
}

// The payment methods of the next customer of ours; a refusal that ends the run.
Task<Result<void>> sweep_methods(const Parts& parts, const Options& options, Position& position,
                                 Progress& progress) {
    const auto customer =
        co_await inbox_store::next_customer(parts.db, parts.listing.name(), position.after);
    if (!customer) {
        auto lost = co_await inbox_store::lost_methods(parts.db, parts.listing.name());
        // A dry run has found those that are listed, and left them lost.
        std::erase_if(lost, [&](const provider::Ref& method) {
            const auto& found = progress.report().findings;
            return std::ranges::find(found, method.value, &Finding::id) != found.end();
        });
        co_await sweep_unlisted(parts, options, position.kind(), std::move(lost), progress);
        position.next_stage();
        co_return Result<void>{};
    }
    provider::ObjectQuery query{.kind = provider::ObjectKind::payment_method,
                                .customer = customer->customer};
    std::vector<provider::Change> objects;
    do {
        auto page = co_await parts.listing.list_objects(query);
        progress.took(1);
        if (!page && page.error().code == ErrorCode::not_found) {
            std::vector<provider::Ref> gone{customer->customer};
            co_await sweep_unlisted(parts, options, provider::ObjectKind::customer, std::move(gone),
                                    progress);
            break;
        }
        if (!page) co_return page.error();
        note_unreadable(*page, query.kind, progress);
        std::ranges::move(page->objects, std::back_inserter(objects));
        query.after = page->next;
    } while (query.after);

    auto unlisted =
        co_await inbox_store::attached_methods(parts.db, parts.listing.name(), customer->account);
    for (const auto& object : objects) unlisted.erase(object.object.value);
    co_await sweep(parts, options, std::move(objects), progress);
    std::vector<provider::Ref> to_ask;
    for (const auto& id : unlisted) to_ask.push_back({id});
    co_await sweep_unlisted(parts, options, query.kind, std::move(to_ask), progress);
    position.after = customer->customer.value;
    co_return Result<void>{};
}

Task<Result<void>> sweep_list(const Parts& parts, const Options& options, Position& position,
                              Progress& progress) {
    provider::ObjectQuery query{.kind = position.kind()};
    if (is_dated(query.kind)) query.created = position.since;
    if (!position.after.empty()) query.after = provider::Ref{position.after};
    auto page = co_await parts.listing.list_objects(query);
    if (!page) {
        progress.took(1);
        co_return page.error();
    }
    progress.took(page->requests);
    note_unreadable(*page, query.kind, progress);
    co_await sweep(parts, options, std::move(page->objects), progress);
    if (page->next) {
        position.after = page->next->value;
    } else {
        position.next_stage();
    }
    co_return Result<void>{};
}

}  // namespace

Task<Run> Reconciler::objects(Options options) {
    Position position = co_await start_of(parts_, options);
    auto progress = co_await Progress::begin(parts_, options, "objects", position.to_json(),
                                             position.since, std::nullopt);
    while (!position.at_the_end() && progress.may_go_on(parts_.clock)) {
        const bool methods = position.kind() == provider::ObjectKind::payment_method;
        const auto done = methods ? co_await sweep_methods(parts_, options, position, progress)
                                  : co_await sweep_list(parts_, options, position, progress);
        if (!done) {
            co_return co_await progress.end(parts_, "failed", position.in_words(),
                                            done.error().message);
        }
        progress.stand_at(position.to_json());
        co_await progress.save(parts_);
    }
    co_return co_await progress.end(parts_, position.at_the_end() ? "complete" : "stopped",
                                    position.in_words());
}

Task<bool> Reconciler::is_due(std::string mode, std::chrono::seconds period) {
    const auto last = co_await run_store::last(parts_.db, parts_.listing.name(), mode, false);
    if (last && last->status != "complete") co_return true;
    const auto completed = co_await run_store::completed_at(parts_.db, parts_.listing.name(), mode);
    co_return !completed || *completed + period <= parts_.clock.now();
}

}  // namespace paydesk::reconcile
