#pragma once
// What the pages of the portal have in common.

#include <string>
#include <string_view>

#include "http/message.h"
#include "sandbox/pages/html.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

// portal_page.cc
std::string base_of(const stripe::Object& session);
const stripe::Object& features_of(const stripe::Account& account, const stripe::Object& session);
std::string plan_name(const stripe::Account& account, const stripe::Object& subscription);
std::string return_link(const stripe::Object& session);
// A deep link's flow ends where its after_completion says; without one, at the portal's home.
http::Response portal_done(stripe::Account& account, const stripe::Object& session,
                           std::string_view message);

// portal_update_page.cc: changing the plan, pausing it.
// The buttons of one subscription, and what its schedule will do.
std::string update_actions(const stripe::Account& account, const stripe::Object& session,
                           const stripe::Object& subscription);
// `view`: update, confirm, pause, or a flow's type.
http::Response update_page(stripe::Account& account, const stripe::Object& session,
                           const http::Request& request, const std::string& view);
// `action`: update, keep, pause, unpause.
http::Response post_update(stripe::Account& account, const stripe::Object& session,
                           const http::Request& request, const std::string& action);
// Back from the 3-D Secure page of an update.
http::Response after_update(stripe::Account& account, const stripe::Object& session,
                            const http::Request& request);

// portal_customer_page.cc: who the customer is.
// Empty when the configuration lets nobody change it.
std::string details_section(const stripe::Account& account, const stripe::Object& session);
http::Response details_view(const stripe::Account& account, const stripe::Object& session,
                            const Form& sent, std::string_view message);
http::Response post_details(stripe::Account& account, const stripe::Object& session,
                            const http::Request& request);

}  // namespace paydesk::sandbox
