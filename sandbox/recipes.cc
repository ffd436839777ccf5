#include "sandbox/recipes.h"

#include <algorithm>
#include <array>

namespace paydesk::sandbox {
namespace {

// clang-format off
#define CUSTOMER "customer POST /v1/customers email=ada%40example.com&name=Ada\n"
#define METHOD(card) "payment_method POST /v1/payment_methods/" card "/attach customer=${customer.id}\n"
#define CARD(card) METHOD(card) \
    "default POST /v1/customers/${customer.id} invoice_settings[default_payment_method]=${payment_method.id}\n"
#define CLOCK "clock POST /v1/test_helpers/test_clocks frozen_time=${now}\n"
#define CUSTOMER_OF_CLOCK CLOCK "customer POST /v1/customers email=ada%40example.com&name=Ada&test_clock=${clock.id}\n"
#define ADVANCE(seconds) "advance POST /v1/test_helpers/test_clocks/${clock.id}/advance frozen_time=${now+" seconds "}\n"
#define PRODUCT "product POST /v1/products name=Pro\n"
#define PRICE PRODUCT "price POST /v1/prices currency=usd&unit_amount=2900&recurring[interval]=month&product=${product.id}\n"
#define SUBSCRIPTION "subscription POST /v1/subscriptions customer=${customer.id}&items[0][price]=${price.id}"
#define SUBSCRIBED CUSTOMER CARD("pm_card_visa") PRICE SUBSCRIPTION "\n"
#define SCHEDULED SUBSCRIBED "subscription_schedule POST /v1/subscription_schedules from_subscription=${subscription.id}\n"
#define SESSION PRICE "checkout_session POST /v1/checkout/sessions mode=subscription&line_items[0][price]=${price.id}" \
    "&line_items[0][quantity]=1&success_url=http%3A%2F%2Fexample.com%2Fok\n"
#define ITEM CUSTOMER CARD("pm_card_visa") "invoiceitem POST /v1/invoiceitems customer=${customer.id}&amount=2000&currency=usd\n"
#define INVOICE(more) ITEM "invoice POST /v1/invoices customer=${customer.id}&pending_invoice_items_behavior=include&auto_advance=false" more "\n"
#define DRAFT INVOICE("")
#define OPEN DRAFT "finalized POST /v1/invoices/${invoice.id}/finalize\n"
#define CREDITED OPEN "paid POST /v1/invoices/${invoice.id}/pay\ncredit_note POST /v1/credit_notes invoice=${invoice.id}&amount=500&credit_amount=500\n"
#define UNPAID(card) CUSTOMER CARD(card) PRICE "subscription? POST /v1/subscriptions customer=${customer.id}" \
    "&items[0][price]=${price.id}&payment_behavior=allow_incomplete\n"
#define INTENT "payment_intent POST /v1/payment_intents amount=2000&currency=usd&payment_method_types[]=card\n"
#define PAY "payment_intent? POST /v1/payment_intents amount=2000&currency=usd&payment_method_types[]=card&confirm=true&payment_method="
#define PAID(card) PAY card "\n"
#define PAID_BY_CLOCK(card) CUSTOMER_OF_CLOCK PAY card "&customer=${customer.id}\n"
#define REFUND "refund POST /v1/refunds payment_intent=${payment_intent.id}\n"
#define REFUNDED PAID("pm_card_visa") REFUND
#define SETUP(card) "setup_intent? POST /v1/setup_intents payment_method_types[]=card&confirm=true&payment_method=" card "\n"
#define DISPUTED PAID("pm_card_createDispute") "disputes GET /v1/disputes?charge=${payment_intent.latest_charge}\n"
#define ANSWERED(evidence) DISPUTED "dispute POST /v1/disputes/${disputes.data.0.id} evidence[uncategorized_text]=" evidence "\n"
#define COUPON "coupon POST /v1/coupons percent_off=20&duration=forever\n"
#define DISCOUNTED CUSTOMER CARD("pm_card_visa") PRICE COUPON SUBSCRIPTION "&discounts[0][coupon]=${coupon.id}\n"
#define CODE COUPON "promotion_code POST /v1/promotion_codes promotion[type]=coupon&promotion[coupon]=${coupon.id}\n"
#define CONFIGURATION "configuration POST /v1/billing_portal/configurations features[invoice_history][enabled]=true\n"
#define TAX_RATE "tax_rate POST /v1/tax_rates display_name=VAT&percentage=19&inclusive=false&country=DE\n"
#define TAX_ID CUSTOMER "tax_id POST /v1/customers/${customer.id}/tax_ids type=eu_vat&value=DE123456789\n"
#define SUSPENDED CUSTOMER_OF_CLOCK PRICE SUBSCRIPTION \
    "&trial_period_days=1&trial_settings[end_behavior][missing_payment_method]=pause\n" ADVANCE("172800")

constexpr std::array all = {
    Recipe{"billing_portal.configuration.created", CONFIGURATION},
    Recipe{"billing_portal.configuration.updated", CONFIGURATION
        "updated POST /v1/billing_portal/configurations/${configuration.id} features[invoice_history][enabled]=false\n"},
    Recipe{"billing_portal.session.created", CUSTOMER "session POST /v1/billing_portal/sessions customer=${customer.id}\n"},
    Recipe{"charge.dispute.closed", ANSWERED("losing_evidence")},
    Recipe{"charge.dispute.created", DISPUTED},
    Recipe{"charge.dispute.funds_reinstated", ANSWERED("winning_evidence")},
    Recipe{"charge.dispute.funds_withdrawn", DISPUTED},
    Recipe{"charge.dispute.updated", ANSWERED("winning_evidence")},
    Recipe{"charge.failed", PAID("pm_card_visa_chargeDeclined")},
    Recipe{"charge.refund.updated", PAID_BY_CLOCK("pm_card_pendingRefund") REFUND ADVANCE("259200")},
    Recipe{"charge.refunded", REFUNDED},
    Recipe{"charge.succeeded", PAID("pm_card_visa")},
    Recipe{"checkout.session.completed", SESSION
        "payment_method POST /v1/payment_methods type=card&card[token]=tok_visa&billing_details[email]=ada%40example.com\n"
        "confirmed POST /v1/payment_pages/${checkout_session.id}/confirm payment_method=${payment_method.id}&expected_amount=${checkout_session.amount_total}\n"},
    Recipe{"checkout.session.expired", SESSION "expired POST /v1/checkout/sessions/${checkout_session.id}/expire\n"},
    Recipe{"coupon.created", COUPON},
    Recipe{"coupon.deleted", COUPON "deleted DELETE /v1/coupons/${coupon.id}\n"},
    Recipe{"coupon.updated", COUPON "updated POST /v1/coupons/${coupon.id} name=Spring\n"},
    Recipe{"credit_note.created", CREDITED},
    Recipe{"credit_note.updated", CREDITED "updated POST /v1/credit_notes/${credit_note.id} memo=Goodwill\n"},
    Recipe{"credit_note.voided", OPEN "credit_note POST /v1/credit_notes invoice=${invoice.id}&amount=500\n"
        "voided POST /v1/credit_notes/${credit_note.id}/void\n"},
    Recipe{"customer.created", CUSTOMER},
    Recipe{"customer.deleted", CUSTOMER "deleted DELETE /v1/customers/${customer.id}\n"},
    Recipe{"customer.discount.created", DISCOUNTED},
    Recipe{"customer.discount.deleted", DISCOUNTED "deleted DELETE /v1/subscriptions/${subscription.id}/discount\n"},
    Recipe{"customer.subscription.created", SUBSCRIBED},
    Recipe{"customer.subscription.deleted", SUBSCRIBED "deleted DELETE /v1/subscriptions/${subscription.id}\n"},
    Recipe{"customer.subscription.paused", SUSPENDED},
    Recipe{"customer.subscription.resumed", SUSPENDED CARD("pm_card_visa")
        "resumed POST /v1/subscriptions/${subscription.id}/resume\n" ADVANCE("180000")},
    Recipe{"customer.subscription.trial_will_end", CUSTOMER CARD("pm_card_visa") PRICE SUBSCRIPTION "&trial_period_days=2\n"},
    Recipe{"customer.subscription.updated", SUBSCRIBED "updated POST /v1/subscriptions/${subscription.id} cancel_at_period_end=true\n"},
    Recipe{"customer.tax_id.created", TAX_ID},
    Recipe{"customer.tax_id.deleted", TAX_ID "deleted DELETE /v1/customers/${customer.id}/tax_ids/${tax_id.id}\n"},
    Recipe{"customer.updated", CUSTOMER "updated POST /v1/customers/${customer.id} name=Grace\n"},
    Recipe{"invoice.created", DRAFT},
    Recipe{"invoice.deleted", DRAFT "deleted DELETE /v1/invoices/${invoice.id}\n"},
    Recipe{"invoice.finalized", OPEN},
    Recipe{"invoice.marked_uncollectible", OPEN "marked POST /v1/invoices/${invoice.id}/mark_uncollectible\n"},
    Recipe{"invoice.overdue", CUSTOMER_OF_CLOCK "invoiceitem POST /v1/invoiceitems customer=${customer.id}&amount=2000&currency=usd\n"
        "invoice POST /v1/invoices customer=${customer.id}&pending_invoice_items_behavior=include&collection_method=send_invoice&days_until_due=1\n"
        "finalized POST /v1/invoices/${invoice.id}/finalize\n" ADVANCE("432000")},
    Recipe{"invoice.paid", SUBSCRIBED},
    Recipe{"invoice.payment_action_required", UNPAID("pm_card_threeDSecure2Required")},
    Recipe{"invoice.payment_failed", UNPAID("pm_card_chargeCustomerFail")},
    Recipe{"invoice.payment_succeeded", SUBSCRIBED},
    Recipe{"invoice.sent", INVOICE("&collection_method=send_invoice&days_until_due=14")
        "sent POST /v1/invoices/${invoice.id}/send\n"},
    Recipe{"invoice.updated", DRAFT "updated POST /v1/invoices/${invoice.id} metadata[changed]=yes\n"},
    Recipe{"invoice.voided", OPEN "voided POST /v1/invoices/${invoice.id}/void\n"},
    Recipe{"invoice_payment.paid", SUBSCRIBED},
    Recipe{"invoiceitem.created", ITEM},
    Recipe{"invoiceitem.deleted", ITEM "deleted DELETE /v1/invoiceitems/${invoiceitem.id}\n"},
    Recipe{"payment_intent.canceled", INTENT "canceled POST /v1/payment_intents/${payment_intent.id}/cancel\n"},
    Recipe{"payment_intent.created", INTENT},
    Recipe{"payment_intent.payment_failed", PAID("pm_card_visa_chargeDeclined")},
    Recipe{"payment_intent.requires_action", PAID("pm_card_threeDSecure2Required")},
    Recipe{"payment_intent.succeeded", PAID("pm_card_visa")},
    Recipe{"payment_method.attached", CUSTOMER CARD("pm_card_visa")},
    Recipe{"payment_method.detached", CUSTOMER CARD("pm_card_visa") "detached POST /v1/payment_methods/${payment_method.id}/detach\n"},
    Recipe{"payment_method.updated", CUSTOMER CARD("pm_card_visa") "updated POST /v1/payment_methods/${payment_method.id} billing_details[name]=Ada\n"},
    Recipe{"price.created", PRICE},
    Recipe{"price.updated", PRICE "updated POST /v1/prices/${price.id} nickname=Monthly\n"},
    Recipe{"product.created", PRODUCT},
    Recipe{"product.deleted", PRODUCT "deleted DELETE /v1/products/${product.id}\n"},
    Recipe{"product.updated", PRODUCT "updated POST /v1/products/${product.id} name=Max\n"},
    Recipe{"promotion_code.created", CODE},
    Recipe{"promotion_code.updated", CODE "updated POST /v1/promotion_codes/${promotion_code.id} active=false\n"},
    Recipe{"refund.created", REFUNDED},
    Recipe{"refund.failed", PAID_BY_CLOCK("pm_card_refundFail") REFUND ADVANCE("345600")},
    Recipe{"refund.updated", PAID_BY_CLOCK("pm_card_pendingRefund") REFUND ADVANCE("259200")},
    Recipe{"setup_intent.canceled", "setup_intent POST /v1/setup_intents payment_method_types[]=card\n"
        "canceled POST /v1/setup_intents/${setup_intent.id}/cancel\n"},
    Recipe{"setup_intent.created", "setup_intent POST /v1/setup_intents payment_method_types[]=card\n"},
    Recipe{"setup_intent.requires_action", SETUP("pm_card_threeDSecure2Required")},
    Recipe{"setup_intent.setup_failed", SETUP("pm_card_visa_chargeDeclined")},
    Recipe{"setup_intent.succeeded", SETUP("pm_card_visa")},
    Recipe{"subscription_schedule.canceled", SCHEDULED "canceled POST /v1/subscription_schedules/${subscription_schedule.id}/cancel\n"},
    Recipe{"subscription_schedule.created", SCHEDULED},
    Recipe{"subscription_schedule.released", SCHEDULED "released POST /v1/subscription_schedules/${subscription_schedule.id}/release\n"},
    Recipe{"subscription_schedule.updated", SCHEDULED "updated POST /v1/subscription_schedules/${subscription_schedule.id} end_behavior=cancel\n"},
    Recipe{"tax_rate.created", TAX_RATE},
    Recipe{"tax_rate.updated", TAX_RATE "updated POST /v1/tax_rates/${tax_rate.id} active=false\n"},
    Recipe{"test_helpers.test_clock.advancing", CLOCK ADVANCE("86400")},
    Recipe{"test_helpers.test_clock.created", CLOCK},
    Recipe{"test_helpers.test_clock.deleted", CLOCK "deleted DELETE /v1/test_helpers/test_clocks/${clock.id}\n"},
    Recipe{"test_helpers.test_clock.ready", CLOCK ADVANCE("86400")},
};
// clang-format on

static_assert(std::ranges::is_sorted(all, {}, &Recipe::event));

}  // namespace

std::span<const Recipe> recipes() { return all; }

const Recipe* recipe_for(std::string_view event) {
    const auto* found = std::ranges::lower_bound(all, event, {}, &Recipe::event);
    return found != all.end() && found->event == event ? found : nullptr;
}

}  // namespace paydesk::sandbox
