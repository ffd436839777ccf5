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
    {"4242424242424242", "pm_card_visa",                                                  "",                              "succeeded",                        "succeeded"                                      },
    {"5555555555554444", "pm_card_mastercard",                                            "",                              "succeeded",                        "succeeded"                                      },
    {"378282246310005",  "pm_card_amex",                                                  "",                              "succeeded",                        "succeeded"                                      },
    {"4000000000000002", "pm_card_visa_chargeDeclined",                                   "card_declined/generic_decline",
     "card_declined/generic_decline",                                                                                                                          "card_declined/generic_decline"                  },
    {"4000000000000002", "pm_card_chargeDeclined",                                        "card_declined/generic_decline",
     "card_declined/generic_decline",                                                                                                                          "card_declined/generic_decline"                  },
    {"4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds",
     "card_declined/insufficient_funds",                                                                                   "card_declined/insufficient_funds",
     "card_declined/insufficient_funds"                                                                                                                                                                         },
    {"4000000000009987", "pm_card_visa_chargeDeclinedLostCard",                           "card_declined/lost_card",
     "card_declined/lost_card",                                                                                                                                "card_declined/lost_card"                        },
    {"4000000000009979", "pm_card_visa_chargeDeclinedStolenCard",                         "card_declined/stolen_card",
     "card_declined/stolen_card",                                                                                                                              "card_declined/stolen_card"                      },
    {"4000000000000069", "pm_card_chargeDeclinedExpiredCard",                             "expired_card/",                 "expired_card/",
     "expired_card/"                                                                                                                                                                                            },
    {"4000000000000127", "pm_card_chargeDeclinedIncorrectCvc",                            "incorrect_cvc/",                "incorrect_cvc/",
     "incorrect_cvc/"                                                                                                                                                                                           },
    {"4000000000000119", "pm_card_chargeDeclinedProcessingError",                         "processing_error/",
     "processing_error/",                                                                                                                                      "processing_error/"                              },
    {"4000000000000341", "pm_card_chargeCustomerFail",                                    "",                              "card_declined/generic_decline",
     "card_declined/generic_decline"                                                                                                                                                                            },
    {"4000002500003155", "pm_card_authenticationRequiredOnSetup",                         "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                          },
    {"4000002760003184", "pm_card_authenticationRequired",                                "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                          },
    {"4000003800000446", "pm_card_authenticationRequiredSetupForOffSession",              "",                              "requires_action",
     "succeeded"                                                                                                                                                                                                },
    {"4000008260003178", "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "",
     "requires_action",                                                                                                                                        "authentication_required/authentication_required"},
    {"4000000000003220", "pm_card_threeDSecure2Required",                                 "",                              "requires_action",
     "authentication_required/authentication_required"                                                                                                                                                          },
    {"4000000000000259", "pm_card_createDispute",                                         "",                              "succeeded",                        "succeeded"                                      },
    {"4000000000002685", "pm_card_createDisputeProductNotReceived",                       "",                              "succeeded",                        "succeeded"                                      },
    {"4000000000001976", "pm_card_createDisputeInquiry",                                  "",                              "succeeded",                        "succeeded"                                      },
    {"4000000000007726", "pm_card_pendingRefund",                                         "",                              "succeeded",                        "succeeded"                                      },
    {"4000000000005126", "pm_card_refundFail",                                            "",                              "succeeded",                        "succeeded"                                      },
    {"4000000000000077", "pm_card_bypassPending",                                         "",                              "succeeded",                        "succeeded"                                      },
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

TEST_F(Cards, EveryCardOfTheSandboxIsInTheTable) {
    std::set<std::string_view> numbers;
    for (const Row& row : rows) numbers.insert(row.number);
    for (const auto& card : stripe::test_cards())
        EXPECT_TRUE(numbers.contains(card.number)) << card.number;
}

TEST_F(Cards, ANumberWithAWrongDigitIsIncorrect) {
    const auto reply = call("POST", "/v1/payment_methods",
                            "type=card&card[number]=4242424242424241&card[exp_month]=12&card[exp_"
                            "year]=2034&card[cvc]=123");
    EXPECT_EQ(outcome(reply), "incorrect_number/");
}

}  // namespace
}  // namespace paydesk::sandbox
