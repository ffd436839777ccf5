#include "api/routes.h"

namespace paydesk::api {

void add_routes(http::Router& router, const Services& services) {
    add_checkout_routes(router, services);
    add_paypal_order_routes(router, services);
    add_paypal_invoice_routes(router, services);
    add_paypal_subscription_routes(router, services);
    add_portal_routes(router, services);
    add_subscription_routes(router, services);
    add_change_routes(router, services);
    add_seat_routes(router, services);
    add_invoice_routes(router, services);
    add_account_routes(router, services);
    add_invoice_document_routes(router, services);
    add_admin_email_routes(router, services);
    add_exchange_rate_routes(router, services);
    add_payment_routes(router, services);
    add_entitlement_routes(router, services);
    add_admin_refund_routes(router, services);
    add_admin_routes(router, services);
    add_admin_customer_routes(router, services);
    add_admin_event_routes(router, services);
    add_admin_job_routes(router, services);
    add_admin_revenue_routes(router, services);
    add_reconciliation_routes(router, services);
    add_explain_routes(router, services);
    add_payment_method_routes(router, services);
    add_credit_routes(router, services);
    add_usage_routes(router, services);
    add_admin_paypal_routes(router, services);
    add_admin_credit_routes(router, services);
    add_plan_routes(router, services);
    add_notification_routes(router, services);
    add_session_routes(router, services);
    if (services.local_sign_in) add_local_routes(router, services);
    add_webhook_routes(router, services);
    add_operation_routes(router, services);
}

}  // namespace paydesk::api
