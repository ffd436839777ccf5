#include "billing/expiring_cards.h"

#include <fmt/format.h>

#include "billing/expiring_card_store.h"
#include "notify/notifications.h"

namespace paydesk::billing {

namespace {

// "visa" -> "Visa"; brands come in lower case.
std::string brand_of(const std::string& brand) {
    if (brand.empty()) return "Card";
    if (brand == "amex") return "American Express";
    std::string name = brand;
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
}

notify::Notification fact_of(const expiring_card_store::Card& card) {
    const std::string named = brand_of(card.brand) + " •••• " + card.last4;
    const std::string month = fmt::format("{:02}/{}", card.exp_month, card.exp_year);
    return {
        .account = card.account,
        .type = "card_expiring",
        .title = "Card Expiring Soon",
        .message =
            "Your card " + named + " expires " + month + ". Please update your payment method.",
        .metadata = {{"payment_method_id", card.payment_method}},
        .fact_key = fmt::format("card_expiring:{}:{}-{:02}", card.payment_method, card.exp_year,
                                card.exp_month),
        .details = {{"card", named}, {"expires", month}}
    };
}

}  // namespace

Task<std::size_t> tell_expiring_cards(db::Database& db, Instant now) {
    const auto cards = co_await expiring_card_store::load(db, now);
    std::vector<notify::Notification> facts;
    for (const auto& card : cards) facts.push_back(fact_of(card));
    co_return co_await db.transaction(
        [&](db::Tx& tx) -> Task<std::size_t> { co_return co_await notify::add(tx, facts); });
}

}  // namespace paydesk::billing
