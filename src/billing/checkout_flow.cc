#include "billing/checkout_flow.h"

#include "base/json.h"
#include "base/log.h"
#include "billing/checkout_offer.h"
#include "billing/checkout_store.h"
#include "billing/customer_flow.h"
#include "billing/promotion_flow.h"
#include "catalog/usage_price_store.h"

namespace paydesk::billing {
namespace {

using checkout_store::CheckoutRow;
using Offer = catalog::plan_store::Offer;

constexpr std::string_view promotion_id_prefix = "promo_";
const std::string custom_order_prefix = "custom:", invoice_order_prefix = "invoice:";

Error exists() {
    return {ErrorCode::subscription_exists,
            "There is a subscription already. Change or cancel it in the customer portal."};
}
Error just_completed() {
    return {
        ErrorCode::subscription_exists,
        "A checkout for this was completed a moment ago; the subscription appears as soon as the "
        "provider confirms it."};
}

Error being_paid() {
    return {ErrorCode::invoice_not_payable,
            "This invoice has been paid a moment ago, or its payment is on the way."};
}

// The row that this wish would make, of an offer or of an amount.
Result<CheckoutRow> row_for(const Flow& flow, const CheckoutWish& wish,
                            const std::optional<Offer>& offer) {
    const auto success = wish.success_url ? flow.urls.check(*wish.success_url)
                                          : Result<std::string>(flow.urls.success_url());
    if (!success) return success.error();
    const auto cancel = wish.cancel_url ? flow.urls.check(*wish.cancel_url)
                                        : Result<std::string>(flow.urls.cancel_url());
    if (!cancel) return cancel.error();
    const Instant now = flow.clock.now();
    const std::string id = uuid_v7(now);
    // An order of a named amount has a slot of its own: any number of them may be open at once. Of an invoice it is one.
    CheckoutRow row{
        .account = wish.buyer.account,
        .id = id,
        .provider = wish.provider,
        .plan_key = wish.invoice ? invoice_order_prefix + *wish.invoice : custom_order_prefix + id,
        .plan_family = "orders",
        .billing_cycle = "one_time",
        .mode = "payment",
        .quantity = wish.quantity,
        .price = {},
        .success_url = *success,
        .cancel_url = *cancel,
        .expires_at = from_unix(to_unix(now + checkout_lifetime)),
        .status = "creating"};
    if (!offer) {
        row.unit_amount = wish.amount;
        row.description = wish.description;
        row.invoice = wish.invoice;
        return row;
    }
    row.plan_key = offer->plan_key;
    row.plan_family = offer->plan_family;
    row.billing_cycle = offer->billing_cycle;
    if (offer->kind == catalog::PlanKind::plan) row.mode = "subscription";
    row.price = offer->price;
    row.unit_amount = offer->unit_amount;
    row.description = offer->plan_name;
    return row;
}

bool is_same_wish(const CheckoutRow& a, const CheckoutRow& b) {
    return a.provider == b.provider && a.plan_key == b.plan_key &&
           a.billing_cycle == b.billing_cycle && a.price == b.price && a.quantity == b.quantity &&
           a.success_url == b.success_url && a.cancel_url == b.cancel_url;
}

provider::NewCheckout call_for(const CheckoutRow& row, provider::Ref customer,
                               std::vector<provider::Ref> metered_prices,
                               std::optional<std::string> promotion_code) {
    const bool recurring = row.mode == "subscription";
    return {
        .account = row.account,
        .customer = std::move(customer),
        .mode = recurring ? provider::CheckoutMode::subscription : provider::CheckoutMode::payment,
        .price = row.price.value_or(provider::Ref{}),
        .quantity = row.quantity,
        .metered_prices = std::move(metered_prices),
        .plan_key = row.plan_key,
        .billing_cycle = recurring ? row.billing_cycle : "",
        .checkout_id = row.id,
        .success_url = row.success_url,
        .cancel_url = row.cancel_url,
        .trial_days = recurring && row.trial_days > 0
                          ? std::optional(static_cast<int>(row.trial_days))
                          : std::nullopt,
        .promotion_code = std::move(promotion_code),
        .expires_at = row.expires_at,
        .unit_amount = row.unit_amount,
        .description = row.description};
}

// One attempt at an account's checkout, and what the next step is.
class Attempt {
public:
    // `flow`: of the wish's provider.
    Attempt(const Flows& flows, const Flow& flow, const CheckoutWish& wish, CheckoutRow wanted,
            provider::Ref customer)
        : flows_(flows),
          flow_(flow),
          wish_(wish),
          wanted_(std::move(wanted)),
          customer_(std::move(customer)) {}

    // A session, a refusal, or nothing: what was in the way is gone, go round again.
    Task<Result<std::optional<CheckoutSession>>> round() {
        auto standing = co_await stand();
        if (!standing) co_return standing.error();
        CheckoutRow row = std::move(*standing);

        const bool same = is_same_wish(row, wanted_);
        const auto of = flows_.of(row.provider);
        if (!of) co_return of.error();
        if (row.provider != wanted_.provider && row.status == "creating") {
            // Nobody has seen its URL, and nobody will.
            co_await end(row, "abandoned");
            co_return std::nullopt;
        }
        if (row.status == "creating") {
            auto made = co_await make(row, same);
            if (!made) co_return made.error();
            if (!*made) co_return std::nullopt;
            row = std::move(**made);
            if (row.status != "open") {
                co_return Error{ErrorCode::unavailable,
                                "Another checkout was started at the same moment. Try again."};
            }
            if (same) co_return session_of(row);
        }
        co_return co_await reuse_or_end((*of)->provider, std::move(row), same);
    }

private:
    static std::optional<CheckoutSession> session_of(const CheckoutRow& row) {
        return CheckoutSession{row.checkout->value, *row.url};
    }

    // The live checkout of the slot: the one that is there, else the wanted one, now begun.
    Task<Result<CheckoutRow>> stand() {
        co_return co_await flow_.db.transaction([this](db::Tx& tx) -> Task<Result<CheckoutRow>> {
            const Buyer& buyer = wish_.buyer;
            co_await checkout_store::lock_account(tx, buyer.account, buyer.email, buyer.name);
            if (wanted_.mode == "subscription" && co_await checkout_store::live_subscription(
                                                      tx, buyer.account, wanted_.plan_family)) {
                co_return exists();
            }
            if (wanted_.mode == "subscription" &&
                co_await checkout_store::is_processing(tx, buyer.account, wanted_.plan_family)) {
                co_return just_completed();
            }
            if (wanted_.invoice && co_await checkout_store::is_being_paid(
                                       tx, buyer.account, wanted_.provider, *wanted_.invoice)) {
                co_return being_paid();
            }
            auto there = co_await checkout_store::find_live(tx, buyer.account, wanted_.mode,
                                                            wanted_.plan_family, wanted_.plan_key);
            if (there) co_return *there;
            co_await checkout_store::insert(tx, wanted_);
            co_return *co_await checkout_store::find(tx, buyer.account, wanted_.id);
        });
    }

    // Asks the provider for the session of a row that is 'creating'. Nothing: an old row's call is
    // refused for good, and the row is given up.
    Task<Result<std::optional<CheckoutRow>>> make(CheckoutRow row, bool same) {
        auto promotion_code = same ? wish_.promotion_code : std::nullopt;
        std::vector<provider::Ref> metered;
        if (row.price) {
            metered = co_await catalog::usage_price_store::beside(flow_.db, flow_.provider.name(),
                                                                  *row.price);
        }
        const auto made = co_await flow_.provider.create_checkout(
            {"checkout:" + row.id},
            call_for(row, customer_, std::move(metered), std::move(promotion_code)));
        if (!made) {
            // The outcome is unknown: the row stays and the next request asks again by its key.
            if (info(made.error().code).retryable) co_return made.error();
            co_await end(row, "abandoned");
            if (row.id == wanted_.id) co_return made.error();
            co_return std::nullopt;
        }
        co_return co_await flow_.db.transaction(
            [&](db::Tx& tx) -> Task<std::optional<CheckoutRow>> {
                co_await checkout_store::open(tx, row, *made);
                co_return co_await checkout_store::find(tx, row.account, row.id);
            });
    }

    Task<Result<std::optional<CheckoutSession>>> reuse_or_end(provider::Provider& provider,
                                                              CheckoutRow row, bool same) {
        const auto now_there = co_await provider.get_checkout(*row.checkout);
        if (!now_there) {
            if (now_there.error().code != ErrorCode::not_found) co_return now_there.error();
            co_await end(row, "expired");
            co_return std::nullopt;
        }
        if (now_there->status == "complete") {
            if (row.mode == "subscription") co_return just_completed();
            if (row.invoice) co_return being_paid();
            // A paid top-up: its event is on the way and finds the row, which may still complete.
            co_await end(row, "abandoned");
            co_return std::nullopt;
        }
        if (now_there->status == "expired") {
            co_await end(row, "expired");
            co_return std::nullopt;
        }
        if (row.invoice)
            co_return session_of(row);  // its buyer may have it open, and approve it yet
        const bool lasts = now_there->expires_at > flow_.clock.now() + checkout_reuse_margin;
        // We do not know which promotion an open session has, so a wish for one makes a new session.
        if (same && lasts && !wish_.promotion_code) co_return session_of(row);

        // Refused when it was completed since: the next round finds out.
        const auto expired = co_await provider.expire_checkout({"expire:" + row.id}, *row.checkout);
        if (expired) {
            co_await end(row, "abandoned");
        } else if (info(expired.error().code).retryable) {
            co_return expired.error();
        }
        co_return std::nullopt;
    }

    Task<> end(CheckoutRow row, std::string status) {
        const boost::json::value id = boost::json::string(row.id), to = boost::json::string(status);
        log::info("checkout_ended", {
                                        {"checkout_id", id},
                                        {"status",      to}
        });
        co_await flow_.db.transaction([&](db::Tx& tx) -> Task<> {
            co_await checkout_store::end(tx, row.account, row.id, status);
        });
    }

    const Flows& flows_;
    const Flow& flow_;
    const CheckoutWish& wish_;
    CheckoutRow wanted_;
    provider::Ref customer_;
};

// The provider's id of the code that was typed, checked before anybody is sent to pay.
Task<Result<std::optional<std::string>>> promotion_for(const Flow& flow, const CheckoutWish& wish,
                                                       const Offer& offer) {
    const auto& code = wish.promotion_code;
    if (!code || code->starts_with(promotion_id_prefix)) co_return code;
    PromotionUse use{.account = wish.buyer.account};
    const auto total = offer.unit_amount.times(wish.quantity);
    if (total) use.amount = *total;
    const auto found = co_await find_promotion(flow, *code, std::move(use));
    if (!found) co_return found.error();
    co_return std::optional(found->promotion_code.value);
}

}  // namespace

Task<Result<CheckoutSession>> create_checkout(const Flows& flows, CheckoutWish wish) {
    const auto of = flows.of(wish.provider);
    if (!of) co_return of.error();
    const Flow& flow = **of;
    std::optional<Offer> offer;
    if (!wish.amount) {
        auto found = co_await find_checkout_offer(flow, wish);
        if (!found) co_return found.error();
        offer = std::move(*found);
    }
    auto wanted = row_for(flow, wish, offer);
    if (!wanted) co_return wanted.error();

    auto customer = co_await ensure_customer(flow, wish.buyer);
    if (!customer) co_return customer.error();
    if (offer) {
        auto code = co_await promotion_for(flow, wish, *offer);
        if (!code) co_return code.error();
        wish.promotion_code = std::move(*code);
    }

    Attempt attempt(flows, flow, wish, std::move(*wanted), std::move(*customer));
    for (int round = 0; round < checkout_rounds_max; ++round) {
        auto session = co_await attempt.round();
        if (!session) co_return session.error();
        if (*session) co_return **session;
    }
    co_return Error{ErrorCode::unavailable,
                    "Other checkouts were started at the same moment. Try again."};
}

}  // namespace paydesk::billing
