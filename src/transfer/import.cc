#include "transfer/import.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/json.h"
#include "billing/apply_change.h"
#include "credits/facts.h"
#include "transfer/import_source.h"
#include "transfer/import_store.h"
#include "transfer/import_usage.h"

namespace paydesk::transfer {

namespace {

using billing::Outcome;
using billing::ToApply;

constexpr std::size_t examples_max = 5;
constexpr const char* credits_fact_key = "import/credits";

// What became of one row.
enum class Fate : std::uint8_t { taken, known, skipped };
struct Fated {
    Fate fate;
    std::string why = {};
};

void count(ImportedKind& kind, const SourceRow& row, const Fated& fated) {
    ++kind.read;
    if (fated.fate == Fate::taken) ++kind.taken;
    if (fated.fate == Fate::known) ++kind.known;
    if (fated.fate != Fate::skipped) return;
    ++kind.skipped[fated.why];
    if (kind.examples.size() < examples_max) kind.examples.push_back(row.id + ": " + fated.why);
}

// The parts of a snapshot that a source says in another way.
void adapt(provider::Change& change, const SourceRow& row) {
    change.provider = row.provider;
    std::optional<AccountId> account;
    if (row.account) account = AccountId{*row.account};
    const auto own = [&](auto& snapshot) {
        if (account) snapshot.account = account;
        // These tables of PayPal's know no customers: the owner is the user.
        if (row.provider == provider::Name::paypal) snapshot.customer = provider::Ref{};
    };
    if (auto* subscription = std::get_if<provider::SubscriptionSnapshot>(&change.fact))
        own(*subscription);
    if (auto* invoice = std::get_if<provider::InvoiceSnapshot>(&change.fact)) own(*invoice);
    if (auto* customer = std::get_if<provider::CustomerSnapshot>(&change.fact)) {
        if (account) customer->account = account;
    }
}

Fated fate_of(const billing::Applied& applied) {
    switch (applied.outcome) {
        case Outcome::applied:
            return {Fate::taken};
        case Outcome::unchanged:
            if (applied.note.starts_with("a further customer"))
                return {Fate::skipped, "the account pays with another customer here"};
            return {Fate::known};
        case Outcome::stale:
        case Outcome::needs_fetch:
            return {Fate::known};
        case Outcome::ignored:
            return {Fate::skipped, applied.note.empty() ? "nobody's" : applied.note};
        case Outcome::waiting:
            return {Fate::skipped, "it is of a customer whom nobody here is"};
    }
    std::unreachable();
}

class Batch {
public:
    Batch(const ImportParts& parts, db::Tx& tx, const std::vector<SourceRow>& rows,
          UsageRules usage_rules)
        : parts_(parts),
          tx_(tx),
          rows_(rows),
          fates_(rows.size()),
          usage_rules_(std::move(usage_rules)) {}

    Task<std::vector<Fated>> run() {
        for (std::size_t i = 0; i < rows_.size(); ++i) fates_[i] = co_await take(i);
        if (!usage_.empty()) co_await count_all_usage();
        const auto applied =
            co_await billing::apply_changes(tx_, std::move(changes_), parts_.clock.now());
        for (std::size_t n = 0; n < applied.size(); ++n) fates_[places_[n]] = fate_of(applied[n]);
        if (!credits_.empty()) {
            co_await credits::apply_facts(tx_, std::move(credits_), parts_.clock.now());
        }
        co_return std::move(fates_);
    }

private:
    Task<Fated> take(std::size_t i) {
        const SourceRow& row = rows_[i];
        if (row.skip) co_return Fated{Fate::skipped, *row.skip};
        if (row.account && !parse_uuid(*row.account))
            co_return Fated{Fate::skipped, "its user's id is no UUID"};
        const auto object = parse_json(row.object);
        if (!object) co_return Fated{Fate::skipped, "it can't be read"};
        if (row.sort == "account") {
            const bool added = co_await import_store::add_account(
                tx_, *row.account, string_at(*object, {"email"}), string_at(*object, {"name"}));
            co_return Fated{added ? Fate::taken : Fate::known};
        }
        if (row.sort == "notification") {
            const bool added = co_await import_store::add_notification(
                tx_, *row.account, "import/" + row.id, storable(*object));
            co_return Fated{added ? Fate::taken : Fate::known};
        }
        if (row.sort == "usage") co_return note_usage(i);
        if (row.sort == "credits") co_return co_await take_credits(row, *object);
        co_return co_await take_object(i, *object);
    }

    Fated note_usage(std::size_t i) {
        UsageRow read = read_usage_row(rows_[i], usage_rules_);
        if (!read.event) return {Fate::skipped, std::move(read.why)};
        usage_.push_back(std::move(read));
        usage_places_.push_back(i);
        return {Fate::known};
    }

    Task<> count_all_usage() {
        const auto outcomes = co_await count_usage(tx_, std::move(usage_), usage_rules_);
        for (std::size_t n = 0; n < outcomes.size(); ++n) {
            Fated& fated = fates_[usage_places_[n]];
            if (outcomes[n] == usage::Outcome::recorded) fated = {Fate::taken};
            if (outcomes[n] == usage::Outcome::conflict)
                fated = {Fate::skipped, "it says something else than when it was taken over"};
        }
    }

    // A balance without a history is one grant that never expires, for the fact that it was imported.
    Task<Fated> take_credits(const SourceRow& row, const json::value& object) {
        if (!co_await import_store::has_account(tx_, *row.account))
            co_return Fated{Fate::skipped, "there is no such account here"};
        if (co_await import_store::has_grant(tx_, *row.account, credits_fact_key))
            co_return Fated{Fate::known};
        const auto amount = int_at(object, {"credits"}).value_or(0);
        if (amount > credits::amount_max)
            co_return Fated{Fate::skipped, "more credits than an account can hold"};
        // Of kind admin: a top-up would be told.
        credits::Grant grant = credits::top_up(credits_fact_key, amount, parts_.clock.now(),
                                               "Taken over from the former billing");
        grant.kind = credits::GrantKind::admin;
        credits_.push_back(credits::Granted{.account = {*row.account}, .grant = std::move(grant)});
        co_return Fated{Fate::taken};
    }

    Task<Fated> take_object(std::size_t i, const json::value& object) {
        const SourceRow& row = rows_[i];
        const auto created = int_at(object, {"created"});
        auto change =
            parts_.normalise(row.kind, object, created ? from_unix(*created) : parts_.clock.now());
        if (!change) co_return Fated{Fate::skipped, change.error().detail};
        adapt(*change, row);
        ToApply to_apply{.change = std::move(*change)};
        if (auto* customer = std::get_if<provider::CustomerSnapshot>(&to_apply.change.fact)) {
            if (!customer->account && customer->email)
                customer->account = co_await import_store::account_of(tx_, *customer->email);
            // Older than any stamp: what a row says of its customer already, stays.
            to_apply.change.occurred_at = from_unix(-1);
        } else {
            to_apply.swept = true;
            to_apply.fetched_at_revision = "";  // only where there is no row
        }
        changes_.push_back(std::move(to_apply));
        places_.push_back(i);
        co_return Fated{Fate::known};
    }

    const ImportParts& parts_;
    db::Tx& tx_;
    const std::vector<SourceRow>& rows_;
    std::vector<Fated> fates_;
    std::vector<ToApply> changes_;
    std::vector<std::size_t> places_;  // of changes_ in rows_
    std::vector<credits::Fact> credits_;
    UsageRules usage_rules_;
    std::vector<UsageRow> usage_;
    std::vector<std::size_t> usage_places_;  // of usage_ in rows_
};

}  // namespace

Task<ImportReport> import_all(ImportParts parts, ImportOptions options) {
    ImportSource source(options);
    ImportReport report{.kinds = {}, .dry_run = options.dry_run};
    usage::MetricsCache metrics(parts.db, parts.clock);
    const UsageRules usage_rules{.metrics = co_await metrics.current(),
                                 .now = parts.clock.now(),
                                 .keep = options.usage_kept};
    const auto take = [&](db::Tx& tx, const std::vector<SourceRow>& rows,
                          ImportReport& into) -> Task<> {
        const auto fates = co_await Batch(parts, tx, rows, usage_rules).run();
        for (std::size_t i = 0; i < rows.size(); ++i)
            count(into.kinds[rows[i].table], rows[i], fates[i]);
    };
    // A dry run is one transaction that is rolled back: later rows need what earlier ones have made.
    if (options.dry_run) {
        std::vector<std::vector<SourceRow>> batches;
        for (auto rows = source.next(); !rows.empty(); rows = source.next())
            batches.push_back(std::move(rows));
        ImportReport looked;
        const auto all = [&](db::Tx& tx) -> Task<Result<void>> {
            looked = report;
            for (const auto& rows : batches) co_await take(tx, rows, looked);
            co_return Error{ErrorCode::unavailable, "only looked: rolled back"};
        };
        (void)co_await parts.db.transaction(all);
        co_return looked;
    }
    for (auto rows = source.next(); !rows.empty(); rows = source.next()) {
        ImportReport looked;
        co_await parts.db.transaction([&](db::Tx& tx) -> Task<> {
            looked = report;
            co_await take(tx, rows, looked);
        });
        report = std::move(looked);
    }
    co_return report;
}

json::object ImportReport::to_json() const {
    json::object by_kind;
    for (const auto& [name, kind] : kinds) {
        json::object skipped;
        for (const auto& [why, n] : kind.skipped) skipped[why] = n;
        by_kind[name] = json::object{
            {"read", kind.read},
            {"taken", kind.taken},
            {"known", kind.known},
            {"skipped", std::move(skipped)},
            {"examples", json::array(kind.examples.begin(), kind.examples.end())}
        };
    }
    return {
        {"dry_run", dry_run           },
        {"tables",  std::move(by_kind)}
    };
}

std::string ImportReport::to_text() const {
    std::string text =
        fmt::format("  {:<20}{:>9}{:>9}{:>9}{:>9}\n", "table", "read", "taken", "known", "skipped");
    for (const auto& [name, kind] : kinds) {
        text += fmt::format("  {:<20}{:>9}{:>9}{:>9}{:>9}\n", name, kind.read, kind.taken,
                            kind.known, kind.read - kind.taken - kind.known);
        for (const auto& [why, n] : kind.skipped)
            text += fmt::format("    {} skipped: {}\n", n, why);
        for (const auto& example : kind.examples) text += "      " + example + "\n";
    }
    text += dry_run ? "  Nothing was changed: --dry-run.\n"
                    : "  Now: paydesk reconcile. It brings what these tables did not know.\n";
    return text;
}

}  // namespace paydesk::transfer
