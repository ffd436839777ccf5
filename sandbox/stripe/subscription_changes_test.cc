// Changes of a running subscription: trials that move, anchors, items, ends, pauses.

#include "sandbox/stripe/test_changes.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::flag;
using stripe::number;
using stripe::text;

TEST_F(SubscriptionChanges, ATrialMovesLongerShorterAndEnds) {
    begin("&trial_period_days=10");
    EXPECT_EQ(text(subscription(), "status"), "trialing");
    const auto later = begun_ + 20 * 86400;
    auto moved = path("trial_end=" + std::to_string(later));
    EXPECT_EQ(number(moved, "trial_end"), later);
    EXPECT_EQ(number(moved, "billing_cycle_anchor"), later);
    EXPECT_EQ(stripe::period_end_of(moved), later);
    EXPECT_FALSE(happened("customer.subscription.trial_will_end"));
    advance(11 * 86400);
    EXPECT_EQ(text(subscription(), "status"), "trialing");
    moved = path("trial_end=" + std::to_string(begun_ + 12 * 86400));
    EXPECT_TRUE(happened("customer.subscription.trial_will_end"));
    const auto now = path("trial_end=now");
    EXPECT_EQ(text(now, "status"), "active");
    EXPECT_EQ(number(now, "billing_cycle_anchor"), begun_ + 11 * 86400);
    EXPECT_EQ(number(now, "trial_end"), begun_ + 11 * 86400);
    EXPECT_EQ(number(latest_invoice(), "amount_paid"), 2000);
}

TEST_F(SubscriptionChanges, ATrialThatEndsNowWithoutACardPauses) {
    const auto customer = id(made("/v1/customers", "email=t%40example.com"));
    remember(made("/v1/subscriptions",
                  "trial_period_days=9&trial_settings[end_behavior][missing_payment_method]=pause"
                  "&customer=" +
                      customer + "&items[0][price]=" + price_of(2000)));
    const auto paused = path("trial_end=now");
    EXPECT_EQ(text(paused, "status"), "paused");
    EXPECT_EQ(text(child(child(child(paused, "status_details"), "paused"), "subscription"), "type"),
              "trial_end_without_payment_method");
    EXPECT_TRUE(store_.ids("charge").empty());
}

TEST_F(SubscriptionChanges, ATrialOnAPaidSubscriptionGivesTheRestBack) {
    begin();
    advance(15 * 86400 + 43200);
    const auto until = begun_ + 40 * 86400;
    const auto trial = path("trial_end=" + std::to_string(until));
    EXPECT_EQ(text(trial, "status"), "trialing");
    EXPECT_EQ(stripe::period_end_of(trial), until);
    const auto waiting = children(got("/v1/invoiceitems?pending=true"), "data");
    ASSERT_EQ(waiting.size(), 1u);
    EXPECT_EQ(number(waiting.at(0).as_object(), "amount"), -1000);
    advance(25 * 86400);
    EXPECT_EQ(text(subscription(), "status"), "active");
    EXPECT_EQ(number(latest_invoice(), "total"), 1000);
}

TEST_F(SubscriptionChanges, ATrialFromThePlan) {
    customer_ = customer_with("pm_card_visa");
    const auto with_trial =
        price_of(2000, "recurring[interval]=month&recurring[trial_period_days]=5");
    const auto form = "customer=" + customer_ + "&items[0][price]=" + with_trial;
    EXPECT_EQ(text(made("/v1/subscriptions", form), "status"), "active");
    remember(made("/v1/subscriptions", form + "&trial_from_plan=true"));
    EXPECT_EQ(number(subscription(), "trial_end"), begun_ + 5 * 86400);
    EXPECT_EQ(call("POST", "/v1/subscriptions", form + "&trial_from_plan=true&trial_end=1900000000")
                  .code(),
              "parameters_exclusive");
}

TEST_F(SubscriptionChanges, TheAnchorMovesToNow) {
    begin();
    advance(15 * 86400 + 43200);
    const auto same = path("billing_cycle_anchor[type]=unchanged");
    EXPECT_EQ(stripe::period_end_of(same), end_);
    const auto moved = path("billing_cycle_anchor[type]=now");
    EXPECT_EQ(number(moved, "billing_cycle_anchor"), begun_ + 15 * 86400 + 43200);
    // The whole new month, less the unused half of the old one.
    EXPECT_EQ(number(latest_invoice(), "total"), 1000);
    EXPECT_EQ(refused("billing_cycle_anchor=now").status, 400);
    version_ = "2026-03-25.dahlia";
    EXPECT_EQ(refused("billing_cycle_anchor=unchanged").status, 200);
}

TEST_F(SubscriptionChanges, AnAnchorAheadBillsInProportion) {
    customer_ = customer_with("pm_card_visa");
    const auto now = clock_.now().time_since_epoch().count() / 1'000'000;
    // 2027-01-15 08:00; the period that ends on the 30th has 31 days.
    const auto anchor = now + 15 * 86400 + 43200;
    const auto form = "customer=" + customer_ + "&items[0][price]=" + price_of(3100);
    remember(made("/v1/subscriptions", form + "&billing_cycle_anchor=" + std::to_string(anchor)));
    EXPECT_EQ(end_, anchor);
    EXPECT_EQ(number(latest_invoice(), "amount_paid"), 1550);
    const auto free =
        made("/v1/subscriptions",
             form + "&proration_behavior=none" + "&billing_cycle_anchor=" + std::to_string(anchor));
    EXPECT_TRUE(free.at("latest_invoice").is_null());
    EXPECT_EQ(text(free, "status"), "active");
    advance(16 * 86400);
    EXPECT_EQ(number(latest_invoice(), "total"), 3100);

    for (const auto at : {now - 5, now + 60 * 86400}) {
        EXPECT_EQ(
            call("POST", "/v1/subscriptions", form + "&billing_cycle_anchor=" + std::to_string(at))
                .param(),
            "billing_cycle_anchor");
    }
    const auto first =
        made("/v1/subscriptions", form + "&billing_cycle_anchor_config[day_of_month]=1" +
                                      "&billing_cycle_anchor_config[hour]=0"
                                      "&billing_cycle_anchor_config[minute]=0"
                                      "&billing_cycle_anchor_config[second]=0");
    EXPECT_EQ(stripe::period_end_of(first), 1'801'440'000);  // 2027-02-01
    EXPECT_EQ(number(child(first, "billing_cycle_anchor_config"), "day_of_month"), 1);
}

TEST_F(SubscriptionChanges, OneTimeItemsComeWithTheFirstAndTheNextInvoice) {
    const auto fee = "unit_amount=500";
    begin();
    const auto setup = price_of(500, "nickname=fee");
    remember(made("/v1/subscriptions", "customer=" + customer_ + "&items[0][price]=" + small_ +
                                           "&add_invoice_items[0][price]=" + setup +
                                           "&add_invoice_items[0][quantity]=2"));
    EXPECT_EQ(number(latest_invoice(), "total"), 3000) << fee;
    path("add_invoice_items[0][price]=" + setup);
    EXPECT_EQ(children(got("/v1/invoiceitems?pending=true"), "data").size(), 1u);
    advance(32 * 86400);
    EXPECT_EQ(number(latest_invoice(), "total"), 2500);
    EXPECT_EQ(refused("add_invoice_items[0][price]=" + small_).param(),
              "add_invoice_items[0][price]");
}

TEST_F(SubscriptionChanges, CancelAtByItsNames) {
    begin();
    EXPECT_EQ(number(path("cancel_at=min_period_end"), "cancel_at"), end_);
    EXPECT_EQ(number(path("cancel_at=max_billed_until"), "cancel_at"), end_);
    EXPECT_TRUE(path("cancel_at=").at("cancel_at").is_null());
    EXPECT_EQ(refused("cancel_at=5").param(), "cancel_at");
    version_ = "2026-03-25.dahlia";
    EXPECT_EQ(refused("cancel_at=max_billed_until").status, 400);
    EXPECT_EQ(number(path("cancel_at=max_period_end"), "cancel_at"), end_);
    version_ = "2024-11-20.acacia";
    EXPECT_EQ(refused("cancel_at=max_period_end").status, 400);
    const auto ends = begun_ + 10 * 86400;
    const auto planned =
        made("/v1/subscriptions", "customer=" + customer_ + "&items[0][price]=" + small_ +
                                      "&cancel_at=" + std::to_string(ends));
    EXPECT_EQ(number(planned, "cancel_at"), ends);
    advance(10 * 86400 + 60);
    EXPECT_EQ(text(got("/v1/subscriptions/" + id(planned)), "status"), "canceled");
}

TEST_F(SubscriptionChanges, CancellingGivesBackAndBillsWhatItIsTold) {
    begin();
    advance(15 * 86400 + 43200);
    EXPECT_EQ(
        call("DELETE", "/v1/subscriptions/" + subscription_ + "?prorate=true&invoice_now=true")
            .status,
        200);
    EXPECT_EQ(number(got("/v1/customers/" + customer_), "balance"), -1000);
    EXPECT_EQ(text(subscription(), "status"), "canceled");
}

TEST_F(SubscriptionChanges, ItemsComeAndGo) {
    begin();
    const auto added = made("/v1/subscription_items",
                            "subscription=" + subscription_ + "&price=" + large_ + "&quantity=2");
    EXPECT_EQ(number(added, "quantity"), 2);
    EXPECT_EQ(children(child(subscription(), "items"), "data").size(), 2u);
    const auto gone =
        call("DELETE", "/v1/subscription_items/" + id(added) + "?proration_behavior=none");
    EXPECT_TRUE(flag(gone.body, "deleted"));
    EXPECT_EQ(children(child(subscription(), "items"), "data").size(), 1u);
    EXPECT_EQ(call("DELETE", "/v1/subscription_items/" + item_).status, 400);
}

TEST_F(SubscriptionChanges, AnotherIntervalGivesBackEveryItem) {
    begin();
    made("/v1/subscription_items",
         "subscription=" + subscription_ + "&price=" + large_ + "&proration_behavior=none");
    advance(15 * 86400 + 43200);
    const auto yearly = price_of(20000, "recurring[interval]=year");
    const auto items = subscription();
    const auto other = text(children(child(items, "items"), "data").at(1).as_object(), "id");
    path("items[0][id]=" + item_ + "&items[0][price]=" + yearly + "&items[1][id]=" + other +
         "&items[1][deleted]=true");
    EXPECT_EQ(number(latest_invoice(), "total"), 20000 - 1000 - 3000);
}

TEST_F(SubscriptionChanges, SentInvoicesMakeALateSubscription) {
    customer_ = id(made("/v1/customers", "email=t%40example.com"));
    remember(made("/v1/subscriptions", "customer=" + customer_ +
                                           "&collection_method=send_invoice&days_until_due=7&"
                                           "items[0][price]=" +
                                           price_of(2000)));
    EXPECT_EQ(text(subscription(), "status"), "active");
    EXPECT_EQ(number(latest_invoice(), "due_date"), begun_ + 7 * 86400);
    advance(7 * 86400 + 60);
    EXPECT_EQ(text(subscription(), "status"), "past_due");
    EXPECT_TRUE(happened("invoice.overdue"));
    made("/v1/invoices/" + text(subscription(), "latest_invoice") + "/pay",
         "paid_out_of_band=true");
    EXPECT_EQ(text(subscription(), "status"), "active");
}

TEST_F(SubscriptionChanges, CollectionPausesInThreeWays) {
    const std::pair<std::string, std::string> ways[] = {
        {"keep_as_draft",      "draft"        },
        {"mark_uncollectible", "uncollectible"},
        {"void",               "void"         },
    };
    for (const auto& [behavior, status] : ways) {
        begin();
        const auto until = begun_ + 40 * 86400;
        path("pause_collection[behavior]=" + behavior +
             "&pause_collection[resumes_at]=" + std::to_string(until));
        advance(32 * 86400);
        EXPECT_EQ(text(latest_invoice(), "status"), status);
        EXPECT_EQ(text(subscription(), "status"), "active");
        advance(9 * 86400);
        EXPECT_TRUE(subscription().at("pause_collection").is_null());
        advance(25 * 86400);
        EXPECT_EQ(text(latest_invoice(), "status"), "paid");
    }
}

TEST_F(SubscriptionChanges, PausesAndResumes) {
    begin();
    version_ = "2026-03-25.dahlia";
    EXPECT_EQ(call("POST", "/v1/subscriptions/" + subscription_ + "/pause").status, 404);
    version_ = "2026-10-28.endive";
    advance(15 * 86400 + 43200);
    const auto paused = made("/v1/subscriptions/" + subscription_ + "/pause");
    EXPECT_EQ(text(paused, "status"), "paused");
    EXPECT_EQ(text(child(child(child(paused, "status_details"), "paused"), "subscription"), "type"),
              "pause_requested");
    EXPECT_TRUE(happened("customer.subscription.paused"));
    advance(60 * 86400);
    EXPECT_EQ(store_.ids("invoice").size(), 1u);
    EXPECT_EQ(call("POST", "/v1/subscriptions/" + subscription_ + "/pause").status, 400);

    const auto resumed = made("/v1/subscriptions/" + subscription_ + "/resume");
    EXPECT_EQ(text(resumed, "status"), "active");
    EXPECT_FALSE(resumed.contains("status_details"));
    EXPECT_EQ(number(latest_invoice(), "total"), 1000);  // less the unused half
    EXPECT_TRUE(happened("customer.subscription.resumed"));
    EXPECT_EQ(call("POST", "/v1/subscriptions/" + subscription_ + "/resume").status, 400);
}

TEST_F(SubscriptionChanges, ResumingWithTheOldAnchorBillsTheRest) {
    begin();
    made("/v1/subscriptions/" + subscription_ + "/pause",
         "bill_for[unused_time_from][type]=none&invoicing_behavior=invoice");
    advance(15 * 86400 + 43200);
    const auto resumed =
        made("/v1/subscriptions/" + subscription_ + "/resume",
             "billing_cycle_anchor[type]=unchanged&proration_behavior=always_invoice");
    EXPECT_EQ(text(resumed, "status"), "active");
    EXPECT_EQ(stripe::period_end_of(resumed), end_);
    EXPECT_EQ(number(latest_invoice(), "total"), 1000);
}

TEST_F(SubscriptionChanges, AResumptionWaitsForItsPayment) {
    begin();
    use_card("pm_card_chargeCustomerFail");
    const auto resume = "/v1/subscriptions/" + subscription_ + "/resume";
    const auto pause = "/v1/subscriptions/" + subscription_ + "/pause";
    const auto terms = "bill_for[unused_time_from][type]=none";
    made(pause, terms);
    const auto waiting = made(resume, "payment_behavior=resume_on_payment_success");
    EXPECT_EQ(text(waiting, "status"), "paused");
    const auto invoice = text(waiting, "latest_invoice");
    advance(23 * 3600 + 60);
    EXPECT_EQ(text(got("/v1/invoices/" + invoice), "status"), "void");
    EXPECT_EQ(text(subscription(), "status"), "paused");

    made(resume, "payment_behavior=resume_on_payment_success");
    made("/v1/invoices/" + text(subscription(), "latest_invoice") + "/pay",
         "payment_method=pm_card_visa");
    EXPECT_EQ(text(subscription(), "status"), "active");
    made(pause, terms);
    EXPECT_EQ(text(made(resume), "status"), "past_due");
}

TEST_F(SubscriptionChanges, APreviewMovesTheTrialToo) {
    begin("&trial_period_days=10");
    const auto preview = [&](const std::string& more) {
        return made("/v1/invoices/create_preview",
                    "subscription=" + subscription_ + "&subscription_details" + more);
    };
    const auto later = begun_ + 20 * 86400;
    const auto moved = preview("[trial_end]=" + std::to_string(later));
    EXPECT_EQ(
        number(child(children(child(moved, "lines"), "data").at(0).as_object(), "period"), "start"),
        later);
    const auto now = preview("[trial_end]=now");
    EXPECT_EQ(number(now, "amount_due"), 2000);
    EXPECT_EQ(
        number(child(children(child(now, "lines"), "data").at(0).as_object(), "period"), "start"),
        begun_);
    EXPECT_EQ(text(subscription(), "status"), "trialing");
    EXPECT_EQ(number(subscription(), "trial_end"), begun_ + 10 * 86400);
    EXPECT_TRUE(store_.ids("charge").empty());
}

TEST_F(SubscriptionChanges, APreviewRestartsTheCycle) {
    begin();
    advance(15 * 86400 + 43200);
    const auto preview = made(
        "/v1/invoices/create_preview",
        "subscription=" + subscription_ + "&subscription_details[billing_cycle_anchor][type]=now");
    EXPECT_EQ(number(preview, "total"), 1000);
    EXPECT_EQ(stripe::period_end_of(subscription()), end_);
    const auto itemized =
        call("POST", "/v1/subscriptions",
             "customer=" + customer_ + "&items[0][price]=" + small_ +
                 "&billing_mode[type]=flexible&billing_mode[flexible][proration_discounts]="
                 "itemized");
    EXPECT_EQ(itemized.code(), "sandbox_unsupported");
}

}  // namespace
}  // namespace paydesk::sandbox
