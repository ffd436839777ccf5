#pragma once
// provider::Provider over PayPal's API.

#include <functional>

#include "base/clock.h"
#include "provider/paypal/client.h"
#include "provider/paypal/subscription.h"
#include "provider/paypal/subscription_payments.h"
#include "provider/provider.h"

namespace paydesk::provider::paypal {

// After that PayPal forgets an order that nobody approved (it says "3 to 6 hours"), and we an approval link.
inline constexpr std::chrono::hours approval_lapses_after{3};

struct PayPalOptions {
    bool livemode = false;
    // Where a buyer comes back to who has agreed to another plan; "": PayPal keeps them.
    std::string return_url = {};
};

// How the calls of provider.h map to PayPal:
//
//   create_customer      nothing: the customer is our account's id, which every object carries as custom_id
//   create_checkout      payment: POST checkout/orders; subscription: POST billing/subscriptions, a trial being a
//                        start_time that is put off. The checkout is the order or the subscription
//   get_checkout         GET of either; an order that PayPal has forgotten is expired
//   expire_checkout      nothing: PayPal can't. An approved order is never captured by itself
//   capture_checkout     POST checkout/orders/:id/capture, then GET
//   create_portal        refused: PayPal has none
//   cancel_subscription  POST .../cancel, final at once; until when it is paid for goes along as its reason
//   change_plan          POST .../revise: the buyer consents at `url`, nothing is prorated, the next billing has
//                        the new amount. preview_change says so
//   schedule_change      refused: a revision takes effect at the next billing anyway. release_: nothing
//   pause_, resume_      POST .../suspend, .../activate
//   find_, set_promotion none there
//   create_refund        POST payments/captures/:id/refund, of orders and of subscriptions; custom_id refund_id
//   find_refund          the order's refunds; of a subscription's payment none: PayPal keeps the request's id for
//                        45 days, and a refund that is asked for again is the same
//   pay_invoice          POST .../capture of the outstanding balance
//   origin_of_payment    an order is its own checkout
//   fetch                GET; an invoice is derived from its subscription's payments
//   sync_product         one product for all plans (PayPal revises only within one), one for each one-time price;
//                        a plan for each recurring price, its description is the lookup_key
//
// Changes are stamped by PayPal's clock (Client::ahead), those of subscriptions and their invoices and payments to
// the microsecond: nothing else ever tells of them, so the later answer is the newer.
class PayPalProvider final : public Provider {
public:
    // `client` and `clock` outlive the provider.
    PayPalProvider(Client& client, const Clock& clock, PayPalOptions options = {});

    Name name() const override { return Name::paypal; }

    Task<Result<Ref>> create_customer(IntentId intent, NewCustomer input) override;
    // REQUIRES: unit_amount, for a payment. Refuses with invalid_input what PayPal can't carry (amount.h).
    Task<Result<Checkout>> create_checkout(IntentId intent, NewCheckout input) override;
    Task<Result<Checkout>> get_checkout(Ref checkout) override;
    Task<Result<void>> expire_checkout(IntentId intent, Ref checkout) override;
    Task<Result<std::vector<Change>>> capture_checkout(IntentId intent, Ref checkout) override;
    Task<Result<std::string>> create_portal(IntentId intent, NewPortal input) override;
    // `never` is refused with subscription_not_resumable once it is cancelled: PayPal can't undo it. `now` for one
    // that ends with its period already: subscription_not_cancelable.
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
    // `payment_method` is PayPal's to choose.
    Task<Result<Change>> pay_invoice(IntentId intent, Ref invoice, Ref payment_method) override;
    Task<Result<PaymentOrigin>> origin_of_payment(Ref payment) override;
    // Refuses with not_found also a subscription that its buyer has not approved, and what PayPal has none of.
    Task<Result<Change>> fetch(ObjectKind kind, Ref object) override;
    // Of a subscription: itself (not while it waits for approval), its checkout, its payments since then, each as
    // charge and invoice, and what is owed as open invoices. Of an order: its checkout and its charges.
    Task<Result<std::vector<Change>>> fetch_with_payments(ObjectKind kind, Ref object,
                                                          std::optional<Instant> since) override;
    // Repeatable at any time: it carries no intent and looks before it creates.
    Task<Result<std::vector<SyncedPrice>>> sync_product(CatalogProduct product,
                                                        std::vector<CatalogPrice> prices) override;
    Task<Result<CatalogDifference>> compare_product(CatalogProduct product,
                                                    std::vector<CatalogPrice> prices) override;

private:
    // A subscription with all that must be known to judge it.
    struct Asked {
        Subscription subscription;
        std::vector<Plan>
            others;  // of its product; only where its own plan does not explain a payment
        Instant at;
        std::optional<std::string> approval_url;
    };
    struct Order {
        json::value json;
        Instant at;
    };

    Task<Result<Asked>> ask(Ref subscription);
    Task<Result<Plan>> ask_plan(const json::value& subscription);
    Task<Result<Plan>> get_plan(Ref plan);
    Task<Result<std::vector<Plan>>> plans_of(std::optional<Ref> product, Ref except);
    Task<Result<json::array>> list_plans(Ref product);
    Task<Result<std::vector<Payment>>> payments_of(Ref subscription, Instant from, Instant until);
    Task<Result<std::vector<Change>>> tell(Asked asked, std::optional<Instant> since);
    // Does what must be done once, and then looks: an answer may have been lost.
    Task<Result<Asked>> act_and_ask(Ref subscription, std::string_view verb, json::value body,
                                    State wanted);

    Task<Result<Checkout>> create_order(IntentId intent, NewCheckout input);
    Task<Result<Checkout>> create_subscription(IntentId intent, NewCheckout input);
    Task<Result<Order>> get_order(Ref order);
    Result<std::vector<Change>> changes_of(const Order& order) const;
    Task<Result<Change>> fetch_invoice(Ref invoice);
    Task<Result<Ref>> capture_of(NewRefund input);

    Task<Result<void>> ensure_product(Ref product, std::string name, std::string description);
    Task<Result<Ref>> sync_plan(CatalogProduct product, CatalogPrice price, json::array existing);
    Task<Result<void>> retire_plan(Ref plan);

    Change change_of(ObjectKind kind, Ref object, Fact fact, Instant at) const;
    Change snapshot_of(const Asked& asked) const;

    Client& client_;
    const Clock& clock_;
    const PayPalOptions options_;
};

// "I-BW452GLLEP1G", as opposed to an order.
bool is_subscription(const Ref& checkout);

// PayPal answered 2xx with something else than it documents: we can't tell what came of the call.
Error unreadable(const Error& why);
Error unreadable(std::string_view what);

}  // namespace paydesk::provider::paypal
