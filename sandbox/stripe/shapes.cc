#include "sandbox/stripe/shapes.h"

#include <map>

#include "base/assert.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view blanks = R"json([
{"id":"","object":"customer","address":null,"balance":0,"created":0,"currency":null,
 "customer_account":null,"default_source":null,"delinquent":false,"description":null,
 "discount":null,"email":null,"invoice_prefix":null,
 "invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,
  "rendering_options":null},
 "livemode":false,"metadata":{},"name":null,"next_invoice_sequence":1,"phone":null,
 "preferred_locales":[],"shipping":null,"tax_exempt":"none","test_clock":null},

{"id":"","object":"product","active":true,"created":0,"default_price":null,"description":null,
 "images":[],"livemode":false,"marketing_features":[],"metadata":{},"name":"",
 "package_dimensions":null,"shippable":null,"statement_descriptor":null,"tax_code":null,
 "tax_details":null,"type":"service","unit_label":null,"updated":0,"url":null},

{"id":"","object":"price","active":true,"billing_scheme":"per_unit","created":0,"currency":"usd",
 "custom_unit_amount":null,"livemode":false,"lookup_key":null,"metadata":{},"nickname":null,
 "product":"","recurring":null,"tax_behavior":"unspecified","tiers_mode":null,
 "transform_quantity":null,"type":"one_time","unit_amount":null,"unit_amount_decimal":null},

{"id":"","object":"plan","active":true,"amount":null,"amount_decimal":null,
 "billing_scheme":"per_unit","created":0,"currency":"usd","interval":"month","interval_count":1,
 "livemode":false,"metadata":{},"meter":null,"nickname":null,"product":null,"tiers_mode":null,
 "transform_usage":null,"trial_period_days":null,"usage_type":"licensed"},

{"id":"","object":"checkout.session","adaptive_pricing":{"enabled":false},"after_expiration":null,
 "allow_promotion_codes":null,"allowed_payment_method_types":null,"amount_subtotal":null,
 "amount_total":null,
 "automatic_tax":{"enabled":false,"liability":null,"provider":null,"status":null},
 "billing_address_collection":null,"cancel_url":null,"client_reference_id":null,
 "client_secret":null,
 "collected_information":{"business_name":null,"individual_name":null,"shipping_details":null},
 "consent":null,"consent_collection":null,"created":0,"currency":null,"currency_conversion":null,
 "custom_fields":[],
 "custom_text":{"after_submit":null,"shipping_address":null,"submit":null,
  "terms_of_service_acceptance":null},
 "customer":null,"customer_account":null,"customer_creation":null,"customer_details":null,
 "customer_email":null,"discounts":[],"expires_at":0,"integration_identifier":null,
 "invoice":null,"invoice_creation":null,"livemode":false,"locale":null,"managed_payments":null,
 "metadata":{},"mode":"payment","origin_context":null,"payment_intent":null,"payment_link":null,
 "payment_method_collection":null,"payment_method_configuration_details":null,
 "payment_method_options":{"card":{"request_three_d_secure":"automatic"}},
 "payment_method_types":["card"],"payment_status":"unpaid","permissions":null,
 "phone_number_collection":{"enabled":false},"recovered_from":null,
 "saved_payment_method_options":null,"setup_intent":null,"shipping_address_collection":null,
 "shipping_cost":null,"shipping_options":[],"status":"open","submit_type":null,
 "subscription":null,"success_url":null,
 "total_details":{"amount_discount":0,"amount_shipping":0,"amount_tax":0},
 "ui_mode":"hosted_page","url":null,"wallet_options":null},

{"id":"","object":"item","adjustable_quantity":null,"amount_discount":0,"amount_subtotal":0,
 "amount_tax":0,"amount_total":0,"currency":"usd","description":null,"metadata":{},"price":null,
 "quantity":1},

{"id":"","object":"subscription","application":null,"application_fee_percent":null,
 "automatic_tax":{"disabled_reason":null,"enabled":false,"liability":null},
 "billing_cycle_anchor":0,"billing_cycle_anchor_config":null,
 "billing_mode":{"flexible":{"proration_discounts":"included"},"type":"flexible"},
 "billing_schedules":[],"billing_thresholds":null,"cancel_at":null,"cancel_at_period_end":false,
 "canceled_at":null,
 "cancellation_details":{"comment":null,"feedback":null,"feedback_option":null,"reason":null},
 "collection_method":"charge_automatically","created":0,"currency":"usd","customer":"",
 "customer_account":null,"days_until_due":null,"default_payment_method":null,
 "default_source":null,"default_tax_rates":[],"description":null,"discounts":[],"ended_at":null,
 "invoice_settings":{"account_tax_ids":null,"custom_fields":null,"description":null,
  "footer":null,"issuer":{"type":"self"}},
 "items":{"object":"list","data":[],"has_more":false,"url":""},
 "latest_invoice":null,"livemode":false,"managed_payments":null,"metadata":{},
 "next_pending_invoice_item_invoice":null,"on_behalf_of":null,"pause_collection":null,
 "payment_settings":{"payment_method_options":null,"payment_method_types":null,
  "save_default_payment_method":"off"},
 "pending_invoice_item_interval":null,"pending_setup_intent":null,"pending_update":null,
 "schedule":null,"start_date":0,"status":"active","test_clock":null,"transfer_data":null,
 "trial_end":null,
 "trial_settings":{"end_behavior":{"billing_cycle_anchor":null,
  "missing_payment_method":"create_invoice"}},
 "trial_start":null},

{"id":"","object":"subscription_item","billing_thresholds":null,"created":0,
 "current_period_end":0,"current_period_start":0,"current_trial":null,"discounts":[],
 "metadata":{},"plan":null,"price":null,"quantity":1,"subscription":"","tax_rates":[]},

{"id":"","object":"invoice","account_country":"US","account_name":"Paydesk sandbox",
 "account_tax_ids":null,"amount_due":0,"amount_overpaid":0,"amount_paid":0,"amount_remaining":0,
 "amount_shipping":0,"application":null,"attempt_count":0,"attempted":false,"auto_advance":true,
 "automatic_tax":{"disabled_reason":null,"enabled":false,"liability":null,"provider":null,
  "status":null},
 "automatically_finalizes_at":null,"billing_reason":null,
 "collection_method":"charge_automatically","created":0,"currency":"usd","custom_fields":null,
 "customer":null,"customer_account":null,"customer_address":null,"customer_email":null,
 "customer_name":null,"customer_phone":null,"customer_shipping":null,
 "customer_tax_exempt":"none","customer_tax_ids":[],"default_payment_method":null,
 "default_source":null,"default_tax_rates":[],"description":null,"discounts":[],"due_date":null,
 "effective_at":null,"ending_balance":null,"footer":null,"from_invoice":null,
 "hosted_invoice_url":null,"invoice_pdf":null,"issuer":{"type":"self"},
 "last_finalization_error":null,"latest_revision":null,
 "lines":{"object":"list","data":[],"has_more":false,"url":""},
 "livemode":false,"metadata":{},"next_payment_attempt":null,"number":null,"on_behalf_of":null,
 "parent":null,
 "payment_settings":{"default_mandate":null,"payment_method_options":null,
  "payment_method_types":null},
 "period_end":0,"period_start":0,"post_payment_credit_notes_amount":0,
 "pre_payment_credit_notes_amount":0,"receipt_number":null,"rendering":null,
 "shipping_cost":null,"shipping_details":null,"starting_balance":0,"statement_descriptor":null,
 "status":"draft",
 "status_transitions":{"finalized_at":null,"marked_uncollectible_at":null,"paid_at":null,
  "voided_at":null},
 "subtotal":0,"subtotal_excluding_tax":0,"test_clock":null,"total":0,
 "total_discount_amounts":[],"total_excluding_tax":0,"total_pretax_credit_amounts":[],
 "total_taxes":[],"webhooks_delivered_at":null},

{"id":"","object":"line_item","amount":0,"currency":"usd","description":null,
 "discount_amounts":[],"discountable":true,"discounts":[],"invoice":null,"livemode":false,
 "metadata":{},"parent":null,"period":{"end":0,"start":0},"pretax_credit_amounts":[],
 "pricing":null,"quantity":1,"quantity_decimal":"1","subscription":null,"subtotal":0,"taxes":[]},

{"id":"","object":"invoiceitem","amount":0,"currency":"usd","customer":"","customer_account":null,
 "date":0,"description":null,"discountable":true,"discounts":[],"invoice":null,"livemode":false,
 "metadata":{},"net_amount":0,"parent":null,"period":{"end":0,"start":0},"pricing":null,
 "proration":false,"quantity":1,"quantity_decimal":"1","tax_rates":[],"test_clock":null},

{"id":"","object":"invoice_payment","amount_paid":null,"amount_requested":0,"created":0,
 "currency":"usd","invoice":"","is_default":true,"livemode":false,
 "payment":{"type":"payment_intent"},"status":"open",
 "status_transitions":{"canceled_at":null,"paid_at":null}},

{"id":"","object":"payment_intent","allowed_payment_method_types":null,"amount":0,
 "amount_capturable":0,"amount_details":{"tip":{}},"amount_received":0,"application":null,
 "application_fee_amount":null,"automatic_payment_methods":null,"canceled_at":null,
 "cancellation_reason":null,"capture_method":"automatic_async","client_secret":null,
 "confirmation_method":"automatic","created":0,"currency":"usd","customer":null,
 "customer_account":null,"description":null,"excluded_payment_method_types":null,
 "last_payment_error":null,"latest_charge":null,"livemode":false,"managed_payments":null,
 "metadata":{},"next_action":null,"on_behalf_of":null,"payment_method":null,
 "payment_method_configuration_details":null,
 "payment_method_options":{"card":{"installments":null,"mandate_options":null,"network":null,
  "request_three_d_secure":"automatic"}},
 "payment_method_types":["card"],"payment_record":null,"processing":null,"receipt_email":null,
 "review":null,"setup_future_usage":null,"shipping":null,"source":null,
 "statement_descriptor":null,"statement_descriptor_suffix":null,
 "status":"requires_payment_method","transfer_data":null,"transfer_group":null},

{"id":"","object":"setup_intent","allowed_payment_method_types":null,"application":null,
 "automatic_payment_methods":null,"cancellation_reason":null,"client_secret":null,"created":0,
 "customer":null,"customer_account":null,"description":null,
 "excluded_payment_method_types":null,"flow_directions":null,"last_setup_error":null,
 "latest_attempt":null,"livemode":false,"managed_payments":null,"mandate":null,"metadata":{},
 "next_action":null,"on_behalf_of":null,"payment_method":null,
 "payment_method_configuration_details":null,
 "payment_method_options":{"card":{"mandate_options":null,"network":null,
  "request_three_d_secure":"automatic"}},
 "payment_method_types":["card"],"single_use_mandate":null,"status":"requires_payment_method",
 "usage":"off_session"},

{"id":"","object":"payment_method","allow_redisplay":"unspecified",
 "billing_details":{"address":{"city":null,"country":null,"line1":null,"line2":null,
  "postal_code":null,"state":null},"email":null,"name":null,"phone":null,"tax_id":null},
 "card":{"brand":"visa","checks":{"address_line1_check":null,"address_postal_code_check":null,
   "cvc_check":"pass"},
  "country":"US","display_brand":"visa","exp_month":12,"exp_year":2034,"fingerprint":"",
  "funding":"credit","generated_from":null,"last4":"4242",
  "networks":{"available":["visa"],"preferred":null},"regulated_status":"unregulated",
  "three_d_secure_usage":{"supported":true},"wallet":null},
 "created":0,"customer":null,"customer_account":null,"livemode":false,"metadata":{},
 "type":"card"},

{"id":"","object":"charge","amount":0,"amount_captured":0,"amount_refunded":0,"application":null,
 "application_fee":null,"application_fee_amount":null,"balance_transaction":null,
 "billing_details":null,"calculated_statement_descriptor":"PAYDESK SANDBOX","captured":true,
 "created":0,"currency":"usd","customer":null,"description":null,"disputed":false,
 "failure_balance_transaction":null,"failure_code":null,"failure_message":null,
 "fraud_details":{},"livemode":false,"metadata":{},"on_behalf_of":null,
 "outcome":{"advice_code":null,"network_advice_code":null,"network_decline_code":null,
  "network_status":"approved_by_network","reason":null,"risk_level":"normal","risk_score":17,
  "seller_message":"Payment complete.","type":"authorized"},
 "paid":true,"payment_intent":null,"payment_method":null,
 "payment_method_details":{"card":{"amount_authorized":null,"authorization_code":null,
   "brand":"visa","checks":{"address_line1_check":null,"address_postal_code_check":null,
    "cvc_check":"pass"},
   "country":"US","electronic_commerce_indicator":null,"exp_month":12,"exp_year":2034,
   "extended_authorization":{"status":"disabled"},"fingerprint":"","funding":"credit",
   "incremental_authorization":{"status":"unavailable"},"installments":null,"last4":"4242",
   "mandate":null,"multicapture":{"status":"unavailable"},"network":"visa",
   "network_token":{"used":false},"network_transaction_id":null,
   "overcapture":{"maximum_amount_capturable":0,"status":"unavailable"},
   "regulated_status":"unregulated","three_d_secure":null,"transaction_link_id":null,
   "wallet":null},
  "type":"card"},
 "receipt_email":null,"receipt_number":null,"receipt_url":null,"refunded":false,"review":null,
 "shipping":null,"source":null,"source_transfer":null,"statement_descriptor":null,
 "statement_descriptor_suffix":null,"status":"succeeded","transfer_data":null,
 "transfer_group":null},

{"id":"","object":"refund","amount":0,"balance_transaction":null,"charge":null,"created":0,
 "currency":"usd","customer":null,"customer_account":null,
 "destination_details":{"card":{"reference_status":"pending","reference_type":
  "acquirer_reference_number","type":"refund"},"type":"card"},
 "metadata":{},"payment_intent":null,"payment_method":null,"reason":null,"receipt_number":null,
 "source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null},

{"id":"","object":"balance_transaction","amount":0,"available_on":0,"balance_type":"payments",
 "created":0,"currency":"usd","description":null,"exchange_rate":null,"fee":0,"fee_details":[],
 "net":0,"reporting_category":"charge","source":null,"status":"pending","type":"charge"},

{"id":"","object":"billing_portal.session","configuration":"","created":0,"customer":"",
 "customer_account":null,"flow":null,"livemode":false,"locale":null,"on_behalf_of":null,
 "return_url":null,"url":""},

{"id":"","object":"billing_portal.configuration","active":true,"application":null,
 "business_profile":{"headline":null,"privacy_policy_url":null,"terms_of_service_url":null},
 "created":0,"default_return_url":null,
 "features":{"customer_update":{"allowed_updates":[],"enabled":false},
  "invoice_history":{"enabled":true},
  "payment_method_update":{"enabled":true,"payment_method_configuration":null},
  "subscription_cancel":{"cancellation_reason":{"enabled":false,"feedback_options":null,
    "options":[]},"enabled":true,"mode":"at_period_end","proration_behavior":"none"},
  "subscription_pause":{"duration":{"interval_options":[],"type":"indefinite"},"enabled":false},
  "subscription_update":{"billing_cycle_anchor":null,"default_allowed_updates":[],
   "enabled":false,"proration_behavior":"none","schedule_at_period_end":{"conditions":[]},
   "trial_update_behavior":"end_trial"}},
 "is_default":false,"livemode":false,"login_page":{"enabled":false,"url":null},"metadata":{},
 "name":null,"updated":0},

{"id":"","object":"webhook_endpoint","api_version":null,"application":null,"created":0,
 "description":null,"enabled_events":[],"livemode":false,"metadata":{},"status":"enabled",
 "url":""},

{"id":"","object":"event","api_version":null,"created":0,"data":{"object":null},
 "livemode":false,"pending_webhooks":0,"request":{"id":null,"idempotency_key":null},"type":""}
])json";

std::map<std::string, Object, std::less<>> parse_blanks() {
    std::map<std::string, Object, std::less<>> shapes;
    for (const json::value& value : json::parse(blanks).get_array()) {
        shapes.emplace(text(value.get_object(), "object"), value.get_object());
    }
    return shapes;
}

}  // namespace

Object blank(std::string_view kind) {
    static const auto shapes = parse_blanks();
    const auto found = shapes.find(kind);
    PD_ASSERT(found != shapes.end());
    return found->second;
}

}  // namespace paydesk::sandbox::stripe
