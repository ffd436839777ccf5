#pragma once
// One run under way: its budget, its report, and its row, which is written after every page.

#include <optional>
#include <string>

#include "reconcile/reconciler.h"
#include "reconcile/run_store.h"

namespace paydesk::reconcile {

class Progress {
public:
    // Writes the run's row. `position` is where it begins.
    static Task<Progress> begin(const Parts& parts, const Options& options, std::string mode,
                                json::object position, std::optional<Instant> since,
                                std::optional<Instant> reached);

    // Whether another request may be made.
    bool may_go_on(const Clock& clock) const;

    void took(int requests) { row_.requests += requests; }
    void found(const Report& report) { report_.add(report); }
    Report& report() { return report_; }
    void see(Instant newest);  // an event's time, by the provider's clock
    std::optional<Instant> reached() const { return row_.reached; }
    void stand_at(json::object position) { row_.position = std::move(position); }

    Task<> save(const Parts& parts);
    // The end, written and counted. `position_text` says where the next run goes on.
    Task<Run> end(const Parts& parts, std::string status, std::string position_text,
                  std::optional<std::string> error = {});

private:
    Progress() = default;

    int requests_max_ = 0;
    std::optional<Instant> stop_at_;
    run_store::Row row_{};
    Report report_;
};

}  // namespace paydesk::reconcile
