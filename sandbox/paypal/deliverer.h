#pragma once
// Sends events to webhooks: signed, one after the other within a webhook, up to 25 times again over
// three days of the sandbox's clock, every attempt written down.
//
// Transmission times and certificates are in real time: receivers compare with their own clocks.

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"
#include "sandbox/delivery_faults.h"
#include "sandbox/faults.h"
#include "sandbox/paypal/account.h"
#include "sandbox/paypal/keys.h"
#include "sandbox/recorder.h"

namespace paydesk::sandbox::paypal {

inline constexpr std::size_t resends_max = 25;
inline constexpr std::chrono::seconds delivery_timeout{10};

// Before the n-th attempt, from the second on: closer at first. All together they are three days.
std::int64_t pause_before(std::size_t attempt);

class Deliverer final : private Deliveries {
public:
    // All outlive the deliverer, and the io_context stops before it is destroyed. `paused` says whether
    // deliveries are held.
    Deliverer(asio::io_context& io, Account& account, Keys& keys, http::Transport& transport,
              const Clock& real_clock, Recorder& recorder, Faults& faults,
              std::function<bool()> paused);

    // Takes up what is pending and due, from before a restart too. Never blocks.
    void wake();

private:
    std::int64_t due_in(std::int64_t seconds) const override;
    std::string copy(const std::string& id) override;
    void strike(const std::string& id, const Object& fault,
                std::vector<std::string>& order) override;
    Task<> serve(std::string webhook);
    Task<> attempt(std::string delivery);
    void note(const std::string& delivery, int status, const std::string& error,
              const std::string& transmission, std::int64_t milliseconds);
    std::string next_for(const std::string& webhook) const;
    std::string new_transmission() const;
    std::int64_t real_milliseconds() const;

    asio::io_context& io_;
    Account& account_;
    Keys& keys_;
    http::Transport& transport_;
    const Clock& clock_;
    Recorder& recorder_;
    Faults& faults_;
    std::function<bool()> paused_;
    std::size_t scanned_ = 0;                                 // of all deliveries ever made
    std::map<std::string, std::deque<std::string>> pending_;  // by webhook
    std::map<std::string, bool> serving_;
};

}  // namespace paydesk::sandbox::paypal
