#include "http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/worker_pool.h"

namespace paydesk::http {

namespace {

constexpr std::size_t response_head_bytes_max = 64 * 1024;
constexpr long connections_kept_per_handle = 4;

struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;
using FieldList = std::unique_ptr<curl_slist, FreeList>;

// What libcurl's callbacks fill in.
struct Exchange {
    const ClientRequest& request;
    ClientResponse response = {};
    std::size_t head_bytes = 0;
    bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* into) {
    auto& exchange = *static_cast<Exchange*>(into);
    if (exchange.response.body.size() + count > exchange.request.response_bytes_max) {
        exchange.too_large = true;
        return 0;  // aborts the transfer
    }
    exchange.response.body.append(bytes, count);
    return count;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos)
        text.remove_suffix(1);
    return text;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* into) {
    auto& exchange = *static_cast<Exchange*>(into);
    exchange.head_bytes += count;
    if (exchange.head_bytes > response_head_bytes_max) {
        exchange.too_large = true;
        return 0;
    }
    const std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) {
        exchange.response.headers = {};  // of an interim response
        return count;
    }
    if (const std::size_t colon = line.find(':'); colon != line.npos) {
        exchange.response.headers.add(std::string(trimmed(line.substr(0, colon))),
                                      std::string(trimmed(line.substr(colon + 1))));
    }
    return count;
}

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

// Refuses what would write another header, or another request, than the caller meant.
void check(const ClientRequest& request) {
    bool bad = has_line_break(request.url) || has_line_break(request.method);
    for (const auto& [name, value] : request.headers)
        bad = bad || has_line_break(name) || has_line_break(value);
    if (bad) throw TransportError("a line break in the URL or a header of a request", true);
}

FieldList field_list(const ClientRequest& request) {
    curl_slist* list = nullptr;
    const auto append = [&](const std::string& line) {
        curl_slist* longer = curl_slist_append(list, line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        list = longer;
    };
    for (const auto& [name, value] : request.headers)
        append(value.empty() ? name + ";" : name + ": " + value);
    // What libcurl would add by itself: a wait for 100-continue, and a type for every body.
    append("Expect:");
    if (!request.headers.contains("Content-Type")) append("Content-Type:");
    return FieldList(list);
}

// A request to this machine never goes through a proxy that the environment names.
std::string hosts_without_proxy() {
    const char* lower = std::getenv("no_proxy");
    const char* upper = std::getenv("NO_PROXY");
    std::string hosts = lower != nullptr ? lower : upper != nullptr ? upper : "";
    if (hosts == "*") return hosts;
    return hosts + (hosts.empty() ? "" : ",") + "localhost,127.0.0.1,::1";
}

void set_method(CURL* curl, const ClientRequest& request) {
    if (request.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        return;
    }
    const bool carries =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (carries || !request.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
    }
    if (request.method != "POST" && (request.method != "GET" || !request.body.empty()))
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_options(CURL* curl, Exchange& exchange, const curl_slist* fields,
                 const std::string& no_proxy, char* error_text) {
    const ClientRequest& request = exchange.request;
    curl_easy_reset(curl);  // keeps connections and the DNS cache
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // One request at a time on a connection: HTTP/2 would gain nothing.
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_NOPROXY, no_proxy.c_str());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Paydesk/" PAYDESK_VERSION);
    curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, connections_kept_per_handle);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
    set_method(curl, request);
}

// Sending anything at all counts as sent: even half a request may have reached its handler.
bool nothing_was_sent(CURL* curl) {
    long bytes = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes == 0;
}

std::string host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
    return std::string(url.substr(0, url.find_first_of("/?#", host)));
}

}  // namespace

class CurlTransport::Impl {
public:
    Impl(asio::io_context& io, int workers)
        : no_proxy_(hosts_without_proxy()), pool_(io, workers) {}

    Task<ClientResponse> send(ClientRequest request) {
        auto work = [this, request = std::move(request)] { return perform(request); };
        co_return co_await pool_.run(std::move(work));
    }

private:
    ClientResponse perform(const ClientRequest& request) {
        check(request);
        Handle handle = take_handle();
        const FieldList fields = field_list(request);
        Exchange exchange{.request = request};
        char error_text[CURL_ERROR_SIZE] = "";
        set_options(handle.get(), exchange, fields.get(), no_proxy_, error_text);
        const CURLcode code = curl_easy_perform(handle.get());
        long status = 0;
        curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
        const bool never_sent = nothing_was_sent(handle.get());
        curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, nullptr);
        give_back(std::move(handle));

        // The query is left out: it may hold what must not be logged.
        const std::string what = request.method + " " + host_of(request.url) + ": ";
        if (exchange.too_large) {
            throw TransportError(what + "the response is larger than " +
                                     std::to_string(request.response_bytes_max) + " bytes",
                                 false);
        }
        if (code != CURLE_OK) {
            const char* why = *error_text != '\0' ? error_text : curl_easy_strerror(code);
            throw TransportError(what + why, never_sent);
        }
        exchange.response.status = static_cast<int>(status);
        return std::move(exchange.response);
    }

    // The handle that was used last, for its connection is the warmest.
    Handle take_handle() {
        {
            const std::scoped_lock lock(mutex_);
            if (!idle_.empty()) {
                Handle handle = std::move(idle_.back());
                idle_.pop_back();
                return handle;
            }
        }
        Handle handle(curl_easy_init());
        if (!handle) throw std::bad_alloc();
        return handle;
    }

    void give_back(Handle handle) {
        const std::scoped_lock lock(mutex_);
        idle_.push_back(std::move(handle));
    }

    std::string no_proxy_;
    std::mutex mutex_;
    std::vector<Handle> idle_;  // at most one per worker
    WorkerPool pool_;           // last: ends first, and waits for what is under way
};

CurlTransport::CurlTransport(asio::io_context& io, int workers) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    impl_ = std::make_unique<Impl>(io, workers);
}

CurlTransport::~CurlTransport() = default;

Task<ClientResponse> CurlTransport::send(ClientRequest request) {
    return impl_->send(std::move(request));
}

}  // namespace paydesk::http
