#include "sandbox/recipes.h"

#include <algorithm>
#include <array>

namespace paydesk::sandbox {
namespace {

// clang-format off
#define CUSTOMER "customer POST /v1/customers email=ada%40example.com&name=Ada\n"
#define CARD(method) "method POST /v1/payment_methods/" method "/attach customer=${customer.id}\n" \
    "default POST /v1/customers/${customer.id} invoice_settings[default_payment_method]=${method.id}\n"
#define PRODUCT "product POST /v1/products name=Pro\n"
#define PRICE PRODUCT "price POST /v1/prices currency=usd&unit_amount=2900&recurring[interval]=month&product=${product.id}\n"
#define SUBSCRIBED CUSTOMER CARD("pm_card_visa") PRICE \
    "subscription POST /v1/subscriptions customer=${customer.id}&items[0][price]=${price.id}\n"
#define SCHEDULED SUBSCRIBED "schedule POST /v1/subscription_schedules from_subscription=${subscription.id}\n"
#define SESSION PRICE "session POST /v1/checkout/sessions mode=subscription&line_items[0][price]=${price.id}" \
    "&line_items[0][quantity]=1&success_url=http%3A%2F%2Fexample.com%2Fok\n"
#define DRAFT CUSTOMER CARD("pm_card_visa") "item POST /v1/invoiceitems customer=${customer.id}&amount=2000&currency=usd\n" \
    "invoice POST /v1/invoices customer=${customer.id}&pending_invoice_items_behavior=include&auto_advance=false\n"
#define OPEN DRAFT "open POST /v1/invoices/${invoice.id}/finalize\n"
#define UNPAID(card) CUSTOMER CARD(card) PRICE "subscription? POST /v1/subscriptions customer=${customer.id}" \
    "&items[0][price]=${price.id}&payment_behavior=allow_incomplete\n"
#define INTENT "intent POST /v1/payment_intents amount=2000&currency=usd&payment_method_types[]=card\n"
#define PAID(card) "intent? POST /v1/payment_intents amount=2000&currency=usd&payment_method_types[]=card&payment_method=" card "&confirm=true\n"
#define REFUNDED PAID("pm_card_visa") "refund POST /v1/refunds payment_intent=${intent.id}\n"

constexpr std::array all = {
    Recipe{"charge.failed", PAID("pm_card_visa_chargeDeclined")},
    Recipe{"charge.refunded", REFUNDED},
    Recipe{"charge.succeeded", PAID("pm_card_visa")},
    Recipe{"checkout.session.completed", SESSION
        "method POST /v1/payment_methods type=card&card[token]=tok_visa&billing_details[email]=ada%40example.com\n"
        "done POST /v1/payment_pages/${session.id}/confirm payment_method=${method.id}&expected_amount=2900\n"},
    Recipe{"checkout.session.expired", SESSION "done POST /v1/checkout/sessions/${session.id}/expire\n"},
    Recipe{"customer.created", CUSTOMER},
    Recipe{"customer.deleted", CUSTOMER "done DELETE /v1/customers/${customer.id}\n"},
    Recipe{"customer.subscription.created", SUBSCRIBED},
    Recipe{"customer.subscription.deleted", SUBSCRIBED "done DELETE /v1/subscriptions/${subscription.id}\n"},
    Recipe{"customer.subscription.updated", SUBSCRIBED "done POST /v1/subscriptions/${subscription.id} cancel_at_period_end=true\n"},
    Recipe{"customer.updated", CUSTOMER "done POST /v1/customers/${customer.id} name=Grace\n"},
    Recipe{"invoice.created", DRAFT},
    Recipe{"invoice.finalized", OPEN},
    Recipe{"invoice.marked_uncollectible", OPEN "done POST /v1/invoices/${invoice.id}/mark_uncollectible\n"},
    Recipe{"invoice.paid", SUBSCRIBED},
    Recipe{"invoice.payment_action_required", UNPAID("pm_card_threeDSecure2Required")},
    Recipe{"invoice.payment_failed", UNPAID("pm_card_chargeCustomerFail")},
    Recipe{"invoice.payment_succeeded", SUBSCRIBED},
    Recipe{"invoice.updated", DRAFT "done POST /v1/invoices/${invoice.id} metadata[changed]=yes\n"},
    Recipe{"invoice.voided", OPEN "done POST /v1/invoices/${invoice.id}/void\n"},
    Recipe{"payment_intent.canceled", INTENT "done POST /v1/payment_intents/${intent.id}/cancel\n"},
    Recipe{"payment_intent.created", INTENT},
    Recipe{"payment_intent.payment_failed", PAID("pm_card_visa_chargeDeclined")},
    Recipe{"payment_intent.requires_action", PAID("pm_card_threeDSecure2Required")},
    Recipe{"payment_intent.succeeded", PAID("pm_card_visa")},
    Recipe{"payment_method.attached", CUSTOMER CARD("pm_card_visa")},
    Recipe{"payment_method.detached", CUSTOMER CARD("pm_card_visa") "done POST /v1/payment_methods/${method.id}/detach\n"},
    Recipe{"price.created", PRICE},
    Recipe{"price.updated", PRICE "done POST /v1/prices/${price.id} nickname=Monthly\n"},
    Recipe{"product.created", PRODUCT},
    Recipe{"product.deleted", PRODUCT "done DELETE /v1/products/${product.id}\n"},
    Recipe{"product.updated", PRODUCT "done POST /v1/products/${product.id} name=Max\n"},
    Recipe{"refund.created", REFUNDED},
    Recipe{"setup_intent.canceled", "intent POST /v1/setup_intents payment_method_types[]=card\n"
        "done POST /v1/setup_intents/${intent.id}/cancel\n"},
    Recipe{"setup_intent.created", "intent POST /v1/setup_intents payment_method_types[]=card\n"},
    Recipe{"setup_intent.succeeded", "intent POST /v1/setup_intents payment_method_types[]=card&payment_method=pm_card_visa&confirm=true\n"},
    Recipe{"subscription_schedule.canceled", SCHEDULED "done POST /v1/subscription_schedules/${schedule.id}/cancel\n"},
    Recipe{"subscription_schedule.created", SCHEDULED},
    Recipe{"subscription_schedule.released", SCHEDULED "done POST /v1/subscription_schedules/${schedule.id}/release\n"},
    Recipe{"subscription_schedule.updated", SCHEDULED "done POST /v1/subscription_schedules/${schedule.id} end_behavior=cancel\n"},
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
