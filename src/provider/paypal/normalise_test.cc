#include "provider/paypal/normalise.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace paydesk::provider::paypal {
namespace {

constexpr const char* account = "00000000-0000-7000-8000-000000000001";

std::string event_text(std::string_view type, std::string_view resource) {
    return fmt::format(
        R"({{"id":"WH-1","event_version":"1.0","create_time":"2026-06-01T10:20:30.456Z","resource_type":"x",)"
        R"("resource_version":"2.0","event_type":"{}","summary":"s","resource":{},"links":[]}})",
        type, resource);
}

Result<Change> read(std::string_view type, std::string_view resource) {
    return normalise(*parse_json(event_text(type, resource)));
}

const std::string order = fmt::format(
    R"({{"id":"5O1","intent":"CAPTURE","status":"APPROVED","create_time":"2026-06-01T10:00:00Z","purchase_units":[{{)"
    R"("reference_id":"0198","custom_id":"{}","amount":{{"currency_code":"USD","value":"19.00"}}}}],)"
    R"("payer":{{"email_address":"ada@example.com","payer_id":"PAYER"}}}})",
    account);

const std::string capture = fmt::format(
    R"({{"id":"2GG","status":"COMPLETED","amount":{{"currency_code":"JPY","value":"1900"}},"final_capture":true,)"
    R"("custom_id":"{}","create_time":"2026-06-01T10:10:00Z","supplementary_data":{{"related_ids":{{"order_id":"5O1"}}}}}})",
    account);

const std::string refund =
    R"({"id":"1JU","status":"COMPLETED","amount":{"currency_code":"USD","value":"5.00"},"custom_id":"r-1",)"
    R"("create_time":"2026-06-01T10:15:00Z","links":[{"rel":"self","href":"https://api-m.paypal.com/v2/payments/refunds/1JU"},)"
    R"({"rel":"up","href":"https://api-m.paypal.com/v2/payments/captures/2GG"}]})";

const std::string sale =
    R"({"id":"8MC","state":"completed","amount":{"total":"9.00","currency":"USD","details":{"subtotal":"9.00"}},)"
    R"("billing_agreement_id":"I-1","payment_mode":"INSTANT_TRANSFER","create_time":"2026-06-01T10:00:00Z"})";

const std::string sale_refund =
    R"({"id":"6YX","sale_id":"8MC","state":"completed","amount":{"total":"-9.00","currency":"USD"},)"
    R"("create_time":"2026-06-01T10:00:00Z"})";

const std::string dispute =
    R"({"dispute_id":"PP-D-1","create_time":"2026-06-01T10:00:00Z","status":"WAITING_FOR_SELLER_RESPONSE","reason":"MERCHANDISE_OR_SERVICE_NOT_RECEIVED",)"
    R"("dispute_amount":{"currency_code":"USD","value":"19.00"},"disputed_transactions":[{"seller_transaction_id":"2GG"}],)"
    R"("seller_response_due_date":"2026-06-11T10:00:00Z"})";

TEST(PayPalNormalise, AnApprovedOrder) {
    const auto change = read("CHECKOUT.ORDER.APPROVED", order);
    ASSERT_TRUE(change) << change.error().detail;
    EXPECT_EQ(change->kind, ObjectKind::checkout);
    EXPECT_EQ(change->object, Ref{"5O1"});
    EXPECT_EQ(to_iso8601(change->occurred_at), "2026-06-01T10:20:30Z");
    const auto& checkout = std::get<CheckoutSnapshot>(change->fact);
    EXPECT_TRUE(checkout.approved);
    EXPECT_EQ(checkout.status + " " + checkout.payment_status, "open unpaid");
    EXPECT_EQ(checkout.account, AccountId{account});
    EXPECT_EQ(checkout.customer, Ref{account});
    EXPECT_EQ(checkout.payment, Ref{"5O1"});
    EXPECT_EQ(checkout.intent_id, "0198");
    EXPECT_EQ(checkout.total->to_string(), "19.00 USD");
    EXPECT_EQ(checkout.email, "ada@example.com");
}

struct OrderCase {
    const char* status;
    const char* capture;  // "" without
    const char* said;
};

// Fulfilled is by the capture, not by the order.
TEST(PayPalNormalise, OrdersAreJudgedByTheirCapture) {
    for (const OrderCase& c : {
             OrderCase{"CREATED",               "",                   "open unpaid"         },
             OrderCase{"PAYER_ACTION_REQUIRED", "",                   "open unpaid"         },
             OrderCase{"APPROVED",              "",                   "open unpaid approved"},
             OrderCase{"APPROVED",              "DECLINED",           "open unpaid approved"},
             OrderCase{"COMPLETED",             "COMPLETED",          "complete paid"       },
             OrderCase{"COMPLETED",             "PARTIALLY_REFUNDED", "complete paid"       },
             OrderCase{"COMPLETED",             "REFUNDED",           "complete paid"       },
             OrderCase{"COMPLETED",             "PENDING",            "complete unpaid"     },
             OrderCase{"COMPLETED",             "DECLINED",           "open unpaid"         },
             OrderCase{"VOIDED",                "",                   "expired unpaid"      },
    }) {
        auto text = *parse_json(order);
        text.as_object()["status"] = c.status;
        if (*c.capture != '\0') {
            text.at("purchase_units").at(0).as_object()["payments"] = {
                {"captures", json::array{{{"id", "2GG"}, {"status", c.capture}}}}
            };
        }
        const auto change = read("CHECKOUT.ORDER.COMPLETED", json::serialize(text));
        ASSERT_TRUE(change) << c.status << " " << change.error().detail;
        const auto& checkout = std::get<CheckoutSnapshot>(change->fact);
        EXPECT_EQ(checkout.status + " " + checkout.payment_status +
                      (checkout.approved ? " approved" : ""),
                  c.said)
            << c.status << " " << c.capture;
    }
}

TEST(PayPalNormalise, Captures) {
    EXPECT_EQ(
        to_string(*read("PAYMENT.CAPTURE.COMPLETED", capture)),
        fmt::format("provider: paypal\nevent_id: WH-1\nevent_type: PAYMENT.CAPTURE.COMPLETED\n"
                    "api_version: 2.0\nlivemode: false\noccurred_at: 2026-06-01T10:20:30Z\n"
                    "kind: charge\nobject: 2GG\npayment: 5O1\ncustomer: {0}\naccount: {0}\n"
                    "status: succeeded\namount: 1900 JPY\namount_refunded: 0 JPY\n"
                    "refunded: false\ndisputed: false\ncreated_at: 2026-06-01T10:10:00Z\n",
                    account));
    auto text = *parse_json(capture);
    text.as_object()["status"] = "DECLINED";
    text.as_object()["status_details"] = {
        {"reason", "BUYER_COMPLAINT"}
    };
    const auto declined = read("PAYMENT.CAPTURE.DENIED", json::serialize(text));
    EXPECT_EQ(std::get<ChargeSnapshot>(declined->fact).status, ChargeStatus::failed);
    EXPECT_EQ(std::get<ChargeSnapshot>(declined->fact).failure_code, "BUYER_COMPLAINT");
}

TEST(PayPalNormalise, RefundsOfBothShapes) {
    const auto v2 = read("PAYMENT.CAPTURE.REFUNDED", refund);
    const auto& one = std::get<RefundSnapshot>(v2->fact);
    EXPECT_EQ(one.charge, Ref{"2GG"});
    EXPECT_EQ(one.amount.to_string(), "5.00 USD");
    EXPECT_EQ(one.status, "succeeded");
    EXPECT_EQ(one.intent_id, "r-1");
    const auto v1 = read("PAYMENT.SALE.REFUNDED", sale_refund);
    const auto& two = std::get<RefundSnapshot>(v1->fact);
    EXPECT_EQ(two.charge, Ref{"8MC"});
    EXPECT_EQ(two.amount.to_string(), "9.00 USD") << "v1 writes it as negative";
    // A reversal may show the capture itself.
    EXPECT_EQ(read("PAYMENT.CAPTURE.REVERSED", capture)->kind, ObjectKind::charge);
}

TEST(PayPalNormalise, SubscriptionsAndSalesOnlyHint) {
    for (const char* type :
         {"BILLING.SUBSCRIPTION.CREATED", "BILLING.SUBSCRIPTION.ACTIVATED",
          "BILLING.SUBSCRIPTION.CANCELLED", "BILLING.SUBSCRIPTION.PAYMENT.FAILED"}) {
        const auto change = read(type, R"({"id":"I-1","status":"ACTIVE"})");
        ASSERT_TRUE(change);
        EXPECT_TRUE(std::holds_alternative<MustAsk>(change->fact)) << type;
        EXPECT_EQ(change->object, Ref{"I-1"});
    }
    for (const char* type :
         {"PAYMENT.SALE.COMPLETED", "PAYMENT.SALE.DENIED", "PAYMENT.SALE.REVERSED"}) {
        const auto change = read(type, sale);
        ASSERT_TRUE(change);
        EXPECT_TRUE(std::holds_alternative<MustAsk>(change->fact)) << type;
        EXPECT_EQ(change->kind, ObjectKind::subscription);
        EXPECT_EQ(change->object, Ref{"I-1"});
    }
    const auto reversed = read("CHECKOUT.PAYMENT-APPROVAL.REVERSED", R"({"order_id":"5O1"})");
    EXPECT_TRUE(std::holds_alternative<MustAsk>(reversed->fact));
    EXPECT_EQ(reversed->kind, ObjectKind::checkout);
}

TEST(PayPalNormalise, WhatIsNotOursIsLeft) {
    for (const auto& [type, resource] : std::vector<std::pair<std::string, std::string>>{
             {"PAYMENT.SALE.COMPLETED",  R"({"id":"8MC","state":"completed"})"},
             {"BILLING.PLAN.ACTIVATED",  R"({"id":"P-1"})"                    },
             {"CATALOG.PRODUCT.CREATED", R"({"id":"PROD-1"})"                 },
             {"SOMETHING.NEW",           "null"                               },
    }) {
        const auto change = read(type, resource);
        ASSERT_TRUE(change) << type;
        EXPECT_TRUE(std::holds_alternative<Unfollowed>(change->fact)) << type;
    }
}

TEST(PayPalNormalise, Disputes) {
    const auto state = [](std::string_view status, std::string_view outcome) {
        auto text = *parse_json(dispute);
        text.as_object()["status"] = status;
        if (!outcome.empty())
            text.as_object()["dispute_outcome"] = {
                {"outcome_code", outcome}
            };
        const auto change = read("CUSTOMER.DISPUTE.UPDATED", json::serialize(text));
        return std::get<DisputeSnapshot>(change->fact).status;
    };
    EXPECT_EQ(state("OPEN", ""), "needs_response");
    EXPECT_EQ(state("WAITING_FOR_SELLER_RESPONSE", ""), "needs_response");
    EXPECT_EQ(state("WAITING_FOR_BUYER_RESPONSE", ""), "under_review");
    EXPECT_EQ(state("UNDER_REVIEW", ""), "under_review");
    EXPECT_EQ(state("RESOLVED", "RESOLVED_SELLER_FAVOUR"), "won");
    EXPECT_EQ(state("RESOLVED", "CANCELED_BY_BUYER"), "won");
    EXPECT_EQ(state("RESOLVED", "RESOLVED_BUYER_FAVOUR"), "lost");
    const auto change = read("CUSTOMER.DISPUTE.CREATED", dispute);
    EXPECT_EQ(change->object, Ref{"PP-D-1"});
    EXPECT_EQ(std::get<DisputeSnapshot>(change->fact).charge, Ref{"2GG"});
    EXPECT_EQ(to_iso8601(*std::get<DisputeSnapshot>(change->fact).evidence_due_by),
              "2026-06-11T10:00:00Z");
}

struct Part {
    const char* type;
    const std::string* resource;
    const char* required;  // a field without which it can't be used
};

const Part parts[] = {
    {"CHECKOUT.ORDER.APPROVED",   &order,       "id"            },
    {"CHECKOUT.ORDER.APPROVED",   &order,       "status"        },
    {"CHECKOUT.ORDER.APPROVED",   &order,       "purchase_units"},
    {"PAYMENT.CAPTURE.COMPLETED", &capture,     "id"            },
    {"PAYMENT.CAPTURE.COMPLETED", &capture,     "status"        },
    {"PAYMENT.CAPTURE.COMPLETED", &capture,     "amount"        },
    {"PAYMENT.CAPTURE.REFUNDED",  &refund,      "id"            },
    {"PAYMENT.CAPTURE.REFUNDED",  &refund,      "status"        },
    {"PAYMENT.CAPTURE.REFUNDED",  &refund,      "amount"        },
    {"PAYMENT.SALE.COMPLETED",    &sale,        "id"            },
    {"PAYMENT.SALE.REFUNDED",     &sale_refund, "id"            },
    {"PAYMENT.SALE.REFUNDED",     &sale_refund, "state"         },
    {"PAYMENT.SALE.REFUNDED",     &sale_refund, "amount"        },
    {"CUSTOMER.DISPUTE.CREATED",  &dispute,     "dispute_id"    },
    {"CUSTOMER.DISPUTE.CREATED",  &dispute,     "dispute_amount"},
};

TEST(PayPalNormalise, MissingPartsAreRefused) {
    for (const Part& part : parts) {
        for (const json::value& instead : {json::value(), json::value(7), json::value("?")}) {
            auto text = *parse_json(*part.resource);
            if (instead.is_null()) {
                text.as_object().erase(part.required);
            } else {
                if (instead.is_string() && std::string_view(part.required).ends_with("id"))
                    continue;
                text.as_object()[part.required] = instead;
            }
            const auto change = read(part.type, json::serialize(text));
            ASSERT_FALSE(change) << part.type << " " << part.required << " " << instead;
            EXPECT_EQ(change.error().code, ErrorCode::webhook_payload_invalid);
            EXPECT_FALSE(change.error().detail.empty());
        }
    }
    EXPECT_FALSE(read("PAYMENT.CAPTURE.COMPLETED", "null"));
    for (const char* text : {"[]", "7", "{}", R"({"id":"WH-1","event_type":"A"})",
                             R"({"id":"WH-1","event_type":"A","create_time":"soon"})"}) {
        EXPECT_FALSE(normalise(*parse_json(text))) << text;
    }
}

// Puts something else in the place of a random part.
void mutate(json::value& value, std::mt19937_64& random) {
    if (value.is_object() && !value.get_object().empty() && random() % 8 != 0) {
        auto& object = value.get_object();
        auto* field = object.begin() + static_cast<std::ptrdiff_t>(random() % object.size());
        if (random() % 10 == 0) {
            object.erase(field);
        } else {
            mutate(field->value(), random);
        }
        return;
    }
    if (value.is_array() && !value.get_array().empty() && random() % 8 != 0) {
        mutate(value.get_array()[random() % value.get_array().size()], random);
        return;
    }
    const json::value others[] = {nullptr,
                                  true,
                                  -1,
                                  1.5,
                                  9'223'372'036'854'775'807,
                                  "",
                                  "\0x",
                                  "19.999",
                                  json::object(),
                                  json::array(),
                                  "99999999999999999999999.00"};
    value = others[random() % std::size(others)];
}

TEST(PayPalNormalise, MutatedPayloadsNeverCrash) {
    const char* given = std::getenv("PAYDESK_SEED");
    const auto seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE("PAYDESK_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    int usable = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Part& part = parts[random() % std::size(parts)];
        auto event = *parse_json(event_text(part.type, *part.resource));
        for (auto changes = 1 + random() % 4; changes > 0; --changes) mutate(event, random);
        const auto change = normalise(event);
        if (!change) {
            EXPECT_EQ(change.error().code, ErrorCode::webhook_payload_invalid);
            continue;
        }
        ++usable;
        EXPECT_FALSE(to_string(*change).empty());
    }
    EXPECT_GT(usable, 1'000) << "mutations that leave something to read";
}

}  // namespace
}  // namespace paydesk::provider::paypal
