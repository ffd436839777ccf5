#pragma once
// For tests: testdata/smtp_server.py as a process, with a certificate of a test CA that openssl makes.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "db/child_process.h"
#include "db/test_database.h"

namespace paydesk::notify {

class SmtpTestServer {
public:
    enum class Kind { plain, starttls, smtps };

    explicit SmtpTestServer(Kind kind, const std::string& login = "")
        : folder_(db::make_test_folder()) {
        std::vector<std::string> argv{"/usr/bin/python3",
                                      PAYDESK_SOURCE_DIR "/src/notify/testdata/smtp_server.py",
                                      folder_.string()};
        if (kind != Kind::plain) make_certificate();
        if (kind == Kind::starttls) argv.emplace_back("--tls");
        if (kind == Kind::smtps) argv.emplace_back("--smtps");
        if (!login.empty()) argv.insert(argv.end(), {"--login", login});
        pid_ = db::start_child({.argv = argv,
                                .user = db::current_user(),
                                .output = STDERR_FILENO,
                                .death_signal = SIGKILL});
        for (int i = 0; i < 1'000 && port_.empty(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            port_ = read(folder_ / "port");
        }
        EXPECT_FALSE(port_.empty()) << "python3-aiosmtpd did not start";
    }
    ~SmtpTestServer() {
        stop();
        std::filesystem::remove_all(folder_);
    }

    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        db::wait_for_child(pid_);
        pid_ = 0;
    }

    std::string port() const { return port_; }
    std::string ca_file() const { return (folder_ / "ca.pem").string(); }

    // The mails that it took, in order, as Python's parser understands them.
    std::vector<json::value> mails() const {
        std::vector<json::value> taken;
        for (int n = 1;; ++n) {
            const auto text = read(folder_ / (std::to_string(n) + ".json"));
            if (text.empty()) return taken;
            taken.push_back(parse_json(text).value());
        }
    }
    std::string raw(int n) const { return read(folder_ / (std::to_string(n) + ".eml")); }

private:
    static std::string read(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }

    // A CA, and a certificate of it for localhost and 127.0.0.1.
    void make_certificate() {
        const std::string script =
            "cd '" + folder_.string() +
            "' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
            "-subj '/CN=Paydesk test CA' -keyout ca.key -out ca.pem 2>log && "
            "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
            "-keyout key.pem -out request.pem 2>>log && "
            "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >names && "
            "openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
            "-extfile names -out certificate.pem 2>>log";
        EXPECT_EQ(std::system(script.c_str()), 0) << read(folder_ / "log");
    }

    std::filesystem::path folder_;
    pid_t pid_ = 0;
    std::string port_;
};

}  // namespace paydesk::notify
