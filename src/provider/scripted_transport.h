#pragma once
// For tests: the network, cut at http::Transport. It answers from a script and keeps what was sent.

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/client.h"

namespace paydesk::provider {

class ScriptedTransport final : public http::Transport {
public:
    void answer(int status, std::string body = "{}", http::Headers headers = {}) {
        script_.push_back({
            {status, std::move(headers), std::move(body)},
            false
        });
    }
    void fail() { script_.push_back({{}, true}); }

    Task<http::ClientResponse> send(http::ClientRequest request) override {
        requests.push_back(request);
        if (script_.empty()) throw std::logic_error("nothing scripted for " + request.url);
        const Step step = script_.front();
        script_.pop_front();
        if (step.fails) throw http::TransportError("connection reset", false);
        co_return step.response;
    }

    bool finished() const { return script_.empty(); }

    std::vector<http::ClientRequest> requests;

private:
    struct Step {
        http::ClientResponse response;
        bool fails;
    };
    std::deque<Step> script_;
};

}  // namespace paydesk::provider
