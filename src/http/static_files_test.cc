#include "http/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <fstream>

#include "http/security_headers.h"

namespace paydesk::http {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string script(5'000, 'x');

// A folder with the web app in "web" and a secret beside it.
class StaticFilesTest : public testing::Test {
protected:
    StaticFilesTest() {
        std::string name = (fs::temp_directory_path() / "paydesk-static-XXXXXX").string();
        root_ = mkdtemp(name.data());
        write("secret.txt", "secret");
        write("web/index.html", "<!doctype html><title>app</title>");
        write("web/app.js", script);
        write("web/assets/index-BxY12_bc.js", script);
        write("web/assets/logo.svg", "<svg/>");
        write("web/assets/a b.txt", "space");
        write("web/docs/index.html", "docs");
        write("web/.env", "hidden");
        write("web/.git/config", "hidden");
        fs::create_symlink(root_ / "secret.txt", root_ / "web/linked.txt");
        fs::create_directory_symlink(root_, root_ / "web/up");
        files_ = std::make_unique<StaticFiles>(root_ / "web", page_security_headers());
    }
    ~StaticFilesTest() override { fs::remove_all(root_); }

    void write(const std::string& path, const std::string& text) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    Response get(const std::string& path, Headers headers = {}, const std::string& method = "GET") {
        return files_->serve({.method = method, .path = path, .headers = std::move(headers)});
    }

    fs::path root_;
    std::unique_ptr<StaticFiles> files_;
};

const Headers html = {
    {"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}
};

std::string unpack(const std::string& packed) {
    std::string plain(1'000'000, '\0');
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    inflate(&stream, Z_FINISH);
    plain.resize(stream.total_out);
    inflateEnd(&stream);
    return plain;
}

TEST_F(StaticFilesTest, NothingOutsideTheFolderIsServed) {
    for (const char* path :
         {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt",
          "/assets/..\\..\\secret.txt", "//secret.txt", "/linked.txt", "/up/secret.txt", "/.env",
          "/.git/config", "/%2eenv", "/index.html%00.txt", "/%", "/etc/passwd.txt", "/no.js"}) {
        const Response response = get(path, html);
        EXPECT_EQ(response.status, 404) << path;
        EXPECT_THAT(response.body, testing::Not(HasSubstr("hidden"))) << path;
    }
}

TEST_F(StaticFilesTest, PathsOfTheAppsRouterGetIndexHtml) {
    struct Row {
        const char *path, *body_part;
        Headers headers;
        int status;
    };
    for (const auto& [path, part, headers, status] : {
             Row{"/",                 "<title>app", {},   200},
             Row{"/billing/plans",    "<title>app", html, 200},
             Row{"/billing/plans",    "not_found",  {},   404},
             Row{"/missing.css",      "not_found",  html, 404},
             Row{"/docs/",            "docs",       {},   200},
             Row{"/assets/a%20b.txt", "space",      {},   200},
    }) {
        const Response response = get(path, headers);
        EXPECT_EQ(response.status, status) << path;
        EXPECT_THAT(response.body, HasSubstr(part)) << path;
    }
}

TEST_F(StaticFilesTest, OnlyNamesWithAHashAreImmutable) {
    EXPECT_THAT(get("/assets/index-BxY12_bc.js").headers.get("Cache-Control"),
                HasSubstr("immutable"));
    for (const char* path : {"/", "/app.js", "/assets/logo.svg"})
        EXPECT_EQ(get(path).headers.get("Cache-Control"), "no-cache") << path;
}

TEST_F(StaticFilesTest, AnswersNotModifiedToItsOwnETag) {
    const std::string etag(get("/app.js").headers.get("ETag"));
    for (const std::string& header : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
        const Response response = get("/app.js", {
                                                     {"If-None-Match", header}
        });
        EXPECT_EQ(response.status, 304) << header;
        EXPECT_EQ(response.body, "");
        EXPECT_EQ(response.headers.get("ETag"), etag);
    }
    EXPECT_EQ(get("/app.js",
                  {
                      {"If-None-Match", "\"other\""}
    })
                  .status,
              200);
}

TEST_F(StaticFilesTest, PacksWhatGainsForThoseWhoTakeIt) {
    const Response plain = get("/app.js");
    const std::string plain_etag(plain.headers.get("ETag"));
    EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding");
    EXPECT_EQ(plain.headers.get("Content-Type"), "");
    EXPECT_EQ(plain.content_type, "text/javascript; charset=utf-8");
    for (const char* accepted : {"gzip", "deflate, gzip;q=0.5, br", "GZIP", "*"}) {
        const Response packed = get("/app.js", {
                                                   {"Accept-Encoding", accepted}
        });
        EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip") << accepted;
        EXPECT_EQ(unpack(packed.body), script);
        EXPECT_NE(packed.headers.get("ETag"), plain_etag);
    }
    for (const char* accepted : {"", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip"}) {
        const Response response = get("/app.js", {
                                                     {"Accept-Encoding", accepted}
        });
        EXPECT_EQ(response.headers.get("Content-Encoding"), "") << accepted;
        EXPECT_EQ(response.body, script);
    }
    EXPECT_EQ(get("/assets/logo.svg",
                  {
                      {"Accept-Encoding", "gzip"}
    })
                  .headers.get("Content-Encoding"),
              "")
        << "too small to gain";
}

TEST_F(StaticFilesTest, EveryAnswerHasTheSecurityHeaders) {
    for (const Response& response : {get("/"), get("/no.js"), get("/", {}, "POST")}) {
        EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
        EXPECT_THAT(response.headers.get("Content-Security-Policy"),
                    HasSubstr("frame-ancestors 'none'"));
    }
    EXPECT_EQ(get("/", {}, "POST").status, 405);
    EXPECT_EQ(get("/", {}, "POST").headers.get("Allow"), "GET, HEAD");
}

TEST(StaticFiles, SaysThatTheFolderIsMissing) {
    EXPECT_THROW(StaticFiles("/nowhere/at/all", {}), Unavailable);
}

}  // namespace
}  // namespace paydesk::http
