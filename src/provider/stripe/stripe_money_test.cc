// Refunds, collecting and origins: what is asked of Stripe, and what its answers mean.

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"

namespace paydesk::provider::stripe {
namespace {

using Lines = std::vector<std::string>;

NewRefund nine_dollars() {
    return {.charge = Ref{"ch_1"},
            .payment = Ref{"pi_1"},
            .amount = Money(900, Currency::usd()),
            .reason = "duplicate",
            .refund_id = "0198"};
}
const char* const made =
    R"({"id":"re_1","object":"refund","charge":"ch_1","payment_intent":"pi_1","amount":900,
        "currency":"usd","status":"succeeded","metadata":{"refund_id":"0198"}})";

TEST(StripeMoney, ARefundCarriesOurIdAndKey) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, made);
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto change = co_await p.create_refund({"refund:0198"}, nine_dollars());
        const auto& refund = std::get<RefundSnapshot>(change.value().fact);
        EXPECT_EQ(refund.status, "succeeded");
        EXPECT_EQ(refund.intent_id, "0198");
        EXPECT_EQ(change->event_id, "");
    });
    EXPECT_EQ(sent(stripe), (Lines{"POST /v1/refunds charge=ch_1&amount=900&reason=duplicate&"
                                   "metadata[refund_id]=0198"}));
    EXPECT_EQ(stripe.transport.requests[0].headers.get("Idempotency-Key"), "refund:0198");
}

TEST(StripeMoney, WithoutAChargeThePaymentIsNamed) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, made);
    stripe.with_provider([&](Provider& p) -> Task<> {
        NewRefund refund = nine_dollars();
        refund.charge = {};
        refund.reason = {};
        refund.amount = Money(500, Currency::jpy());
        (void)co_await p.create_refund({"refund:1"}, refund);
    });
    EXPECT_EQ(sent(stripe), (Lines{"POST /v1/refunds payment_intent=pi_1&amount=500&"
                                   "metadata[refund_id]=0198"}));
}

struct Refusal {
    const char* error;
    ErrorCode code;
};
const Refusal refusals[] = {
    {R"("code":"charge_already_refunded")",           ErrorCode::refund_exceeds_payment},
    {R"("param":"amount")",                           ErrorCode::refund_exceeds_payment},
    {R"("code":"charge_disputed")",                   ErrorCode::payment_not_refundable},
    {R"("code":"resource_missing","param":"charge")", ErrorCode::provider_rejected     },
};

TEST(StripeMoney, RefusalsOfARefundHaveTheirCodes) {
    for (const auto& refusal : refusals) {
        SCOPED_TRACE(refusal.error);
        ScriptedStripe stripe;
        stripe.transport.answer(400, std::string(R"({"error":{"type":"invalid_request_error",)") +
                                         refusal.error + "}}");
        stripe.with_provider([&](Provider& p) -> Task<> {
            const auto change = co_await p.create_refund({"refund:1"}, nine_dollars());
            EXPECT_EQ(change.error().code, refusal.code);
        });
    }
}

TEST(StripeMoney, ARefundIsFoundByOurId) {
    ScriptedStripe stripe;
    stripe.transport.answer(
        200, std::string(R"({"object":"list","data":[{"id":"re_0","metadata":{}},)") + made + "]}");
    stripe.transport.answer(200, R"({"object":"list","data":[]})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto found = co_await p.find_refund(nine_dollars());
        EXPECT_EQ(found.value().value().object, Ref{"re_1"});
        const auto none = co_await p.find_refund(nine_dollars());
        EXPECT_FALSE(none.value());
    });
    EXPECT_EQ(sent(stripe).front(), "GET /v1/refunds?charge=ch_1&limit=100");
}

TEST(StripeMoney, AnInvoiceIsPaidOffSessionWithTheNewCard) {
    ScriptedStripe stripe;
    stripe.transport.answer(402, R"({"error":{"type":"card_error","code":"card_declined"}})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const auto change = co_await p.pay_invoice({"pay:in_1:pm_1"}, {"in_1"}, {"pm_1"});
        EXPECT_EQ(change.error().code, ErrorCode::payment_declined);
    });
    EXPECT_EQ(sent(stripe),
              (Lines{"POST /v1/invoices/in_1/pay payment_method=pm_1&off_session=true"}));
}

TEST(StripeMoney, ThePaymentsOriginIsAnInvoiceACheckoutOrNeither) {
    ScriptedStripe stripe;
    const char* const none = R"({"object":"list","data":[]})";
    stripe.transport.answer(200, R"({"object":"list","data":[{"invoice":"in_1"}]})");
    stripe.transport.answer(200, none);
    stripe.transport.answer(200, R"({"object":"list","data":[{"id":"cs_1"}]})");
    stripe.transport.answer(200, none);
    stripe.transport.answer(200, none);
    stripe.with_provider([&](Provider& p) -> Task<> {
        EXPECT_EQ((co_await p.origin_of_payment({"pi_1"})).value().invoice, Ref{"in_1"});
        EXPECT_EQ((co_await p.origin_of_payment({"pi_2"})).value().checkout, Ref{"cs_1"});
        const auto neither = co_await p.origin_of_payment({"pi_3"});
        EXPECT_FALSE(neither->invoice || neither->checkout);
    });
    EXPECT_EQ(sent(stripe).at(1),
              "GET /v1/invoice_payments?payment[type]=payment_intent&payment["
              "payment_intent]=pi_2&limit=1");
    EXPECT_EQ(sent(stripe).at(2), "GET /v1/checkout/sessions?payment_intent=pi_2&limit=1");
}

TEST(StripeMoney, TheDifferenceOfAProductIsSaidAndNothingIsPosted) {
    ScriptedStripe stripe;
    stripe.transport.answer(200, R"({"id":"paydesk_pro","name":"Old","description":null,
        "active":true,"metadata":{"plan_key":"pro"}})");
    stripe.transport.answer(200, R"({"data":[{"id":"price_1","active":true,"currency":"usd",
        "product":"paydesk_pro","unit_amount":2900,"recurring":{"interval":"month"}}]})");
    stripe.transport.answer(200, R"({"data":[]})");
    stripe.with_provider([&](Provider& p) -> Task<> {
        const CatalogProduct product{"pro", "Pro", ""};
        const std::vector<CatalogPrice> prices{
            {"pro_monthly", Money(4900,  Currency::usd()), "month"},
            {"pro_yearly",  Money(49000, Currency::usd()), "year" }
        };
        const auto difference = co_await p.compare_product(product, prices);
        EXPECT_EQ(difference.value().changes,
                  (Lines{"update name or description of product paydesk_pro",
                         "price pro_monthly: $29.00 -> $49.00: a new price; price_1 is archived, "
                         "who subscribes to it keeps it",
                         "create price pro_yearly $490.00"}));
    });
    for (const auto& line : sent(stripe)) EXPECT_TRUE(line.starts_with("GET ")) << line;
}

}  // namespace
}  // namespace paydesk::provider::stripe
