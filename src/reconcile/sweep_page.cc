#include "reconcile/sweep_page.h"

#include <map>

#include "base/log.h"
#include "billing/apply_change.h"
#include "reconcile/inbox_store.h"
#include "reconcile/stored_events.h"

namespace paydesk::reconcile {

namespace {

using billing::Applied;
using billing::Outcome;
using billing::ToApply;
using provider::Change;

// A row that still differs after its events were applied once more.
struct Doubtful {
    provider::ObjectKind kind;
    provider::Ref object;
    std::string revision;
    Finding finding;
};

struct Compared {
    Report report;
    std::vector<Doubtful> doubtful;
};

std::string name_of(provider::ObjectKind kind) { return std::string(provider::to_string(kind)); }

std::vector<ToApply> to_compare(const std::vector<Change>& listed) {
    std::vector<ToApply> changes;
    for (const Change& change : listed) changes.push_back({.change = change, .swept = true});
    return changes;
}

std::set<AccountId> accounts_of(const std::vector<Applied>& results) {
    std::set<AccountId> accounts;
    for (const auto& result : results) {
        if (result.account) accounts.insert(*result.account);
    }
    return accounts;
}

// Applies the listed objects of `findings` once more, after their events.
Task<> settle_findings(const Parts& parts, db::Tx& tx, std::vector<Change> differing,
                       std::vector<Finding> findings, Compared& compared) {
    std::vector<ToApply> changes;
    for (std::size_t i = 0; i < differing.size(); ++i) {
        changes.push_back({.change = differing[i], .swept = true});
        if (findings[i].drift == Drift::missing) changes.back().fetched_at_revision = "";
    }
    const auto results = co_await billing::apply_changes(tx, std::move(changes), parts.clock.now());
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].outcome == Outcome::needs_fetch) {
            compared.doubtful.push_back({.kind = differing[i].kind,
                                         .object = differing[i].object,
                                         .revision = results[i].revision,
                                         .finding = std::move(findings[i])});
        } else {
            ++compared.report.kinds[findings[i].kind].repaired;
            compared.report.find(std::move(findings[i]));
        }
    }
}

Task<Compared> compare(const Parts& parts, db::Tx& tx, std::vector<Change> listed) {
    Compared compared;
    const provider::ObjectKind kind = listed.front().kind;
    Counts& counts = compared.report.kinds[name_of(kind)];
    counts.checked += static_cast<std::int64_t>(listed.size());

    const auto results = co_await billing::apply_changes(tx, to_compare(listed), parts.clock.now());
    std::vector<std::size_t> differing;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const bool nobodys =
            results[i].outcome == Outcome::waiting || results[i].outcome == Outcome::ignored;
        if (nobodys) ++counts.unowned;
        if (results[i].outcome == Outcome::applied) {  // a checkout: its state alone decides
            compared.report.find({.kind = name_of(kind),
                                  .id = listed[i].object.value,
                                  .drift = Drift::differs,
                                  .account = results[i].account
                                                 ? std::optional(results[i].account->value)
                                                 : std::nullopt});
            ++counts.repaired;
        }
        if (results[i].outcome != Outcome::needs_fetch) continue;
        differing.push_back(i);
        ids.push_back(listed[i].object.value);
    }
    if (!ids.empty()) {
        const auto waiting =
            co_await inbox_store::on_their_way(tx, parts.listing.name(), kind, ids);
        std::vector<Change> changes;
        std::vector<Finding> findings;
        ids.clear();
        for (const std::size_t i : differing) {
            const std::string& id = listed[i].object.value;
            if (waiting.contains(id)) {
                ++counts.in_flight;
                continue;
            }
            ids.push_back(id);
            changes.push_back(listed[i]);
            findings.push_back(
                {.kind = name_of(kind),
                 .id = id,
                 .drift = results[i].revision.empty() ? Drift::missing : Drift::differs,
                 .account =
                     results[i].account ? std::optional(results[i].account->value) : std::nullopt});
        }
        if (!changes.empty()) {
            co_await apply_stored_events(parts, tx, kind, std::move(ids));
            co_await settle_findings(parts, tx, std::move(changes), std::move(findings), compared);
        }
    }
    for (auto& written : co_await inbox_store::written_payments(tx, accounts_of(results))) {
        ++compared.report.kinds["payment"].repaired;
        compared.report.find({.kind = "payment",
                              .id = std::move(written.payment),
                              .drift = Drift::derived,
                              .account = written.account.value});
    }
    // A payment that was made anew has another id: the next pages link its refunds and disputes again.
    if (kind == provider::ObjectKind::invoice || kind == provider::ObjectKind::charge) {
        co_await inbox_store::drop_dangling_links(tx, accounts_of(results));
    }
    co_return compared;
}

// Asks for one object and applies it to a row that has not moved since it was compared.
Task<> repair(const Parts& parts, Doubtful doubtful, SweptPage& page) {
    ++page.requests;
    auto fetched = co_await parts.applier.provider->fetch(doubtful.kind, doubtful.object);
    Finding& finding = doubtful.finding;
    if (!fetched) {
        finding.note = fetched.error().message;
        page.report.find(std::move(finding));
        co_return;
    }
    const auto results = co_await parts.db.transaction([&](db::Tx& tx) {
        return billing::apply_changes(
            tx,
            {
                {.change = *fetched, .fetched_at_revision = doubtful.revision, .swept = true}
        },
            parts.clock.now());
    });
    switch (results.front().outcome) {
        case Outcome::needs_fetch:  // told meanwhile: no drift
            ++page.report.kinds[finding.kind].in_flight;
            co_return;
        case Outcome::stale:
            finding.note = "our row is in a final state that the provider denies: look at it";
            break;
        case Outcome::unchanged:  // it was the list that was old
            ++page.report.kinds[finding.kind].in_flight;
            co_return;
        case Outcome::applied:
        case Outcome::ignored:
        case Outcome::waiting:
            ++page.report.kinds[finding.kind].repaired;
            break;
    }
    page.report.find(std::move(finding));
}

// The transaction's end: kept, or only looked at.
struct Looked {};

}  // namespace

Task<SweptPage> sweep_page(const Parts& parts, std::vector<Change> listed, bool dry_run) {
    SweptPage page;
    if (listed.empty()) co_return page;
    Compared compared;
    const auto body = [&](db::Tx& tx) -> Task<Result<Looked>> {
        compared = co_await compare(parts, tx, listed);
        if (dry_run) co_return Error{ErrorCode::unavailable, "only looked: rolled back"};
        co_return Looked{};
    };
    (void)co_await parts.db.transaction(body);
    if (dry_run) {
        for (auto& [kind, counts] : compared.report.kinds) counts.repaired = 0;
    }
    page.report.add(compared.report);
    for (auto& doubtful : compared.doubtful) {
        if (dry_run) {
            page.report.find(std::move(doubtful.finding));
        } else {
            co_await repair(parts, std::move(doubtful), page);
        }
    }
    co_return page;
}

Task<SweptPage> sweep_unlisted(const Parts& parts, provider::ObjectKind kind,
                               std::vector<provider::Ref> objects, bool dry_run) {
    SweptPage page;
    for (const auto& object : objects) {
        ++page.requests;
        auto fetched = co_await parts.applier.provider->fetch(kind, object);
        if (!fetched) {
            log::warning("reconcile_object_not_fetched",
                         {
                             {"object_id", json::value(object.value)           },
                             {"error",     json::value(fetched.error().message)}
            });
            continue;
        }
        std::vector<Change> alone;
        alone.push_back(std::move(*fetched));
        auto more = co_await sweep_page(parts, std::move(alone), dry_run);
        page.report.add(more.report);
        page.requests += more.requests;
    }
    co_return page;
}

}  // namespace paydesk::reconcile
