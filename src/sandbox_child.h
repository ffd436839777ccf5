#pragma once
// The sandbox as a child process of `paydesk up`: it dies with us, kill -9 included.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace paydesk {

struct SandboxPorts {
    std::uint16_t http, smtp;  // of 127.0.0.1
};

// Its PayPal: where events go, as whom we call it, and the file that it writes its root certificate to.
struct SandboxPayPal {
    std::string webhook_url, webhook_id, client_id, client_secret;
    std::filesystem::path ca_file;
};

class SandboxChild {
public:
    // Starts paydesk-sandbox, which lies beside this program, with its data in `folder`/sandbox and
    // its output in `folder`/sandbox.log. Throws Unavailable when it is not there.
    // With `record`, the sandbox appends every call and event to that file.
    // REQUIRES: called from the main thread.
    SandboxChild(const std::filesystem::path& folder, SandboxPorts ports,
                 const SandboxPayPal& paypal,
                 const std::optional<std::filesystem::path>& record = {});
    ~SandboxChild();  // asks it to end and waits
    SandboxChild(const SandboxChild&) = delete;
    SandboxChild& operator=(const SandboxChild&) = delete;

    // Returns when it says that all its ports are open. Throws Unavailable, with the end of its log, when it
    // has ended or takes longer than 10 s.
    void wait_until_ready();

    // What to tell when it has ended by itself.
    std::optional<std::string> ended();

    std::string url() const { return "http://127.0.0.1:" + std::to_string(ports_.http); }
    std::string smtp_url() const { return "smtp://127.0.0.1:" + std::to_string(ports_.smtp); }

private:
    std::string whole_log() const;
    std::string end_of_log() const;

    std::filesystem::path log_;
    SandboxPorts ports_;
    pid_t pid_ = -1;
};

// Throws Unavailable when something listens there already, and says which option chooses another.
// Waits a moment for a sandbox or server that is just ending.
void check_port_is_free(std::uint16_t port, const std::string& option);

// The port if nobody has it, else one that the system picks. Somebody may take it meanwhile.
std::uint16_t free_port(std::uint16_t preferred);

}  // namespace paydesk
