#pragma once
// All routes of openapi.yaml, one file per resource. What is not here is not served.

#include "api/services.h"
#include "http/server.h"

namespace paydesk::api {

// `services` outlives the router.
void add_routes(http::Router& router, const Services& services);

void add_checkout_routes(http::Router& router, const Services& services);
void add_paypal_order_routes(http::Router& router, const Services& services);
void add_paypal_invoice_routes(http::Router& router, const Services& services);
void add_paypal_subscription_routes(http::Router& router, const Services& services);
void add_portal_routes(http::Router& router, const Services& services);
void add_subscription_routes(http::Router& router, const Services& services);
void add_change_routes(http::Router& router, const Services& services);
void add_seat_routes(http::Router& router, const Services& services);
void add_invoice_routes(http::Router& router, const Services& services);
void add_account_routes(http::Router& router, const Services& services);
void add_invoice_document_routes(http::Router& router, const Services& services);
void add_admin_email_routes(http::Router& router, const Services& services);
void add_exchange_rate_routes(http::Router& router, const Services& services);
void add_payment_routes(http::Router& router, const Services& services);
void add_entitlement_routes(http::Router& router, const Services& services);
void add_admin_refund_routes(http::Router& router, const Services& services);
void add_admin_routes(http::Router& router, const Services& services);
void add_admin_customer_routes(http::Router& router, const Services& services);
void add_admin_event_routes(http::Router& router, const Services& services);
void add_admin_job_routes(http::Router& router, const Services& services);
void add_admin_revenue_routes(http::Router& router, const Services& services);
void add_reconciliation_routes(http::Router& router, const Services& services);
void add_explain_routes(http::Router& router, const Services& services);
void add_payment_method_routes(http::Router& router, const Services& services);
void add_credit_routes(http::Router& router, const Services& services);
void add_usage_routes(http::Router& router, const Services& services);
void add_usage_read_routes(http::Router& router, const Services& services);
void add_admin_paypal_routes(http::Router& router, const Services& services);
void add_admin_credit_routes(http::Router& router, const Services& services);
void add_plan_routes(http::Router& router, const Services& services);
void add_notification_routes(http::Router& router, const Services& services);
void add_session_routes(http::Router& router, const Services& services);
void add_local_routes(http::Router& router, const Services& services);
void add_webhook_routes(http::Router& router, const Services& services);
void add_operation_routes(http::Router& router, const Services& services);

}  // namespace paydesk::api
