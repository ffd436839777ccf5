#pragma once
// For auth's own tests: key pairs, tokens signed with them, and a sign-in service to fetch them from.

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>

#include "http/client.h"

struct evp_pkey_st;

namespace paydesk::auth::test {

class KeyPair {
public:
    static KeyPair p256(std::string kid);
    static KeyPair rsa(std::string kid, unsigned bits = 2048);

    const std::string& kid() const { return kid_; }
    boost::json::object jwk() const;  // the public half
    std::string pem() const;          // the public half
    // With alg and kid in the header, unless `header` replaces them.
    std::string token(const boost::json::object& claims, boost::json::object header = {}) const;

private:
    KeyPair(std::string kid, std::string alg, evp_pkey_st* key);
    std::string sign(std::string_view message) const;

    std::string kid_, alg_;
    std::shared_ptr<evp_pkey_st> key_;
};

std::string join(const boost::json::object& header, const boost::json::object& claims,
                 std::string_view signature);
std::string hs256(const boost::json::object& header, const boost::json::object& claims,
                  std::string_view secret);

// Answers with the keys it holds, or not at all.
class SignInService final : public http::Transport {
public:
    Task<http::ClientResponse> send(http::ClientRequest request) override;

    boost::json::array keys;
    bool away = false;
    int status = 200;
    std::string body_instead = {};
    std::chrono::milliseconds delay{0};
    asio::io_context* io = nullptr;  // for the delay
    int asked = 0;
    std::string asked_url = {};
};

}  // namespace paydesk::auth::test
