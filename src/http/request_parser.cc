#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/field.hpp>

namespace paydesk::http {

namespace beast = boost::beast::http;

namespace {

// Content-Length is only a promise: memory follows the bytes that really come.
constexpr std::size_t body_bytes_reserved_max = 64 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RequestParser::RequestParser(std::size_t head_bytes_max, std::size_t body_bytes_max)
    : head_bytes_left_(head_bytes_max), body_bytes_left_(body_bytes_max) {
    header_limit(static_cast<std::uint32_t>(head_bytes_max));
    body_limit(body_bytes_max);
    eager(true);
    request.headers.reserve(12);
}

// Beast's own limit counts only what it has not yet consumed: a field per packet would never end.
void RequestParser::count_head_bytes(std::size_t bytes, ErrorCode& ec) {
    if (bytes > head_bytes_left_) {
        ec = beast::error::header_limit;
    } else {
        head_bytes_left_ -= bytes;
    }
}

void RequestParser::take_target(std::string_view target, ErrorCode& ec) {
    if (!target.starts_with('/') && target != "*") {
        // The absolute form, meant for proxies; RFC 9112 3.2.2 has servers accept it.
        const std::size_t scheme = target.find("://");
        if (scheme == target.npos || scheme == 0) {
            ec = beast::error::bad_target;
            return;
        }
        const std::size_t path = target.find_first_of("/?", scheme + 3);
        target = path == target.npos ? "/" : target.substr(path);
    }
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (request.path.empty()) request.path = "/";
    if (question != target.npos) request.query = target.substr(question + 1);
}

void RequestParser::on_request_impl(Verb, Text method, Text target, int version, ErrorCode& ec) {
    http_1_1_ = version == 11;
    count_head_bytes(method.size() + target.size() + 12, ec);
    if (ec) return;
    request.method = view(method);
    take_target(view(target), ec);
    if (!ec && request.path == "*" && request.method != "OPTIONS") ec = beast::error::bad_target;
}

void RequestParser::on_field_impl(Field field, Text name, Text value, ErrorCode& ec) {
    count_head_bytes(name.size() + value.size() + 4, ec);
    if (ec || head_done_) return;  // a trailer must not pass for a header
    if (field == Field::host && ++hosts_ > 1) ec = beast::error::bad_field;
    if (field == Field::content_length && ++lengths_ > 1)
        ec = beast::error::multiple_content_length;
    if (field == Field::transfer_encoding &&
        (!http_1_1_ || !equal_ignoring_case(view(value), "chunked")))
        ec = beast::error::bad_transfer_encoding;
    if (field == Field::expect && equal_ignoring_case(view(value), "100-continue"))
        expects_continue_ = http_1_1_;
    if (!ec) request.headers.add(std::string(view(name)), std::string(view(value)));
}

void RequestParser::on_header_impl(ErrorCode& ec) {
    head_done_ = true;
    if (http_1_1_ && hosts_ == 0) ec = beast::error::bad_field;
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
    if (length) request.body.reserve(std::min<std::size_t>(*length, body_bytes_reserved_max));
}

std::size_t RequestParser::on_body_impl(Text bytes, ErrorCode& ec) {
    if (bytes.size() > body_bytes_left_) {
        ec = beast::error::body_limit;
        return 0;
    }
    body_bytes_left_ -= bytes.size();
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text bytes, ErrorCode& ec) {
    return on_body_impl(bytes, ec);
}

}  // namespace paydesk::http
