#pragma once
// What must hold in any sandbox, whatever was done to it: that ids name things, amounts add up,
// statuses move along their tables, updates changed something, time goes forward, numbers are what
// they stand for. For the tests.

#include <array>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "sandbox/store.h"
#include "sandbox/stripe/events.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox {

class Judge {
public:
    // What is wrong in `store` and was not said before. Judges each event once, objects always.
    std::vector<std::string> judge(const Store& store) {
        wrong_.clear();
        const auto& events = store.ids("event");
        for (; seen_ < events.size(); ++seen_) event(store, *store.find(events[seen_]));
        for (const auto& id : store.ids("invoice")) invoice(store, *store.find(id));
        for (const auto& id : store.ids("charge")) charge(store, *store.find(id));
        for (const auto& id : store.ids("customer")) balance(store, *store.find(id));
        ledger(store);
        return std::move(wrong_);
    }
    // Every id that any object names is one that was there. Reads everything.
    std::vector<std::string> judge_references(const Store& store) {
        wrong_.clear();
        for (const auto& id : store.ids("event")) {
            collect(stripe::child(*store.find(id), "data"));
        }
        for (const auto& [id, where] : named_) {
            if (!there_.contains(id) && !store.find(id))
                say(where, "names " + id + ", which never was");
        }
        return std::move(wrong_);
    }

private:
    using Object = stripe::Object;
    struct Moves {
        std::string_view kind, from, to;
    };
    static constexpr std::array moves = {
        Moves{"subscription",     "incomplete",              "active trialing incomplete_expired canceled"},
        Moves{"subscription",     "trialing",                "active past_due unpaid paused canceled"     },
        Moves{"subscription",     "active",                  "past_due unpaid trialing paused canceled"   },
        Moves{"subscription",     "past_due",                "active unpaid trialing paused canceled"     },
        Moves{"subscription",     "unpaid",                  "active trialing canceled"                   },
        Moves{"subscription",     "paused",                  "active past_due canceled"                   },
        Moves{"subscription",     "incomplete_expired",      ""                                           },
        Moves{"subscription",     "canceled",                ""                                           },
        Moves{"invoice",          "draft",                   "open paid"                                  },
        Moves{"invoice",          "open",                    "paid void uncollectible"                    },
        Moves{"invoice",          "uncollectible",           "paid void"                                  },
        Moves{"invoice",          "paid",                    ""                                           },
        Moves{"invoice",          "void",                    ""                                           },
        Moves{
              "payment_intent",   "requires_payment_method",
              "requires_confirmation requires_action requires_capture processing succeeded canceled"      },
        Moves{"payment_intent",   "requires_confirmation",
              "requires_payment_method requires_action requires_capture processing succeeded "
              "canceled"                                                                                  },
        Moves{"payment_intent",   "requires_action",
              "requires_payment_method requires_confirmation requires_capture processing succeeded "
              "canceled"                                                                                  },
        Moves{"payment_intent",   "processing",
              "succeeded requires_payment_method requires_capture canceled"                               },
        Moves{"payment_intent",   "requires_capture",        "succeeded canceled"                         },
        Moves{"payment_intent",   "succeeded",               ""                                           },
        Moves{"payment_intent",   "canceled",                ""                                           },
        Moves{"setup_intent",     "requires_payment_method",
              "requires_confirmation requires_action processing succeeded canceled"                       },
        Moves{"setup_intent",     "requires_confirmation",
              "requires_payment_method requires_action processing succeeded canceled"                     },
        Moves{"setup_intent",     "requires_action",
              "requires_payment_method requires_confirmation processing succeeded canceled"               },
        Moves{"setup_intent",     "processing",              "succeeded requires_payment_method canceled" },
        Moves{"setup_intent",     "succeeded",               ""                                           },
        Moves{"setup_intent",     "canceled",                ""                                           },
        Moves{"checkout.session", "open",                    "complete expired"                           },
        Moves{"checkout.session", "complete",                ""                                           },
        Moves{"checkout.session", "expired",                 ""                                           },
        Moves{"charge",           "pending",                 "succeeded failed"                           },
        Moves{"charge",           "succeeded",               ""                                           },
        Moves{"charge",           "failed",                  ""                                           },
        Moves{"refund",           "requires_action",         "pending succeeded failed canceled"          },
        Moves{"refund",           "pending",                 "succeeded failed canceled requires_action"  },
        Moves{"refund",           "succeeded",               "failed"                                     },
        Moves{"refund",           "failed",                  ""                                           },
        Moves{"refund",           "canceled",                ""                                           },
        Moves{"credit_note",      "issued",                  "void"                                       },
        Moves{"credit_note",      "void",                    ""                                           },
        Moves{"dispute",          "needs_response",          "under_review won lost"                      },
        Moves{"dispute",          "under_review",            "won lost"                                   },
        Moves{"dispute",          "warning_needs_response",
              "warning_under_review warning_closed needs_response lost won"                               },
        Moves{"dispute",          "warning_under_review",    "warning_closed needs_response"              },
        Moves{"dispute",          "warning_closed",          ""                                           },
        Moves{"dispute",          "won",                     ""                                           },
        Moves{"dispute",          "lost",                    "won"                                        },
    };

    void say(std::string_view where, const std::string& what) {
        wrong_.push_back(std::string(where) + ": " + what);
    }
    void same(const Object& object, std::string_view what, std::int64_t is, std::int64_t must) {
        if (is == must) return;
        say(stripe::text(object, "id"),
            std::string(what) + " is " + std::to_string(is) + ", must be " + std::to_string(must));
    }
    static std::int64_t sum(const json::array& list, std::string_view key) {
        std::int64_t all = 0;
        for (const json::value& one : list) all += stripe::number(one.get_object(), key);
        return all;
    }

    void event(const Store& store, const Object& event) {
        const auto type = stripe::text(event, "type");
        const auto shown = stripe::render_event(event, stripe::Version::newest());
        const Object& object = stripe::child(stripe::child(shown, "data"), "object");
        const auto created = stripe::number(event, "created");
        if (created < stripe::number(object, "created")) say(type, "is older than its object");
        // Events of one clock are in the order of its time.
        auto& last = last_created_[clock_of(store, object)];
        if (created < last) say(type, "is older than the event before it");
        last = created;
        if (type.ends_with(".updated")) {
            const Object& before =
                stripe::child(stripe::child(shown, "data"), "previous_attributes");
            if (before.empty()) say(type, "says nothing of what it updated");
            for (const auto& [key, value] : before) {
                if (stripe::value_of(object, key) == value)
                    say(type, std::string(key) + " is as before");
            }
        }
        move(type, object);
        numbers(type, shown);
    }

    static std::string clock_of(const Store& store, const Object& object) {
        if (stripe::present(object, "test_clock")) return stripe::text(object, "test_clock");
        auto customer = stripe::text(object, "object") == "customer"
                            ? stripe::text(object, "id")
                            : stripe::text(object, "customer");
        for (const auto* via : {"invoice", "charge", "payment_intent"}) {
            const auto* other = store.find(stripe::text(object, via));
            if (customer.empty() && other) customer = stripe::text(*other, "customer");
        }
        const auto* owner = store.find("customer", customer);
        return owner ? stripe::text(*owner, "test_clock") : std::string();
    }

    void move(const std::string& type, const Object& object) {
        const auto kind = stripe::text(object, "object");
        const auto status = stripe::text(object, "status");
        if (status.empty()) return;
        auto& last = status_[stripe::text(object, "id")];
        for (const Moves& known : moves) {
            if (known.kind != kind || known.from != last || last == status) continue;
            if ((" " + std::string(known.to) + " ").find(" " + status + " ") == std::string::npos) {
                say(type, kind + " went from " + last + " to " + status);
            }
        }
        last = status;
    }

    void numbers(const std::string& where, const json::value& value, std::string_view key = {}) {
        static const std::set<std::string_view> fractions = {"percent_off", "percentage",
                                                             "effective_percentage"};
        if (value.is_double() && !fractions.contains(key))
            say(where, std::string(key) + " has a fraction");
        if (value.is_int64() && is_time(key)) {
            const auto at = value.get_int64();
            if (at != 0 && (at < 1'000'000'000 || at > 10'000'000'000)) {
                say(where, std::string(key) + " is no Unix time in seconds");
            }
        }
        if (value.is_array()) {
            for (const auto& one : value.get_array()) numbers(where, one, key);
        }
        if (!value.is_object()) return;
        for (const auto& [name, inner] : value.get_object()) {
            if (name != "metadata") numbers(where, inner, name);
        }
    }
    static bool is_time(std::string_view key) {
        return key == "created" || key == "frozen_time" || key == "due_date" || key == "due_by" ||
               key == "billing_cycle_anchor" || key == "redeem_by" || key.ends_with("_at") ||
               key.ends_with("_start") || key.ends_with("_end") || key == "next_payment_attempt";
    }

    void invoice(const Store& store, const Object& invoice) {
        using stripe::children;
        using stripe::number;
        const auto status = stripe::text(invoice, "status");
        const auto& lines = children(stripe::child(invoice, "lines"), "data");
        std::int64_t tax = 0;
        for (const json::value& one : children(invoice, "total_taxes")) {
            if (stripe::text(one.get_object(), "tax_behavior") == "exclusive") {
                tax += number(one.get_object(), "amount");
            }
        }
        same(invoice, "subtotal", number(invoice, "subtotal"), sum(lines, "amount"));
        same(invoice, "total", number(invoice, "total"),
             number(invoice, "subtotal") -
                 sum(children(invoice, "total_discount_amounts"), "amount") + tax);
        same(invoice, "amount_due", number(invoice, "amount_due"),
             number(invoice, "amount_paid") + number(invoice, "amount_remaining"));
        if (status == "draft") return;
        same(invoice, "amount_due", number(invoice, "amount_due"),
             number(invoice, "total") + number(invoice, "starting_balance") -
                 number(invoice, "ending_balance") -
                 number(invoice, "pre_payment_credit_notes_amount"));
        if (status == "paid")
            same(invoice, "amount_remaining", number(invoice, "amount_remaining"), 0);
        std::int64_t paid = 0;
        for (const auto& id : store.ids("invoice_payment")) {
            const Object& payment = *store.find(id);
            if (stripe::text(payment, "invoice") == stripe::text(invoice, "id")) {
                paid += number(payment, "amount_paid");
            }
        }
        if (!stripe::flag(invoice, "paid_out_of_band") &&
            !stripe::flag(invoice, "_paid_out_of_band")) {
            same(invoice, "amount_paid", number(invoice, "amount_paid"), paid);
        }
    }

    void charge(const Store& store, const Object& charge) {
        std::int64_t refunded = 0;
        for (const auto& id : store.ids("refund")) {
            const Object& refund = *store.find(id);
            const auto status = stripe::text(refund, "status");
            if (stripe::text(refund, "charge") == stripe::text(charge, "id") &&
                status != "failed" && status != "canceled") {
                refunded += stripe::number(refund, "amount");
            }
        }
        const auto captured = stripe::number(charge, "amount_captured");
        if (!stripe::flag(charge, "captured")) {
            // What is only held is let go of as a whole, and no refund is made of it.
            same(charge, "amount_captured", captured, 0);
            refunded = stripe::flag(charge, "refunded") ? stripe::number(charge, "amount") : 0;
            same(charge, "amount_refunded", stripe::number(charge, "amount_refunded"), refunded);
            return;
        }
        same(charge, "amount_refunded", stripe::number(charge, "amount_refunded"), refunded);
        if (refunded > captured) say(stripe::text(charge, "id"), "more went back than came");
        if (captured > stripe::number(charge, "amount")) {
            say(stripe::text(charge, "id"), "more was captured than held");
        }
        if (stripe::text(charge, "status") == "pending") {
            same(charge, "amount_captured", captured, 0);
        }
        if (stripe::flag(charge, "refunded") != (refunded > 0 && refunded == captured)) {
            say(stripe::text(charge, "id"), "refunded does not say whether all was");
        }
    }

    void balance(const Store& store, const Object& customer) {
        std::int64_t balance = 0;
        for (const auto& id : store.ids("customer_balance_transaction")) {
            const Object& moved = *store.find(id);
            if (stripe::text(moved, "customer") != stripe::text(customer, "id")) continue;
            balance += stripe::number(moved, "amount");
            same(moved, "ending_balance", stripe::number(moved, "ending_balance"), balance);
        }
        same(customer, "balance", stripe::number(customer, "balance"), balance);
    }

    // What Stripe owes the account is what came in, less what went back and what was disputed.
    void ledger(const Store& store) {
        std::map<std::string, std::int64_t> must, is;
        for (const auto& id : store.ids("charge")) {
            const Object& charge = *store.find(id);
            if (stripe::text(charge, "status") != "succeeded" || !stripe::flag(charge, "captured"))
                continue;
            must[stripe::text(charge, "currency")] += stripe::number(charge, "amount_captured") -
                                                      stripe::number(charge, "amount_refunded");
        }
        for (const auto& id : store.ids("dispute")) {
            const Object& dispute = *store.find(id);
            must[stripe::text(dispute, "currency")] +=
                sum(stripe::children(dispute, "balance_transactions"), "amount");
        }
        for (const auto& id : store.ids("balance_transaction")) {
            const Object& moved = *store.find(id);
            same(moved, "net", stripe::number(moved, "net"),
                 stripe::number(moved, "amount") - stripe::number(moved, "fee"));
            is[stripe::text(moved, "currency")] += stripe::number(moved, "amount");
        }
        for (const auto& [currency, amount] : must) {
            if (is[currency] != amount) {
                say("the ledger of " + currency, "has " + std::to_string(is[currency]) +
                                                     ", must have " + std::to_string(amount));
            }
        }
    }

    void collect(const json::value& value, const std::string& where = "") {
        static const std::regex shape(
            "(cus|sub|si|in|ii|pi|seti|pm|mandate|ch|py|re|pyr|cn|dp|du|cs_test|promo|prod|price|"
            "clock|inpay|txn|"
            "cbtxn|di|il|sub_sched)_(?=.*[A-Z0-9])[A-Za-z0-9]+");
        if (value.is_array()) {
            for (const auto& one : value.get_array()) collect(one, where);
        }
        if (!value.is_object()) return;
        const Object& object = value.get_object();
        const auto id = stripe::text(object, "id");
        const auto here = id.empty() ? where : id;
        for (const auto& [key, inner] : object) {
            if (key == "metadata" || key.starts_with('_')) continue;
            if (key == "id" && inner.is_string()) {
                there_.insert(std::string(inner.get_string()));
            } else if (inner.is_string()) {
                const std::string said(inner.get_string());
                if (std::regex_match(said, shape))
                    named_.emplace(said, here + "." + std::string(key));
            } else {
                collect(inner, here);
            }
        }
    }

    std::vector<std::string> wrong_;
    std::size_t seen_ = 0;
    std::map<std::string, std::string> status_;
    std::map<std::string, std::int64_t> last_created_;  // by clock
    std::set<std::string> there_;
    std::map<std::string, std::string> named_;
};

}  // namespace paydesk::sandbox
