#pragma once
// Serves a built web app from a folder: ETag, gzip, immutable caching of hashed assets, and
// index.html for the paths of the app's own router.

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "http/message.h"

namespace paydesk::http {

inline constexpr std::size_t static_file_bytes_max = 32 * 1024 * 1024;

// Reads every file of `folder` into memory once (and gzips what gains by it).
//
// - "/assets/x-<hash>.js": Cache-Control: public, max-age=31536000, immutable.
// - everything else: Cache-Control: no-cache, with ETag and 304.
// - an unknown path without an extension, that accepts HTML: index.html, status 200.
// - never a file outside the folder, never a dot file.
// `headers` (CSP and the other security headers) go on every response.
class StaticFiles {
public:
    // Throws Unavailable when the folder is missing or a file is larger than static_file_bytes_max.
    StaticFiles(const std::filesystem::path& folder, Headers headers);
    Response serve(const Request& request) const;

private:
    struct File {
        std::string content_type, body, gzip_body, etag;
        bool immutable;
    };
    void add(const std::string& path, std::string body);
    const File* find(const Request& request) const;

    std::map<std::string, File, std::less<>> files_;  // by "/path", as a client asks for it
    Headers headers_;
};

}  // namespace paydesk::http
