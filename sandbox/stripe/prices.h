#pragma once
// Prices: /v1/prices, and making prices and products from inline data.

#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// From the parameters of POST /v1/prices; `path` names where they stand in the request ("" at its
// top), and an `id`. Before basil a metered price needs no meter. Emits price.created, and
// plan.created for one that recurs. Refuses as that route does.
const Object& add_price(Account& account, const Object& params, std::string_view path,
                        Shape shape = Shape::endive);

// A product with this name and, if given, this id; without an event. Refuses with
// resource_already_exists.
const Object& add_product(Account& account, const Object& params, std::string_view id_param);

// The price has an amount of its own in this currency.
bool is_sold_in(const Object& price, std::string_view currency);
// The price as that currency has it: its amounts, tiers and tax_behavior. REQUIRES: is_sold_in().
Object presented(const Object& price, std::string_view currency);
// What `currency_options` shows: each currency, the price's own too.
Object currency_options(const Object& price);

}  // namespace paydesk::sandbox::stripe
