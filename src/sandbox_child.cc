#include "sandbox_child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "db/child_process.h"

namespace paydesk {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds look_again{20};
constexpr int looks_until_ready = 500;      // 10 s
constexpr int looks_until_port_free = 150;  // 3 s
constexpr int looks_until_ended = 250;      // 5 s

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// 0, or the errno of `attempt` on a fresh socket.
template <class Attempt>
int with_socket(Attempt attempt) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    const int failure = attempt(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return failure;
}

int try_to_bind(std::uint16_t port) {
    const sockaddr_in address = loopback(port);
    return with_socket([&](int descriptor) {
        const int on = 1;
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
                   ? ::listen(descriptor, 1)
                   : -1;
    });
}

}  // namespace

void check_port_is_free(std::uint16_t port, const std::string& option) {
    int failure = 0;
    for (int look = 0; look < looks_until_port_free; ++look) {
        failure = try_to_bind(port);
        if (failure != EADDRINUSE) break;
        std::this_thread::sleep_for(look_again);
    }
    if (failure == 0) return;
    throw Unavailable(
        fmt::format("Port {} of 127.0.0.1 is not free ({}). Is another `paydesk up` running? "
                    "Choose another port with {}.",
                    port, std::strerror(failure), option));
}

std::uint16_t free_port(std::uint16_t preferred) {
    if (try_to_bind(preferred) == 0) return preferred;
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const int failure = with_socket([&](int descriptor) {
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        return ::bind(descriptor, generic, size) == 0 ? ::getsockname(descriptor, generic, &size)
                                                      : -1;
    });
    if (failure == 0) return ntohs(address.sin_port);
    throw Unavailable(std::string("No port of 127.0.0.1 is free: ") + std::strerror(failure));
}

SandboxChild::SandboxChild(const fs::path& folder, SandboxPorts ports, const SandboxPayPal& paypal,
                           const std::optional<fs::path>& record)
    : log_(folder / "sandbox.log"), ports_(ports) {
    const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() / "paydesk-sandbox";
    if (!fs::exists(program)) {
        throw Unavailable(program.string() + " is missing. Build it: ./dev build paydesk-sandbox");
    }
    const int output = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (output < 0)
        throw Unavailable("cannot write " + log_.string() + ": " + std::strerror(errno));
    std::vector<std::string> argv = {program.string(),
                                     "--port",
                                     std::to_string(ports.http),
                                     "--smtp-port",
                                     std::to_string(ports.smtp),
                                     "--state",
                                     fs::absolute(folder / "sandbox").string(),
                                     "--paypal-webhook-url",
                                     paypal.webhook_url,
                                     "--paypal-webhook-id",
                                     paypal.webhook_id,
                                     "--paypal-client-id",
                                     paypal.client_id,
                                     "--paypal-client-secret",
                                     paypal.client_secret,
                                     "--paypal-ca-file",
                                     fs::absolute(paypal.ca_file).string()};
    if (record) argv.insert(argv.end(), {"--record", record->string()});
    pid_ = db::start_child({.argv = std::move(argv),
                            .user = db::current_user(),
                            .output = output,
                            .death_signal = SIGTERM});
    ::close(output);
}

SandboxChild::~SandboxChild() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    int status = 0;
    for (int look = 0; look < looks_until_ended; ++look) {
        if (db::child_has_ended(pid_, status)) return;
        std::this_thread::sleep_for(look_again);
    }
    ::kill(pid_, SIGKILL);
    db::wait_for_child(pid_);
}

void SandboxChild::wait_until_ready() {
    for (int look = 0; look < looks_until_ready; ++look) {
        if (auto failure = ended()) throw Unavailable(*failure);
        if (whole_log().contains("paydesk-sandbox listening on"))
            return;  // its last line: all is open
        std::this_thread::sleep_for(look_again);
    }
    throw Unavailable("The sandbox does not answer.\n" + end_of_log());
}

std::optional<std::string> SandboxChild::ended() {
    int status = 0;
    if (pid_ < 0 || !db::child_has_ended(pid_, status)) return std::nullopt;
    pid_ = -1;
    return fmt::format("The sandbox ended with status {}.\n{}", status, end_of_log());
}

std::string SandboxChild::whole_log() const {
    std::ifstream file(log_, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string SandboxChild::end_of_log() const {
    std::string log = whole_log();
    constexpr std::size_t shown = 2'000;
    if (log.size() > shown) log.erase(0, log.size() - shown);
    return log_.string() + ":\n" + log;
}

}  // namespace paydesk
