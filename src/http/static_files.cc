#include "http/static_files.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/assert.h"
#include "base/crypto.h"
#include "http/etag.h"
#include "http/server.h"

namespace paydesk::http {

namespace fs = std::filesystem;

namespace {

struct Type {
    std::string_view extension, content_type;
    bool text;  // gains by gzip
};

constexpr Type types[] = {
    {".html",        "text/html; charset=utf-8",        true },
    {".js",          "text/javascript; charset=utf-8",  true },
    {".mjs",         "text/javascript; charset=utf-8",  true },
    {".css",         "text/css; charset=utf-8",         true },
    {".json",        "application/json",                true },
    {".map",         "application/json",                true },
    {".yaml",        "application/yaml; charset=utf-8", true },
    {".txt",         "text/plain; charset=utf-8",       true },
    {".svg",         "image/svg+xml",                   true },
    {".webmanifest", "application/manifest+json",       true },
    {".wasm",        "application/wasm",                true },
    {".png",         "image/png",                       false},
    {".jpg",         "image/jpeg",                      false},
    {".webp",        "image/webp",                      false},
    {".ico",         "image/x-icon",                    false},
    {".woff2",       "font/woff2",                      false},
    {".pdf",         "application/pdf",                 false},
};

Type type_of(const fs::path& path) {
    const std::string extension = path.extension().string();
    const auto* at = std::ranges::find(types, extension, &Type::extension);
    return at != std::end(types) ? *at : Type{"", "application/octet-stream", false};
}

std::string read_whole(const fs::path& path) {
    if (fs::file_size(path) > static_file_bytes_max) {
        throw Unavailable("the file " + path.string() + " is larger than " +
                          std::to_string(static_file_bytes_max) + " bytes");
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) throw Unavailable("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string gzip(const std::string& plain) {
    constexpr int gzip_window = 15 + 16;
    z_stream stream{};
    const int begun =
        deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
    PD_ASSERT(begun == Z_OK);
    std::string packed(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int ended = deflate(&stream, Z_FINISH);
    PD_ASSERT(ended == Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

// "index-BxY12abc.js": what the bundler names after its content never changes.
bool is_named_by_content(std::string_view path) {
    if (!path.starts_with("/assets/")) return false;
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::string_view stem = name.substr(0, name.find('.'));
    const auto of_hash = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    };
    const std::size_t dash = stem.size() > 9 ? stem.size() - 9 : 0;
    return dash > 0 && stem[dash] == '-' && std::ranges::all_of(stem.substr(dash), of_hash);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

// Calls `visit` for each member of a comma-separated header until it says true.
template <class Visit>
bool any_member(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const std::string_view member = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), member.size() + 1));
        if (visit(trimmed(member))) return true;
    }
    return false;
}

bool accepts_gzip(std::string_view accept_encoding) {
    return any_member(accept_encoding, [](std::string_view member) {
        const std::size_t semicolon = member.find(';');
        const std::string_view coding = trimmed(member.substr(0, semicolon));
        if (!equal_ignoring_case(coding, "gzip") && coding != "*") return false;
        if (semicolon == member.npos) return true;
        const std::string_view weight = trimmed(member.substr(semicolon + 1));
        return weight.find_first_not_of("q=0. ") != weight.npos;  // "q=0", "q=0.000" say no
    });
}

bool is_hidden(const fs::path& relative) {
    return std::ranges::any_of(relative,
                               [](const fs::path& part) { return part.string().starts_with('.'); });
}

// A link that leads out of the folder would publish what lies there.
bool is_inside(const fs::path& file, const fs::path& folder) {
    const fs::path relative = fs::canonical(file).lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

StaticFiles::StaticFiles(const fs::path& folder, Headers headers) : headers_(std::move(headers)) {
    std::error_code ec;
    const fs::path root = fs::canonical(folder, ec);
    if (ec || !fs::is_directory(root)) {
        throw Unavailable("the folder of the web app is missing: " + folder.string() +
                          " (build it, or name another one)");
    }
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const fs::path relative = entry.path().lexically_relative(root);
        if (!entry.is_regular_file() || is_hidden(relative) || !is_inside(entry.path(), root))
            continue;
        add("/" + relative.generic_string(), read_whole(entry.path()));
    }
}

void StaticFiles::add(const std::string& path, std::string body) {
    const Type type = type_of(path);
    File file{.content_type = std::string(type.content_type),
              .body = std::move(body),
              .gzip_body = {},
              .etag = {},
              .immutable = is_named_by_content(path)};
    file.etag = to_hex(sha256(file.body)).substr(0, 32);
    if (type.text) file.gzip_body = gzip(file.body);
    if (file.gzip_body.size() > file.body.size() * 9 / 10) file.gzip_body.clear();
    files_.emplace(path, std::move(file));
}

const StaticFiles::File* StaticFiles::find(const Request& request) const {
    const auto path = percent_decode(request.path, false);
    if (!path || path->find("/.") != path->npos) return nullptr;
    // Names are compared whole, never given to the file system: no ".." can lead anywhere.
    auto at = files_.find(path->ends_with('/') ? *path + "index.html" : *path);
    if (at == files_.end()) {
        const bool has_extension = path->find('.', path->rfind('/') + 1) != path->npos;
        const bool wants_page =
            request.headers.get("Accept").find("text/html") != std::string_view::npos;
        if (!has_extension && wants_page) at = files_.find("/index.html");
    }
    return at == files_.end() ? nullptr : &at->second;
}

Response StaticFiles::serve(const Request& request) const {
    Response response;
    const File* file = find(request);
    if (file == nullptr) {
        response = problem({ErrorCode::not_found, "There is nothing at this path."});
    } else if (request.method != "GET" && request.method != "HEAD") {
        response = problem({ErrorCode::method_not_allowed, "A file answers GET and HEAD."});
        response.headers.add("Allow", "GET, HEAD");
    } else {
        const bool packed =
            !file->gzip_body.empty() && accepts_gzip(request.headers.get("Accept-Encoding"));
        // Another form of the same file is another entity (RFC 9110 8.8.3.3).
        const std::string etag = "\"" + file->etag + (packed ? "-gzip\"" : "\"");
        response.headers.add("ETag", etag);
        response.headers.add("Cache-Control",
                             file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
        if (!file->gzip_body.empty()) response.headers.add("Vary", "Accept-Encoding");
        if (names_etag(request.headers.get("If-None-Match"), etag)) {
            response.status = 304;
            response.content_type.clear();
        } else {
            response.content_type = file->content_type;
            response.body = packed ? file->gzip_body : file->body;
            if (packed) response.headers.add("Content-Encoding", "gzip");
        }
    }
    for (const auto& [name, value] : headers_) response.headers.set(name, value);
    return response;
}

}  // namespace paydesk::http
