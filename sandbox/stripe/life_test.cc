// Random lives of a few customers under test clocks, judged after every step.
// Repeat a run with PAYDESK_SEED=<what a failure printed>.

#include <algorithm>
#include <cstdlib>
#include <random>

#include "sandbox/test_judge.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::text;

constexpr std::int64_t day = 86400;
constexpr std::int64_t start = 1'735'689'600;  // 2025-01-01

std::uint64_t seed() {
    const char* given = std::getenv("PAYDESK_SEED");
    return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct Life : SandboxTest {
    void TestBody() override {}

    explicit Life(std::uint64_t began_with) : random_(began_with) {
        sandbox_->account().seed(began_with);
        for (const char* amount : {"1900", "4900", "333"})
            prices_.push_back(price_of(amount, "month"));
        prices_.push_back(price_of("49000", "year"));
        coupons_ = {id(made("/v1/coupons", "percent_off=33.33&duration=forever")),
                    id(made("/v1/coupons", "amount_off=700&currency=usd&duration=once"))};
        clocks_.emplace_back();  // the global one
        for (int i = 0; i < 2; ++i) {
            clocks_.push_back(
                id(made("/v1/test_helpers/test_clocks", "frozen_time=" + std::to_string(start))));
        }
        for (int i = 0; i < 4; ++i) customer();
    }

    // One thing that a merchant, a customer or time does. Refusals are part of life.
    void step() {
        static constexpr void (Life::* acts[])() = {
            &Life::time_passes, &Life::time_passes, &Life::time_passes, &Life::subscribe,
            &Life::change_plan, &Life::change_plan, &Life::cancel,      &Life::switch_card,
            &Life::refund,      &Life::credit_note, &Life::bill,        &Life::end_invoice,
            &Life::check_out,   &Life::check_out,   &Life::pause,       &Life::move_balance,
            &Life::discount,    &Life::pay_once,    &Life::dispute,     &Life::customer};
        (this->*acts[below(std::size(acts))])();
        settle();
    }
    const Store& store() const { return store_; }
    std::string everything() {
        std::string all;
        for (const auto& event : store_.ids("event"))
            all += json::serialize(*store_.find(event)) + "\n";
        return all;
    }
    std::string last_call;

private:
    std::size_t below(std::size_t n) { return random_() % n; }
    template <class List>
    std::string one_of(const List& list) {
        return std::string(list[below(std::size(list))]);
    }
    std::string any(std::string_view kind) {
        const auto& ids = store_.ids(kind);
        return ids.empty() ? std::string("none") : ids[below(ids.size())];
    }
    Reply post(const std::string& target, const std::string& form = {}) {
        last_call = "POST " + target + " " + form;
        auto reply = call("POST", target, form);
        EXPECT_LT(reply.status, 500) << last_call << "\n" << reply.text;
        return reply;
    }
    std::string amount(std::size_t most) { return std::to_string(1 + below(most)); }
    std::string price_of(const std::string& cents, const std::string& interval) {
        return id(made("/v1/prices", "currency=usd&unit_amount=" + cents + "&recurring[interval]=" +
                                         interval + "&product_data[name]=Plan"));
    }
    std::string card() {
        static constexpr std::array<std::string_view, 6> cards = {
            "pm_card_visa",       "pm_card_visa",
            "pm_card_visa",       "pm_card_chargeCustomerFail",
            "pm_card_mastercard", "pm_card_authenticationRequired"};
        return one_of(cards);
    }

    void time_passes() {
        const auto clock = one_of(clocks_);
        const auto seconds = static_cast<std::int64_t>(1 + below(35)) * day;
        if (clock.empty()) return advance(seconds);
        const auto now =
            stripe::number(got("/v1/test_helpers/test_clocks/" + clock), "frozen_time");
        post("/v1/test_helpers/test_clocks/" + clock + "/advance",
             "frozen_time=" + std::to_string(now + seconds));
    }
    void customer() {
        const auto clock = one_of(clocks_);
        const auto method = card();
        post("/v1/customers", "email=ada%40example.com&payment_method=" + method +
                                  "&invoice_settings[default_payment_method]=" + method +
                                  (clock.empty() ? "" : "&test_clock=" + clock));
    }
    void subscribe() {
        static constexpr std::array<std::string_view, 5> ways = {
            "", "&payment_behavior=default_incomplete", "&payment_behavior=allow_incomplete",
            "&trial_period_days=7", "&payment_behavior=error_if_incomplete"};
        post("/v1/subscriptions", "customer=" + any("customer") +
                                      "&items[0][price]=" + one_of(prices_) +
                                      "&items[0][quantity]=" + amount(3) + one_of(ways));
    }
    void change_plan() {
        static constexpr std::array<std::string_view, 3> ways = {"none", "create_prorations",
                                                                 "always_invoice"};
        const auto subscription = any("subscription");
        const auto* stored = store_.find("subscription", subscription);
        if (!stored) return;
        const auto& items = children(child(*stored, "items"), "data");
        if (items.empty()) return;
        post("/v1/subscriptions/" + subscription,
             "items[0][id]=" + text(items.front().as_object(), "id") +
                 "&items[0][price]=" + one_of(prices_) + "&items[0][quantity]=" + amount(4) +
                 "&proration_behavior=" + one_of(ways));
    }
    void cancel() {
        const auto path = "/v1/subscriptions/" + any("subscription");
        if (below(3) == 0) {
            call("DELETE", path, below(2) ? "prorate=true&invoice_now=true" : "");
        } else {
            post(path, below(3) ? "cancel_at_period_end=true" : "cancel_at_period_end=false");
        }
    }
    void switch_card() {
        const auto to = any("customer");
        const auto reply = post("/v1/payment_methods/" + card() + "/attach", "customer=" + to);
        post("/v1/customers/" + to,
             "invoice_settings[default_payment_method]=" + text(reply.body, "id"));
    }
    void refund() {
        post("/v1/refunds",
             "charge=" + any("charge") + (below(2) ? "&amount=" + amount(5000) : std::string()));
    }
    void credit_note() {
        const auto off = amount(3000);
        post("/v1/credit_notes", "invoice=" + any("invoice") + "&amount=" + off +
                                     (below(2) ? "&credit_amount=" + off : std::string()));
    }
    void bill() {
        const auto to = any("customer");
        post("/v1/invoiceitems", "customer=" + to + "&currency=usd&amount=" +
                                     std::to_string(static_cast<std::int64_t>(below(9000)) - 2000));
        if (below(2)) return;
        const auto draft =
            post("/v1/invoices", "customer=" + to + "&pending_invoice_items_behavior=include");
        post("/v1/invoices/" + text(draft.body, "id") + "/finalize");
    }
    void end_invoice() {
        static constexpr std::array<std::string_view, 5> ends = {
            "/pay", "/pay", "/void", "/mark_uncollectible", "/finalize"};
        post("/v1/invoices/" + any("invoice") + one_of(ends));
    }
    void check_out() {
        static constexpr std::array<std::string_view, 5> numbers = {
            "4242424242424242", "4242424242424242", "4000000000000002", "4000002500003155",
            "4000000000003220"};
        const auto open = post("/v1/checkout/sessions",
                               "mode=subscription&line_items[0][price]=" + one_of(prices_) +
                                   "&line_items[0][quantity]=1&success_url=http%3A%2F%2Fx.y%2F" +
                                   (below(2) ? "&customer=" + any("customer") : std::string()));
        const auto session_id = text(open.body, "id");
        if (below(5) == 0) {
            post("/v1/checkout/sessions/" + session_id + "/expire");
            return;
        }
        const auto paid = pay(session_id, one_of(numbers));
        const std::string location(paid.headers.get("Location"));
        if (const auto at = location.find("/3ds/"); at != std::string::npos) {
            call("POST", location.substr(at), below(3) ? "answer=complete" : "answer=fail");
        }
    }
    void pause() {
        post("/v1/subscriptions/" + any("subscription"),
             below(2) ? "pause_collection[behavior]=void" : "pause_collection=");
    }
    void move_balance() {
        post(
            "/v1/customers/" + any("customer") + "/balance_transactions",
            "currency=usd&amount=" + std::to_string(static_cast<std::int64_t>(below(4000)) - 2500));
    }
    void discount() {
        post("/v1/subscriptions/" + any("subscription"),
             below(3) ? "discounts[0][coupon]=" + one_of(coupons_) : "discounts=");
    }
    void pay_once() {
        const auto made_intent =
            post("/v1/payment_intents",
                 "currency=usd&amount=" + amount(90'000) + "&payment_method=" + card() +
                     (below(2) ? "&confirm=true" : "") + "&payment_method_types[]=card");
        const auto intent = text(made_intent.body, "id");
        if (intent.empty()) return;
        post("/v1/payment_intents/" + intent + (below(2) ? "/confirm" : "/cancel"));
    }
    void dispute() {
        if (below(2) || store_.ids("dispute").empty()) {
            post("/v1/payment_intents",
                 "currency=usd&amount=5000&confirm=true&payment_method_types[]=card&"
                 "payment_method=pm_card_createDispute");
            return;
        }
        post("/v1/disputes/" + any("dispute"),
             below(2) ? "evidence[uncategorized_text]=winning_evidence"
                      : "evidence[uncategorized_text]=losing_evidence");
    }

    std::mt19937_64 random_;
    std::vector<std::string> prices_, coupons_, clocks_;
};

// A judge who sees nothing would let everything pass.
TEST_F(SandboxTest, TheJudgeSeesWhatIsWrong) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price());
    const auto charge = id(children(got("/v1/charges"), "data").at(0).as_object());
    Judge judge;
    ASSERT_TRUE(judge.judge(store_).empty());
    const auto says = [&](const char* what) {
        for (const auto& wrong : judge.judge(store_)) {
            if (wrong.find(what) != std::string::npos) return true;
        }
        return false;
    };
    const auto spoil = [&](const std::string& of, const char* field, json::value to) {
        const auto before = store_.edit(of)[field];
        store_.edit(of)[field] = std::move(to);
        return before;
    };
    const auto invoice = text(subscription, "latest_invoice");
    for (const auto& [of, field] : std::initializer_list<std::pair<std::string, const char*>>{
             {invoice,  "subtotal"       },
             {invoice,  "total"          },
             {invoice,  "amount_paid"    },
             {charge,   "amount_refunded"},
             {charge,   "amount_captured"},
             {customer, "balance"        }
    }) {
        const auto before = spoil(of, field, 12'345);
        EXPECT_FALSE(judge.judge(store_).empty()) << field;
        spoil(of, field, before);
    }
    EXPECT_TRUE(judge.judge(store_).empty());
    auto& account = sandbox_->account();
    account.change(invoice, "invoice.updated",
                   [](json::object& changed) { changed["status"] = "draft"; });
    EXPECT_TRUE(says("from paid to draft"));
    account.change(charge, "charge.updated", [](json::object& changed) { changed["created"] = 1; });
    EXPECT_TRUE(says("created is no Unix time"));
    account.change(charge, "charge.updated", [](json::object& changed) {
        changed["created"] = 2'000'000'000;
        changed["amount"] = 0.5;
    });
    const auto wrong = judge.judge(store_);
    EXPECT_TRUE(std::ranges::any_of(
        wrong, [](const auto& one) { return one.contains("older than its object"); }));
    EXPECT_TRUE(
        std::ranges::any_of(wrong, [](const auto& one) { return one.contains("has a fraction"); }));
    account.change(charge, "charge.updated",
                   [](json::object& changed) { changed["customer"] = "cus_NobodyAtAll1"; });
    EXPECT_FALSE(judge.judge_references(store_).empty());
}

TEST(RandomLife, HoldsWhateverHappens) {
    const auto began_with = seed();
    Life life(began_with);
    Judge judge;
    for (int i = 0; i < 300; ++i) {
        life.step();
        const auto wrong = judge.judge(life.store());
        ASSERT_TRUE(wrong.empty()) << "PAYDESK_SEED=" << began_with << ", step " << i << ": "
                                   << wrong.front() << "\nafter " << life.last_call;
    }
    for (const auto& wrong : judge.judge_references(life.store())) {
        ADD_FAILURE() << "PAYDESK_SEED=" << began_with << ": " << wrong;
    }
    // It was a life: money came, failed to come, and went back.
    for (const auto* kind : {"invoice", "charge", "subscription", "refund", "checkout.session"}) {
        EXPECT_GT(life.store().ids(kind).size(), 2u) << kind << ", PAYDESK_SEED=" << began_with;
    }
    RecordProperty("seed", std::to_string(began_with));
}

TEST(RandomLife, IsTheSameToTheByteWithTheSameSeed) {
    const auto lived = [](std::uint64_t began_with) {
        Life life(began_with);
        for (int i = 0; i < 60; ++i) life.step();
        return life.everything();
    };
    const auto began_with = seed();
    const auto first = lived(began_with);
    EXPECT_EQ(first, lived(began_with)) << "PAYDESK_SEED=" << began_with;
    EXPECT_NE(first, lived(began_with + 1));
}

}  // namespace
}  // namespace paydesk::sandbox
