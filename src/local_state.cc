#include "local_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "auth/local_tokens.h"
#include "base/ids.h"
#include "base/json.h"

namespace paydesk {
namespace {

namespace fs = std::filesystem;

fs::path file_in(const fs::path& folder) { return folder / "state.json"; }

[[noreturn]] void cannot_write(const fs::path& file) {
    throw Unavailable("cannot write " + file.string() + ": " + std::strerror(errno) +
                      ". Choose another folder with --var.");
}

}  // namespace

LocalState load_local_state(const fs::path& folder) {
    std::ifstream file(file_in(folder), std::ios::binary);
    if (!file) {
        return {.jwt_secret = random_alphanumeric(48),
                .service_key = "paydesk_service_" + random_alphanumeric(40),
                .webhook_endpoint_id = {},
                .webhook_secret = {},
                .database_url = {},
                .sandbox_url = {}};
    }
    std::ostringstream text;
    text << file.rdbuf();
    const auto parsed = parse_json(text.str());
    const auto member = [&](const char* name) { return string_at(*parsed, {name}).value_or(""); };
    if (!parsed || member("jwt_secret").size() < 32) {
        throw Unavailable(file_in(folder).string() +
                          " is damaged. Remove it: `paydesk up` makes a new one.");
    }
    return {.jwt_secret = member("jwt_secret"),
            .service_key = member("service_key"),
            .webhook_endpoint_id = member("webhook_endpoint_id"),
            .webhook_secret = member("webhook_secret"),
            .database_url = member("database_url"),
            .sandbox_url = member("sandbox_url")};
}

void save_local_state(const fs::path& folder, const LocalState& state) {
    const std::string text = json::serialize(json::object{
        {"jwt_secret",          state.jwt_secret         },
        {"service_key",         state.service_key        },
        {"webhook_endpoint_id", state.webhook_endpoint_id},
        {"webhook_secret",      state.webhook_secret     },
        {"database_url",        state.database_url       },
        {"sandbox_url",         state.sandbox_url        }
    });
    // Written beside it, then renamed: a crash leaves the old one whole.
    const fs::path file = file_in(folder), beside = file.string() + ".new";
    const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) cannot_write(beside);
    const auto written = ::write(descriptor, text.data(), text.size());
    const bool whole = written == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
    const int failure = errno;
    ::close(descriptor);
    errno = failure;
    if (!whole || ::rename(beside.c_str(), file.c_str()) != 0) cannot_write(file);
}

const std::vector<api::LocalUser>& local_users() {
    static const std::vector<api::LocalUser> users = {
        {"0190ada0-0000-7000-8000-000000000001", "ada@example.com",   "Ada Lovelace", false},
        {"0190ada0-0000-7000-8000-000000000002", "grace@example.com", "Grace Hopper", false},
        {"0190ada0-0000-7000-8000-000000000003", "admin@example.com", "Admin",        true },
    };
    return users;
}

api::LocalSignIn local_sign_in(const LocalState& state, const Clock& clock,
                               std::chrono::seconds lifetime) {
    return {.users = local_users(),
            .lifetime = lifetime,
            .mint = [secret = state.jwt_secret, &clock, lifetime](const api::LocalUser& user) {
                return auth::mint_local_token(secret,
                                              {{user.id}, user.email, user.is_admin ? "admin" : ""},
                                              clock.now(), lifetime);
            }};
}

}  // namespace paydesk
