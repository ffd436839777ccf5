// The environment, read by the program. config.cc belongs to the program and so to no library: this test
// takes it whole.
#include "config.cc"
#include "mail_config.cc"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>

namespace paydesk {
namespace {

using Variables = std::map<std::string, std::string>;
constexpr Needs everything{.database = true, .provider = true, .http = true};

Variables good() {
    return {
        {"PAYDESK_SHARE",         PAYDESK_SOURCE_DIR                           },
        {"DATABASE_URL",          "postgresql://paydesk_server@127.0.0.1/app"  },
        {"APP_URL",               "https://app.example/"                       },
        {"STRIPE_SECRET_KEY",     "sk_test_0123456789"                         },
        {"STRIPE_WEBHOOK_SECRET", " whsec_0123456789abc , whsec_0123456789def "},
        {"SUPABASE_JWT_SECRET",   "0123456789012345678901234567890123456789"   }
    };
}

Result<Config> read(Variables variables, Needs needs = everything) {
    return read_config(
        [&](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        needs);
}

TEST(Config, AGoodEnvironmentIsRead) {
    const auto config = read(good());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->app_url, "https://app.example");
    EXPECT_EQ(config->stripe.webhook_secrets,
              (std::vector<std::string>{"whsec_0123456789abc", "whsec_0123456789def"}));
    EXPECT_EQ(config->stripe.api_base, "https://api.stripe.com");
    EXPECT_FALSE(config->stripe.livemode);
    EXPECT_TRUE(config->prepared_statements);
    EXPECT_EQ(config->listen_url, config->database_url);
    EXPECT_EQ(config->port, 8080);
    EXPECT_EQ(config->past_due_grace_days, 14);
    EXPECT_EQ(config->renewal_reminder_days, 14);
}

TEST(Config, AllThatIsMissingIsToldInOneMessage) {
    const auto config = read({
        {"PAYDESK_SHARE", PAYDESK_SOURCE_DIR}
    });
    ASSERT_FALSE(config);
    for (const char* name : {"DATABASE_URL", "APP_URL", "STRIPE_SECRET_KEY",
                             "STRIPE_WEBHOOK_SECRET", "SUPABASE_JWT_SECRET"}) {
        EXPECT_NE(config.error().message.find(name), std::string::npos) << name;
    }
    EXPECT_TRUE(read(
        {
            {"PAYDESK_SHARE", PAYDESK_SOURCE_DIR}
    },
        {}))
        << "a command asks only for what it needs";
}

struct Bad {
    const char* name;
    const char* value;
    const char* message;
};
const Bad bad_values[] = {
    {"DATABASE_URL",                     "localhost",                                 "write postgresql://"            },
    {"PORT",                             "70000",                                     "from 0 to 65535"                },
    {"PORT",                             "80a",                                       "from 0 to 65535"                },
    {"PORT",                             "-1",                                        "from 0 to 65535"                },
    {"PAYDESK_ADDRESS",                  "127.0.0.1:8080",                            "the port is PORT"               },
    {"APP_URL",                          "app.example",                               "write a URL"                    },
    {"APP_URL",                          "https://user@app.example",                  "write a URL"                    },
    {"APP_URL",                          "javascript://app.example",                  "write a URL"                    },
    {"APP_URL",                          "https://app.example/?x=1",                  "write a URL"                    },
    {"PAYDESK_RETURN_URLS",              "https://a.example, https://b.example/path",
     "\"https://b.example/path\" is not an origin"                                                                     },
    {"PAYDESK_CORS_ORIGINS",             "*",                                         "\"*\" is not an origin"         },
    {"STRIPE_SECRET_KEY",                "pk_test_1",                                 "publishable"                    },
    {"STRIPE_SECRET_KEY",                "whsec_1",                                   "does not begin with sk_"        },
    {"STRIPE_SECRET_KEY",                "\"sk_test_1\"",                             "does not begin with sk_"        },
    {"STRIPE_SECRET_KEY",                "sk_test_1 # mine",                          "spaces or quotes"               },
    {"STRIPE_WEBHOOK_SECRET",            "secret",                                    "begins with whsec_"             },
    {"STRIPE_WEBHOOK_SECRET",            " , ",                                       "is missing"                     },
    {"STRIPE_PRICE_MONTHLY",             "prod_1",                                    "is a product"                   },
    {"STRIPE_API_BASE",                  "127.0.0.1:8420",                            "write a URL"                    },
    {"SUPABASE_JWT_SECRET",              "short",                                     "fewer than 32"                  },
    {"SUPABASE_SERVICE_ROLE_KEY",        "short",                                     "fewer than 20"                  },
    {"PAYDESK_POOLER",                   "statement",                                 "neither transaction nor session"},
    {"PAYDESK_DISPUTE_ACCESS",           "maybe",                                     "neither keep nor suspend"       },
    {"PAYDESK_CREDITS_LOW_PERCENT",      "100",                                       "from 0 to 90"                   },
    {"PAYDESK_RENEWAL_REMINDER_DAYS",    "often",                                     "from 0 to 90"                   },
    {"PAYDESK_PAST_DUE_GRACE_DAYS",      "two weeks",                                 "from 0 to 365"                  },
    {"PAYDESK_ALLOW_ANONYMOUS_CHECKOUT", "yes",                                       "neither true nor false"         },
    {"LOG_LEVEL",                        "loud",                                      "is not one of"                  },
    {"PAYDESK_PLANS",                    "/nowhere.toml",                             "there is no file"               },
    {"PAYDESK_WEB",                      "/nowhere",                                  "no index.html"                  },
    {"PAYDESK_SHARE",                    "/nowhere",                                  "no plans.toml"                  },
    {"SMTP_URL",                         "mail.example.com",                          "write smtp://"                  },
    {"SMTP_URL",                         "smtp://mail.example.com",                   "MAIL_FROM is missing"           },
    {"MAIL_FROM",                        "Acme <a@example.com>",                      "one e-mail address"             },
    {"MAIL_REPLY_TO",                    "a@example.com\nBcc: b@example.com",         "one e-mail address"             },
    {"MAIL_LANGUAGE",                    "english",                                   "two letters"                    },
    {"PAYDESK_TEMPLATES",                "/nowhere",                                  "there is no folder"             },
    {"BRAND_COLOR",                      "red\"><script>",                            "is not a colour"                },
    {"BRAND_LOGO_URL",                   "javascript:alert(1)",                       "begins with https://"           },
    {"INVOICE_PAGE_SIZE",                "a5",                                        "neither a4 nor letter"          },
    {"INVOICE_DISPLAY_CURRENCY",         "rupees",                                    "is not a currency"              },
};

TEST(Config, WhatIsMalformedIsToldWithHowToMendIt) {
    for (const Bad& bad : bad_values) {
        SCOPED_TRACE(std::string(bad.name) + "=" + bad.value);
        Variables variables = good();
        variables[bad.name] = bad.value;
        const auto config = read(variables);
        ASSERT_FALSE(config);
        EXPECT_NE(config.error().message.find(bad.name), std::string::npos)
            << config.error().message;
        EXPECT_NE(config.error().message.find(bad.message), std::string::npos)
            << config.error().message;
    }
}

// docs/operating/settings.md has a row for every variable that is read, and for none that is not.
TEST(Config, EveryVariableIsDocumented) {
    std::set<std::string> asked = {"PAYDESK_SHARE"};
    Variables variables = good();
    variables["SMTP_URL"] = "smtp://mail.example.com";
    variables["MAIL_FROM"] = "billing@example.com";
    const auto config = read_config(
        [&](const std::string& name) -> std::optional<std::string> {
            if (!name.starts_with("NEXT_PUBLIC_")) asked.insert(name);
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        everything);
    ASSERT_TRUE(config) << config.error().message;

    std::set<std::string> documented;
    std::ifstream page(PAYDESK_SOURCE_DIR "/docs/operating/settings.md");
    const std::regex name("`([A-Z][A-Z_0-9]+)`");
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with("| `")) continue;
        const std::string cell = line.substr(0, line.find('|', 1));
        for (std::sregex_iterator it(cell.begin(), cell.end(), name), end; it != end; ++it)
            documented.insert((*it)[1]);
    }
    EXPECT_THAT(documented, ::testing::ContainerEq(asked));
}

TEST(Config, MailAndInvoices) {
    EXPECT_FALSE(read(good())->mail.server) << "no SMTP_URL: no mail";
    Variables variables = good();
    variables["SMTP_URL"] = "smtp://ada:topsecret@mail.example.com";
    variables["MAIL_FROM"] = "billing@acme.example";
    variables["SELLER_ADDRESS"] = "1 Main Street | Springfield";
    variables["INVOICE_DISPLAY_CURRENCY"] = "INR";
    const auto config = read(variables);
    ASSERT_TRUE(config) << config.error().message;
    const auto& mail = config->mail;
    EXPECT_EQ(mail.server->host, "mail.example.com");
    EXPECT_EQ(mail.server->tls, notify::SmtpServer::Tls::required);
    EXPECT_EQ(mail.server->ehlo_name, "acme.example");
    EXPECT_EQ(mail.brand.seller.address,
              (std::vector<std::string>{"1 Main Street", "Springfield"}));
    EXPECT_EQ(mail.brand.billing_url, "https://app.example");
    EXPECT_EQ(mail.display_currency, "inr");
    EXPECT_EQ(describe(*config).find("topsecret"), std::string::npos);

    variables["SMTP_TLS"] = "off";
    EXPECT_NE(read(variables).error().message.find("unprotected"), std::string::npos);
    EXPECT_EQ(read(variables).error().message.find("topsecret"), std::string::npos);
    variables["SMTP_URL"] = "smtp://ada:topsecret@127.0.0.1:1025";
    EXPECT_TRUE(read(variables));
    variables["SMTP_TLS"] = "maybe";
    EXPECT_FALSE(read(variables));
}

TEST(Config, TheAnonKeyIsNoServiceKey) {
    Variables variables = good();
    variables["SUPABASE_ANON_KEY"] = variables["SUPABASE_SERVICE_ROLE_KEY"] =
        "the_same_key_in_both_of_them";
    EXPECT_NE(read(variables).error().message.find("are the same"), std::string::npos);
}

TEST(Config, NoSecretIsEverShown) {
    Variables variables = good();
    variables["STRIPE_SECRET_KEY"] = "sk_live_topsecret";
    variables["DATABASE_URL"] = "postgresql://u:topsecret@h/d";
    variables["SUPABASE_JWT_SECRET"] = "topsecret_topsecret_topsecret_topsecret";
    variables["SUPABASE_SERVICE_ROLE_KEY"] = "topsecret_topsecret_topsecret";
    variables["STRIPE_WEBHOOK_SECRET"] = "whsec_topsecret_topsecret";
    EXPECT_EQ(describe(*read(variables)).find("topsecret"), std::string::npos);
    variables["PORT"] = "x";
    variables["STRIPE_SECRET_KEY"] = "topsecret";
    variables["STRIPE_WEBHOOK_SECRET"] = "topsecret";
    variables["SUPABASE_JWT_SECRET"] = "topsecret";
    variables["DATABASE_URL"] = "topsecret";
    EXPECT_EQ(read(variables).error().message.find("topsecret"), std::string::npos);
}

TEST(Config, TheNamesOfTheDocumentsAreRead) {
    Variables variables = good();
    variables.erase("APP_URL");
    variables["NEXT_PUBLIC_APP_URL"] = "http://localhost:3000";
    variables["STRIPE_PRICE_MONTHLY"] = "price_a";
    variables["STRIPE_PRO_YEARLY_PRICE_ID"] = "price_b";
    variables["STRIPE_TOPUP_PRICE_ID"] = "price_c";
    variables["NEXT_PUBLIC_STRIPE_PRICE_YEARLY"] = "price_d";
    const auto config = read(variables);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->app_url, "http://localhost:3000");
    EXPECT_EQ(
        config->price_ids,
        (Variables{
            {"pro_monthly",  "price_a"},
            {"pro_yearly",   "price_b"},
            {"credits_1000", "price_c"}
    }));
}

TEST(Config, ATransactionPoolerGetsNoPreparedStatements) {
    Variables variables = good();
    variables["DATABASE_URL"] = "postgresql://u@aws.pooler.example:6543/postgres";
    EXPECT_FALSE(read(variables)->prepared_statements);
    variables["PAYDESK_POOLER"] = "session";
    EXPECT_TRUE(read(variables)->prepared_statements);
    variables["PAYDESK_POOLER"] = "transaction";
    EXPECT_FALSE(read(variables)->prepared_statements);
}

Variables with_paypal() {
    auto variables = good();
    variables["PAYPAL_CLIENT_ID"] = "AeA1";
    variables["PAYPAL_CLIENT_SECRET"] = "EJ1-secret";
    variables["PAYPAL_WEBHOOK_ID"] = "8PT597110X687430LKGECATA";
    return variables;
}

TEST(Config, WithoutCredentialsThereIsNoPayPal) {
    const auto config = read(good());
    EXPECT_FALSE(config->paypal.is_configured());
    EXPECT_NE(describe(*config).find("PAYPAL_CLIENT_ID             not set"), std::string::npos);
}

TEST(Config, PayPalIsRead) {
    auto variables = with_paypal();
    auto config = read(variables);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(config->paypal.is_configured());
    EXPECT_EQ(config->paypal.api_base, "https://api-m.sandbox.paypal.com");
    EXPECT_FALSE(config->paypal.verify_online);
    EXPECT_EQ(describe(*config).find("EJ1-secret"), std::string::npos);
    variables["PAYPAL_MODE"] = "live";
    variables["PAYPAL_VERIFY"] = "online";
    EXPECT_EQ(read(variables)->paypal.api_base, "https://api-m.paypal.com");
    EXPECT_TRUE(read(variables)->paypal.verify_online);
    variables["PAYPAL_API_BASE"] = "http://127.0.0.1:8420/paypal/";
    EXPECT_EQ(read(variables)->paypal.api_base, "http://127.0.0.1:8420/paypal");
}

TEST(Config, PayPalPlansFromTheEnvironment) {
    auto variables = with_paypal();
    variables["PAYPAL_PRO_MONTHLY_PLAN_ID"] = "P-1";
    variables["NEXT_PUBLIC_PAYPAL_PRO_YEARLY_PLAN_ID"] = "P-2";
    EXPECT_EQ(read(variables)->paypal.plan_ids,
              (std::map<std::string, std::string>{
                  {"pro_monthly", "P-1"},
                  {"pro_yearly",  "P-2"}
    }));
    variables["PAYPAL_PRO_MONTHLY_PLAN_ID"] = "price_1";
    EXPECT_NE(read(variables).error().message.find("PAYPAL_PRO_MONTHLY_PLAN_ID"),
              std::string::npos);
}

TEST(Config, HalfAPayPalIsTold) {
    for (const char* missing : {"PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_ID"}) {
        auto variables = with_paypal();
        variables.erase(missing);
        const auto config = read(variables);
        ASSERT_FALSE(config) << missing;
        EXPECT_NE(config.error().message.find(std::string(missing) + " is missing"),
                  std::string::npos);
    }
    auto variables = with_paypal();
    variables["PAYPAL_VERIFY"] = "never";
    EXPECT_FALSE(read(variables));
    auto alone = good();
    alone["PAYPAL_VERIFY"] = "online";
    EXPECT_FALSE(read(alone));
}

}  // namespace
}  // namespace paydesk
