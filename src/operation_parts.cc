#include "operation_parts.h"

#include "base/error.h"
#include "local_state.h"

namespace paydesk {

Config config_for(Needs needs) {
    auto config = read_config(process_environment(), needs);
    if (!config) throw Unavailable(config.error().message);
    return std::move(*config);
}

Config config_of_up(const std::filesystem::path& var) {
    const LocalState state = load_local_state(var);
    if (state.database_url.empty()) {
        throw Unavailable("There was no `paydesk up` with the folder " + var.string() + " yet.");
    }
    Config config;
    config.database_url = config.listen_url = config.migration_url = state.database_url;
    config.stripe.secret_key = sandbox_secret_key;
    config.stripe.api_base = state.sandbox_url;
    config.paypal.client_id = sandbox_paypal_client_id;
    config.paypal.client_secret = sandbox_paypal_client_secret;
    config.paypal.api_base = state.sandbox_url + "/paypal";
    return config;
}

db::Options database_options(const Config& config) {
    return {.url = config.database_url,
            .pipelines = 1,
            .sessions_max = 2,
            .prepared_statements = config.prepared_statements};
}

}  // namespace paydesk
