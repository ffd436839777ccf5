#pragma once
// The pages with which a person rules the sandbox: its clock, its faults, its customers.

#include "http/message.h"
#include "sandbox/faults.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

// GET shows; POST {days | months | until=renewal} moves the clock and comes back.
http::Response clock_page(stripe::Account& account, const http::Request& request);

// GET shows; POST {action: add | remove | clear, ...} changes and comes back.
http::Response faults_page(const stripe::Account& account, Faults& faults,
                           const http::Request& request);

http::Response customers_page(stripe::Account& account, const http::Request& request);

// A POST that a page of another origin made: it must not rule the sandbox.
bool is_from_elsewhere(const http::Request& request);

}  // namespace paydesk::sandbox
