// Invoices as documents, e-mails by admins, exchange rates: the routes.
#include <gmock/gmock.h>

#include "api/test_api.h"

namespace paydesk::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class Documents : public TestApi {
protected:
    Documents() {
        for (const auto* user : {ada, grace}) {
            database_.run(
                "insert into paydesk.accounts (account_id, email, name) values ($1, $2, $3)",
                {user, std::string(user) + "@example.com", "Ada <b>"});
        }
    }
    http::Response get_raw(const std::string& target, const std::string& user, bool admin = false) {
        auto asked = request("GET", target, user);
        if (admin) asked.headers.set("Authorization", "Bearer " + token_of(user, true));
        return run([](http::Router& router, http::Request r) -> Task<http::Response> {
            co_return co_await router.route(r);
        }(router_, asked));
    }
    Answer as_admin(std::string method, std::string target, json::value body = nullptr) {
        auto asked = request(std::move(method), std::move(target), grace,
                             body.is_null() ? "" : json::serialize(body));
        asked.headers.set("Authorization", "Bearer " + token_of(grace, true));
        return send(std::move(asked));
    }
};

TEST_F(Documents, AnInvoiceAsAPageAndAsPdf) {
    const auto id = add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    for (const std::string& name : {id, std::string("in_1")}) {
        const auto page = get_raw("/api/invoices/" + name + ".html", ada);
        EXPECT_EQ(page.status, 200);
        EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
        EXPECT_THAT(page.body, HasSubstr("$49.00"));
        EXPECT_THAT(page.body, HasSubstr("Ada &lt;b&gt;"));
        EXPECT_THAT(page.headers.get("Content-Security-Policy"), HasSubstr("style-src 'sha256-"));
        EXPECT_EQ(page.headers.get("Cache-Control"), "no-store");

        const auto pdf = get_raw("/api/invoices/" + name + ".pdf", ada);
        EXPECT_EQ(pdf.status, 200);
        EXPECT_EQ(pdf.content_type, "application/pdf");
        EXPECT_TRUE(pdf.body.starts_with("%PDF-1."));
        EXPECT_EQ(pdf.headers.get("Content-Disposition"), "inline; filename=\"invoice-A-1.pdf\"");
    }
    EXPECT_THAT(get_raw("/api/invoices/" + id + ".html?language=de", ada).body,
                HasSubstr("Rechnung"));
    database_.run("update paydesk.accounts set language = 'de' where account_id = $1", {ada});
    EXPECT_THAT(get_raw("/api/invoices/" + id + ".html", ada).body, HasSubstr("49,00"));
}

TEST_F(Documents, APersonChoosesTheLanguage) {
    const auto id = add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    EXPECT_EQ(patch("/api/account", ada,
                    {
                        {"language", "de"}
    })
                  .status,
              200);
    EXPECT_THAT(get_raw("/api/invoices/" + id + ".html", ada).body, HasSubstr("Rechnung"));
    EXPECT_EQ(count("paydesk.accounts where language is not null"), "1") << "of nobody else";
    for (const json::value& bad :
         {json::value("german"), json::value("DE"), json::value(1), json::value(nullptr)})
        EXPECT_EQ(patch("/api/account", ada,
                        {
                            {"language", bad}
        })
                      .status,
                  422);
    EXPECT_EQ(patch("/api/account", "",
                    {
                        {"language", "de"}
    })
                  .status,
              401);
}

TEST_F(Documents, AnInvoiceIsItsOwnersAndAdmins) {
    const auto id = add_invoice(ada, "in_1", "2026-01-01T00:00:00Z");
    for (const char* form : {".html", ".pdf"}) {
        EXPECT_EQ(get_raw("/api/invoices/" + id + form, grace).status, 404);
        EXPECT_EQ(get_raw("/api/invoices/" + id + form, grace, true).status, 200);
        EXPECT_EQ(get_raw("/api/invoices/" + id + form, "").status, 401);
    }
    EXPECT_EQ(get("/api/invoices/" + id, ada).status, 404);
    EXPECT_EQ(get("/api/invoices/nothing.pdf", ada).status, 404);
    EXPECT_EQ(get("/api/invoices/%27%20or%201=1--.html", ada).status, 404);
    database_.run(
        "insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, status, "
        "currency, amount_due, amount_paid, provider_stamp, created_at) values ($1, "
        "gen_random_uuid(), 'stripe', 'in_draft', 'draft', 'usd', 0, 0, now(), now())",
        {ada});
    EXPECT_EQ(get("/api/invoices/in_draft.html", ada).status, 404) << "a draft may still change";
}

TEST_F(Documents, TheRateOfTheDayIsShownWithItsSource) {
    const auto id = add_invoice(ada, "in_1", "2026-01-05T00:00:00Z");
    EXPECT_THAT(get_raw("/api/invoices/" + id + ".html", ada).body, Not(HasSubstr("INR")));
    for (const auto& [day, rate] : {
             std::pair{"2026-01-01", "88.5" },
             {"2026-01-04", "90.25"},
             {"2026-01-06", "1.0"  }
    }) {
        const auto saved = as_admin("POST", "/api/admin/exchange-rates",
                                    {
                                        {"base",   "usd"},
                                        {"quote",  "inr"},
                                        {"rate",   rate },
                                        {"asOf",   day  },
                                        {"source", "RBI"}
        });
        EXPECT_EQ(saved.status, 200) << json::serialize(saved.body);
    }
    EXPECT_THAT(get_raw("/api/invoices/" + id + ".html", ada).body,
                HasSubstr("About ₹4,422.25 at 90.25 INR per USD (RBI, January 4, 2026)"));
    const auto rates = get("/api/exchange-rates?base=usd&quote=inr");
    EXPECT_EQ(rates.status, 200);
    EXPECT_EQ(rates.text({"rates", "0", "as_of"}), "2026-01-06") << "the newest";
    EXPECT_EQ(count("paydesk.audit_log where action = 'exchange_rate.save'"), "3");
}

TEST_F(Documents, RatesAreCheckedAndForAdmins) {
    const json::object good{
        {"base",   "usd"       },
        {"quote",  "inr"       },
        {"rate",   "88.5"      },
        {"asOf",   "2026-01-01"},
        {"source", "RBI"       }
    };
    EXPECT_EQ(post("/api/admin/exchange-rates", ada, good).status, 403);
    for (const auto& [field, value] : std::initializer_list<std::pair<const char*, json::value>>{
             {"rate",   "-1"         },
             {"rate",   "0"          },
             {"rate",   "1e3"        },
             {"rate",   "1.123456789"},
             {"rate",   88.5         },
             {"rate",   "9999999999" },
             {"base",   "xx"         },
             {"quote",  "usd"        },
             {"asOf",   "2026-02-30" },
             {"asOf",   "today"      },
             {"source", nullptr      },
             {"more",   "x"          }
    }) {
        auto bad = good;
        bad[field] = value;
        EXPECT_EQ(as_admin("POST", "/api/admin/exchange-rates", bad).status, 422)
            << field << json::serialize(value);
    }
    EXPECT_EQ(get("/api/exchange-rates?base=rupees").status, 422);
}

TEST_F(Documents, AnAdminWritesAnEmail) {
    const json::object letter{
        {"accountId",   ada                                      },
        {"subject",     "About your account"                     },
        {"message",     "Dear Ada,\r\n\r\nall is well.\n<script>"},
        {"buttonLabel", "Look"                                   },
        {"buttonUrl",   "https://app.example/x"                  }
    };
    EXPECT_EQ(post("/api/admin/send-email", ada, letter).status, 403);
    EXPECT_EQ(post("/api/admin/send-email", "", letter).status, 401);
    const auto sent = as_admin("POST", "/api/admin/send-email", letter);
    EXPECT_EQ(sent.status, 202) << json::serialize(sent.body);
    EXPECT_EQ(sent.text({"recipient"}), std::string(ada) + "@example.com");
    const auto row = database_.run("select kind, status, data::text as data from paydesk.emails");
    ASSERT_EQ(row.size(), 1U);
    EXPECT_EQ(row.text(0, "kind"), "free_form");
    EXPECT_THAT(std::string(row.text(0, "data")),
                HasSubstr("[\"Dear Ada,\", \"all is well.\", \"<script>\"]"));
    EXPECT_EQ(count("paydesk.audit_log where action = 'email.send' and actor = 'admin:" +
                    std::string(grace) + "'"),
              "1");
    EXPECT_EQ(count("paydesk.jobs where kind = 'send_emails'"), "1");

    const auto list =
        as_admin("GET", "/api/admin/emails?status=queued&account_id=" + std::string(ada));
    EXPECT_EQ(list.status, 200);
    EXPECT_EQ(list.text({"emails", "0", "kind"}), "free_form");
    EXPECT_EQ(get("/api/admin/emails", ada).status, 403);
    EXPECT_EQ(as_admin("GET", "/api/admin/emails?status=lost").status, 422);
    EXPECT_EQ(as_admin("GET", "/api/admin/emails?status=sent").text({"emails", "0", "kind"}), "");
}

TEST_F(Documents, ALetterIsChecked) {
    const json::object good{
        {"accountId", ada   },
        {"subject",   "Hi"  },
        {"message",   "Text"}
    };
    for (const auto& [field, value] : std::initializer_list<std::pair<const char*, json::value>>{
             {"accountId", "x"                      },
             {"accountId", nullptr                  },
             {"subject",   "a\r\nBcc: x@example.com"},
             {"subject",   " "                      },
             {"message",   "\n \n"                  },
             {"message",   nullptr                  },
             {"to",        "a@b, c@d"               },
             {"to",        "a@b\r\nc"               },
             {"buttonUrl", "https://app.example"    },
             {"more",      1                        }
    }) {
        auto bad = good;
        bad[field] = value;
        EXPECT_EQ(as_admin("POST", "/api/admin/send-email", bad).status, 422)
            << field << json::serialize(value);
    }
    auto script = good;
    script["buttonLabel"] = "x";
    script["buttonUrl"] = "javascript:alert(1)";
    EXPECT_EQ(as_admin("POST", "/api/admin/send-email", script).status, 422);
    auto unknown = good;
    unknown["accountId"] = "0190ada0-0000-7000-8000-00000000ffff";
    EXPECT_EQ(as_admin("POST", "/api/admin/send-email", unknown).status, 404);
    EXPECT_EQ(count("paydesk.emails"), "0");
}

TEST_F(Documents, ADeadEmailIsQueuedAgain) {
    database_.run(
        "insert into paydesk.emails (account_id, fact_key, kind, status, attempts, error) values "
        "($1, 'refund:1', 'refund_succeeded', 'dead', 20, 'x'), ($1, 'refund:2', "
        "'refund_succeeded', 'queued', 0, "
        "null)",
        {ada});
    const auto id = std::string(
        database_.run("select id from paydesk.emails where status = 'dead'").text(0, "id"));
    const auto queued = std::string(
        database_.run("select id from paydesk.emails where status = 'queued'").text(0, "id"));
    EXPECT_EQ(post("/api/admin/emails/" + id + "/retry", ada, json::object{}).status, 403);
    EXPECT_EQ(as_admin("POST", "/api/admin/emails/" + id + "/retry").status, 202);
    EXPECT_EQ(count("paydesk.emails where status = 'queued' and attempts = 0"), "2");
    EXPECT_EQ(as_admin("POST", "/api/admin/emails/" + queued + "/retry").status, 404);
    EXPECT_EQ(as_admin("POST", "/api/admin/emails/x/retry").status, 404);
    EXPECT_EQ(count("paydesk.audit_log where action = 'email.retry'"), "1");
}

}  // namespace
}  // namespace paydesk::api
