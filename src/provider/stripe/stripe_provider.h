#pragma once
// provider::Provider over Stripe's API.

#include "base/clock.h"
#include "provider/provider.h"
#include "provider/stripe/client.h"

namespace paydesk::provider::stripe {

// How the calls of provider.h map to Stripe:
//
//   create_customer      POST customers; metadata user_id, supabase_user_id, account_id
//   create_checkout      POST checkout/sessions; metadata on the session and on what it creates
//   get_, expire_        an already expired session expires again without complaint
//   create_portal        POST billing_portal/sessions with the flow's deep link
//   cancel_subscription  reads first, then sends only what changes something
//   preview_change       POST invoices/create_preview, for now and for the renewal after it
//   change_plan          POST subscriptions/:id: always_invoice, pending_if_incomplete; a declined
//                        invoice is voided, which ends the pending update
//   schedule_change      subscription_schedules: from the subscription, then a second phase
//   release_schedule     POST subscription_schedules/:id/release
//   pause_, resume_      POST subscriptions/:id/pause, /resume
//   find_promotion_code  GET promotion_codes?code=
//   set_promotion_code   POST subscriptions/:id with discounts
//   create_refund        POST refunds; metadata refund_id
//   find_refund          GET refunds of the charge or payment
//   pay_invoice          POST invoices/:id/pay, off session
//   origin_of_payment    GET invoice_payments, then checkout/sessions, of the payment intent
//   fetch                GET with what must be expanded; nested lists are read to their end
//   sync_product         product "paydesk_<key>", prices by lookup_key
class StripeProvider final : public Provider {
public:
    // `client` and `clock` outlive the provider.
    StripeProvider(Client& client, const Clock& clock);

    Name name() const override { return Name::stripe; }

    Task<Result<Ref>> create_customer(IntentId intent, NewCustomer input) override;
    Task<Result<Checkout>> create_checkout(IntentId intent, NewCheckout input) override;
    Task<Result<Checkout>> get_checkout(Ref checkout) override;

    // Refuses with provider_rejected when the session was completed in the meantime.
    Task<Result<void>> expire_checkout(IntentId intent, Ref checkout) override;
    Task<Result<std::string>> create_portal(IntentId intent, NewPortal input) override;

    // What is so already is a success without a call: cancelling what has ended, scheduling twice,
    // undoing what is not scheduled. Refuses with subscription_not_resumable to undo what has ended.
    Task<Result<Change>> cancel_subscription(IntentId intent, Ref subscription, CancelWhen when,
                                             CancelDetails details) override;
    Task<Result<ChangePreview>> preview_change(PlanChange change, bool at_period_end) override;
    Task<Result<Renewal>> preview_renewal(Ref subscription) override;
    Task<Result<PlanChanged>> change_plan(IntentId intent, PlanChange change) override;
    Task<Result<Change>> schedule_change(IntentId intent, PlanChange change) override;
    Task<Result<std::optional<Change>>> release_schedule(IntentId intent,
                                                         Ref subscription) override;
    Task<Result<Change>> pause_subscription(IntentId intent, Ref subscription) override;
    Task<Result<PlanChanged>> resume_subscription(IntentId intent, Ref subscription) override;
    Task<Result<std::optional<PromotionCode>>> find_promotion_code(std::string code) override;
    Task<Result<Change>> set_promotion_code(IntentId intent, Ref subscription,
                                            std::optional<Ref> promotion_code) override;
    Task<Result<Change>> create_refund(IntentId intent, NewRefund input) override;
    Task<Result<std::optional<Change>>> find_refund(NewRefund input) override;
    Task<Result<Change>> pay_invoice(IntentId intent, Ref invoice, Ref payment_method) override;
    Task<Result<PaymentOrigin>> origin_of_payment(Ref payment) override;
    Task<Result<Change>> fetch(ObjectKind kind, Ref object) override;

    // Repeatable at any time: it carries no intent and looks before it creates.
    Task<Result<std::vector<SyncedPrice>>> sync_product(CatalogProduct product,
                                                        std::vector<CatalogPrice> prices) override;
    Task<Result<CatalogDifference>> compare_product(CatalogProduct product,
                                                    std::vector<CatalogPrice> prices) override;

private:
    Task<Result<Ref>> sync_product_itself(CatalogProduct product);
    Task<Result<Ref>> create_product(CatalogProduct product);
    Task<Result<Ref>> sync_price(Ref product, CatalogPrice price);
    Task<Answer> find_price(std::string lookup_key);
    Task<Result<void>> archive_price(Ref price);
    Task<Result<Change>> change_subscription(IntentId intent, Ref subscription, Form changes);
    Task<Result<Change>> end_subscription(Ref subscription, CancelDetails details);
    Task<Answer> get_subscription(Ref subscription);
    Task<Answer> preview(Form form);
    Task<Result<PlanChanged>> settle_payment(IntentId intent, PlanChanged changed, Ref invoice,
                                             bool void_when_declined);
    // Of a subscription as Stripe tells it.
    Task<Result<std::optional<Change>>> release_schedule_of(IntentId intent,
                                                            json::value subscription);
    Task<Result<Ref>> ensure_schedule(IntentId intent, Ref subscription);

    Client& client_;
    const Clock& clock_;
};

// Stripe answered 2xx with something else than it documents: we can't tell what came of the call.
Error unreadable(std::string_view what);

}  // namespace paydesk::provider::stripe
