// apply_changes() on a real Postgres. That the order of events does not matter is shown in
// webhook/order_test.cc; here is what each kind of object does.

#include "billing/apply_change.h"

#include <gtest/gtest.h>

#include "billing/customer_store.h"
#include "billing/invoice_store.h"
#include "billing/payment_method_store.h"
#include "billing/payment_store.h"
#include "billing/subscription_store.h"
#include "db/test_database.h"

namespace paydesk::billing {
namespace {

using namespace std::chrono_literals;
using enum provider::SubscriptionStatus;
using provider::ObjectKind;

const AccountId ann{"0198a000-0000-7000-8000-000000000001"};
const AccountId bob{"0198a000-0000-7000-8000-000000000002"};
constexpr std::int64_t t0 = 1'780'000'000;

provider::Change change(std::string event_id, std::int64_t at, ObjectKind kind, std::string object,
                        provider::Fact fact) {
    return {.provider = provider::Name::stripe,
            .event_id = std::move(event_id),
            .event_type = "test.updated",
            .api_version = "",
            .livemode = false,
            .occurred_at = from_unix(t0 + at),
            .kind = kind,
            .object = {std::move(object)},
            .fact = std::move(fact)};
}

provider::SubscriptionItem item(std::string id, std::string price) {
    return {.item = {std::move(id)},
            .price = {std::move(price)},
            .product = {},
            .lookup_key = {},
            .quantity = 1,
            .period_start = {},
            .period_end = {}};
}

provider::SubscriptionSnapshot subscription(provider::SubscriptionStatus status) {
    provider::SubscriptionSnapshot snapshot{};
    snapshot.subscription = {"sub_1"};
    snapshot.customer = {"cus_1"};
    snapshot.status = status;
    snapshot.items = {item("si_1", "price_pro")};
    snapshot.created_at = from_unix(t0);
    return snapshot;
}

class ApplyChange : public testing::Test {
protected:
    void SetUp() override {
        database.script(R"(
            insert into paydesk.accounts (account_id) values
                ('0198a000-0000-7000-8000-000000000001'), ('0198a000-0000-7000-8000-000000000002');
            insert into paydesk.plans (plan_key, name, plan_family)
                values ('pro', 'Pro', 'main'), ('team', 'Team', 'teams');
            insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
                provider_price_id, lookup_key, is_active)
            values ('pro', 'monthly', 'usd', 2900, 'stripe', 'price_pro', 'pro_monthly', true),
                   ('pro', 'yearly', 'usd', 29000, 'stripe', 'price_pro_year', 'pro_yearly', true),
                   ('pro', 'monthly', 'usd', 1900, 'stripe', 'price_pro_old', null, false),
                   ('team', 'monthly', 'eur', 9900, 'stripe', 'price_team', 'team_monthly', true);)");
    }

    void play(std::function<Task<>(db::Database&)> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database.server_url()});
            co_await db.ready(10s);
            co_await db.transaction([&](db::Tx& tx) -> Task<> {
                co_await customer_store::record(
                    tx,
                    {.account = ann, .provider = provider::Name::stripe, .customer = {"cus_1"}});
            });
            co_await body(db);
            db.stop();
        });
    }
    Task<std::vector<Applied>> apply(db::Database& db, std::vector<ToApply> changes) {
        co_return co_await db.transaction([&](db::Tx& tx) -> Task<std::vector<Applied>> {
            co_return co_await apply_changes(tx, changes, from_unix(t0 + 9'000));
        });
    }
    Task<Outcome> apply_one(db::Database& db, ToApply change_) {
        std::vector<ToApply> changes;
        changes.push_back(std::move(change_));
        auto applied = co_await apply(db, std::move(changes));
        co_return applied.front().outcome;
    }
    std::string one(const std::string& sql) {
        const auto rows = database.run("select (" + sql + ")::text as one");
        return std::string(rows.text(0, "one"));
    }

    db::TestDatabase database;
};

TEST_F(ApplyChange, PlanIsFoundByPriceThenLookupKeyThenMetadata) {
    struct PlanCase {
        const char* name;
        std::vector<provider::SubscriptionItem> items;
        std::optional<std::string> lookup_key, plan_key;
        const char* stored;
    };
    const PlanCase cases[] = {
        {"by price",                          {item("si_1", "price_pro_year")}, {}, "team", "pro Pro yearly usd 29000"},
        {"by a price of old",                 {item("si_1", "price_pro_old")},  {}, {},     "pro Pro monthly usd 1900"},
        {"by the second item",
         {item("si_1", "price_x"), item("si_2", "price_team")},
         {},
         {},
         "team Team monthly eur 9900"                                                                                 },
        {"by lookup key",
         {item("si_1", "price_x")},
         "team_monthly",                                                            {},
         "team Team monthly eur 9900"                                                                                 },
        {"by metadata",                       {item("si_1", "price_x")},        {}, "team", "team Team"               },
        {"metadata names no plan",            {item("si_1", "price_x")},        {}, "gold", ""                        },
        {"nothing known: no plan, no access", {item("si_1", "price_x")},        {}, {},     ""                        },
        {"no items",                          {},                               {}, {},     ""                        },
    };
    play([&](db::Database& db) -> Task<> {
        std::int64_t at = 0;
        for (const auto& c : cases) {
            SCOPED_TRACE(c.name);
            auto snapshot = subscription(active);
            snapshot.items = c.items;
            if (!snapshot.items.empty()) snapshot.items.front().lookup_key = c.lookup_key;
            snapshot.plan_key = c.plan_key;
            EXPECT_EQ(co_await apply_one(
                          db, {.change = change("evt_" + std::to_string(at), at,
                                                ObjectKind::subscription, "sub_1", snapshot)}),
                      Outcome::applied);
            ++at;
            EXPECT_EQ(one("select concat_ws(' ', plan_key, nullif(plan_name, ''), billing_cycle, "
                          "currency, unit_amount) from paydesk.subscriptions"),
                      c.stored);
        }
    });
}

TEST_F(ApplyChange, ItemsAreReplaced) {
    play([&](db::Database& db) -> Task<> {
        const auto items = [&] {
            return one(
                "select string_agg(provider_item_id || ' ' || price_id, ', ' order by "
                "provider_item_id) from paydesk.subscription_items");
        };
        const auto with = [&](std::int64_t at, std::vector<provider::SubscriptionItem> list) {
            auto snapshot = subscription(active);
            snapshot.items = std::move(list);
            return ToApply{.change = change("evt_" + std::to_string(at), at,
                                            ObjectKind::subscription, "sub_1", snapshot)};
        };
        co_await apply_one(db, with(1, {item("si_1", "price_pro"), item("si_2", "price_x")}));
        EXPECT_EQ(items(), "si_1 price_pro, si_2 price_x");
        co_await apply_one(db, with(2, {item("si_2", "price_y"), item("si_3", "price_z")}));
        EXPECT_EQ(items(), "si_2 price_y, si_3 price_z");
        std::vector<ToApply> both;
        both.push_back(with(3, {}));
        both.push_back(with(4, {item("si_2", "price_y"), item("si_2", "price_y")}));
        co_await apply(db, std::move(both));
        EXPECT_EQ(items(), "si_2 price_y") << "gone and back in one batch; told twice, kept once";
    });
}

// Several changes of one object in one batch are decided one after the other.
TEST_F(ApplyChange, OneBatchIsAsGoodAsMany) {
    play([&](db::Database& db) -> Task<> {
        std::vector<ToApply> changes;
        const auto add = [&](std::int64_t at, provider::SubscriptionStatus status) {
            changes.push_back(
                {.change = change("evt_" + std::to_string(changes.size()), at,
                                  ObjectKind::subscription, "sub_1", subscription(status))});
        };
        add(1, incomplete);
        add(1, active);  // proved later
        add(5, past_due);
        add(4, active);  // older
        add(5, unpaid);  // a tie
        add(9, canceled);
        add(10, active);  // a tombstone
        std::string outcomes;
        for (const auto& applied : co_await apply(db, changes)) {
            outcomes += std::string(to_string(applied.outcome)) + " ";
            EXPECT_EQ(applied.account, ann);
        }
        EXPECT_EQ(outcomes, "applied applied applied stale needs_fetch applied stale ");
        EXPECT_EQ(one("select status from paydesk.subscriptions"), "canceled");
    });
}

// What we fetched or were answered is newer than the row, but its clock is ours: it must not hold off
// the event that tells of the same change.
TEST_F(ApplyChange, AnAnswerOfTheProviderMovesNoStamp) {
    play([&](db::Database& db) -> Task<> {
        co_await apply_one(db, {.change = change("evt_1", 10, ObjectKind::subscription, "sub_1",
                                                 subscription(active))});
        auto answered = subscription(active);
        answered.cancel_at_period_end = true;
        EXPECT_EQ(co_await apply_one(
                      db, {.change = change("", 500, ObjectKind::subscription, "sub_1", answered)}),
                  Outcome::applied);
        EXPECT_EQ(one("select cancel_at_period_end from paydesk.subscriptions"), "true");
        EXPECT_EQ(one("select provider_stamp = to_timestamp(" + std::to_string(t0 + 10) +
                      ") from paydesk.subscriptions"),
                  "true");
        EXPECT_EQ(co_await apply_one(db, {.change = change("evt_2", 11, ObjectKind::subscription,
                                                           "sub_1", answered)}),
                  Outcome::applied)
            << "the event of the same change: the provider's 11 is after its 10";
        EXPECT_EQ(co_await apply_one(db, {.change = change("evt_3", 501, ObjectKind::subscription,
                                                           "sub_1", subscription(past_due))}),
                  Outcome::applied);
        EXPECT_EQ(one("select status from paydesk.subscriptions"), "past_due");
    });
}

// Cancelled a moment after something else had changed: the webhook of that comes when the answer is there.
TEST_F(ApplyChange, AnEventFromBeforeAnAnswerUndoesNothing) {
    play([&](db::Database& db) -> Task<> {
        co_await apply_one(db, {.change = change("evt_1", 10, ObjectKind::subscription, "sub_1",
                                                 subscription(active))});
        auto cancelled = subscription(active);
        cancelled.cancel_at_period_end = true;
        cancelled.items.front().quantity = 3;
        co_await apply_one(
            db, {.change = change("", 20, ObjectKind::subscription, "sub_1", cancelled)});

        auto before = subscription(active);
        before.items.front().quantity = 3;
        const ToApply late{.change =
                               change("evt_2", 19, ObjectKind::subscription, "sub_1", before)};
        const auto results = co_await apply(db, {late});
        EXPECT_EQ(results.front().outcome, Outcome::needs_fetch);
        EXPECT_EQ(one("select cancel_at_period_end from paydesk.subscriptions"), "true");

        // What the provider says then counts, and the event's second is past.
        ToApply asked{.change = change("", 19, ObjectKind::subscription, "sub_1", cancelled),
                      .fetched_at_revision = results.front().revision};
        EXPECT_EQ(co_await apply_one(db, asked), Outcome::applied);
        EXPECT_EQ(co_await apply_one(db, {.change = change("evt_0", 15, ObjectKind::subscription,
                                                           "sub_1", before)}),
                  Outcome::stale);
        EXPECT_EQ(one("select cancel_at_period_end from paydesk.subscriptions"), "true");
    });
}

provider::InvoiceSnapshot invoice(provider::InvoiceStatus status, std::int64_t amount) {
    const Money total(amount, Currency::usd());
    const Money zero = Money::zero(Currency::usd());
    const bool is_paid = status == provider::InvoiceStatus::paid;
    return {.invoice = provider::Ref{"in_1"},
            .customer = {"cus_1"},
            .subscription = {},
            .account = {},
            .status = status,
            .amount_due = total,
            .amount_paid = is_paid ? total : zero,
            .amount_remaining = is_paid ? zero : total,
            .subtotal = total,
            .total = total,
            .number = "A-1",
            .billing_reason = {},
            .hosted_invoice_url = {},
            .invoice_pdf = {},
            .lines = {{.description = "1 × Pro",
                       .amount = total,
                       .quantity = 1,
                       .price = provider::Ref{"price_pro"},
                       .period_start = from_unix(t0),
                       .period_end = {},
                       .proration = false}},
            .period_start = from_unix(t0),
            .period_end = from_unix(t0 - 5),  // seen in the wild
            .paid_at = {},
            .due_date = {},
            .next_payment_attempt = {},
            .attempt_count = 1,
            .payment = {},
            .created_at = from_unix(t0),
            .deleted = false};
}

TEST_F(ApplyChange, APaidInvoiceIsOnePaymentWhoeverTellsIt) {
    using provider::InvoiceStatus;
    play([&](db::Database& db) -> Task<> {
        auto named = invoice(InvoiceStatus::paid, 2900);
        named.payment = provider::Ref{"pi_1"};
        co_await apply_one(db, {.change = change("evt_1", 1, ObjectKind::invoice, "in_1",
                                                 invoice(InvoiceStatus::paid, 2900))});
        co_await apply_one(db, {.change = change("evt_2", 2, ObjectKind::invoice, "in_1", named)});
        co_await apply_one(db, {.change = change("evt_3", 3, ObjectKind::invoice, "in_1",
                                                 invoice(InvoiceStatus::paid, 2900))});
        EXPECT_EQ(one("select string_agg(concat_ws(' ', source_kind, source_id, amount, currency, "
                      "status, provider_payment_id), ', ') from paydesk.payments"),
                  "invoice in_1 2900 usd succeeded pi_1");
        EXPECT_EQ(one("select provider_payment_id from paydesk.invoices"), "pi_1")
            << "not naming the payment is no news";
        EXPECT_EQ(one("select count(*) from paydesk.notifications"), "1");
    });
}

TEST_F(ApplyChange, InvoicesOfNothingAndOfCredit) {
    using provider::InvoiceStatus;
    play([&](db::Database& db) -> Task<> {
        co_await apply_one(db, {.change = change("evt_1", 1, ObjectKind::invoice, "in_1",
                                                 invoice(InvoiceStatus::paid, 0))});
        auto credit = invoice(InvoiceStatus::paid, -500);
        credit.invoice = provider::Ref{"in_2"};
        EXPECT_EQ(co_await apply_one(
                      db, {.change = change("evt_2", 2, ObjectKind::invoice, "in_2", credit)}),
                  Outcome::applied);
        EXPECT_EQ(one("select count(*) from paydesk.payments"), "0");
        EXPECT_EQ(one("select count(*) from paydesk.notifications"), "0");
        EXPECT_EQ(one("select string_agg(concat_ws(' ', total, amount_due), ', ' order by total) "
                      "from paydesk.invoices"),
                  "-500 0, 0 0");
        auto deleted = invoice(InvoiceStatus::draft, 100);
        deleted.invoice = provider::Ref{"in_3"};
        deleted.deleted = true;
        co_await apply_one(db,
                           {.change = change("evt_3", 3, ObjectKind::invoice, "in_3", deleted)});
        EXPECT_EQ(one("select status from paydesk.invoices where provider_invoice_id = 'in_3'"),
                  "void");
    });
}

provider::CheckoutSnapshot checkout(std::string mode) {
    provider::CheckoutSnapshot snapshot{};
    snapshot.checkout = {"cs_1"};
    snapshot.customer = provider::Ref{"cus_1"};
    snapshot.mode = std::move(mode);
    snapshot.status = "complete";
    snapshot.payment_status = "paid";
    snapshot.total = Money(500, Currency::usd());
    snapshot.intent_id = "0198a000-0000-7000-8000-00000000000c";
    snapshot.created_at = from_unix(t0);
    return snapshot;
}

// The webhook overtook our own second transaction: the row does not know the session's id yet.
TEST_F(ApplyChange, CheckoutIsFoundByOurIdBeforeItsAnswerIsStored) {
    database.script(
        "insert into paydesk.checkouts (account_id, id, plan_key, billing_cycle, mode) values "
        "('0198a000-0000-7000-8000-000000000001', '0198a000-0000-7000-8000-00000000000c', 'topup', "
        "'one_time', 'payment')");
    play([&](db::Database& db) -> Task<> {
        EXPECT_EQ(co_await apply_one(db, {.change = change("evt_1", 1, ObjectKind::checkout, "cs_1",
                                                           checkout("payment"))}),
                  Outcome::applied);
        EXPECT_EQ(one("select concat_ws(' ', status, provider_checkout_id, "
                      "extract(epoch from completed_at)::bigint) from paydesk.checkouts"),
                  "complete cs_1 " + std::to_string(t0 + 1));
        EXPECT_EQ(
            one("select string_agg(source_kind || ' ' || amount, ', ') from paydesk.payments"),
            "checkout 500");
        EXPECT_EQ(one("select message from paydesk.notifications"),
                  "Your payment of $5.00 has been processed.");
        EXPECT_EQ(co_await apply_one(db, {.change = change("evt_2", 2, ObjectKind::checkout, "cs_1",
                                                           checkout("payment"))}),
                  Outcome::unchanged);
    });
}

TEST_F(ApplyChange, AnothersCheckoutIdOpensNothing) {
    database.script(
        "insert into paydesk.checkouts (account_id, id, plan_key, billing_cycle, mode) values "
        "('0198a000-0000-7000-8000-000000000002', '0198a000-0000-7000-8000-00000000000c', 'topup', "
        "'one_time', 'payment')");
    play([&](db::Database& db) -> Task<> {
        co_await apply_one(
            db, {.change = change("evt_1", 1, ObjectKind::checkout, "cs_1", checkout("payment"))});
        EXPECT_EQ(one("select status from paydesk.checkouts"), "creating") << "it is Bob's";
        auto broken = checkout("payment");
        broken.intent_id = "'; drop table paydesk.checkouts; --";
        EXPECT_EQ(co_await apply_one(
                      db, {.change = change("evt_2", 2, ObjectKind::checkout, "cs_1", broken)}),
                  Outcome::unchanged);
    });
}

TEST_F(ApplyChange, CustomerSnapshotsAndDeletion) {
    play([&](db::Database& db) -> Task<> {
        provider::CustomerSnapshot snapshot{};
        snapshot.customer = {"cus_1"};
        snapshot.email = "ann@example.com";
        const auto tell = [&](std::int64_t at) {
            return ToApply{.change = change("evt_" + std::to_string(at), at, ObjectKind::customer,
                                            "cus_1", snapshot)};
        };
        EXPECT_EQ(co_await apply_one(db, tell(5)), Outcome::applied);
        snapshot.email = "old@example.com";
        EXPECT_EQ(co_await apply_one(db, tell(4)), Outcome::stale);
        snapshot.deleted = true;
        snapshot.email.reset();
        EXPECT_EQ(co_await apply_one(db, tell(6)), Outcome::applied);
        snapshot.deleted = false;
        EXPECT_EQ(co_await apply_one(db, tell(7)), Outcome::stale) << "deleted is for ever";
        EXPECT_EQ(one("select email || ' ' || (deleted_at is not null) from paydesk.customers"),
                  "ann@example.com true");

        // The next checkout makes a new customer, which takes its place.
        co_await db.transaction([&](db::Tx& tx) -> Task<> {
            const auto found = co_await customer_store::find(tx, ann, provider::Name::stripe);
            EXPECT_TRUE(found && found->deleted);
            const auto next = co_await customer_store::record(
                tx, {.account = ann, .provider = provider::Name::stripe, .customer = {"cus_2"}});
            EXPECT_EQ(next.customer.value, "cus_2");
            EXPECT_FALSE(next.deleted);
        });
    });
}

TEST_F(ApplyChange, RecordingACustomerKeepsTheFirstAndRefusesAnothers) {
    play([&](db::Database& db) -> Task<> {
        const auto record = [&](AccountId account, std::string customer) -> Task<std::string> {
            co_return co_await db.transaction([&](db::Tx& tx) -> Task<std::string> {
                const auto stored =
                    co_await customer_store::record(tx, {.account = account,
                                                         .provider = provider::Name::stripe,
                                                         .customer = {customer}});
                co_return stored.customer.value;
            });
        };
        EXPECT_EQ(co_await record(ann, "cus_9"), "cus_1");
        EXPECT_EQ(co_await record(ann, "cus_1"), "cus_1");
        std::string refused;
        try {
            co_await record(bob, "cus_1");
        } catch (const db::Failure& failure) {
            refused = failure.constraint;
        }
        EXPECT_EQ(refused, "provider_refs_pkey");
        EXPECT_EQ(one("select count(*) from paydesk.customers"), "1") << "rolled back";
        co_await db.transaction([&](db::Tx& tx) -> Task<> {
            const auto owner =
                co_await customer_store::account_of(tx, provider::Name::stripe, {"cus_9"});
            EXPECT_EQ(owner, ann);
        });
    });
}

// Without a default of the customer's own, the card of the newest live subscription is it.
TEST_F(ApplyChange, DefaultPaymentMethodIsDerived) {
    play([&](db::Database& db) -> Task<> {
        const auto card = [&](std::string id, std::int64_t at) {
            provider::PaymentMethodSnapshot snapshot{};
            snapshot.payment_method = {id};
            snapshot.customer = provider::Ref{"cus_1"};
            snapshot.type = "card";
            snapshot.last4 = "4242";
            snapshot.created_at = from_unix(t0);
            return ToApply{.change =
                               change("evt_" + id, at, ObjectKind::payment_method, id, snapshot)};
        };
        const auto defaults = [&] {
            return one(
                "select string_agg(provider_payment_method_id, ' ') "
                "from paydesk.payment_methods where is_default");
        };
        std::int64_t at = 10;
        const auto subscribe = [&](provider::SubscriptionStatus status) {
            auto snapshot = subscription(status);
            snapshot.default_payment_method = provider::Ref{"pm_2"};
            ++at;
            return ToApply{.change = change("evt_sub_" + std::to_string(at), at,
                                            ObjectKind::subscription, "sub_1", snapshot)};
        };
        co_await apply_one(db, card("pm_1", 1));
        co_await apply_one(db, card("pm_2", 1));
        EXPECT_EQ(defaults(), "");
        co_await apply_one(db, subscribe(active));
        EXPECT_EQ(defaults(), "pm_2");
        provider::CustomerSnapshot customer{};
        customer.customer = {"cus_1"};
        customer.default_payment_method = provider::Ref{"pm_1"};
        co_await apply_one(db,
                           {.change = change("evt_c", 3, ObjectKind::customer, "cus_1", customer)});
        EXPECT_EQ(defaults(), "pm_1");
        customer.default_payment_method.reset();
        co_await apply_one(db,
                           {.change = change("evt_d", 4, ObjectKind::customer, "cus_1", customer)});
        EXPECT_EQ(defaults(), "pm_2");
        co_await apply_one(db, subscribe(canceled));
        EXPECT_EQ(defaults(), "");
    });
}

// What a page reads, as the person whose rows they are and as another.
TEST_F(ApplyChange, StoresReadWhatWasApplied) {
    play([&](db::Database& db) -> Task<> {
        auto snapshot = subscription(trialing);
        snapshot.cancel_at = from_unix(t0 + 100);
        std::vector<ToApply> changes;
        changes.push_back(
            {.change = change("evt_1", 1, ObjectKind::subscription, "sub_1", snapshot)});
        changes.push_back({.change = change("evt_2", 1, ObjectKind::invoice, "in_1",
                                            invoice(provider::InvoiceStatus::paid, 2900))});
        co_await apply(db, std::move(changes));
        const auto as = [](const AccountId& account) {
            return db::Identity{
                .role = "authenticated",
                .claims_json = R"({"sub":")" + account.value + R"(","role":"authenticated"})"};
        };
        auto rows = co_await db.run_as(as(ann), subscription_store::current,
                                       subscription_store::by_account(ann));
        EXPECT_EQ(rows.size(), 1U);
        const auto current = subscription_store::read(rows, 0);
        EXPECT_EQ(current.subscription.value, "sub_1");
        EXPECT_EQ(current.plan_name, "Pro");
        EXPECT_EQ(current.billing_cycle, "monthly");
        EXPECT_TRUE(current.cancel_scheduled());
        rows = co_await db.run_as(as(bob), subscription_store::list,
                                  subscription_store::by_account(ann));
        EXPECT_EQ(rows.size(), 0U);

        rows =
            co_await db.run_as(as(ann), invoice_store::list, invoice_store::list_params(ann, 10));
        const auto first = invoice_store::read(rows, 0);
        EXPECT_EQ(first.amount_paid.format(), "$29.00");
        EXPECT_NE(first.line_items_json.find("1 × Pro"), std::string::npos);
        rows =
            co_await db.run_as(as(ann), payment_store::list, payment_store::list_params(ann, 10));
        EXPECT_EQ(payment_store::read(rows, 0).source_id, "in_1");
        co_await db.transaction([&](db::Tx& tx) -> Task<> {
            EXPECT_EQ((co_await subscription_store::live(tx, ann)).size(), 1U);
            EXPECT_TRUE(co_await subscription_store::find(tx, ann, {"sub_1"}, true));
            EXPECT_FALSE(co_await subscription_store::find(tx, bob, {"sub_1"}));
        });
    });
}

}  // namespace
}  // namespace paydesk::billing
