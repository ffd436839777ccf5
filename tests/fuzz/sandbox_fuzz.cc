// libFuzzer's target: any bytes as a call of the sandbox. The first line is method, path and query, the rest the body. It must
// neither crash nor answer 5xx. `./dev fuzz [SECONDS]` builds and runs it; a finding is kept as a file that the program takes
// as its argument.

#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"
#include "sandbox/recorder.h"
#include "sandbox/server.h"
#include "sandbox/store.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox {
namespace {

class NoReceiver final : public http::Transport {
public:
    Task<http::ClientResponse> send(http::ClientRequest) override {
        throw http::TransportError("nobody listens", true);
    }
};

// A new sandbox every so often, so that a finding depends on few calls before it.
struct World {
    asio::io_context io{1};
    Store store;
    ManualClock clock{from_unix(1'800'000'000)};
    NoReceiver receiver;
    Recorder recorder;
    Sandbox sandbox{io,
                    store,
                    clock,
                    receiver,
                    recorder,
                    *stripe::Version::parse("2026-03-25.dahlia"),
                    "http://127.0.0.1:8420"};
    std::string paypal_token = sandbox.paypal().new_token();
};

void call(World& world, http::Request request) {
    int status = 0;
    spawn(world.io, "fuzz_call",
          [](Sandbox& sandbox, http::Request asked, int& answered) -> Task<> {
              const auto response = co_await sandbox.handle(asked);
              answered = response.status;
          }(world.sandbox, std::move(request), status));
    world.io.restart();
    while (status == 0) world.io.run_one();
    if (status >= 500) {
        std::fprintf(stderr, "answered %d\n", status);
        std::abort();
    }
}

}  // namespace

void fuzz_one(std::string_view data) {
    static std::unique_ptr<World> world;
    static int calls = 0;
    if (!world || ++calls % 64 == 0) world = std::make_unique<World>();
    http::Request request;
    const auto line = data.substr(0, data.find('\n'));
    request.body = std::string(data.substr(std::min(data.size(), line.size() + 1)));
    const auto space = std::min(line.size(), line.find(' '));
    request.method = std::string(line.substr(0, space));
    auto target = line.substr(std::min(line.size(), space + 1));
    if (!target.starts_with('/')) return;  // the HTTP server lets no other through
    // Waiting and faults are asked for there, and are then no findings.
    if (target.starts_with("/_sandbox/")) return;
    const auto question = std::min(target.size(), target.find('?'));
    request.path = std::string(target.substr(0, question));
    request.query = std::string(target.substr(std::min(target.size(), question + 1)));
    const bool paypal = request.path.starts_with("/paypal/");
    request.headers.set("Authorization",
                        "Bearer " + (paypal ? world->paypal_token : std::string("sk_test_fuzz")));
    call(*world, std::move(request));
}

}  // namespace paydesk::sandbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    paydesk::sandbox::fuzz_one({reinterpret_cast<const char*>(data), size});
    return 0;
}
