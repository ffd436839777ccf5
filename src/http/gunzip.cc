#include "http/gunzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

namespace paydesk::http {
namespace {

constexpr int gzip_only = 15 + 16;
constexpr std::size_t step_bytes = 64 * 1024;

struct End {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

Error damaged() {
    return {ErrorCode::malformed_request,
            "The body is not the gzip that Content-Encoding says, or it is cut short."};
}

}  // namespace

Result<std::string> gunzip(std::string_view compressed, std::size_t bytes_max) {
    z_stream stream = {};
    if (inflateInit2(&stream, gzip_only) != Z_OK) throw Unavailable("no memory to inflate a body");
    const std::unique_ptr<z_stream, End> ends(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());

    std::string text;
    int state = Z_OK;
    while (stream.avail_in > 0 || state == Z_OK) {
        if (state == Z_STREAM_END && inflateReset(&stream) != Z_OK) return damaged();
        const std::size_t held = text.size();
        const std::size_t room = std::min(step_bytes, bytes_max + 1 - held);
        text.resize(held + room);
        stream.next_out = reinterpret_cast<Bytef*>(text.data() + held);
        stream.avail_out = static_cast<uInt>(room);
        state = inflate(&stream, Z_NO_FLUSH);
        text.resize(held + room - stream.avail_out);
        if (state != Z_OK && state != Z_STREAM_END) return damaged();
        if (text.size() > bytes_max) {
            return Error{ErrorCode::body_too_large,
                         fmt::format("Unpacked the body may have {} bytes.", bytes_max)};
        }
        if (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) return damaged();
    }
    if (state != Z_STREAM_END) return damaged();
    return text;
}

}  // namespace paydesk::http
