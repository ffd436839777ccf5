// What a batch means for credits: a paid period of a plan, a paid top-up, the end of a subscription.
//
// As with notifications and payments, a fact counts from whichever snapshot shows it, stale or not, and
// its key keeps it from counting twice: the ledger does not depend on the order of events either.

#include <algorithm>

#include "base/assert.h"
#include "billing/apply_batch.h"
#include "billing/columns.h"
#include "billing/credit_families.h"
#include "billing/recordset.h"
#include "billing/refund_credits.h"
#include "credits/facts.h"
#include "credits/ledger_store.h"

namespace paydesk::billing {

namespace {

using recordset::value;

// A price of a plan, and what it is worth.
struct PlanCredits {
    std::string name, slot;
    std::int64_t credits_per_month = 0;
    bool yearly = false;
};

const db::Statement find_plan_credits{
    "billing_plan_credits",
    R"(select k.provider, k.price, p.name, p.plan_family, p.credits_per_month,
              pp.billing_cycle = 'yearly' as yearly
       from (select unnest($1::text[]) as provider, unnest($2::text[]) as price) k
       cross join lateral (
           select q.plan_key, q.billing_cycle from paydesk.plan_prices q
           where q.provider = k.provider and q.provider_price_id = k.price
           order by q.is_active desc limit 1) pp
       join paydesk.plans p on p.plan_key = pp.plan_key and p.kind = 'plan')"};

// What was bought is what our own row says, not the session's metadata; and what was refunded
// meanwhile is known by the payment.
const db::Statement find_top_ups{
    "billing_top_ups",
    R"(select k.provider, k.checkout, p.name, p.credits, c.quantity, y.amount, y.amount_refunded
       from json_to_recordset($1::json) as k(account_id uuid, provider text, checkout text, id text)
       cross join lateral (
           select t.plan_key, t.quantity, t.provider_invoice_id from paydesk.checkouts t
           where t.account_id = k.account_id and t.provider = k.provider and t.mode = 'payment'
             and (t.provider_checkout_id = k.checkout
                  or (t.id::text = k.id and t.provider_checkout_id is null))
           limit 1) c
       join paydesk.plans p on p.plan_key = c.plan_key and p.kind = 'top_up'
       left join lateral (
           select m.amount, m.amount_refunded from paydesk.payments m
           where m.account_id = k.account_id and m.provider = k.provider
             and ((m.source_kind = 'checkout' and m.source_id = k.checkout)
                  or (m.source_kind = 'invoice' and m.source_id = c.provider_invoice_id))
           limit 1) y on true)"};

bool is_paid(const provider::InvoiceSnapshot& snapshot) {
    return snapshot.invoice && snapshot.subscription &&
           snapshot.status == provider::InvoiceStatus::paid;
}

bool is_paid(const provider::CheckoutSnapshot& snapshot) {
    return snapshot.mode == "payment" && snapshot.status == "complete" &&
           (snapshot.payment_status == "paid" || snapshot.payment_status == "no_payment_required");
}

std::string name_of(const provider::Change& change) {
    return std::string(provider::to_string(change.provider));
}

using PriceKey = std::pair<std::string, std::string>;  // provider, price

std::int64_t times(std::int64_t credits, std::int64_t quantity) {
    return credits > credits::amount_max / quantity ? credits::amount_max : credits * quantity;
}

class CreditFacts {
public:
    explicit CreditFacts(Batch& batch) : batch_(batch) {}

    Task<std::vector<credits::Fact>> collect() {
        co_await load();
        for (std::size_t i = 0; i < batch_.changes.size(); ++i) {
            if (!batch_.owner[i]) continue;
            if (const auto* invoice = std::get_if<provider::InvoiceSnapshot>(&fact(i)))
                add(i, *invoice);
            if (const auto* subscription = std::get_if<provider::SubscriptionSnapshot>(&fact(i)))
                add(i, *subscription);
        }
        // Of invoices that are there: the snapshot that made the payment has made its grants.
        for (credits::Fact& fact : co_await refund_facts(batch_.tx, batch_.refunded))
            facts_.push_back(std::move(fact));
        co_return std::move(facts_);
    }

private:
    const provider::Fact& fact(std::size_t i) const { return batch_.change(i).fact; }

    Task<> load() {
        std::set<PriceKey> wanted;
        json::array checkouts;
        std::set<CreditFamilyKey> subscriptions;
        bool ended = false;
        for (std::size_t i = 0; i < batch_.changes.size(); ++i) {
            if (!batch_.owner[i]) continue;
            const std::string name = name_of(batch_.change(i));
            if (const auto* invoice = std::get_if<provider::InvoiceSnapshot>(&fact(i));
                invoice != nullptr && is_paid(*invoice)) {
                for (const auto& line : invoice->lines) {
                    if (line.price) wanted.emplace(name, line.price->value);
                }
                subscriptions.insert({batch_.owner[i]->value, name, invoice->subscription->value});
            }
            if (const auto* checkout = std::get_if<provider::CheckoutSnapshot>(&fact(i));
                checkout != nullptr && is_paid(*checkout)) {
                buyers_.emplace(PriceKey(name, checkout->checkout.value),
                                std::pair(*batch_.owner[i], checkout->created_at));
                checkouts.push_back(json::object{
                    {"account_id", value(batch_.owner[i]->value)},
                    {"provider",   value(name)                  },
                    {"checkout",   value(checkout->checkout)    },
                    {"id",         value(checkout->intent_id)   }
                });
            }
            if (const auto* subscription = std::get_if<provider::SubscriptionSnapshot>(&fact(i));
                subscription != nullptr &&
                subscription->status == provider::SubscriptionStatus::canceled) {
                ended = true;
                subscriptions.insert(
                    {batch_.owner[i]->value, name, subscription->subscription.value});
            }
        }
        co_await load_prices(wanted);
        if (ended || !plans_.empty())
            families_ = co_await credit_families(batch_.tx, std::move(subscriptions));
        if (!checkouts.empty()) co_await add_top_ups(checkouts);
        if (ended) free_ = co_await credits::ledger_store::free_plan(batch_.tx);
    }

    Task<> load_prices(const std::set<PriceKey>& wanted) {
        if (wanted.empty()) co_return;
        const auto rows = co_await batch_.tx.run(
            find_plan_credits,
            {columns::texts(wanted, &PriceKey::first), columns::texts(wanted, &PriceKey::second)});
        for (std::size_t row = 0; row < rows.size(); ++row) {
            const auto text = [&](std::string_view column) {
                return std::string(rows.text(row, column));
            };
            plans_.emplace(PriceKey(text("provider"), text("price")),
                           PlanCredits{.name = text("name"),
                                       .slot = text("plan_family"),
                                       .credits_per_month = rows.integer(row, "credits_per_month"),
                                       .yearly = rows.boolean(row, "yearly")});
        }
    }

    Task<> add_top_ups(const json::array& checkouts) {
        const auto rows = co_await batch_.tx.run(find_top_ups, {recordset::param(checkouts)});
        for (std::size_t row = 0; row < rows.size(); ++row) {
            const PriceKey key(rows.text(row, "provider"), rows.text(row, "checkout"));
            const auto& [account, at] = buyers_.at(key);
            const std::string fact_key = top_up_fact_key(key.first, key.second);
            credits::Grant grant = credits::top_up(
                fact_key, times(rows.integer(row, "credits"), rows.integer(row, "quantity")), at,
                std::string(rows.text(row, "name")));
            by_now(grant);
            facts_.push_back(credits::Granted{account, std::move(grant)});
            if (!rows.is_null(row, "amount_refunded") && rows.integer(row, "amount_refunded") > 0) {
                facts_.push_back(
                    credits::PaymentRefunded{.account = account,
                                             .grant_fact_key = fact_key,
                                             .refunded = rows.integer(row, "amount_refunded"),
                                             .paid = rows.integer(row, "amount")});
            }
        }
    }

    // Each line of a plan is its period; a change of plan within a period is billed as two
    // prorations, and what the new plan has more is added. Of several subscriptions to one family each
    // gives its own: no period of one ends another's.
    void add(std::size_t i, const provider::InvoiceSnapshot& snapshot) {
        if (!is_paid(snapshot)) return;
        const std::string name = name_of(batch_.change(i));
        const auto family =
            families_.find({batch_.owner[i]->value, name, snapshot.subscription->value});
        std::int64_t given_up = 0;
        for (const auto& line : snapshot.lines) {
            const PlanCredits* plan = plan_of(name, line);
            if (plan == nullptr || !line.proration || line.amount.minor_units() >= 0) continue;
            given_up += times(plan->credits_per_month, quantity_of(line));
        }
        for (const auto& line : snapshot.lines) {
            const PlanCredits* plan = plan_of(name, line);
            if (plan == nullptr || line.amount.minor_units() < 0) continue;
            std::int64_t credits = times(plan->credits_per_month, quantity_of(line));
            if (line.proration) {
                const std::int64_t instead = std::min(given_up, credits);
                credits -= instead;
                given_up -= instead;
            }
            if (credits <= 0) continue;
            // By its price and not by its place: nobody promises the order of the lines.
            credits::PlanPeriod period{
                .fact_key = invoice_fact_key(name, snapshot.invoice->value) + line.price->value +
                            (line.proration ? "/upgrade" : ""),
                .slot = plan->slot,
                .credits_per_month = credits,
                .start = *line.period_start,
                .end = *line.period_end,
                .by_month = plan->yearly,
                .supersedes = !line.proration && !family->second.others.contains(plan->slot),
                .description = plan->name};
            const auto until = given_back_until(snapshot, line);
            if (until) begin_later(period, *until);
            if (line.proration) cut_to_what_is_left(period);
            std::vector<credits::Grant> grants = credits::grants_of(period);
            if (!grants.empty() && !until) by_now(grants.front());
            for (credits::Grant& grant : grants)
                facts_.push_back(credits::Granted{*batch_.owner[i], std::move(grant)});
        }
    }

    // A plan that was paused and resumed begins a new period and gives the rest of the one before back in
    // money. The credits of that one were given, and may be spent: they stay until its end, and what is given
    // now begins there. Else whoever pauses and resumes would have a month's credits for a moment's price.
    static std::optional<Instant> given_back_until(const provider::InvoiceSnapshot& snapshot,
                                                   const provider::InvoiceLine& line) {
        std::optional<Instant> until;
        for (const auto& other : snapshot.lines) {
            if (line.proration || !other.proration || other.amount.minor_units() >= 0) continue;
            if (other.price != line.price || !other.period_end) continue;
            if (*other.period_end > until.value_or(*line.period_start)) until = other.period_end;
        }
        return until;
    }

    // In proportion to what is left of the period, or of the month where a year is given by the month.
    static void begin_later(credits::PlanPeriod& period, Instant at) {
        const Instant start = std::min(at, period.end);
        const Instant whole_from =
            period.by_month ? credits::month_before(period.end) : period.start;
        period.start = start;
        cut(period, whole_from);
    }

    // The money of an upgrade is that of what is left of the period, and so are its credits: else a thousand units
    // more, an hour before they are due, would give a thousand months for the price of an hour.
    static void cut_to_what_is_left(credits::PlanPeriod& period) {
        cut(period, credits::month_before(period.end));
    }

    // `whole_from`: whence the period's credits would be whole.
    static void cut(credits::PlanPeriod& period, Instant whole_from) {
        const auto seconds_from = [&](Instant from) { return to_unix(period.end) - to_unix(from); };
        const std::int64_t left = seconds_from(period.start), whole = seconds_from(whole_from);
        if (left >= whole) return;
        // To the nearest, halves up. 128 bits: credits and seconds have 40 and 25 of them.
        const auto doubled = static_cast<__int128>(period.credits_per_month) * left * 2;
        period.credits_per_month = static_cast<std::int64_t>((doubled + whole) / (2 * whole));
    }

    // Where another subscription to the family goes on, nothing has ended but this one's renewals.
    void add(std::size_t i, const provider::SubscriptionSnapshot& snapshot) {
        if (snapshot.status != provider::SubscriptionStatus::canceled) return;
        const std::string name = name_of(batch_.change(i));
        const CreditFamily& family =
            families_.at({batch_.owner[i]->value, name, snapshot.subscription.value});
        if (family.others.contains(family.name)) return;
        const Instant at =
            snapshot.ended_at.value_or(snapshot.canceled_at.value_or(batch_.change(i).occurred_at));
        const std::string fact_key =
            "subscription_ended/" + name + "/" + snapshot.subscription.value;
        const bool to_free = free_.credits > 0 && free_.slot == family.name;
        if (!to_free && !family.gives_credits) return;
        credits::Grant grant =
            to_free ? credits::free_month(fact_key, free_.slot, free_.credits, at, true)
                    : credits::plan_end(fact_key, family.name, at);
        by_now(grant);
        facts_.push_back(credits::Granted{*batch_.owner[i], std::move(grant)});
    }

    // What the provider says has happened takes effect now, also where its clock is ahead of ours: by
    // a second, or by the months that somebody has moved the sandbox's.
    void by_now(credits::Grant& grant) const {
        grant.effective_at = std::min(grant.effective_at, batch_.now);
    }

    const PlanCredits* plan_of(const std::string& name, const provider::InvoiceLine& line) const {
        if (!line.price || !line.period_start || !line.period_end) return nullptr;
        if (*line.period_start >= *line.period_end) return nullptr;
        const auto found = plans_.find({name, line.price->value});
        return found == plans_.end() ? nullptr : &found->second;
    }

    static std::int64_t quantity_of(const provider::InvoiceLine& line) {
        return std::max<std::int64_t>(line.quantity.value_or(1), 1);
    }

    Batch& batch_;
    std::map<PriceKey, PlanCredits> plans_;
    std::map<CreditFamilyKey, CreditFamily> families_;
    std::map<PriceKey, std::pair<AccountId, Instant>> buyers_;  // by provider and checkout
    credits::FreePlan free_;
    std::vector<credits::Fact> facts_;
};

}  // namespace

Task<> apply_credits(Batch& batch) {
    CreditFacts facts(batch);
    co_await credits::apply_facts(batch.tx, co_await facts.collect(), batch.now);
}

}  // namespace paydesk::billing
