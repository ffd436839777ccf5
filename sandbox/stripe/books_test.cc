// The books balance whatever happens: amounts of invoices, balances of customers.

// clang-format off
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>  // needs gtest before it
// clang-format on

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox::stripe {
namespace {

// The amounts of every invoice there is, whatever happened to it.
void expect_books_balance(const Store& store) {
    for (const auto& invoice_id : store.ids("invoice")) {
        const Object& invoice = *store.find(invoice_id);
        std::int64_t sum = 0;
        for (const json::value& line : children(child(invoice, "lines"), "data")) {
            sum += number(line.get_object(), "amount");
        }
        std::int64_t off = 0;
        for (const json::value& taken : children(invoice, "total_discount_amounts")) {
            off += number(taken.get_object(), "amount");
        }
        RC_ASSERT(number(invoice, "subtotal") == sum);
        RC_ASSERT(number(invoice, "total") == sum - off);
        RC_ASSERT(number(invoice, "amount_due") ==
                  number(invoice, "amount_paid") + number(invoice, "amount_remaining"));
        if (text(invoice, "status") == "draft") continue;
        RC_ASSERT(number(invoice, "amount_due") ==
                  number(invoice, "total") + number(invoice, "starting_balance") -
                      number(invoice, "ending_balance") -
                      number(invoice, "pre_payment_credit_notes_amount"));
        if (text(invoice, "status") == "paid") RC_ASSERT(number(invoice, "amount_remaining") == 0);
    }
    for (const auto& customer_id : store.ids("customer")) {
        std::int64_t balance = 0;
        for (const auto& moved : store.ids("customer_balance_transaction")) {
            const Object& transaction = *store.find(moved);
            if (text(transaction, "customer") == customer_id) {
                balance += number(transaction, "amount");
            }
        }
        RC_ASSERT(number(*store.find(customer_id), "balance") == balance);
    }
}

struct RandomLife : SandboxTest {
    void TestBody() override {}
    void run() {
        const auto customer = customer_with(
            *rc::gen::element<std::string>("pm_card_visa", "pm_card_chargeCustomerFail"));
        const std::string prices[] = {price(), price_of("9900", "month"), price_of("333", "month"),
                                      price_of("99000", "year")};
        const std::string coupons[] = {
            id(made("/v1/coupons", "percent_off=33.33&duration=forever")),
            id(made("/v1/coupons", "amount_off=700&currency=usd&duration=once"))};
        const auto subscription =
            made("/v1/subscriptions", "payment_behavior=default_incomplete&customer=" + customer +
                                          "&items[0][price]=" + prices[0]);
        const auto path = "/v1/subscriptions/" + id(subscription);
        const auto item =
            text(children(child(subscription, "items"), "data").front().as_object(), "id");
        call("POST", "/v1/invoices/" + text(subscription, "latest_invoice") + "/pay");
        const auto steps =
            *rc::gen::resize(30, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60)));
        for (const int step : steps) {
            const auto detail = static_cast<std::size_t>(step / 8);
            switch (step % 8) {
                case 0:
                    advance(86400 * (1 + step));
                    break;
                case 1:
                    call("POST", path,
                         "items[0][id]=" + item +
                             "&items[0][price]=" + prices[detail % std::size(prices)]);
                    break;
                case 2:
                    call("POST", path,
                         "proration_behavior=always_invoice&items[0][id]=" + item +
                             "&items[0][quantity]=" + std::to_string(detail));
                    break;
                case 3:
                    call("POST", path, "discounts[0][coupon]=" + coupons[detail % 2]);
                    break;
                case 4:
                    call("POST", "/v1/customers/" + customer + "/balance_transactions",
                         "currency=usd&amount=" + std::to_string((step - 30) * 50));
                    break;
                case 5:
                    call("POST", "/v1/credit_notes",
                         "amount=" + std::to_string(100 * (step + 1)) +
                             (detail % 2 ? "&credit_amount=" + std::to_string(100 * (step + 1))
                                         : std::string()) +
                             "&invoice=" + store_.ids("invoice").back());
                    break;
                case 6:
                    call("POST", "/v1/invoiceitems",
                         "currency=usd&customer=" + customer +
                             "&amount=" + std::to_string((step - 20) * 10));
                    break;
                default:
                    call("POST", "/v1/invoices/" + store_.ids("invoice").back() +
                                     (detail % 2 ? "/void" : "/pay"));
            }
            expect_books_balance(store_);
        }
    }
    std::string price_of(const std::string& amount, const std::string& interval) {
        return id(made("/v1/prices", "currency=usd&unit_amount=" + amount +
                                         "&recurring[interval]=" + interval +
                                         "&product_data[name]=Plan"));
    }
};

TEST(Numbers, TheBooksBalanceWhateverHappens) {
    const bool held = rc::check([] { RandomLife().run(); });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
