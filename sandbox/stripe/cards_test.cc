// Every test card does what Stripe's table says: when it is attached, when it is charged while the customer is there, and when
// it is not.

#include "sandbox/stripe/cards.h"

#include <set>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::text;

struct Row {
    const char* number;
    const char* method;
    const char* attached;     // "" or the decline
    const char* charged;      // "succeeded", "requires_action" or the decline
    const char* off_session;  // the same, the customer being away
};

constexpr Row rows[] = {
    {"4242424242424242", "pm_card_visa",                                                  "",                              "succeeded",                            "succeeded"                                      },
    {"5555555555554444", "pm_card_mastercard",                                            "",                              "succeeded",                            "succeeded"                                      },
    {"378282246310005",  "pm_card_amex",                                                  "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000002", "pm_card_visa_chargeDeclined",                                   "card_declined/generic_decline",
     "card_declined/generic_decline",                                                                                                                              "card_declined/generic_decline"                  },
    {"4000000000000002", "pm_card_chargeDeclined",                                        "card_declined/generic_decline",
     "card_declined/generic_decline",                                                                                                                              "card_declined/generic_decline"                  },
    {"4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds",
     "card_declined/insufficient_funds",                                                                                   "card_declined/insufficient_funds",
     "card_declined/insufficient_funds"                                                                                                                                                                             },
    {"4000000000009987", "pm_card_visa_chargeDeclinedLostCard",                           "card_declined/lost_card",
     "card_declined/lost_card",                                                                                                                                    "card_declined/lost_card"                        },
    {"4000000000009979", "pm_card_visa_chargeDeclinedStolenCard",                         "card_declined/stolen_card",
     "card_declined/stolen_card",                                                                                                                                  "card_declined/stolen_card"                      },
    {"4000000000000069", "pm_card_chargeDeclinedExpiredCard",                             "expired_card/",                 "expired_card/",
     "expired_card/"                                                                                                                                                                                                },
    {"4000000000000127", "pm_card_chargeDeclinedIncorrectCvc",                            "incorrect_cvc/",                "incorrect_cvc/",
     "incorrect_cvc/"                                                                                                                                                                                               },
    {"4000000000000119", "pm_card_chargeDeclinedProcessingError",                         "processing_error/",
     "processing_error/",                                                                                                                                          "processing_error/"                              },
    {"4000000000000341", "pm_card_chargeCustomerFail",                                    "",                              "card_declined/generic_decline",
     "card_declined/generic_decline"                                                                                                                                                                                },
    {"4000002500003155", "pm_card_authenticationRequiredOnSetup",                         "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                              },
    {"4000002760003184", "pm_card_authenticationRequired",                                "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                              },
    {"4000003800000446", "pm_card_authenticationRequiredSetupForOffSession",              "",                              "requires_action",
     "succeeded"                                                                                                                                                                                                    },
    {"4000008260003178", "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "",
     "requires_action",                                                                                                                                            "authentication_required/authentication_required"},
    {"4000000000003220", "pm_card_threeDSecure2Required",                                 "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                              },
    {"4000000000000259", "pm_card_createDispute",                                         "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000002685", "pm_card_createDisputeProductNotReceived",                       "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000001976", "pm_card_createDisputeInquiry",                                  "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000007726", "pm_card_pendingRefund",                                         "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000005126", "pm_card_refundFail",                                            "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000077", "pm_card_bypassPending",                                         "",                              "succeeded",                            "succeeded"                                      },
    {"4000056655665556", "pm_card_visa_debit",                                            "",                              "succeeded",                            "succeeded"                                      },
    {"5200828282828210", "tok_mastercard_debit",                                          "",                              "succeeded",                            "succeeded"                                      },
    {"5105105105105100", "pm_card_mastercard_prepaid",                                    "",                              "succeeded",                            "succeeded"                                      },
    {"6011111111111117", "tok_discover",                                                  "",                              "succeeded",                            "succeeded"                                      },
    {"3056930009020004", "pm_card_diners",                                                "",                              "succeeded",                            "succeeded"                                      },
    {"3566002020360505", "pm_card_jcb",                                                   "",                              "succeeded",                            "succeeded"                                      },
    {"6200000000000005", "pm_card_unionpay",                                              "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000003055", "pm_card_threeDSecureOptional",                                  "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000003097", "pm_card_threeDSecureOptionalProcessingError",                   "",                              "succeeded",
     "succeeded"                                                                                                                                                                                                    },
    {"4000000000004954", "pm_card_riskLevelHighest",                                      "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000009235", "tok_riskLevelElevated",                                         "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000101", "pm_card_cvcCheckFail",                                          "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000036", "pm_card_avsZipFail",                                            "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000028", "pm_card_avsLine1Fail",                                          "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000010", "pm_card_avsFail",                                               "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000044", "pm_card_avsUnchecked",                                          "",                              "succeeded",                            "succeeded"                                      },
    {"4000003720000278", "pm_card_bypassPendingInternational",                            "",                              "succeeded",                            "succeeded"                                      },
    {"4000000000000341", "tok_visa_chargeCustomerFailLostCard",                           "",                              "card_declined/lost_card",
     "card_declined/lost_card"                                                                                                                                                                                      },
    {"4000000000000341", "tok_visa_chargeCustomerFailStolenCard",                         "",                              "card_declined/stolen_card",
     "card_declined/stolen_card"                                                                                                                                                                                    },
    {"4000000000003063", "pm_card_threeDSecureRequired",                                  "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                              },
    {"4000008400001629", "pm_card_threeDSecureRequiredChargeDeclined",                    "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                              },
    {"4000008400001280", "pm_card_threeDSecureRequiredProcessingError",                   "",
     "card_declined/generic_decline",                                                                                                                              "card_declined/generic_decline"                  },
    {"4000000000006975", "tok_visa_chargeDeclinedVelocityLimitExceeded",
     "card_declined/card_velocity_exceeded",                                                                               "card_declined/card_velocity_exceeded",
     "card_declined/card_velocity_exceeded"                                                                                                                                                                         },
    {"4100000000000019", "tok_visa_chargeDeclinedFraudulent",                             "",                              "card_declined/fraudulent",
     "card_declined/fraudulent"                                                                                                                                                                                     },
};

class Cards : public SandboxTest {
protected:
    static std::string outcome(const Reply& reply) {
        if (reply.status == 200) return text(reply.body, "status");
        EXPECT_EQ(reply.status, 402) << reply.text;
        EXPECT_EQ(text(child(reply.body, "error"), "type"), "card_error");
        return reply.code() + "/" + text(child(reply.body, "error"), "decline_code");
    }
    Reply charge(const std::string& method, const std::string& more = {}) {
        return call("POST", "/v1/payment_intents",
                    "amount=1000&currency=usd&confirm=true&return_url=http%3A%2F%2Fx.example%2F&"
                    "payment_method=" +
                        method + more);
    }
};

TEST_F(Cards, EachDoesWhatTheTableSays) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.method);
        const auto customer = id(made("/v1/customers", "email=a%40example.com"));
        const auto attached =
            call("POST", "/v1/payment_methods/" + std::string(row.method) + "/attach",
                 "customer=" + customer);
        if (*row.attached)
            EXPECT_EQ(outcome(attached), row.attached);
        else
            EXPECT_EQ(attached.status, 200) << attached.text;
        EXPECT_EQ(outcome(charge(row.method)), row.charged);
        const auto method = attached.status == 200
                                ? text(attached.body, "id") + "&customer=" + customer
                                : row.method;
        EXPECT_EQ(outcome(charge(method, "&off_session=true")), row.off_session);
        EXPECT_EQ(stripe::card_by_method(row.method)->number, row.number);
    }
}

TEST_F(Cards, TheNumberOnTheHostedPageDoesWhatTheNameDoes) {
    const auto price_id = price();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.number);
        const auto checkout = id(session(price_id));
        pay(checkout, row.number);
        const auto status = text(got("/v1/checkout/sessions/" + checkout), "status");
        EXPECT_EQ(status, std::string_view(row.charged) == "succeeded" ? "complete" : "open");
    }
}

TEST_F(Cards, EveryCardWithANameIsInTheTable) {
    std::set<std::string_view> numbers;
    for (const Row& row : rows) numbers.insert(row.number);
    for (const auto& card : stripe::test_cards()) {
        if (!card.method.empty()) EXPECT_TRUE(numbers.contains(card.number)) << card.number;
    }
}

TEST_F(Cards, OnesWithoutANameDoWhatTheirNumberSays) {
    for (const auto& card : stripe::test_cards()) {
        if (!card.method.empty()) continue;
        SCOPED_TRACE(card.number);
        const auto method =
            id(made("/v1/payment_methods",
                    "type=card&card[exp_month]=12&card[exp_year]=2034&card[number]=" +
                        std::string(card.number)));
        const bool asks = card.authentication != stripe::Authentication::never;
        EXPECT_EQ(outcome(charge(method)), asks ? "requires_action" : "succeeded");
    }
}

TEST_F(Cards, ThoseOfACountryPayAndSayWhereTheyAreFrom) {
    std::set<std::string_view> names;
    for (const auto& card : stripe::cards_by_country()) {
        SCOPED_TRACE(card.number);
        EXPECT_TRUE(card.method.empty() || names.insert(card.method).second);
        EXPECT_EQ(stripe::card_by_number(card.number), &card);
        if (!card.method.empty()) EXPECT_EQ(stripe::card_by_method(card.method), &card);
    }
    const auto paid = charge("pm_card_hu", "&expand[]=latest_charge");
    EXPECT_EQ(outcome(paid), "succeeded");
    const auto& details = child(child(paid.body, "latest_charge"), "payment_method_details");
    EXPECT_EQ(text(child(details, "card"), "country"), "HU");
}

TEST_F(Cards, ChecksAndRiskAreWhatTheCardIsFor) {
    const auto shown = [&](const std::string& name) {
        return json::object(child(charge(name, "&expand[]=latest_charge").body, "latest_charge"));
    };
    const auto cvc = shown("pm_card_cvcCheckFail");
    EXPECT_EQ(
        text(child(child(child(cvc, "payment_method_details"), "card"), "checks"), "cvc_check"),
        "fail");
    EXPECT_EQ(text(child(shown("pm_card_riskLevelElevated"), "outcome"), "risk_level"), "elevated");
    EXPECT_EQ(text(child(shown("pm_card_visa"), "outcome"), "risk_level"), "normal");
    charge("pm_card_radarBlock");
    const auto blocked = got("/v1/charges?limit=1").at("data").as_array().front().as_object();
    EXPECT_EQ(text(child(blocked, "outcome"), "type"), "blocked");
}

TEST_F(Cards, ANumberWithAWrongDigitIsIncorrect) {
    const auto reply = call("POST", "/v1/payment_methods",
                            "type=card&card[number]=4242424242424241&card[exp_month]=12&card[exp_"
                            "year]=2034&card[cvc]=123");
    EXPECT_EQ(outcome(reply), "incorrect_number/");
}

}  // namespace
}  // namespace paydesk::sandbox
