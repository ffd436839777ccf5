#pragma once
// HTTP requests and responses as the rest of the tree sees them: plain values.

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"

namespace paydesk::http {

// Header fields in the order in which they came. Names compare without case.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    void add(std::string name, std::string value);
    void set(std::string_view name, std::string value);  // replaces every one of that name
    // The first of that name, or "".
    std::string_view get(std::string_view name) const;
    bool contains(std::string_view name) const;
    void reserve(std::size_t fields) { fields_.reserve(fields); }
    std::size_t size() const { return fields_.size(); }

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

// One request, complete: head and body were read within the server's limits.
struct Request {
    std::string method = {};  // "GET"
    std::string path = {};    // as sent, without the query; starts with '/'
    std::string query = {};   // without the '?'
    Headers headers = {};
    std::string body = {};                                        // the raw bytes
    std::string remote_address = {};                              // of the peer, without the port
    std::map<std::string, std::string, std::less<>> params = {};  // "{id}" of the route, decoded
};

// An open connection to which a streaming response writes. Every write has a deadline.
class Writer {
public:
    virtual ~Writer() = default;
    // False when the reader has gone, is too slow, or the server stops: end the stream then.
    virtual Task<bool> write(std::string_view bytes) = 0;
    virtual bool stopping() const = 0;
    // `wake` is called once, when the reader has gone or the server stops: for a stream that waits
    // for something else than its own writes. REQUIRES: it stays callable until the stream ends.
    virtual void on_end(std::function<void()> wake) { (void)wake; }
    // Gives the reader up: closes at once, also in the middle of a write.
    virtual void abort() {}
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    Headers headers = {};
    // Set for a stream without an end known beforehand (server-sent events): the head goes out
    // first, then this writes until it returns; then the connection closes.
    std::function<Task<>(Writer&)> stream = {};
    // Answers nothing: the connection is reset. For the sandbox's faults.
    bool reset = false;
};

// The request lives until the handler's coroutine has ended.
using Handler = std::function<Task<Response>(const Request&)>;

// Names of header fields, schemes, token lists: ASCII letters compare without case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Percent-decoding ("%20"; '+' too where `plus_is_space`). Nothing when a '%' is malformed.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);  // RFC 3986 unreserved stay

// The pairs of a query string or a form body, decoded, in order. A malformed '%' stays as it is.
std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);

}  // namespace paydesk::http
