#pragma once
// The public keys of the sign-in service (RFC 7517), fetched and kept. Inside auth/ only.

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/signal.h"
#include "base/task.h"
#include "http/client.h"

struct evp_pkey_st;

namespace paydesk::auth {

inline constexpr std::chrono::minutes jwks_age_max{10};  // then fetched again
inline constexpr std::chrono::hours jwks_stale_max{24};  // then unusable, if fetching still fails
inline constexpr std::chrono::seconds jwks_fetch_pause{10};  // between two attempts
inline constexpr std::size_t jwks_bytes_max = 256 * 1024;
inline constexpr std::size_t jwks_keys_max = 32;

// A key that says itself which algorithm it is for: what a token's header says cannot change it.
class PublicKey {
public:
    // P-256 keys for ES256 and RSA keys of 2048 to 8192 bits for RS256. Nothing for any other key,
    // for one that is not meant for signatures and for one whose own `alg` differs.
    static std::optional<PublicKey> from_jwk(const boost::json::value& jwk);

    std::string_view alg() const { return alg_; }
    bool verifies(std::string_view message, std::string_view signature) const;

private:
    PublicKey(std::string_view alg, std::shared_ptr<evp_pkey_st> key)
        : alg_(alg), key_(std::move(key)) {}

    std::string_view alg_;
    std::shared_ptr<evp_pkey_st> key_;
};

using KeysById = std::map<std::string, PublicKey, std::less<>>;

// The usable keys of a key set, at most jwks_keys_max; the first of two with one kid. Nothing when
// the text is no key set.
std::optional<KeysById> parse_jwks(std::string_view text);

class Jwks : public std::enable_shared_from_this<Jwks> {
public:
    // REQUIRES: made by make_shared (a fetch may outlast its owner); transport and clock outlive
    // the io_context's last turn.
    Jwks(std::string url, http::Transport& transport, const Clock& clock);

    struct Found {
        std::optional<PublicKey> key;
        bool reliable;  // false: not known, and the service could not be asked just now
    };

    // A known key is answered at once, from the keys kept; when those are due, a fetch begins
    // behind its back. An unknown one is asked for: one fetch at a time, whoever waits, and at most
    // one in jwks_fetch_pause, whatever strangers send.
    Task<Found> find(std::string kid);

private:
    std::optional<PublicKey> known(std::string_view kid) const;
    bool may_fetch() const;
    static Task<> refresh(std::shared_ptr<Jwks> self);
    Task<bool> fetch();

    std::string url_;
    http::Transport& transport_;
    const Clock& clock_;
    KeysById keys_;
    std::optional<Instant> fetched_at_;    // with success
    std::optional<Instant> attempted_at_;  // the last time
    bool last_failed_ = false;
    bool fetching_ = false;
    std::vector<std::shared_ptr<Signal>> waiting_;
};

}  // namespace paydesk::auth
