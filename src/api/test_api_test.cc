#include "api/test_api.h"

#include "base/crypto.h"

namespace paydesk::api {

TestApi::TestApi()
    : db_(io_,
          {
              .url = database_.server_url(), .pipelines = 2, .sessions_max = 6
}),
      verifier_({.jwt_secret = jwt_secret, .service_keys = {service_key}}, network_, clock_),
      limits_(
          std::make_unique<Limits>(clock_, auth::Rate{1'000, 1'000}, auth::Rate{10'000, 1'000})),
      provider_(io_),
      paypal_(io_, provider::Name::paypal),
      urls_("https://app.example", {"https://other.example"}),
      signatures_({std::string(webhook_secret)}),
      spending_(io_, db_, clock_),
      usage_(io_, db_, clock_),
      receiver_(io_, db_,
                {{provider::Name::stripe,
                  {.verify =
                       [this](const webhook::Delivery& delivery) {
                           return signatures_.verify(delivery.header("Stripe-Signature"),
                                                     delivery.body, clock_.now());
                       },
                   .envelope = webhook::stripe_envelope}}},
                [] {}),
      live_(io_, db_),
      wording_(documents::Wording::load(PAYDESK_SOURCE_DIR "/templates", {}).value()),
      papers_(io_, db_, wording_, {.brand = {.product = "Acme"}, .display_currency = "inr"}),
      services_{
          .db = db_,
          .clock = clock_,
          .flows = {.stripe = {db_, provider_, clock_, urls_}},
          .spending = spending_,
          .usage = usage_,
          .receiver = receiver_,
          .live = live_,
          .papers = papers_,
          .authenticate = [this](const http::Request& r) { return authenticate(verifier_, r); },
          .within_limits = [this](const http::Request& r,
                                  const Caller* c) { return limits_->take(r, c); },
          .is_service = [this](const http::Request& r) { return is_service(verifier_, r); },
          .local_sign_in =
              LocalSignIn{.users = {{ada, "ada@example.com", "Ada", false}},
                          .lifetime = std::chrono::hours(1),
                          .mint = [this](const LocalUser& user) { return token_of(user.id); }},
          .openapi_yaml = db::read_file(PAYDESK_SOURCE_DIR "/openapi/openapi.yaml")},
      cors_({"https://app.example"}) {
    if (const char* file = std::getenv("PAYDESK_API_RECORD"))
        recorder_.emplace(file, services_.openapi_yaml);
    add_routes(router_, services_);
    finish_all(router_, cors_, recorder_ ? &*recorder_ : nullptr);

    auto catalogue = catalog::read_plans(PAYDESK_SOURCE_DIR "/plans.toml");
    auto synced = run([](db::Database& db, ScriptedProvider& provider,
                         catalog::Catalogue plans) -> Task<Result<catalog::SyncReport>> {
        co_await db.ready(std::chrono::seconds(10));
        co_return co_await catalog::sync_plans(db, provider, std::move(plans), {});
    }(db_, provider_, catalogue.value()));
    EXPECT_TRUE(synced.has_value());
    provider_.calls.clear();
}

TestApi::~TestApi() {
    live_.stop();
    db_.stop();
    io_.run_for(std::chrono::milliseconds(50));
}

std::string TestApi::token_of(std::string_view user, bool admin) const {
    return auth::mint_local_token(
        jwt_secret, {{std::string(user)}, std::string(user) + "@example.com", admin ? "admin" : ""},
        clock_.now());
}

std::string TestApi::sign_claims(const json::object& claims) const {
    const std::string text = base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." +
                             base64url_encode(json::serialize(claims));
    return text + "." + base64url_encode(hmac_sha256(jwt_secret, text));
}

http::Request TestApi::request(std::string method, std::string target, std::string user,
                               std::string body) const {
    const auto mark = target.find('?');
    http::Request request{.method = std::move(method),
                          .path = target.substr(0, mark),
                          .query = mark == std::string::npos ? "" : target.substr(mark + 1),
                          .headers = {{"Host", "127.0.0.1:8080"}},
                          .body = std::move(body),
                          .remote_address = "127.0.0.1"};
    if (!user.empty()) request.headers.add("Authorization", "Bearer " + token_of(user));
    return request;
}

Answer TestApi::send(http::Request request) {
    std::vector<http::Request> requests;
    requests.push_back(std::move(request));
    return std::move(send_together(std::move(requests)).front());
}

std::vector<Answer> TestApi::send_together(std::vector<http::Request> requests) {
    std::vector<std::optional<http::Response>> responses(requests.size());
    std::size_t ended = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        asio::co_spawn(io_, router_.route(requests[i]),
                       [&, i](std::exception_ptr failure, http::Response response) {
                           EXPECT_FALSE(failure) << "Router::route never throws";
                           responses[i] = std::move(response);
                           ++ended;
                       });
    }
    while (ended < requests.size()) io_.run_one();

    std::vector<Answer> answers;
    for (auto& response : responses) {
        const auto body = parse_json(response->body);
        answers.push_back({response->status, response->headers, body ? *body : json::value()});
    }
    return answers;
}

std::string TestApi::add_subscription(const std::string& account, const std::string& id,
                                      const std::string& status, const std::string& plan) {
    const std::string ours = uuid_v7(clock_.now());
    const bool ended = status == "canceled" || status == "incomplete_expired";
    database_.run(
        "insert into paydesk.customers (account_id, provider, provider_customer_id) values ($1, "
        "'stripe', $2) on conflict do nothing",
        {account, "cus_of_" + account});
    database_.run(
        "insert into paydesk.provider_refs (provider, kind, provider_id, account_id) values "
        "('stripe', 'customer', $1, $3), ('stripe', 'subscription', $2, $3) on conflict do nothing",
        {"cus_of_" + account, id, account});
    database_.run(
        "insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, "
        "plan_key, plan_name, billing_cycle, status, price_id, currency, unit_amount, "
        "current_period_start, current_period_end, ended_at, provider_stamp, provider_created_at) "
        "values ($1, $2, 'stripe', $3, $4, 'Pro', 'monthly', $5, 'price_pro_monthly_4900', 'usd', "
        "4900, now() - interval '1 day', now() + interval '29 days', "
        "case when $6 then now() end, now() - interval '1 hour', now() - interval '1 day')",
        {account, ours, id, plan, status, db::param(ended)});
    database_.run(
        "insert into paydesk.subscription_items (account_id, subscription_id, provider_item_id, "
        "price_id, quantity) values ($1, $2, $3, 'price_pro_monthly_4900', 1)",
        {account, ours, "si_" + id});
    const Instant start = clock_.now() - std::chrono::days(1);
    provider_.subscriptions.insert_or_assign(
        id, provider::SubscriptionSnapshot{.subscription = {id},
                                           .customer = {"cus_of_" + account},
                                           .account = AccountId{account},
                                           .status = *provider::parse_subscription_status(status),
                                           .items = {{.item = {"si_" + id},
                                                      .price = {"price_pro_monthly_4900"},
                                                      .product = {},
                                                      .lookup_key = {},
                                                      .quantity = 1,
                                                      .period_start = start,
                                                      .period_end = start + std::chrono::days(30)}},
                                           .period_start = start,
                                           .period_end = start + std::chrono::days(30),
                                           .cancel_at = {},
                                           .canceled_at = {},
                                           .ended_at = {},
                                           .trial_start = {},
                                           .trial_end = {},
                                           .cancel_reason = {},
                                           .default_payment_method = {},
                                           .latest_invoice = {},
                                           .created_at = start,
                                           .plan_key = plan});
    return ours;
}

std::string TestApi::add_invoice(const std::string& account, const std::string& id,
                                 const std::string& at) {
    const std::string ours = uuid_v7(clock_.now());
    database_.run(
        "insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, status, "
        "currency, amount_due, amount_paid, total, number, line_items, provider_stamp, created_at) "
        "values ($1, $2, 'stripe', $3, 'paid', 'usd', 4900, 4900, 4900, 'A-1', "
        "'[{\"description\": \"1 x Pro\", \"amount\": 4900, \"quantity\": 1, \"price_id\": "
        "\"price_1\", \"period_start\": \"2026-01-01T00:00:00Z\", \"period_end\": "
        "\"2026-02-01T00:00:00Z\", \"proration\": false}]', now(), $4)",
        {account, ours, id, at});
    return ours;
}

std::string TestApi::add_notification(const std::string& account, const std::string& fact) {
    const db::Rows rows = database_.run(
        "insert into paydesk.notifications (account_id, type, title, message, fact_key, metadata) "
        "values ($1, 'payment_success', 'Paid', 'Thank you', $2, '{\"amount\": 4900}') returning "
        "id",
        {account, fact});
    return std::string(rows.text(0, "id"));
}

void TestApi::add_payment_method(const std::string& account, const std::string& id) {
    database_.run(
        "insert into paydesk.payment_methods (account_id, id, provider, "
        "provider_payment_method_id, type, card_brand, card_last4, card_exp_month, card_exp_year, "
        "is_default) "
        "values ($1, $2, 'stripe', $3, 'card', 'visa', '4242', 12, 2030, true)",
        {account, uuid_v7(clock_.now()), id});
}

}  // namespace paydesk::api
