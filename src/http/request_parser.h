#pragma once
// Beast's parser, writing straight into our Request: no second copy of any field.
//
// It refuses what Beast 1.81 lets through and what a proxy in front might read in another way:
// any Transfer-Encoding but "chunked" (Beast takes an unknown one for "no body", so that the body
// becomes the next request), Transfer-Encoding in HTTP/1.0, Host missing or twice, Content-Length
// twice.

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>

#include "http/message.h"

namespace paydesk::http {

class RequestParser final : public boost::beast::http::basic_parser<true> {
public:
    using ErrorCode = boost::beast::error_code;

    RequestParser(std::size_t head_bytes_max, std::size_t body_bytes_max);

    Request request = {};
    bool is_http_1_1() const { return http_1_1_; }
    bool expects_continue() const { return expects_continue_; }

private:
    using Text = boost::beast::string_view;
    using Verb = boost::beast::http::verb;
    using Field = boost::beast::http::field;

    void on_request_impl(Verb, Text method, Text target, int version, ErrorCode& ec) override;
    void on_response_impl(int, Text, int, ErrorCode&) override {}
    void on_field_impl(Field field, Text name, Text value, ErrorCode& ec) override;
    void on_header_impl(ErrorCode& ec) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& ec) override;
    std::size_t on_body_impl(Text bytes, ErrorCode& ec) override;
    void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, ErrorCode& ec) override;
    void on_finish_impl(ErrorCode&) override {}

    void take_target(std::string_view target, ErrorCode& ec);
    void count_head_bytes(std::size_t bytes, ErrorCode& ec);

    std::size_t head_bytes_left_;
    std::size_t body_bytes_left_;
    int hosts_ = 0;
    int lengths_ = 0;
    bool http_1_1_ = false;
    bool head_done_ = false;
    bool expects_continue_ = false;
};

}  // namespace paydesk::http
