#pragma once
// Finds out what charges were for, where no event has told: the provider is asked.
//
// Until acacia a charge names its invoice, since clover invoice_payment.paid does, in between nothing
// does; and events get lost. A charge that is of no invoice and no checkout is a payment of its own.

#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* link_charges_job_kind = "link_charges";
inline constexpr std::chrono::seconds link_charges_period{60};
// So long an event may take to tell by itself.
inline constexpr std::chrono::seconds link_charges_delay{60};
inline constexpr std::int64_t link_charges_at_once_max = 50;

// What the runner must do every link_charges_period. A charge whose invoice is not known here yet is asked
// for again, at growing distances. `flow` outlives the handler.
jobs::Handler link_charges_job(const Flows& flows);

}  // namespace paydesk::billing
