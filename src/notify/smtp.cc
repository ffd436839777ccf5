#include "notify/smtp.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>

#include "base/worker_pool.h"

namespace paydesk::notify {

namespace {

constexpr long connection_idle_seconds_max = 30;

struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Nothing for what is not there and for what decodes to a control character, which libcurl refuses;
// `odd` is set then.
std::string part_of(CURLU* url, CURLUPart part, bool& odd) {
    char* text = nullptr;
    const CURLUcode code = curl_url_get(url, part, &text, CURLU_URLDECODE);
    if (code == CURLUE_URLDECODE || code == CURLUE_OUT_OF_MEMORY) odd = true;
    if (code != CURLUE_OK) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
}

// What libcurl reads the mail from.
struct Reading {
    std::string_view rest;
    bool begun = false;  // the server has said 354: it waits for the mail itself
};

std::size_t give_mail(char* into, std::size_t, std::size_t room, void* from) {
    auto& reading = *static_cast<Reading*>(from);
    reading.begun = true;
    const std::size_t count = std::min(room, reading.rest.size());
    reading.rest.copy(into, count);
    reading.rest.remove_prefix(count);
    return count;
}

long use_ssl(SmtpServer::Tls tls) {
    switch (tls) {
        case SmtpServer::Tls::required:
            return CURLUSESSL_ALL;
        case SmtpServer::Tls::optional:
            return CURLUSESSL_TRY;
        case SmtpServer::Tls::off:
            return CURLUSESSL_NONE;
    }
    std::unreachable();
}

void set_options(CURL* curl, const SmtpServer& server, const std::string& url,
                 const std::string& from, const curl_slist* to, const std::string& mail,
                 Reading& reading, char* error_text) {
    curl_easy_reset(curl);  // keeps the connection
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // a proxy for HTTP is none for mail
    curl_easy_setopt(curl, CURLOPT_USE_SSL, use_ssl(server.tls));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!server.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, server.ca_file.c_str());
    if (!server.user.empty()) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, server.user.c_str());
        curl_easy_setopt(curl, CURLOPT_PASSWORD, server.password.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.size()));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &give_mail);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(server.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, connection_idle_seconds_max);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
}

// Replies that speak of us and not of this mail: service closing, authentication wanted or failed.
bool is_about_us(long code) {
    return code == 421 || code == 530 || code == 534 || code == 535 || code == 538 || code == 454;
}

Delivery judge(CURLcode result, long code, const Reading& reading, const char* error_text) {
    using enum Delivery::Outcome;
    if (result == CURLE_OK) return {accepted, static_cast<int>(code), ""};
    const std::string why = *error_text != '\0' ? error_text : curl_easy_strerror(result);
    Delivery delivery{unreachable, static_cast<int>(code), why};
    // libcurl says CURLE_SEND_ERROR of a refused MAIL, RCPT or DATA, and CURLE_WEIRD_SERVER_REPLY of a
    // refused mail, and of a server that greets with a refusal: then the mail was not begun.
    const bool of_mail =
        result == CURLE_SEND_ERROR || (result == CURLE_WEIRD_SERVER_REPLY && reading.begun);
    if (of_mail && !is_about_us(code)) {
        if (code >= 500 && code < 600) delivery.outcome = refused;
        if (code >= 400 && code < 500) delivery.outcome = deferred;
    }
    return delivery;
}

}  // namespace

Result<SmtpServer> parse_smtp_url(const std::string& text) {
    const Error wrong{ErrorCode::invalid_input,
                      "write smtp://user:password@mail.example.com:587 (STARTTLS) or "
                      "smtps://user:password@mail.example.com:465; percent-encode special "
                      "characters of the password"};
    if (!text.starts_with("smtp://") && !text.starts_with("smtps://")) return wrong;
    const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return wrong;
    bool odd = false;
    const auto part = [&](CURLUPart which) { return part_of(url.get(), which, odd); };
    const std::string path = part(CURLUPART_PATH);
    if ((!path.empty() && path != "/") || !part(CURLUPART_QUERY).empty() ||
        !part(CURLUPART_FRAGMENT).empty())
        return wrong;

    SmtpServer server{.scheme = part(CURLUPART_SCHEME),
                      .host = part(CURLUPART_HOST),
                      .user = part(CURLUPART_USER),
                      .password = part(CURLUPART_PASSWORD)};
    const std::string port = part(CURLUPART_PORT);
    server.port = server.scheme == "smtps" ? 465 : 587;
    if (!port.empty())
        server.port = static_cast<std::uint16_t>(std::stoi(port));  // libcurl read it
    if (server.host.empty() || server.port == 0 || odd) return wrong;
    return server;
}

bool is_safe_for_password(const SmtpServer& server) {
    if (server.password.empty() || server.scheme == "smtps") return true;
    if (server.tls == SmtpServer::Tls::required) return true;
    return server.host == "localhost" || server.host == "127.0.0.1" || server.host == "[::1]";
}

class SmtpClient::Impl {
public:
    Impl(asio::io_context& io, SmtpServer server)
        : server_(std::move(server)),
          url_(fmt::format("{}://{}:{}/{}", server_.scheme, server_.host, server_.port,
                           server_.ehlo_name)),
          handle_(curl_easy_init()),
          pool_(io, 1) {
        if (!handle_) throw std::bad_alloc();
    }

    Task<Delivery> send(std::string from, std::string to, std::string mail) {
        auto work = [this, from = std::move(from), to = std::move(to), mail = std::move(mail)] {
            return perform(from, to, mail);
        };
        co_return co_await pool_.run(std::move(work));
    }

private:
    // On the one worker thread: the handle, and with it the connection, is only used there.
    Delivery perform(const std::string& from, const std::string& to, const std::string& mail) {
        const std::unique_ptr<curl_slist, FreeList> recipients(
            curl_slist_append(nullptr, ("<" + to + ">").c_str()));
        if (!recipients) throw std::bad_alloc();
        Reading reading{mail};
        char error_text[CURL_ERROR_SIZE] = "";
        set_options(handle_.get(), server_, url_, "<" + from + ">", recipients.get(), mail, reading,
                    error_text);
        const CURLcode result = curl_easy_perform(handle_.get());
        long code = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
        curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, nullptr);
        return judge(result, code, reading, error_text);
    }

    const SmtpServer server_;
    const std::string url_;
    std::unique_ptr<CURL, CloseHandle> handle_;
    WorkerPool pool_;  // last: ends first
};

SmtpClient::SmtpClient(asio::io_context& io, SmtpServer server) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    impl_ = std::make_unique<Impl>(io, std::move(server));
}

SmtpClient::~SmtpClient() = default;

Task<Delivery> SmtpClient::send(std::string from, std::string to, std::string mail) {
    return impl_->send(std::move(from), std::move(to), std::move(mail));
}

}  // namespace paydesk::notify
