#include "billing/invoice_order_flow.h"

#include "billing/decide_facts.h"
#include "billing/invoice_order_store.h"

namespace paydesk::billing {
namespace {

using invoice_order_store::Owed;

// Who collects it, where it is not an order of ours.
std::string elsewhere(const Owed& owed) {
    if (owed.provider == provider::Name::paypal)
        return "PayPal collects this invoice by itself, and tries again where that fails.";
    return owed.hosted_invoice_url
               ? "This invoice is paid on its own page: " + *owed.hosted_invoice_url
               : "The provider collects this invoice by itself.";
}

Result<void> check_payable(const Owed& owed) {
    const auto refused = [](std::string message) {
        return Error{ErrorCode::invoice_not_payable, std::move(message)};
    };
    if (owed.status == "paid") return refused("This invoice is paid.");
    if (owed.status != "open" || owed.amount_remaining.minor_units() <= 0)
        return refused("This invoice is " + owed.status + ": nothing is to be paid.");
    const bool ours = owed.provider == provider::Name::paypal &&
                      owed.billing_reason == provider::usage_billing_reason;
    if (!ours) return refused(elsewhere(owed));
    return {};
}

std::string description_of(const Owed& owed) {
    if (!owed.period_start || !owed.period_end) return "Usage";
    return "Usage, " + date_for_people(*owed.period_start) + " to " +
           date_for_people(*owed.period_end);
}

}  // namespace

Task<Result<CheckoutSession>> order_invoice(const Flows& flows, InvoiceOrderWish wish) {
    const auto owed =
        co_await invoice_order_store::find(flows.db(), wish.buyer.account, wish.invoice);
    if (!owed) co_return Error{ErrorCode::not_found, "You have no such invoice."};
    if (const auto payable = check_payable(*owed); !payable) co_return payable.error();
    const auto flow = flows.of(owed->provider);
    if (!flow) co_return flow.error();

    CheckoutWish order;
    order.buyer = std::move(wish.buyer);
    order.provider = owed->provider;
    order.mode = "payment";
    order.amount = owed->amount_remaining;
    order.description = description_of(*owed);
    order.invoice = owed->invoice;
    const ReturnUrls& urls = (*flow)->urls;
    order.success_url = wish.success_url.value_or(urls.invoice_paid_url());
    order.cancel_url = wish.cancel_url.value_or(urls.billing_url());
    co_return co_await create_checkout(flows, std::move(order));
}

}  // namespace paydesk::billing
