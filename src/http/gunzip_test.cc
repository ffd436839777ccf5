#include "http/gunzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

namespace paydesk::http {
namespace {

std::string gzip(std::string_view text) {
    z_stream stream = {};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

TEST(Gunzip, GivesWhatWasPacked) {
    std::mt19937 random(7);
    for (const std::size_t size : {0UL, 1UL, 1'000UL, 65'536UL, 65'537UL, 300'000UL}) {
        std::string text(size, ' ');
        for (char& c : text) c = static_cast<char>(random());
        const auto unpacked = gunzip(gzip(text), size);
        ASSERT_TRUE(unpacked) << size;
        EXPECT_EQ(*unpacked, text);
        if (size > 0) {
            EXPECT_EQ(gunzip(gzip(text), size - 1).error().code, ErrorCode::body_too_large);
        }
    }
    EXPECT_EQ(gunzip(gzip("one ") + gzip("two"), 100).value(), "one two");
}

TEST(Gunzip, EveryCutIsNoticed) {
    const std::string packed = gzip("some events, one to a line");
    for (std::size_t size = 0; size < packed.size(); ++size) {
        const auto cut = gunzip(std::string_view(packed).substr(0, size), 1'000);
        ASSERT_FALSE(cut) << size;
        EXPECT_EQ(cut.error().code, ErrorCode::malformed_request);
    }
    std::string damaged = packed;
    damaged[packed.size() - 6] ^= 1;  // of the checksum
    EXPECT_FALSE(gunzip(damaged, 1'000));
    EXPECT_FALSE(gunzip("plain text", 1'000));
    EXPECT_FALSE(gunzip(packed + "more", 1'000));
}

TEST(Gunzip, ABombIsStoppedWhereItIsTooLarge) {
    const std::string bomb = gzip(std::string(64 << 20, 'x'));
    EXPECT_LT(bomb.size(), 100'000U);
    const auto refused = gunzip(bomb, 4 << 20);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::body_too_large);
}

}  // namespace
}  // namespace paydesk::http
