#include "sandbox/payment_controls.h"

#include "sandbox/stripe/events.h"
#include "sandbox/stripe/planned_failures.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/test_clocks.h"

namespace paydesk::sandbox {
namespace {

using stripe::Object;

http::Response answer(int status, const json::value& body) {
    return {.status = status, .body = stripe::pretty_json(body)};
}

// "cus_1" of "customers/cus_1/fail_payments"; "" for another path.
std::string between(const std::string& path, std::string_view before, std::string_view after) {
    const bool fits = path.size() > before.size() + after.size() && path.starts_with(before) &&
                      path.ends_with(after);
    return fits ? path.substr(before.size(), path.size() - before.size() - after.size())
                : std::string();
}

// {decline_code, times?}: the customer's next payments fail so.
json::value fail_payments(stripe::Account& account, const std::string& customer,
                          const Object& wanted) {
    const auto code = stripe::text(wanted, "decline_code");
    const auto times = stripe::number(wanted, "times", 1);
    stripe::plan_failures(account, customer, code, times);
    return Object{
        {"customer",     customer},
        {"decline_code", code    },
        {"times",        times   }
    };
}

// {exp_month?, exp_year?}: the card's network has told Stripe of a new card.
json::value update_automatically(stripe::Account& account, const std::string& id,
                                 const Object& wanted) {
    const Object before = account.get("payment_method", id, "payment_method");
    const Object& card = stripe::child(before, "card");
    if (card.empty()) stripe::refuse("", "this payment method is no card");
    const auto month = stripe::number(wanted, "exp_month", stripe::number(card, "exp_month"));
    const auto year = stripe::number(wanted, "exp_year", stripe::number(card, "exp_year") + 3);
    if (month < 1 || month > 12 || year < 2000 || year > 2200) {
        stripe::refuse("", "exp_month is 1 to 12, exp_year a year of four digits");
    }
    const Object& updated = account.change(id, "", [&](Object& method) {
        auto& shown = method["card"].as_object();
        shown["exp_month"] = month;
        shown["exp_year"] = year;
    });
    account.emit("payment_method.automatically_updated", updated, &before);
    return updated;
}

}  // namespace

std::optional<http::Response> control_payments(stripe::Account& account, const std::string& rest,
                                               const Object& wanted) {
    const auto customer = between(rest, "customers/", "/fail_payments");
    const auto method = between(rest, "payment_methods/", "/update_automatically");
    if (customer.empty() && method.empty()) return std::nullopt;
    try {
        const auto* target = account.store().find(customer.empty() ? method : customer);
        const stripe::InTimeOf time(account,
                                    target ? stripe::clock_of(account, *target) : std::string());
        const auto done = customer.empty() ? update_automatically(account, method, wanted)
                                           : fail_payments(account, customer, wanted);
        account.commit();
        return answer(200, stripe::render(done, stripe::Shape::endive));
    } catch (const stripe::Refusal& refusal) {
        account.rollback();
        return answer(refusal.code == "resource_missing" ? 404 : 400,
                      Object{
                          {"error", refusal.message},
                          {"param", refusal.param  }
        });
    }
}

}  // namespace paydesk::sandbox
