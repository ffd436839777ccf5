#pragma once
// Where a provider's page may send the browser back to: our own origins and nothing else (law 6).
//
// Browsers are lenient readers of URLs ("https:\\evil", "//evil", "http://good@evil"), so what is not
// plainly one of ours is refused: no guessing.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace paydesk::billing {

inline constexpr std::size_t return_url_bytes_max = 2048;

class ReturnUrls {
public:
    // `app_url` and `more` as the configuration has checked them; of each only the origin counts.
    ReturnUrls(std::string app_url, const std::vector<std::string>& more);

    // `url` as it may be sent to the provider. A path ("/success?x=1") is taken under the app's URL.
    // Refuses with url_not_allowed: another origin, user information, a backslash, spaces, control
    // characters, non-ASCII, braces other than {CHECKOUT_SESSION_ID}, too long.
    Result<std::string> check(std::string_view url) const;

    const std::string& app_url() const { return app_url_; }
    std::string success_url() const;  // where none is given
    std::string cancel_url() const;
    std::string portal_return_url() const;
    // The billing page, where an invoice of ours is paid; and what its buyer comes back to who has agreed at the provider.
    std::string billing_url() const;
    std::string invoice_paid_url() const;

private:
    std::string app_url_;
    std::vector<std::string> origins_;  // lower case, default ports left out
};

}  // namespace paydesk::billing
