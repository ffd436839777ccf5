#include "config.h"

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "catalog/plans_file.h"

namespace paydesk {
namespace {

namespace fs = std::filesystem;

// The seeds' names of price variables and the price that each means. Where two names mean the same
// price the first that is set wins.
struct PriceVariable {
    const char* name;
    const char* lookup_key;
};
constexpr PriceVariable price_variables[] = {
    {"STRIPE_PRO_MONTHLY_PRICE_ID",       "pro_monthly"       },
    {"STRIPE_PRO_PRICE_ID",               "pro_monthly"       },
    {"STRIPE_PRICE_MONTHLY",              "pro_monthly"       },
    {"STRIPE_PRO_YEARLY_PRICE_ID",        "pro_yearly"        },
    {"STRIPE_PRICE_YEARLY",               "pro_yearly"        },
    {"STRIPE_BUSINESS_MONTHLY_PRICE_ID",  "business_monthly"  },
    {"STRIPE_BUSINESS_YEARLY_PRICE_ID",   "business_yearly"   },
    {"STRIPE_ENTERPRISE_PRICE_ID",        "enterprise_monthly"},
    {"STRIPE_ENTERPRISE_YEARLY_PRICE_ID", "enterprise_yearly" },
    {"STRIPE_TOPUP_PRICE_ID",             "credits_1000"      },
};

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> comma_separated(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        const auto comma = text.find(',');
        if (auto part = trimmed(text.substr(0, comma)); !part.empty())
            parts.push_back(std::move(part));
        if (comma == std::string_view::npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

// http(s)://host[:port][/path], nothing that hides a host: no user, no query, no fragment.
bool is_plain_url(std::string_view url, bool with_path) {
    const auto scheme = url.starts_with("https://") ? 8u : url.starts_with("http://") ? 7u : 0u;
    if (scheme == 0 || url.size() == scheme) return false;
    const auto rest = url.substr(scheme);
    if (rest.find_first_of("@\\?# \t\"<>") != std::string_view::npos) return false;
    const auto slash = rest.find('/');
    return slash != 0 && (with_path || slash == std::string_view::npos);
}

std::string without_final_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

class Reader {
public:
    Reader(const Environment& environment, Needs needs)
        : environment_(environment), needs_(needs) {}

    Config read() {
        read_database();
        read_http();
        read_stripe();
        read_paypal();
        read_auth();
        config_.mail = read_mail_config(environment_, config_.app_url, problems_);
        read_files();
        read_paypal_plans();
        return std::move(config_);
    }

    const std::vector<std::string>& problems() const { return problems_; }

private:
    template <class... Args>
    void wrong(fmt::format_string<Args...> format, Args&&... args) {
        problems_.push_back("  " + fmt::format(format, std::forward<Args>(args)...));
    }

    std::string get(const std::string& name) { return trimmed(environment_(name).value_or("")); }

    int number(const char* name, int fallback, int least, int most) {
        const std::string text = get(name);
        if (text.empty()) return fallback;
        int value = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failure == std::errc{} && end == text.data() + text.size() && value >= least &&
            value <= most)
            return value;
        wrong("{}: \"{}\" is not a whole number from {} to {}", name, text, least, most);
        return fallback;
    }

    bool flag(const char* name) {
        const std::string text = get(name);
        if (text.empty() || text == "false" || text == "0") return false;
        if (text != "true" && text != "1")
            wrong("{}: \"{}\" is neither true nor false", name, text);
        return true;
    }

    std::string url(const char* name, std::string fallback) {
        const std::string text = without_final_slash(get(name));
        if (text.empty()) return fallback;
        if (!is_plain_url(text, true))
            wrong(
                "{}: write a URL such as https://app.example.com, without user, query or fragment",
                name);
        return text;
    }

    std::vector<std::string> origins(const char* name) {
        auto list = comma_separated(get(name));
        for (auto& origin : list) {
            origin = without_final_slash(origin);
            if (!is_plain_url(origin, false))
                wrong("{}: \"{}\" is not an origin such as https://app.example.com", name, origin);
        }
        return list;
    }

    void check_database_url(const char* name, const std::string& value) {
        const bool uri = value.starts_with("postgres://") || value.starts_with("postgresql://");
        if (!uri && value.find('=') == std::string::npos) {
            wrong("{}: write postgresql://user:password@host:5432/database", name);
        }
    }

    void read_database() {
        config_.database_url = get("DATABASE_URL");
        if (config_.database_url.empty()) {
            if (needs_.database)
                wrong(
                    "DATABASE_URL is missing: postgresql://user:password@host:5432/database "
                    "(Supabase: Connect > Direct connection or Session pooler)");
        } else {
            check_database_url("DATABASE_URL", config_.database_url);
        }
        config_.listen_url = get("PAYDESK_LISTEN_URL");
        if (!config_.listen_url.empty())
            check_database_url("PAYDESK_LISTEN_URL", config_.listen_url);
        config_.migration_url = get("PAYDESK_MIGRATION_URL");
        if (!config_.migration_url.empty())
            check_database_url("PAYDESK_MIGRATION_URL", config_.migration_url);

        const std::string pooler = get("PAYDESK_POOLER");
        if (!pooler.empty() && pooler != "transaction" && pooler != "session") {
            wrong("PAYDESK_POOLER: \"{}\" is neither transaction nor session", pooler);
        }
        const bool transaction_port = config_.database_url.find(":6543") != std::string::npos;
        config_.prepared_statements = pooler.empty() ? !transaction_port : pooler != "transaction";
        if (config_.listen_url.empty()) config_.listen_url = config_.database_url;
        if (config_.migration_url.empty()) config_.migration_url = config_.database_url;
        config_.pool_size = number("PAYDESK_POOL_SIZE", 8, 2, 100);
    }

    void read_http() {
        if (auto address = get("PAYDESK_ADDRESS"); !address.empty()) {
            boost::system::error_code ec;
            boost::asio::ip::make_address(address, ec);
            if (ec && address != "localhost")
                wrong(
                    "PAYDESK_ADDRESS: \"{}\" is not an IP address such as 127.0.0.1 or 0.0.0.0; "
                    "the "
                    "port is PORT",
                    address);
            config_.address = std::move(address);
        }
        config_.port = static_cast<std::uint16_t>(number("PORT", 8080, 0, 65535));
        config_.app_url = url("APP_URL", url("NEXT_PUBLIC_APP_URL", ""));
        if (config_.app_url.empty() && needs_.http) {
            wrong(
                "APP_URL is missing: where your app's pages are, such as https://app.example.com "
                "(NEXT_PUBLIC_APP_URL is read too)");
        }
        config_.return_origins = origins("PAYDESK_RETURN_URLS");
        config_.cors_origins = origins("PAYDESK_CORS_ORIGINS");
        config_.trusted_proxies = comma_separated(get("PAYDESK_TRUSTED_PROXIES"));
        config_.usage_accepted_days = number("PAYDESK_USAGE_ACCEPTED_DAYS", 35, 1, 366);
        config_.usage_keep_days = number("PAYDESK_USAGE_KEEP_DAYS", 90, 8, 3'660);
        config_.past_due_grace_days = number("PAYDESK_PAST_DUE_GRACE_DAYS", 14, 0, 365);
        config_.reconcile_requests = number("PAYDESK_RECONCILE_REQUESTS", 2'000, 0, 1'000'000);
        config_.paypal_poll_objects = number("PAYDESK_PAYPAL_POLL_OBJECTS", 200, 0, 10'000);
        config_.credits_low_percent = number("PAYDESK_CREDITS_LOW_PERCENT", 10, 0, 90);
        config_.renewal_reminder_days = number("PAYDESK_RENEWAL_REMINDER_DAYS", 14, 0, 90);
        if (auto access = get("PAYDESK_DISPUTE_ACCESS"); !access.empty()) {
            if (access != "keep" && access != "suspend")
                wrong("PAYDESK_DISPUTE_ACCESS: \"{}\" is neither keep nor suspend", access);
            config_.dispute_access = std::move(access);
        }
        config_.allow_anonymous_checkout = flag("PAYDESK_ALLOW_ANONYMOUS_CHECKOUT");
        if (const auto level = get("LOG_LEVEL"); !level.empty()) {
            const bool known =
                level == "debug" || level == "info" || level == "warning" || level == "error";
            if (!known) wrong("LOG_LEVEL: \"{}\" is not one of debug, info, warning, error", level);
        }
    }

    void read_stripe() {
        auto& stripe = config_.stripe;
        stripe.secret_key = get("STRIPE_SECRET_KEY");
        const std::string_view key = stripe.secret_key;
        if (key.empty()) {
            if (needs_.provider)
                wrong(
                    "STRIPE_SECRET_KEY is missing: sk_test_... or sk_live_... (Stripe: Developers "
                    "> API keys)");
        } else if (key.starts_with("pk_")) {
            wrong(
                "STRIPE_SECRET_KEY holds a publishable key (pk_...): the server needs the secret "
                "one (sk_... or rk_...)");
        } else if (!key.starts_with("sk_") && !key.starts_with("rk_")) {
            wrong("STRIPE_SECRET_KEY does not begin with sk_ or rk_: copy it again");
        } else if (key.find_first_of(" \t\r\n\"'") != std::string_view::npos) {
            wrong("STRIPE_SECRET_KEY holds spaces or quotes: copy it again");
        }
        stripe.livemode = key.starts_with("sk_live_") || key.starts_with("rk_live_");
        stripe.api_base = url("STRIPE_API_BASE", "https://api.stripe.com");
        stripe.usage_api_version = get("STRIPE_USAGE_API_VERSION");
        if (const std::string& version = stripe.usage_api_version; !version.empty()) {
            const std::string day = version.substr(0, version.find('.'));
            if (!parse_iso8601(day + "T00:00:00Z")) {
                wrong("STRIPE_USAGE_API_VERSION: \"{}\" is no version such as 2024-06-20", version);
            } else if (day >= "2025-03-31") {
                wrong(
                    "STRIPE_USAGE_API_VERSION: {} has no usage records (2025-03-31.basil removed "
                    "them): leave it unset, usage is reported to meters",
                    version);
            }
        }
        stripe.webhook_secrets = comma_separated(get("STRIPE_WEBHOOK_SECRET"));
        if (stripe.webhook_secrets.empty() && needs_.http) {
            wrong(
                "STRIPE_WEBHOOK_SECRET is missing: whsec_... of the endpoint "
                "APP_URL/api/webhooks/stripe (several: comma separated). Without it no webhook is "
                "accepted");
        }
        for (const auto& secret : stripe.webhook_secrets) {
            if (!secret.starts_with("whsec_") || secret.size() < 16) {
                wrong(
                    "STRIPE_WEBHOOK_SECRET: every secret begins with whsec_ and has at least 16 "
                    "characters");
                break;
            }
        }
        for (const auto& [name, lookup_key] : price_variables) read_price(name, lookup_key);
    }

    void read_paypal() {
        auto& paypal = config_.paypal;
        paypal.webhook_id = get("PAYPAL_WEBHOOK_ID");
        const std::string mode = get("PAYPAL_MODE");
        if (!mode.empty() && mode != "live" && mode != "sandbox")
            wrong("PAYPAL_MODE: \"{}\" is neither live nor sandbox", mode);
        paypal.livemode = mode == "live";
        read_paypal_credentials();
        paypal.cert_url_prefix = get("PAYPAL_CERT_URL_PREFIX");
        const std::string file = get("PAYPAL_CA_FILE");
        if (!file.empty()) {
            std::ifstream in(file, std::ios::binary);
            std::ostringstream text;
            text << in.rdbuf();
            paypal.authorities_pem = text.str();
            if (paypal.authorities_pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
                wrong("PAYPAL_CA_FILE: {} holds no certificate (PEM)", file);
        }
        if (!paypal.cert_url_prefix.empty() && file.empty())
            wrong(
                "PAYPAL_CERT_URL_PREFIX wants PAYPAL_CA_FILE as well: certificates from elsewhere "
                "need "
                "an authority of their own");
    }

    void read_paypal_credentials() {
        auto& paypal = config_.paypal;
        paypal.client_id = get("PAYPAL_CLIENT_ID");
        if (paypal.client_id.empty()) paypal.client_id = get("NEXT_PUBLIC_PAYPAL_CLIENT_ID");
        paypal.client_secret = get("PAYPAL_CLIENT_SECRET");
        paypal.api_base =
            url("PAYPAL_API_BASE",
                paypal.livemode ? "https://api-m.paypal.com" : "https://api-m.sandbox.paypal.com");
        const auto look = [&](const char* name, const std::string& value, const char* other) {
            if (value.empty())
                wrong(
                    "{} is missing, but {} is there: PayPal needs both (PayPal: Apps & "
                    "Credentials)",
                    name, other);
            if (value.find_first_of(" \t\r\n\"':") != std::string::npos)
                wrong("{} holds spaces, quotes or colons: copy it again", name);
        };
        if (!paypal.client_id.empty() || !paypal.client_secret.empty()) {
            look("PAYPAL_CLIENT_ID", paypal.client_id, "PAYPAL_CLIENT_SECRET");
            look("PAYPAL_CLIENT_SECRET", paypal.client_secret, "PAYPAL_CLIENT_ID");
        }
        if (paypal.is_configured() && paypal.webhook_id.empty() && needs_.http) {
            wrong(
                "PAYPAL_WEBHOOK_ID is missing: what PayPal calls the webhook "
                "APP_URL/api/webhooks/paypal. Without it no webhook is accepted");
        }
        const std::string verify = get("PAYPAL_VERIFY");
        if (!verify.empty() && verify != "offline" && verify != "online")
            wrong("PAYPAL_VERIFY: \"{}\" is neither offline nor online", verify);
        paypal.verify_online = verify == "online";
        if (paypal.verify_online && !paypal.is_configured())
            wrong("PAYPAL_VERIFY=online wants PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET");
    }

    // PAYPAL_PRO_MONTHLY_PLAN_ID of the price pro_monthly. A plans.toml that can't be read is told elsewhere.
    void read_paypal_plans() {
        if (!config_.paypal.is_configured()) return;
        const auto catalogue = catalog::read_plans(config_.plans_file);
        if (!catalogue) return;
        for (const auto& plan : catalogue->plans) {
            for (const auto& price : plan.prices) {
                std::string name = "PAYPAL_" + price.lookup_key + "_PLAN_ID";
                std::ranges::transform(name, name.begin(), [](unsigned char c) {
                    return static_cast<char>(std::toupper(c));
                });
                std::string id = get(name);
                if (id.empty()) id = get("NEXT_PUBLIC_" + name);
                if (id.empty()) continue;
                if (!id.starts_with("P-"))
                    wrong("{}: {} is no plan's id; those begin with P-", name, id);
                config_.paypal.plan_ids.emplace(price.lookup_key, std::move(id));
            }
        }
    }

    void read_price(const std::string& name, const std::string& lookup_key) {
        std::string value = get(name);
        if (value.empty()) value = get("NEXT_PUBLIC_" + name);
        if (value.empty()) return;
        if (value.starts_with("prod_")) {
            wrong("{}: {} is a product; the price's id begins with price_", name, value);
            return;
        }
        config_.price_ids.emplace(lookup_key, std::move(value));
    }

    void read_auth() {
        auto& auth = config_.auth;
        auth.jwt_secret = get("SUPABASE_JWT_SECRET");
        auth.supabase_url = url("SUPABASE_URL", url("NEXT_PUBLIC_SUPABASE_URL", ""));
        auth.service_key = get("SUPABASE_SERVICE_ROLE_KEY");
        auth.anon_key = get("SUPABASE_ANON_KEY");
        if (auth.anon_key.empty()) auth.anon_key = get("NEXT_PUBLIC_SUPABASE_ANON_KEY");
        if (needs_.http && auth.jwt_secret.empty() && auth.supabase_url.empty()) {
            wrong(
                "SUPABASE_URL (projects with signing keys) or SUPABASE_JWT_SECRET (older ones) is "
                "missing: without one no user's token can be checked");
        }
        if (!auth.jwt_secret.empty() && auth.jwt_secret.size() < 32) {
            wrong(
                "SUPABASE_JWT_SECRET has fewer than 32 characters: copy it again (Supabase: "
                "Project settings > JWT)");
        }
        if (!auth.service_key.empty() && auth.service_key.size() < 20) {
            wrong("SUPABASE_SERVICE_ROLE_KEY has fewer than 20 characters: copy it again");
        }
        if (!auth.service_key.empty() && auth.service_key == auth.anon_key) {
            wrong(
                "SUPABASE_SERVICE_ROLE_KEY and SUPABASE_ANON_KEY are the same: the anon key is "
                "public");
        }
    }

    void read_files() {
        if (auto share = find_share(environment_)) {
            config_.share = *share;
        } else {
            wrong("{}", share.error().message);
            return;
        }
        const std::string plans = get("PAYDESK_PLANS");
        config_.plans_file = plans.empty() ? config_.share / "plans.toml" : fs::path(plans);
        if (!plans.empty() && !fs::is_regular_file(config_.plans_file))
            wrong("PAYDESK_PLANS: there is no file {}", plans);

        const std::string web = get("PAYDESK_WEB");
        std::error_code ignored;
        if (!web.empty()) {
            config_.web_folder = web;
            if (!fs::is_regular_file(config_.web_folder / "index.html", ignored))
                wrong("PAYDESK_WEB: there is no index.html in {}", web);
        } else if (const fs::path built = config_.share / "web/apps/dashboard/dist";
                   fs::is_regular_file(built / "index.html", ignored)) {
            config_.web_folder = built;
        }
    }

    const Environment& environment_;
    Needs needs_;
    Config config_;
    std::vector<std::string> problems_;
};

bool is_share(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "plans.toml", ignored) &&
           fs::is_directory(folder / "db/migrations", ignored);
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

Result<fs::path> find_share(const Environment& environment) {
    if (const auto named = environment("PAYDESK_SHARE"); named && !named->empty()) {
        if (is_share(*named)) return fs::path(*named);
        return Error{ErrorCode::unavailable,
                     "PAYDESK_SHARE: there is no plans.toml and db/migrations in " + *named};
    }
    std::error_code failure;
    const fs::path program = fs::read_symlink("/proc/self/exe", failure);
    for (fs::path folder = program.parent_path(); !failure; folder = folder.parent_path()) {
        if (is_share(folder)) return folder;
        if (is_share(folder / "share/paydesk")) return folder / "share/paydesk";
        if (folder == folder.parent_path()) break;
    }
    return Error{ErrorCode::unavailable,
                 "PAYDESK_SHARE is missing: the folder with plans.toml and db/migrations was not "
                 "found beside the program"};
}

Result<Config> read_config(const Environment& environment, Needs needs) {
    Reader reader(environment, needs);
    Config config = reader.read();
    if (!reader.problems().empty()) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("The environment is not complete; {} to mend:\n{}",
                                 reader.problems().size(), fmt::join(reader.problems(), "\n"))};
    }
    return config;
}

std::string describe(const Config& config) {
    const auto secret = [](const std::string& value) { return value.empty() ? "not set" : "set"; };
    std::string text;
    const auto line = [&text](std::string_view name, std::string_view value) {
        text += fmt::format("  {:<28} {}\n", name, value);
    };
    line("DATABASE_URL", secret(config.database_url));
    line("listen on", fmt::format("{}:{}", config.address, config.port));
    line("APP_URL", config.app_url.empty() ? "not set" : config.app_url);
    line("PAYDESK_RETURN_URLS", fmt::format("{}", fmt::join(config.return_origins, ", ")));
    line("PAYDESK_CORS_ORIGINS", fmt::format("{}", fmt::join(config.cors_origins, ", ")));
    line("STRIPE_SECRET_KEY", config.stripe.secret_key.empty() ? "not set"
                              : config.stripe.livemode         ? "set (live)"
                                                               : "set (test)");
    line("STRIPE_API_BASE", config.stripe.api_base);
    if (!config.stripe.usage_api_version.empty())
        line("STRIPE_USAGE_API_VERSION", config.stripe.usage_api_version);
    line("STRIPE_WEBHOOK_SECRET", fmt::format("{} of them", config.stripe.webhook_secrets.size()));
    line("PAYPAL_CLIENT_ID", config.paypal.client_id.empty() ? "not set" : config.paypal.client_id);
    line("PAYPAL_CLIENT_SECRET", secret(config.paypal.client_secret));
    line("PAYPAL_API_BASE", config.paypal.api_base);
    line("PAYPAL_VERIFY", config.paypal.verify_online ? "online" : "offline");
    line("PAYPAL_WEBHOOK_ID",
         config.paypal.webhook_id.empty() ? "not set" : config.paypal.webhook_id);
    line("PAYPAL_MODE", config.paypal.livemode ? "live" : "sandbox");
    line("SUPABASE_URL", config.auth.supabase_url.empty() ? "not set" : config.auth.supabase_url);
    line("SUPABASE_JWT_SECRET", secret(config.auth.jwt_secret));
    line("SUPABASE_SERVICE_ROLE_KEY", secret(config.auth.service_key));
    line("past due grace, days", std::to_string(config.past_due_grace_days));
    line("renewal reminder, days", std::to_string(config.renewal_reminder_days));
    line("PAYDESK_DISPUTE_ACCESS", config.dispute_access);
    line("PAYDESK_RECONCILE_REQUESTS", std::to_string(config.reconcile_requests));
    line("PAYDESK_PAYPAL_POLL_OBJECTS", std::to_string(config.paypal_poll_objects));
    line("usage accepted, days", std::to_string(config.usage_accepted_days));
    line("usage records kept, days", std::to_string(config.usage_keep_days));
    for (const auto& [lookup_key, price] : config.price_ids) line("price " + lookup_key, price);
    for (const auto& [lookup_key, plan] : config.paypal.plan_ids)
        line("PayPal plan " + lookup_key, plan);
    for (const auto& [name, value] : describe(config.mail)) line(name, value);
    line("plans", config.plans_file.string());
    line("dashboard", config.web_folder.empty() ? "not built" : config.web_folder.string());
    return text;
}

}  // namespace paydesk
