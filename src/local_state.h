#pragma once
// What `paydesk up` keeps in its folder besides the database: secrets that it has made, and the people
// who can sign in. All of it is local and worth nothing elsewhere.

#include <filesystem>
#include <string>
#include <vector>

#include "api/services.h"

namespace paydesk {

struct LocalState {
    std::string jwt_secret;           // signs the tokens of the local sign-in
    std::string service_key;          // for trying service calls
    std::string webhook_endpoint_id;  // at the sandbox; "" until it is made
    std::string webhook_secret;
    std::string database_url;  // while it runs: for other commands and curious people
    std::string sandbox_url = {};
};

// Any key is right for the sandbox.
inline constexpr const char* sandbox_secret_key = "sk_test_paydesk_sandbox";
// What `up` tells the sandbox's PayPal and the server alike.
inline constexpr const char* sandbox_paypal_client_id = "paydesk_sandbox_client";
inline constexpr const char* sandbox_paypal_client_secret = "paydesk_sandbox_secret";
inline constexpr const char* sandbox_paypal_webhook_id = "PAYDESKSANDBOX0001";

// Of the folder's state.json (mode 0600), or a new one with fresh secrets.
// Throws Unavailable: the file is damaged or the folder cannot be read.
LocalState load_local_state(const std::filesystem::path& folder);
// Throws Unavailable: the folder cannot be written, the disk is full.
void save_local_state(const std::filesystem::path& folder, const LocalState& state);

const std::vector<api::LocalUser>& local_users();

// The local sign-in with this state's secret.
api::LocalSignIn local_sign_in(const LocalState& state, const Clock& clock,
                               std::chrono::seconds lifetime = std::chrono::hours(12));

}  // namespace paydesk
