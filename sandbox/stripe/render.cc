#include "sandbox/stripe/render.h"

#include <algorithm>

#include "sandbox/stripe/plans.h"

namespace paydesk::sandbox::stripe {
namespace {

// Fields that came with a version: left out before it.
struct Came {
    std::string_view kind, path;
    Shape with;
};
constexpr Came came[] = {
    {"billing_portal.configuration", "features.payment_method_update.payment_method_configuration",
     Shape::dahlia                                                                                               },
    {"billing_portal.configuration",
     "features.subscription_cancel.cancellation_reason.feedback_options",                           Shape::endive},
    {"billing_portal.configuration", "features.subscription_pause.duration",                        Shape::endive},
    {"billing_portal.configuration", "features.subscription_update.billing_cycle_anchor",
     Shape::dahlia                                                                                               },
    {"billing_portal.configuration", "features.subscription_update.schedule_at_period_end",
     Shape::acacia                                                                                               },
    {"billing_portal.configuration", "features.subscription_update.trial_update_behavior",
     Shape::clover                                                                                               },
    {"billing_portal.configuration", "name",                                                        Shape::clover},
    {"billing_portal.session",       "customer_account",                                            Shape::dahlia},
    {"billing_portal.session",       "flow.customer_update",                                        Shape::endive},
    {"billing_portal.session",       "flow.subscription_pause",                                     Shape::endive},
    {"charge",                       "billing_details.tax_id",                                      Shape::clover},
    {"charge",                       "outcome.advice_code",                                         Shape::basil },
    {"charge",                       "outcome.network_advice_code",                                 Shape::basil },
    {"charge",                       "outcome.network_decline_code",                                Shape::basil },
    {"charge",                       "payment_method_details.card.authorization_code",              Shape::acacia},
    {"charge",                       "payment_method_details.card.electronic_commerce_indicator",   Shape::endive},
    {"charge",                       "payment_method_details.card.network_transaction_id",          Shape::basil },
    {"charge",                       "payment_method_details.card.regulated_status",                Shape::basil },
    {"charge",                       "payment_method_details.card.transaction_link_id",             Shape::endive},
    {"checkout.session",             "adaptive_pricing",                                            Shape::acacia},
    {"checkout.session",             "allowed_payment_method_types",                                Shape::endive},
    {"checkout.session",             "automatic_tax.provider",                                      Shape::clover},
    {"checkout.session",             "collected_information",                                       Shape::basil },
    {"checkout.session",             "collected_information.business_name",                         Shape::clover},
    {"checkout.session",             "collected_information.individual_name",                       Shape::clover},
    {"checkout.session",             "customer_account",                                            Shape::dahlia},
    {"checkout.session",             "customer_details.business_name",                              Shape::clover},
    {"checkout.session",             "customer_details.individual_name",                            Shape::clover},
    {"checkout.session",             "discounts",                                                   Shape::basil },
    {"checkout.session",             "integration_identifier",                                      Shape::dahlia},
    {"checkout.session",             "managed_payments",                                            Shape::endive},
    {"checkout.session",             "origin_context",                                              Shape::clover},
    {"checkout.session",             "permissions",                                                 Shape::basil },
    {"checkout.session",             "saved_payment_method_options",                                Shape::acacia},
    {"checkout.session",             "wallet_options",                                              Shape::clover},
    {"credit_note",                  "customer_account",                                            Shape::dahlia},
    {"credit_note",                  "post_payment_amount",                                         Shape::clover},
    {"credit_note",                  "pre_payment_amount",                                          Shape::clover},
    {"credit_note",                  "pretax_credit_amounts",                                       Shape::acacia},
    {"credit_note",                  "refunds",                                                     Shape::basil },
    {"credit_note",                  "total_taxes",                                                 Shape::basil },
    {"credit_note_line_item",        "metadata",                                                    Shape::dahlia},
    {"credit_note_line_item",        "pretax_credit_amounts",                                       Shape::acacia},
    {"credit_note_line_item",        "taxes",                                                       Shape::basil },
    {"customer",                     "customer_account",                                            Shape::dahlia},
    {"customer_balance_transaction", "checkout_session",                                            Shape::basil },
    {"customer_balance_transaction", "customer_account",                                            Shape::dahlia},
    {"discount",                     "customer_account",                                            Shape::dahlia},
    {"promotion_code",               "customer_account",                                            Shape::dahlia},
    {"tax_id",                       "customer_account",                                            Shape::dahlia},
    {"tax_id",                       "owner.customer_account",                                      Shape::dahlia},
    {"dispute",                      "enhanced_eligibility_types",                                  Shape::acacia},
    {"dispute",                      "evidence.enhanced_evidence",                                  Shape::acacia},
    {"dispute",                      "evidence_details.enhanced_eligibility",                       Shape::acacia},
    {"dispute",                      "evidence_details.submission_method",                          Shape::endive},
    {"dispute",                      "intended_submission_method",                                  Shape::endive},
    {"dispute",                      "payment_method_details.card.case_type",                       Shape::acacia},
    {"dispute",                      "payment_method_details.card.network",                         Shape::endive},
    {"refund",                       "pending_reason",                                              Shape::clover},
    {"test_helpers.test_clock",      "status_details",                                              Shape::acacia},
    {"invoice",                      "amount_overpaid",                                             Shape::basil },
    {"invoice",                      "automatic_tax.disabled_reason",                               Shape::basil },
    {"invoice",                      "automatic_tax.provider",                                      Shape::clover},
    {"invoice",                      "automatically_finalizes_at",                                  Shape::acacia},
    {"invoice",                      "confirmation_secret",                                         Shape::basil },
    {"invoice",                      "customer_account",                                            Shape::dahlia},
    {"invoice",                      "parent",                                                      Shape::basil },
    {"invoice",                      "payments",                                                    Shape::basil },
    {"invoice",                      "total_pretax_credit_amounts",                                 Shape::acacia},
    {"invoice",                      "total_taxes",                                                 Shape::basil },
    {"invoiceitem",                  "customer_account",                                            Shape::dahlia},
    {"invoiceitem",                  "net_amount",                                                  Shape::clover},
    {"invoiceitem",                  "parent",                                                      Shape::basil },
    {"invoiceitem",                  "pricing",                                                     Shape::basil },
    {"invoiceitem",                  "quantity_decimal",                                            Shape::dahlia},
    {"item",                         "adjustable_quantity",                                         Shape::dahlia},
    {"item",                         "metadata",                                                    Shape::dahlia},
    {"balance_transaction",          "balance_type",                                                Shape::clover},
    {"line_item",                    "parent",                                                      Shape::basil },
    {"line_item",                    "pretax_credit_amounts",                                       Shape::acacia},
    {"line_item",                    "pricing",                                                     Shape::basil },
    {"line_item",                    "quantity_decimal",                                            Shape::dahlia},
    {"line_item",                    "subtotal",                                                    Shape::dahlia},
    {"line_item",                    "taxes",                                                       Shape::basil },
    {"mandate",                      "payment_method_details.bacs_debit.display_name",              Shape::dahlia},
    {"mandate",                      "payment_method_details.bacs_debit.service_user_number",       Shape::dahlia},
    {"payment_intent",               "allowed_payment_method_types",                                Shape::endive},
    {"payment_intent",               "customer_account",                                            Shape::dahlia},
    {"payment_intent",               "excluded_payment_method_types",                               Shape::clover},
    {"payment_intent",               "last_payment_error.advice_code",                              Shape::basil },
    {"payment_intent",               "managed_payments",                                            Shape::endive},
    {"payment_intent",               "payment_record",                                              Shape::endive},
    {"payment_method",               "allow_redisplay",                                             Shape::acacia},
    {"payment_method",               "billing_details.tax_id",                                      Shape::clover},
    {"payment_method",               "card.generated_from",                                         Shape::acacia},
    {"payment_method",               "card.regulated_status",                                       Shape::basil },
    {"payment_method",               "customer_account",                                            Shape::dahlia},
    {"product",                      "tax_details",                                                 Shape::endive},
    {"refund",                       "customer",                                                    Shape::endive},
    {"refund",                       "customer_account",                                            Shape::endive},
    {"refund",                       "payment_method",                                              Shape::endive},
    {"setup_intent",                 "allowed_payment_method_types",                                Shape::endive},
    {"setup_intent",                 "customer_account",                                            Shape::dahlia},
    {"setup_intent",                 "excluded_payment_method_types",                               Shape::dahlia},
    {"setup_intent",                 "managed_payments",                                            Shape::endive},
    {"checkout.session",             "tax_id_collection.required",                                  Shape::acacia},
    {"tax_rate",                     "flat_amount",                                                 Shape::acacia},
    {"tax_rate",                     "rate_type",                                                   Shape::acacia},
    {"subscription",                 "automatic_tax.disabled_reason",                               Shape::basil },
    {"subscription",                 "billing_mode",                                                Shape::clover},
    {"subscription",                 "billing_schedules",                                           Shape::endive},
    {"subscription",                 "cancellation_details.feedback_option",                        Shape::endive},
    {"subscription",                 "customer_account",                                            Shape::dahlia},
    {"subscription",                 "invoice_settings",                                            Shape::acacia},
    {"subscription",                 "invoice_settings.custom_fields",                              Shape::endive},
    {"subscription",                 "invoice_settings.description",                                Shape::endive},
    {"subscription",                 "invoice_settings.footer",                                     Shape::endive},
    {"subscription",                 "managed_payments",                                            Shape::endive},
    {"subscription",                 "trial_settings.end_behavior.billing_cycle_anchor",            Shape::endive},
    {"subscription",                 "pending_update.cancel_at_period_end",                         Shape::endive},
    {"subscription",                 "pending_update.discount",                                     Shape::endive},
    {"subscription",                 "pending_update.discounts",                                    Shape::endive},
    {"subscription",                 "pending_update.metadata",                                     Shape::endive},
    {"subscription",                 "status_details",                                              Shape::endive},
    {"subscription_schedule",        "billing_mode",                                                Shape::clover},
    {"subscription_schedule",        "customer_account",                                            Shape::dahlia},
    {"subscription_schedule",        "default_settings.automatic_tax.disabled_reason",              Shape::basil },
    {"subscription_schedule",        "default_settings.invoice_settings.custom_fields",             Shape::endive},
    {"subscription_schedule",        "default_settings.invoice_settings.description",               Shape::endive},
    {"subscription_schedule",        "default_settings.invoice_settings.footer",                    Shape::endive},
    {"subscription_schedule",        "pause_schedules",                                             Shape::endive},
    {"subscription_item",            "current_period_end",                                          Shape::basil },
    {"subscription_item",            "current_period_start",                                        Shape::basil },
    {"subscription_item",            "current_trial",                                               Shape::endive},
};

// Fields that went with a version and that have no value in this sandbox: null before it.
struct Went {
    std::string_view kind, path;
    Shape with;
};
constexpr Went went[] = {
    {"charge",           "refunds",                Shape::acacia},
    {"checkout.session", "shipping_details",       Shape::basil },
    {"invoice",          "application_fee_amount", Shape::basil },
    {"invoice",          "quote",                  Shape::basil },
    {"invoice",          "rendering_options",      Shape::acacia},
    {"invoice",          "transfer_data",          Shape::basil },
};

// The object that holds the last step of `path`, or nullptr; `last` gets that step.
Object* holder_of(Object& object, std::string_view path, std::string_view& last) {
    Object* holder = &object;
    for (;;) {
        const auto dot = path.find('.');
        last = path.substr(0, dot);
        if (dot == std::string_view::npos) return holder;
        auto* next = holder->if_contains(last);
        if (!next || !next->is_object()) return nullptr;
        holder = &next->get_object();
        path.remove_prefix(dot + 1);
    }
}

void remove(Object& object, std::string_view path) {
    std::string_view last;
    if (auto* holder = holder_of(object, path, last)) holder->erase(last);
}

// `taxes` or `total_taxes` as `tax_amounts`.
json::array tax_amounts(const json::array& taxes) {
    json::array amounts;
    for (const json::value& value : taxes) {
        const Object& tax = value.get_object();
        const auto reason = text(tax, "taxability_reason");
        amounts.push_back(Object{
            {"amount", tax.at("amount")},
            {"inclusive", text(tax, "tax_behavior") == "inclusive"},
            {"tax_rate", child(tax, "tax_rate_details").at("tax_rate")},
            {"taxability_reason",
             reason == "not_available" ? json::value(nullptr) : json::value(reason)},
            {"taxable_amount", tax.at("taxable_amount")}
        });
    }
    return amounts;
}

std::int64_t sum_of(const json::array& taxes, bool inclusive_only) {
    std::int64_t sum = 0;
    for (const json::value& value : taxes) {
        const Object& tax = value.get_object();
        if (inclusive_only && text(tax, "tax_behavior") != "inclusive") continue;
        sum += number(tax, "amount");
    }
    return sum;
}

void invoice_before_basil(Object& invoice) {
    const bool paid = text(invoice, "status") == "paid";
    const Object& details = child(child(invoice, "parent"), "subscription_details");
    invoice["paid"] = paid;
    invoice["paid_out_of_band"] = paid && flag(invoice, "_paid_out_of_band");
    invoice["payment_intent"] = value_of(invoice, "_payment_intent");
    invoice["charge"] = value_of(invoice, "_charge");
    invoice["subscription"] = value_of(details, "subscription");
    invoice["subscription_details"] = details.empty()
                                          ? json::value(nullptr)
                                          : json::value(Object{
                                                {"metadata", value_of(details, "metadata")}
    });
    const json::array taxes = children(invoice, "total_taxes");
    invoice["tax"] = taxes.empty() ? json::value(nullptr) : json::value(sum_of(taxes, false));
    invoice["total_tax_amounts"] = tax_amounts(taxes);
    invoice["discount"] = value_of(invoice, "_discount");
}

void line_before_basil(Object& line) {
    const Object& parent = child(line, "parent");
    const bool from_item = text(parent, "type") == "invoice_item_details";
    const Object& details =
        child(parent, from_item ? "invoice_item_details" : "subscription_item_details");
    const json::value price = value_of(line, "_price");
    const json::array taxes = children(line, "taxes");
    const auto included = sum_of(taxes, true);
    line["amount_excluding_tax"] = number(line, "amount") - included;
    line["price"] = price;
    const bool recurring = price.is_object() && present(price.get_object(), "recurring");
    line["plan"] = recurring ? json::value(plan_of(price.get_object())) : json::value(nullptr);
    line["proration"] = flag(details, "proration");
    line["proration_details"] = Object{
        {"credited_items", value_of(child(details, "proration_details"), "credited_items")}
    };
    line["subscription"] = value_of(details, "subscription");
    if (present(details, "subscription_item")) {
        line["subscription_item"] = value_of(details, "subscription_item");
    }
    if (present(details, "invoice_item")) line["invoice_item"] = value_of(details, "invoice_item");
    line["tax_amounts"] = tax_amounts(taxes);
    const json::array rates = children(line, "_tax_rates");
    line["tax_rates"] = rates;
    line["type"] = from_item ? "invoiceitem" : "subscription";
    line["unit_amount_excluding_tax"] = value_of(child(line, "pricing"), "unit_amount_decimal");
    const auto quantity = number(line, "quantity");
    if (included != 0 && quantity > 0) {
        line["unit_amount_excluding_tax"] =
            std::to_string((number(line, "amount") - included) / quantity);
    }
}

void invoice_item_before_basil(Object& item) {
    const Object& details = child(child(item, "parent"), "subscription_details");
    const json::value price = value_of(item, "_price");
    const bool recurring = price.is_object() && present(price.get_object(), "recurring");
    item["price"] = price;
    item["plan"] = recurring ? json::value(plan_of(price.get_object())) : json::value(nullptr);
    item["subscription"] = value_of(details, "subscription");
    if (present(details, "subscription_item")) {
        item["subscription_item"] = value_of(details, "subscription_item");
    }
    const Object& priced = price.is_object() ? price.get_object() : item;
    const bool own = price.is_object();
    item["unit_amount"] = value_of(priced, own ? "unit_amount" : "amount");
    item["unit_amount_decimal"] = own ? value_of(priced, "unit_amount_decimal")
                                      : json::value(std::to_string(number(item, "amount")));
}

void subscription_before_basil(Object& subscription) {
    json::value start = nullptr;
    json::value end = nullptr;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        start = value_of(item.get_object(), "current_period_start");
        end = value_of(item.get_object(), "current_period_end");
    }
    subscription["current_period_start"] = start;
    subscription["current_period_end"] = end;
}

// Usage was aggregated by the price before meters did it.
void aggregation_before_basil(std::string_view kind, Object& object) {
    if (flag(object, "deleted")) return;
    const auto how = value_of(object, "_aggregate_usage");
    if (kind == "plan") object["aggregate_usage"] = how;
    if (kind == "price" && present(object, "recurring")) {
        object["recurring"].as_object()["aggregate_usage"] = how;
    }
}

// Phases are no objects of their own: no row of a table reaches into their list.
void phase_before_endive(Object& phase, Shape shape) {
    if (shape == Shape::basil) phase.erase("billing_thresholds");
    if (shape < Shape::basil) phase["coupon"] = nullptr;
    for (const auto* path : {"invoice_settings.custom_fields", "invoice_settings.description",
                             "invoice_settings.footer"}) {
        remove(phase, path);
    }
    for (json::value& item : phase["items"].as_array()) {
        if (shape == Shape::basil) item.get_object().erase("billing_thresholds");
    }
    for (json::value& item : phase["add_invoice_items"].as_array()) {
        item.get_object().erase("discountable");
        if (shape >= Shape::clover) continue;
        item.get_object().erase("metadata");
        item.get_object().erase("period");
    }
}

// What a table of paths cannot say.
void reshape(std::string_view kind, Object& object, Shape shape) {
    if (shape < Shape::basil) aggregation_before_basil(kind, object);
    if (kind == "invoice" && shape < Shape::basil) invoice_before_basil(object);
    if (kind == "line_item" && shape < Shape::basil) line_before_basil(object);
    if (kind == "subscription" && shape < Shape::basil) subscription_before_basil(object);
    if (kind == "invoiceitem" && shape < Shape::basil) invoice_item_before_basil(object);
    if ((kind == "payment_intent" || kind == "charge") && shape < Shape::basil) {
        object["invoice"] = value_of(object, "_invoice");
    }
    if (kind == "subscription" && shape < Shape::basil) {
        object["discount"] = value_of(object, "_discount");
    }
    if (kind == "discount" && shape < Shape::clover) {
        object["coupon"] = value_of(object, "_coupon");
        object.erase("source");
    }
    if (kind == "credit_note" && shape < Shape::dahlia) {
        for (json::value& refund : object["refunds"].as_array()) {
            refund.get_object().erase("payment_record_refund");
            refund.get_object().erase("type");
        }
    }
    if (kind == "credit_note" && shape < Shape::basil) {
        const auto& refunds = children(object, "refunds");
        object["refund"] =
            refunds.empty() ? json::value(nullptr) : refunds.front().get_object().at("refund");
        const json::array taxes = children(object, "total_taxes");
        object["tax_amounts"] = tax_amounts(taxes);
    }
    if (kind == "credit_note_line_item" && shape < Shape::basil) {
        const json::array taxes = children(object, "taxes");
        object["amount_excluding_tax"] = number(object, "amount") - sum_of(taxes, true);
        object["tax_amounts"] = tax_amounts(taxes);
        object["unit_amount_excluding_tax"] = value_of(object, "unit_amount_decimal");
    }
    if (kind == "promotion_code" && shape < Shape::clover) {
        object["coupon"] = value_of(object, "_coupon");
        object.erase("promotion");
    }
    if (kind == "subscription_schedule") {
        if (shape == Shape::basil) remove(object, "default_settings.billing_thresholds");
        for (json::value& phase : object["phases"].as_array()) {
            phase_before_endive(phase.get_object(), shape);
        }
    }
    // Gone in basil alone, back in clover.
    if ((kind == "subscription" || kind == "subscription_item") && shape == Shape::basil) {
        object.erase("billing_thresholds");
    }
    if (kind == "billing_portal.configuration" &&
        (shape >= Shape::acacia && shape < Shape::endive)) {
        remove(object, "features.subscription_pause");
    }
    if (kind == "billing_portal.configuration" && shape == Shape::v2023) {
        remove(object, "features.subscription_pause.duration");
    }
    if (kind == "billing_portal.configuration" && shape < Shape::clover) {
        std::string_view last;
        auto* update = holder_of(object, "features.subscription_update.products", last);
        auto* products = update ? update->if_contains(last) : nullptr;
        if (products && products->is_array()) {
            for (json::value& product : products->get_array()) {
                product.get_object().erase("adjustable_quantity");
            }
        }
    }
    if (kind == "product" && shape == Shape::v2023) {
        object["features"] = value_of(object, "marketing_features");
        object.erase("marketing_features");
    }
    if (kind == "checkout.session" && shape < Shape::dahlia) {
        const auto mode = text(object, "ui_mode");
        if (mode == "hosted_page") object["ui_mode"] = "hosted";
        if (mode == "embedded_page") object["ui_mode"] = "embedded";
    }
}

json::value render_object(Object object, Shape shape) {
    const auto kind = text(object, "object");
    if (kind == "event") return object;  // keeps the version in which it was made (events.cc)
    if (!kind.empty() && shape != Shape::endive) {
        reshape(kind, object, shape);
        for (const auto& field : came) {
            if (field.kind == kind && shape < field.with) remove(object, field.path);
        }
        for (const auto& field : went) {
            std::string_view last;
            if (field.kind != kind || shape >= field.with) continue;
            if (auto* holder = holder_of(object, field.path, last)) (*holder)[last] = nullptr;
        }
    }
    Object shown;
    for (const auto& [key, value] : object) {
        if (key == "metadata") {
            shown[key] = value;  // the caller's own words, whatever they look like
        } else if (kind.empty() || !key.starts_with('_')) {
            shown[key] = render(value, shape);
        }
    }
    return shown;
}

}  // namespace

json::value render(const json::value& value, Shape shape) {
    if (value.is_object()) return render_object(value.get_object(), shape);
    if (!value.is_array()) return value;
    json::array shown;
    for (const json::value& element : value.get_array()) shown.push_back(render(element, shape));
    return shown;
}

Object previous_attributes(const Object& before, const Object& after) {
    Object previous;
    for (const auto& [key, now] : after) {
        const auto* was = before.if_contains(key);
        if (!was) {
            previous[key] = nullptr;
        } else if (was->is_object() && now.is_object()) {
            Object inside = previous_attributes(was->get_object(), now.get_object());
            if (!inside.empty()) previous[key] = std::move(inside);
        } else if (*was != now) {
            previous[key] = *was;
        }
    }
    for (const auto& [key, was] : before) {
        if (!after.contains(key)) previous[key] = was;
    }
    return previous;
}

}  // namespace paydesk::sandbox::stripe
