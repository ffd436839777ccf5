#pragma once
// The environment, read once at boot and checked whole: one message lists everything that is missing
// or malformed and how to mend it. Nothing else in the tree reads the environment.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "mail_config.h"

namespace paydesk {

// How a variable is looked up: std::getenv in the program, a map in tests.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// What a command cannot run without.
struct Needs {
    bool database = false;
    bool provider = false;  // STRIPE_SECRET_KEY
    bool http = false;      // webhooks, tokens, APP_URL
};

struct StripeConfig {
    std::string secret_key;                    // STRIPE_SECRET_KEY
    std::vector<std::string> webhook_secrets;  // STRIPE_WEBHOOK_SECRET, comma separated
    std::string api_base;                      // STRIPE_API_BASE
    std::string usage_api_version;  // STRIPE_USAGE_API_VERSION: "" meters, else usage records
    bool livemode = false;          // by the key: sk_live_ or rk_live_
};

// All of it absent: there is no PayPal.
struct PayPalConfig {
    std::string client_id;      // PAYPAL_CLIENT_ID, NEXT_PUBLIC_PAYPAL_CLIENT_ID
    std::string client_secret;  // PAYPAL_CLIENT_SECRET
    std::string api_base;       // PAYPAL_API_BASE; else by PAYPAL_MODE
    bool is_configured() const { return !client_id.empty() && !client_secret.empty(); }
    std::string
        webhook_id;  // PAYPAL_WEBHOOK_ID: what PayPal calls our endpoint; "": none is accepted
    bool livemode = false;  // PAYPAL_MODE: live or sandbox
    // For an offline PayPal: its authority (a PEM file) and where its certificates lie.
    std::string authorities_pem;  // PAYPAL_CA_FILE, read
    std::string cert_url_prefix;  // PAYPAL_CERT_URL_PREFIX
    // PAYPAL_VERIFY=online: PayPal is asked about each delivery instead.
    bool verify_online = false;
    // lookup_key -> PayPal's plan id, from PAYPAL_PRO_MONTHLY_PLAN_ID and the like for each price of plans.toml.
    // Wins over what a sync finds.
    std::map<std::string, std::string> plan_ids;
};

struct AuthConfig {
    std::string jwt_secret;    // SUPABASE_JWT_SECRET; "" where the project signs with keys only
    std::string supabase_url;  // SUPABASE_URL, for the JWKS; "" without
    std::string service_key;   // SUPABASE_SERVICE_ROLE_KEY; "" without
    std::string anon_key;      // SUPABASE_ANON_KEY: public, handed to the dashboard
};

struct Config {
    std::string database_url;  // DATABASE_URL
    std::string listen_url;    // PAYDESK_LISTEN_URL: direct, for LISTEN; else database_url
    std::string
        migration_url;  // PAYDESK_MIGRATION_URL: the owner's, for migrate; else database_url
    bool prepared_statements = true;  // false on port 6543 or PAYDESK_POOLER=transaction
    int pool_size = 8;                // PAYDESK_POOL_SIZE

    std::string address = "127.0.0.1";        // PAYDESK_ADDRESS
    std::uint16_t port = 8080;                // PORT
    std::string app_url;                      // APP_URL, NEXT_PUBLIC_APP_URL; without a final '/'
    std::vector<std::string> return_origins;  // PAYDESK_RETURN_URLS, besides APP_URL
    std::vector<std::string> cors_origins;    // PAYDESK_CORS_ORIGINS, besides APP_URL
    std::vector<std::string>
        trusted_proxies;  // PAYDESK_TRUSTED_PROXIES: whose X-Forwarded-For counts

    StripeConfig stripe;
    PayPalConfig paypal;
    AuthConfig auth;
    MailConfig mail;
    // lookup_key -> the provider's price id, from the names that the seeds use
    // (STRIPE_PRICE_MONTHLY, STRIPE_PRO_MONTHLY_PRICE_ID ...). Wins over what a sync finds.
    std::map<std::string, std::string> price_ids;

    int reconcile_requests = 2'000;  // PAYDESK_RECONCILE_REQUESTS: of one run; 0: no schedule
    int paypal_poll_objects = 200;   // PAYDESK_PAYPAL_POLL_OBJECTS: asked about in one run; 0: none
    int past_due_grace_days = 14;    // PAYDESK_PAST_DUE_GRACE_DAYS
    int credits_low_percent = 10;    // PAYDESK_CREDITS_LOW_PERCENT; 0: never told
    int renewal_reminder_days = 14;  // PAYDESK_RENEWAL_REMINDER_DAYS: of yearly plans; 0: none
    std::string dispute_access = "keep";  // PAYDESK_DISPUTE_ACCESS: keep, suspend
    bool allow_anonymous_checkout = false;
    int usage_accepted_days = 35;  // PAYDESK_USAGE_ACCEPTED_DAYS: how late an event may come
    int usage_keep_days = 90;      // PAYDESK_USAGE_KEEP_DAYS: records; roll-ups stay

    std::filesystem::path plans_file;  // PAYDESK_PLANS
    std::filesystem::path web_folder;  // PAYDESK_WEB; empty: no dashboard
    std::filesystem::path share;       // what comes with the program: db/, openapi/, plans.toml
};

// Refuses with invalid_input; the message has one line for each variable that is missing or wrong. No
// value of a secret is in it.
Result<Config> read_config(const Environment& environment, Needs needs);

// The folder that holds plans.toml and db/migrations: PAYDESK_SHARE, beside the program, or its source
// tree. Refuses with unavailable.
Result<std::filesystem::path> find_share(const Environment& environment);

// name=value, a line each, secrets shown only as "set" or "not set". For `paydesk doctor`.
std::string describe(const Config& config);

}  // namespace paydesk
