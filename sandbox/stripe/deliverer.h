#pragma once
// Sends events to webhook endpoints: signed, in order within an endpoint as long as it answers,
// tried again with growing pauses, every attempt written down.
//
// Real time, not the sandbox's: receivers compare signatures with their own clocks.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"
#include "sandbox/delivery_faults.h"
#include "sandbox/faults.h"
#include "sandbox/recorder.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::chrono::seconds delivery_timeout{10};

class Deliverer final : private Deliveries {
public:
    // All outlive the deliverer, and the io_context stops before it is destroyed.
    Deliverer(asio::io_context& io, Account& account, http::Transport& transport,
              const Clock& real_clock, Recorder& recorder, Faults& faults);

    // Takes up what is pending, from before a restart too. Never blocks.
    void wake();

    // Holds all deliveries; kept over restarts.
    void pause();
    void resume();
    bool is_paused() const;

private:
    std::int64_t due_in(std::int64_t seconds) const override;
    std::string copy(const std::string& id) override;
    void strike(const std::string& id, const Object& fault,
                std::vector<std::string>& order) override;
    Task<> serve(std::string endpoint);
    Task<> attempt(std::string delivery);
    void note(const std::string& delivery, int status, const std::string& error,
              std::int64_t milliseconds);
    void wake_at(std::int64_t unix_milliseconds);
    std::int64_t real_milliseconds() const;
    std::string next_for(const std::string& endpoint) const;

    asio::io_context& io_;
    Account& account_;
    http::Transport& transport_;
    const Clock& clock_;
    Recorder& recorder_;
    Faults& faults_;
    Timer timer_;
    std::size_t scanned_ = 0;                                 // of all deliveries ever made
    std::map<std::string, std::deque<std::string>> pending_;  // by endpoint
    std::map<std::string, bool> serving_;
};

}  // namespace paydesk::sandbox::stripe
