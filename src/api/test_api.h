#pragma once
// All routes on a real Postgres and a scripted provider, without a socket. Only tests include it.
//
// Every response is also appended to the file named by PAYDESK_API_RECORD, where that is set: a script
// in tests/contract holds the lines to openapi.yaml.

#include <gtest/gtest.h>

#include <string>

#include "api/authenticate.h"
#include "api/finish.h"
#include "api/live.h"
#include "api/routes.h"
#include "api/scripted_provider.h"
#include "auth/local_tokens.h"
#include "base/json.h"
#include "catalog/sync_plans_flow.h"
#include "credits/spending.h"
#include "db/test_database.h"
#include "provider/stripe/verify.h"
#include "usage/usage.h"
#include "webhook/receiver.h"

namespace paydesk::api {

// Answers whatever it is asked with no connection.
class NoNetwork final : public http::Transport {
public:
    Task<http::ClientResponse> send(http::ClientRequest) override {
        throw http::TransportError("no network in this test", true);
    }
};

struct Answer {
    int status;
    http::Headers headers;
    json::value body;  // null where it is not JSON
    std::string code() const { return string_at(body, {"code"}).value_or(""); }
    std::string text(std::initializer_list<std::string_view> path) const {
        return string_at(body, path).value_or("");
    }
};

class TestApi : public testing::Test {
protected:
    static constexpr const char* jwt_secret = "test-jwt-secret-test-jwt-secret-0123456789";
    static constexpr const char* service_key = "paydesk_service_key_of_the_tests";
    static constexpr const char* webhook_secret = "whsec_of_the_tests_0123456789";
    static constexpr const char* ada = "0190ada0-0000-7000-8000-000000000001";
    static constexpr const char* grace = "0190ada0-0000-7000-8000-000000000002";

    TestApi();
    ~TestApi() override;

    // Runs a coroutine to its end on the fixture's loop.
    template <class T>
    T run(Task<T> task) {
        std::optional<T> value;
        std::exception_ptr failure;
        bool ended = false;
        asio::co_spawn(io_, std::move(task), [&](std::exception_ptr e, T result) {
            failure = e;
            if (!e) value.emplace(std::move(result));
            ended = true;
        });
        while (!ended) io_.run_one();
        if (failure) std::rethrow_exception(failure);
        return std::move(*value);
    }

    // A token as the sign-in service makes them.
    std::string token_of(std::string_view user, bool admin = false) const;
    // Any claims, signed with the right secret.
    std::string sign_claims(const json::object& claims) const;

    http::Request request(std::string method, std::string target, std::string user = {},
                          std::string body = {}) const;
    Answer send(http::Request request);
    // `user`: an id, or "" for nobody.
    Answer get(std::string target, std::string user = {}) {
        return send(request("GET", std::move(target), std::move(user)));
    }
    Answer post(std::string target, std::string user, json::value body) {
        return send(request("POST", std::move(target), std::move(user), json::serialize(body)));
    }
    Answer patch(std::string target, std::string user, json::value body) {
        return send(request("PATCH", std::move(target), std::move(user), json::serialize(body)));
    }
    // All at the same time; the answers are in the order of the requests.
    std::vector<Answer> send_together(std::vector<http::Request> requests);

    // Rows as webhooks would have left them. Each gives our id.
    std::string add_subscription(const std::string& account, const std::string& id,
                                 const std::string& status, const std::string& plan = "pro");
    std::string add_invoice(const std::string& account, const std::string& id,
                            const std::string& at);
    std::string add_notification(const std::string& account, const std::string& fact);
    void add_payment_method(const std::string& account, const std::string& id);
    std::string count(const std::string& what) {
        return std::string(database_.run("select count(*)::text as n from " + what).text(0, "n"));
    }

    asio::io_context io_{1};
    SystemClock clock_;
    db::TestDatabase database_;
    db::Database db_;
    NoNetwork network_;
    auth::Verifier verifier_;
    std::unique_ptr<Limits> limits_;
    ScriptedProvider provider_, paypal_;
    billing::ReturnUrls urls_;
    provider::stripe::Verifier signatures_;
    credits::Spending spending_;
    usage::Usage usage_;
    webhook::Receiver receiver_;
    Live live_;
    documents::Wording wording_;
    billing::InvoicePapers papers_;
    Services services_;
    http::Cors cors_;
    std::optional<Recorder> recorder_;
    http::Router router_;
};

}  // namespace paydesk::api
