// Reconciliation against a scripted provider: what was lost comes back, what was damaged is mended, and
// what was told meanwhile is left alone.

#include <gtest/gtest.h>

#include <ranges>

#include "reconcile/reconciler.h"
#include "webhook/test_webhook.h"

namespace paydesk::reconcile {
namespace {

using provider::ObjectKind;
using webhook::Event;

// Lists events and objects of one buyer, `page` at a time.
class ScriptedListing final : public provider::Listing {
public:
    std::vector<Event> happened;                             // oldest first
    std::map<ObjectKind, std::vector<std::string>> objects;  // texts with '@', newest first
    std::size_t page = 2;
    int calls = 0;
    std::optional<Error> refusal;

    provider::Name name() const override { return provider::Name::stripe; }
    bool follows(std::string_view type) const override {
        return provider::stripe::followed_kind(type).has_value();
    }
    std::chrono::days events_kept() const override { return std::chrono::days(30); }

    Task<Result<provider::EventPage>> list_events(provider::EventQuery query) override {
        ++calls;
        if (refusal) co_return *refusal;
        provider::EventPage answer;
        bool begun = !query.after;
        for (const auto& event : std::views::reverse(happened)) {
            const std::string id = webhook::for_buyer(event.id + "_@", 1);
            if (!begun) {
                begun = query.after->value == id;
                continue;
            }
            if (query.since && from_unix(webhook::t0 + event.at) < *query.since) break;
            if (answer.events.size() == page) {
                answer.next = provider::Ref{last_};
                break;
            }
            answer.events.push_back(webhook::text_of(event, 1));
            last_ = id;
        }
        co_return answer;
    }

    Task<Result<provider::ObjectPage>> list_objects(provider::ObjectQuery query) override {
        ++calls;
        if (refusal) co_return *refusal;
        provider::ObjectPage answer;
        bool begun = !query.after;
        for (const auto& text : objects[query.kind]) {
            const auto json = parse_json(webhook::for_buyer(text, 1));
            auto change =
                provider::stripe::normalise_object(query.kind, *json, from_unix(webhook::t0));
            if (!begun) {
                begun = query.after->value == change->object.value;
                continue;
            }
            if (answer.objects.size() == page) {
                answer.next = answer.objects.back().object;
                break;
            }
            answer.objects.push_back(std::move(*change));
        }
        co_return answer;
    }

private:
    std::string last_;
};

const std::vector<Event> life = {
    {"evt_1", "customer.created", 0, webhook::customer()},
    {"evt_2", "payment_method.attached", 1, webhook::payment_method(true)},
    {"evt_3", "customer.subscription.created", 2, webhook::subscription("incomplete")},
    {"evt_4", "invoice.finalized", 3, webhook::invoice("open")},
    {"evt_5", "invoice.paid", 10, webhook::invoice("paid", R"("attempt_count":1)")},
    {"evt_6", "customer.subscription.updated", 11, webhook::subscription("active")},
    {"evt_7", "product.updated", 12, R"({"id":"prod_@","object":"product"})"},
};

class Reconcile : public testing::Test {
protected:
    Reconcile() {
        world_.add_buyers(1, 1);
        listing_.happened = life;
        listing_.objects = {
            {ObjectKind::customer,       {webhook::customer()}                             },
            {ObjectKind::payment_method, {webhook::payment_method(true)}                   },
            {ObjectKind::subscription,   {webhook::subscription("active")}                 },
            {ObjectKind::invoice,        {webhook::invoice("paid", R"("attempt_count":1)")}}
        };
        for (const auto& [kind, texts] : listing_.objects) {
            world_.provider().objects[kind] = texts.front();
        }
    }

    // Delivers the events of `life` for which `comes` is true, and applies them.
    void deliver(std::function<bool(const Event&)> comes = [](const Event&) { return true; }) {
        deliver_in(world_, std::move(comes));
    }
    static void deliver_in(webhook::World& world, std::function<bool(const Event&)> comes,
                           const std::vector<Event>& events = life) {
        world.play([&](db::Database& db, webhook::Processor& processor) -> Task<> {
            for (const auto& event : events) {
                if (!comes(event)) continue;
                auto row = world.stored(event, 1);
                const auto envelope = webhook::stripe_envelope(row.payload);
                row.object_kind = envelope->object_kind;
                row.object_id = envelope->object_id;
                co_await webhook::event_store::add(db, {&row});
            }
            (void)co_await processor.drain();
        });
    }

    reconcile::Run run(std::string_view mode, Options options = {}) {
        reconcile::Run result;
        world_.clock().advance(std::chrono::seconds(1));
        world_.play([&](db::Database& db, webhook::Processor& processor) -> Task<> {
            Reconciler reconciler({.db = db,
                                   .clock = world_.clock(),
                                   .listing = listing_,
                                   .applier = world_.appliers().at(provider::Name::stripe),
                                   .envelope = webhook::stripe_envelope,
                                   .on_stored = {}});
            if (mode == "events") {
                result = co_await reconciler.events(options);
                (void)co_await processor.drain();
            } else {
                result = co_await reconciler.objects(options);
            }
        });
        return result;
    }

    // As the owner, whom the triggers would stop.
    void damage(const std::string& sql) {
        world_.database().script("set session_replication_role = replica; " + sql +
                                 "; set session_replication_role = default;");
    }

    std::int64_t drift(const reconcile::Run& run) const { return run.report.total().drifted(); }

    webhook::World world_;
    ScriptedListing listing_;
};

TEST_F(Reconcile, LostEventsComeAsIfDelivered) {
    webhook::World other;
    other.add_buyers(1, 1);
    deliver_in(other, [](const Event&) { return true; });
    const std::string whole = other.dump(1);

    deliver([](const Event& event) { return event.at % 2 == 0; });
    EXPECT_NE(world_.dump(1), whole);

    const reconcile::Run first = run("events");
    EXPECT_EQ(first.status, "complete");
    EXPECT_EQ(drift(first), 3);
    EXPECT_EQ(first.report.total().repaired, 3);
    EXPECT_EQ(first.report.kinds.at("event").checked, 6);  // product.updated is nothing to us
    EXPECT_EQ(world_.dump(1), whole);
    EXPECT_EQ(world_.one("select count(*) from paydesk.webhook_events"), "7");

    const reconcile::Run second = run("events");
    EXPECT_EQ(drift(second), 0);
}

// The event makes the row anew; what the others said of it (when a payment failed first) is in the inbox only.
TEST_F(Reconcile, ALostEventOfALostRowBringsBackWhatTheOthersHaveTold) {
    auto& happened = listing_.happened;
    happened.insert(happened.begin() + 4, {"evt_4b", "invoice.payment_failed", 5,
                                           webhook::invoice("open", R"("attempt_count":1)")});
    deliver_in(world_, [](const Event&) { return true; }, happened);
    const std::string whole = world_.dump(1),
                      failed = world_.one("select first_failed_at from paydesk.invoices");
    EXPECT_NE(failed, "");

    damage(
        "delete from paydesk.invoices; delete from paydesk.webhook_events where event_id like "
        "'evt_5%'");
    EXPECT_EQ(drift(run("events")), 1);
    EXPECT_EQ(world_.one("select first_failed_at from paydesk.invoices"), failed);
    EXPECT_EQ(world_.dump(1), whole);
    EXPECT_EQ(drift(run("objects")), 0);
}

TEST_F(Reconcile, YoungEventsAreTakenButAreNoDrift) {
    const reconcile::Run found = run("events", {.grace = std::chrono::seconds(5)});
    const Counts& events = found.report.kinds.at("event");
    EXPECT_EQ(events.in_flight, 2);
    EXPECT_EQ(drift(found), 4);
    EXPECT_EQ(world_.one("select count(*) from paydesk.webhook_events"), "6");
}

struct Damage {
    const char* name;
    const char* sql;
    std::int64_t drift;
};
const Damage damages[] = {
    {"nothing",                "select 1",                                                         0},
    {"a subscription is gone",
     "delete from paydesk.subscriptions; delete from paydesk.subscription_items",                  1},
    {"its items are gone",     "delete from paydesk.subscription_items",                           1},
    {"an invoice is gone",     "delete from paydesk.invoices",                                     1},
    {"a payment is gone",      "delete from paydesk.payments",                                     1},
    {"both are gone",          "delete from paydesk.payments; delete from paydesk.invoices",       2},
    {"a card is gone",         "delete from paydesk.payment_methods",                              1},
    {"a customer is gone",     "delete from paydesk.customers",                                    1},
    {"nobody knows whose",     "delete from paydesk.provider_refs where kind <> 'customer'",       0},
    {"a status is wrong",      "update paydesk.subscriptions set status = 'past_due'",             1},
    {"a status was final",     "update paydesk.subscriptions set status = 'unpaid', quantity = 9", 1},
    {"an amount is wrong",     "update paydesk.invoices set amount_paid = 1",                      1},
    {"a name is wrong",        "update paydesk.customers set name = 'Somebody'",                   1},
};

TEST_F(Reconcile, DamagedRowsAreMended) {
    deliver();
    const std::string whole = world_.dump(1);
    for (const auto& damage_done : damages) {
        SCOPED_TRACE(damage_done.name);
        damage(damage_done.sql);

        const reconcile::Run only_looked = run("objects", {.dry_run = true});
        EXPECT_EQ(drift(only_looked), damage_done.drift);
        EXPECT_EQ(only_looked.report.total().repaired, 0);
        if (damage_done.drift > 0) {
            EXPECT_NE(world_.dump(1), whole);
        }

        const reconcile::Run mended = run("objects");
        EXPECT_EQ(mended.status, "complete");
        EXPECT_EQ(drift(mended), damage_done.drift) << mended.to_text();
        EXPECT_EQ(mended.report.total().repaired, damage_done.drift) << mended.to_text();
        EXPECT_EQ(world_.dump(1), whole);
        EXPECT_EQ(drift(run("objects")), 0);
    }
}

TEST_F(Reconcile, WithoutAnyEventTheObjectsAloneMakeTheRowsAndTellNobody) {
    const reconcile::Run found = run("objects");
    EXPECT_EQ(found.report.total().repaired, found.report.total().drifted());
    EXPECT_EQ(world_.one("select status from paydesk.subscriptions"), "active");
    EXPECT_EQ(world_.one("select status from paydesk.payments"), "succeeded");
    EXPECT_EQ(world_.one("select count(*) from paydesk.notifications"), "0");
    EXPECT_EQ(drift(run("objects")), 0);

    // The events come late, after all: they tell, and the rows end as if they had come first.
    deliver();
    EXPECT_EQ(world_.one("select count(*) > 0 from paydesk.notifications"), "true");
    EXPECT_EQ(drift(run("objects")), 0);
}

TEST_F(Reconcile, ARowThatMovesWhileWeAskIsLeftAlone) {
    deliver();
    damage("update paydesk.subscriptions set status = 'past_due'");
    world_.provider().before_answer = [&](const provider::Ref&) -> Task<> {
        damage("update paydesk.subscriptions set status = 'unpaid'");
        co_return;
    };
    const reconcile::Run found = run("objects");
    EXPECT_EQ(drift(found), 0);
    EXPECT_EQ(found.report.kinds.at("subscription").in_flight, 1);
    EXPECT_EQ(world_.one("select status from paydesk.subscriptions"), "unpaid");
}

TEST_F(Reconcile, AnEventThatWaitsInTheInboxIsNoDrift) {
    deliver([](const Event& event) { return event.type != "customer.subscription.updated"; });
    world_.play([&](db::Database& db, webhook::Processor&) -> Task<> {
        auto row = world_.stored(life[5], 1);
        row.object_kind = ObjectKind::subscription;
        row.object_id = "sub_b000001";
        co_await webhook::event_store::add(db, {&row});
    });
    const reconcile::Run found = run("objects");
    EXPECT_EQ(drift(found), 0);
    EXPECT_EQ(found.report.kinds.at("subscription").in_flight, 1);
}

TEST_F(Reconcile, FinalStatesAreReportedAndKept) {
    deliver();
    damage("update paydesk.subscriptions set status = 'canceled'");
    const reconcile::Run found = run("objects");
    EXPECT_EQ(drift(found), 1);
    EXPECT_EQ(found.report.total().repaired, 0);
    ASSERT_EQ(found.report.findings.size(), 1u);
    EXPECT_NE(found.report.findings[0].note, "");
    EXPECT_EQ(world_.one("select status from paydesk.subscriptions"), "canceled");
}

TEST_F(Reconcile, ACardThatIsListedNoMoreIsAskedFor) {
    deliver();
    listing_.objects[ObjectKind::payment_method].clear();
    world_.provider().objects[ObjectKind::payment_method] = webhook::payment_method(false);
    const reconcile::Run found = run("objects");
    EXPECT_EQ(drift(found), 1);
    EXPECT_EQ(world_.one("select detached_at is not null from paydesk.payment_methods"), "true");
}

TEST_F(Reconcile, ADetachedCardThatWasLostComesBackByItsReference) {
    deliver();
    listing_.objects[ObjectKind::payment_method].clear();
    world_.provider().objects[ObjectKind::payment_method] = webhook::payment_method(false);
    ASSERT_EQ(drift(run("objects")), 1);  // detached
    damage("delete from paydesk.payment_methods");
    const reconcile::Run found = run("objects");
    EXPECT_EQ(drift(found), 1) << found.to_text();
    EXPECT_EQ(world_.one("select detached_at is not null from paydesk.payment_methods"), "true");
    EXPECT_EQ(drift(run("objects")), 0);
}

TEST_F(Reconcile, ARunStopsWithinItsBudgetAndTheNextGoesOn) {
    listing_.page = 1;
    int runs = 0;
    std::int64_t repaired = 0;
    reconcile::Run last;
    do {
        last = run("events", {.requests_max = 2});
        EXPECT_LE(last.requests, 2);
        repaired += last.report.total().repaired;
    } while (last.status == "stopped" && ++runs < 10);
    EXPECT_EQ(last.status, "complete");
    EXPECT_EQ(runs, 3);
    EXPECT_EQ(repaired, 6);

    runs = 0;
    do {
        last = run("objects", {.requests_max = 3});
    } while (last.status == "stopped" && ++runs < 10);
    EXPECT_EQ(last.status, "complete");
    EXPECT_GE(runs, 2);
}

TEST_F(Reconcile, AProviderThatDoesNotAnswerFailsTheRunAndTheNextGoesOn) {
    listing_.page = 1;
    ASSERT_EQ(run("events", {.requests_max = 2}).status, "stopped");
    listing_.refusal = Error{ErrorCode::provider_unavailable, "no answer"};
    const reconcile::Run failed = run("events");
    EXPECT_EQ(failed.status, "failed");
    EXPECT_EQ(failed.error, "no answer");
    listing_.refusal.reset();
    const int before = listing_.calls;
    EXPECT_EQ(run("events").status, "complete");
    EXPECT_EQ(listing_.calls - before, 5);  // of seven pages two were done
}

TEST_F(Reconcile, AScheduledLookBeginsWhereTheLastOneEnded) {
    deliver();
    const Options scheduled{.origin = "schedule"};
    ASSERT_EQ(run("events", scheduled).report.kinds.at("event").checked, 6);
    listing_.happened.push_back({"evt_8", "customer.updated", 7'300, webhook::customer()});
    listing_.happened.push_back({"evt_9", "customer.updated", 7'400, webhook::customer()});
    EXPECT_EQ(run("events", scheduled).report.kinds.at("event").checked, 8);
    EXPECT_EQ(run("events", scheduled).report.kinds.at("event").checked, 2);
}

TEST_F(Reconcile, WhatIsNobodysIsNoDrift) {
    listing_.objects = {
        {ObjectKind::subscription,
         {webhook::replace_all(webhook::subscription("active"), "cus_@", "cus_stranger")}}
    };
    const reconcile::Run found = run("objects");
    EXPECT_EQ(drift(found), 0);
    EXPECT_EQ(found.report.kinds.at("subscription").unowned, 1);
}

TEST(ReconcileReport, ComesBackFromJson) {
    Report report;
    report.kinds["invoice"].checked = 3;
    report.find(
        {.kind = "invoice", .id = "in_1", .drift = Drift::differs, .account = "a", .note = "n"});
    const Report again = read_report(report.to_json());
    EXPECT_EQ(json::serialize(again.to_json()), json::serialize(report.to_json()));
    EXPECT_EQ(again.total().drifted(), 1);
}

}  // namespace
}  // namespace paydesk::reconcile
