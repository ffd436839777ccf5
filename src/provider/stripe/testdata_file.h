#pragma once
// For tests: files of testdata/.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"

namespace paydesk::provider::stripe {

inline std::filesystem::path testdata() {
    return PAYDESK_SOURCE_DIR "/src/provider/stripe/testdata";
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline json::value read_json(const std::filesystem::path& path) {
    const auto parsed = parse_json(read_file(path));
    if (!parsed) {
        ADD_FAILURE() << path << ": " << parsed.error().message;
        return {};
    }
    return *parsed;
}

// PAYDESK_UPDATE_GOLDEN=1 accepts `actual`; the diff is then for the reviewer.
inline void expect_golden(const std::filesystem::path& path, const std::string& actual) {
    if (std::getenv("PAYDESK_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << actual;
        return;
    }
    EXPECT_TRUE(std::filesystem::exists(path)) << "PAYDESK_UPDATE_GOLDEN=1 writes " << path;
    EXPECT_EQ(actual, read_file(path)) << "PAYDESK_UPDATE_GOLDEN=1 accepts it";
}

}  // namespace paydesk::provider::stripe
