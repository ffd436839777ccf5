#include "sandbox/stripe/older_shapes.h"

#include "sandbox/stripe/plans.h"

namespace paydesk::sandbox::stripe {

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

void remove_path(Object& object, std::string_view path) {
    std::string_view last;
    if (auto* holder = holder_of(object, path, last)) holder->erase(last);
}

namespace {

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

void invoice_before_basil(Object& invoice, Shape) {
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

void line_before_basil(Object& line, Shape) {
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

void invoice_item_before_basil(Object& item, Shape) {
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

void subscription_before_basil(Object& subscription, Shape) {
    subscription["discount"] = value_of(subscription, "_discount");
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
void plan_before_basil(Object& plan, Shape) {
    if (!flag(plan, "deleted")) plan["aggregate_usage"] = value_of(plan, "_aggregate_usage");
}

void price_before_basil(Object& price, Shape) {
    if (flag(price, "deleted") || !present(price, "recurring")) return;
    price["recurring"].as_object()["aggregate_usage"] = value_of(price, "_aggregate_usage");
}

// Phases are no objects of their own: no row of a table reaches into their list.
void phase_before_endive(Object& phase, Shape shape) {
    if (shape == Shape::basil) phase.erase("billing_thresholds");
    if (shape < Shape::basil) phase["coupon"] = nullptr;
    for (const auto* path : {"invoice_settings.custom_fields", "invoice_settings.description",
                             "invoice_settings.footer"}) {
        remove_path(phase, path);
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

void payment_before_basil(Object& payment, Shape) {
    payment["invoice"] = value_of(payment, "_invoice");
}

void discount_before_clover(Object& discount, Shape) {
    discount["coupon"] = value_of(discount, "_coupon");
    discount.erase("source");
}

void promotion_code_before_clover(Object& code, Shape) {
    code["coupon"] = value_of(code, "_coupon");
    code.erase("promotion");
}

void credit_note_before_dahlia(Object& note, Shape shape) {
    for (json::value& refund : note["refunds"].as_array()) {
        refund.get_object().erase("payment_record_refund");
        refund.get_object().erase("type");
    }
    if (shape >= Shape::basil) return;
    const auto& refunds = children(note, "refunds");
    note["refund"] =
        refunds.empty() ? json::value(nullptr) : refunds.front().get_object().at("refund");
    const json::array taxes = children(note, "total_taxes");
    note["tax_amounts"] = tax_amounts(taxes);
}

void credit_note_line_before_basil(Object& line, Shape) {
    const json::array taxes = children(line, "taxes");
    line["amount_excluding_tax"] = number(line, "amount") - sum_of(taxes, true);
    line["tax_amounts"] = tax_amounts(taxes);
    line["unit_amount_excluding_tax"] = value_of(line, "unit_amount_decimal");
}

void schedule_before_endive(Object& schedule, Shape shape) {
    if (shape == Shape::basil) remove_path(schedule, "default_settings.billing_thresholds");
    for (json::value& phase : schedule["phases"].as_array()) {
        phase_before_endive(phase.get_object(), shape);
    }
}

// Gone in basil alone, back in clover.
void thresholds_in_basil(Object& object, Shape shape) {
    if (shape == Shape::basil) object.erase("billing_thresholds");
}

void portal_before_endive(Object& configuration, Shape shape) {
    if (shape >= Shape::acacia) remove_path(configuration, "features.subscription_pause");
    if (shape == Shape::v2023) remove_path(configuration, "features.subscription_pause.duration");
    if (shape >= Shape::clover) return;
    std::string_view last;
    auto* update = holder_of(configuration, "features.subscription_update.products", last);
    auto* products = update ? update->if_contains(last) : nullptr;
    if (!products || !products->is_array()) return;
    for (json::value& product : products->get_array()) {
        product.get_object().erase("adjustable_quantity");
    }
}

// Flows that came with endive: no type before it has a name for them.
void portal_session_before_endive(Object& session, Shape) {
    const auto type = text(child(session, "flow"), "type");
    if (type == "customer_update" || type == "subscription_pause") session["flow"] = nullptr;
}

void product_before_acacia(Object& product, Shape) {
    product["features"] = value_of(product, "marketing_features");
    product.erase("marketing_features");
}

void session_before_dahlia(Object& session, Shape) {
    const auto mode = text(session, "ui_mode");
    if (mode == "hosted_page") session["ui_mode"] = "hosted";
    if (mode == "embedded_page") session["ui_mode"] = "embedded";
}

struct Reshaping {
    std::string_view kind;
    Shape before;
    void (*apply)(Object& object, Shape shape);
};
constexpr Reshaping reshapings[] = {
    {"plan",                         Shape::basil,  plan_before_basil            },
    {"price",                        Shape::basil,  price_before_basil           },
    {"invoice",                      Shape::basil,  invoice_before_basil         },
    {"line_item",                    Shape::basil,  line_before_basil            },
    {"invoiceitem",                  Shape::basil,  invoice_item_before_basil    },
    {"subscription",                 Shape::basil,  subscription_before_basil    },
    {"subscription",                 Shape::clover, thresholds_in_basil          },
    {"subscription_item",            Shape::clover, thresholds_in_basil          },
    {"subscription_schedule",        Shape::endive, schedule_before_endive       },
    {"payment_intent",               Shape::basil,  payment_before_basil         },
    {"charge",                       Shape::basil,  payment_before_basil         },
    {"discount",                     Shape::clover, discount_before_clover       },
    {"promotion_code",               Shape::clover, promotion_code_before_clover },
    {"credit_note",                  Shape::dahlia, credit_note_before_dahlia    },
    {"credit_note_line_item",        Shape::basil,  credit_note_line_before_basil},
    {"billing_portal.configuration", Shape::endive, portal_before_endive         },
    {"billing_portal.session",       Shape::endive, portal_session_before_endive },
    {"product",                      Shape::acacia, product_before_acacia        },
    {"checkout.session",             Shape::dahlia, session_before_dahlia        },
};

}  // namespace

void reshape(std::string_view kind, Object& object, Shape shape) {
    for (const Reshaping& one : reshapings) {
        if (one.kind == kind && shape < one.before) one.apply(object, shape);
    }
}

}  // namespace paydesk::sandbox::stripe
