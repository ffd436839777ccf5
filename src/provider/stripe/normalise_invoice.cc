#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

// basil moved what an invoice or a line belongs to under `parent`.
std::optional<Ref> subscription_of(const json::value& invoice) {
    auto subscription = ref_at(invoice, {"parent", "subscription_details", "subscription"});
    if (!subscription) subscription = ref_at(invoice, {"subscription"});
    return subscription;
}

std::optional<AccountId> account_of(const json::value& invoice) {
    auto account = account_at(invoice, {"parent", "subscription_details", "metadata"});
    if (!account) account = account_at(invoice, {"subscription_details", "metadata"});
    // A one-time checkout's invoice has no subscription: create_checkout() writes on it directly.
    if (!account) account = account_at(invoice, {"metadata"});
    return account;
}

// Since basil an invoice can have several payments, listed only when expanded: the one that paid it,
// else its default one, else the first.
std::optional<Ref> payment_of(const json::value& invoice) {
    std::optional<Ref> best;
    int best_rank = 0;
    for (const json::value& attempt : list_at(invoice, {"payments"})) {
        const auto payment = ref_at(attempt, {"payment", "payment_intent"});
        if (!payment) continue;
        const bool paid = text_at(attempt, {"status"}) == "paid";
        const bool is_default = bool_at(attempt, {"is_default"}).value_or(false);
        const int rank = paid ? 3 : is_default ? 2 : 1;
        if (rank > best_rank) {
            best = payment;
            best_rank = rank;
        }
    }
    return best ? best : ref_at(invoice, {"payment_intent"});
}

bool is_proration(const json::value& line) {
    for (const std::string_view parent : {"subscription_item_details", "invoice_item_details"}) {
        if (const auto proration = bool_at(line, {"parent", parent, "proration"}))
            return *proration;
    }
    return bool_at(line, {"proration"}).value_or(false);
}

InvoiceLine read_line(const json::value& line, AmountReader& amounts) {
    auto price = ref_at(line, {"pricing", "price_details", "price"});
    if (!price) price = ref_at(line, {"price"});
    if (!price) price = ref_at(line, {"plan"});
    return {
        .description = text_at(line, {"description"}).value_or(""),
        .amount = amounts.read(line, "amount"),
        .quantity = int_at(line, {"quantity"}),
        .price = price,
        .period_start = instant_at(line, {"period", "start"}),
        .period_end = instant_at(line, {"period", "end"}),
        .proration = is_proration(line),
    };
}

const json::array& array_at(const json::value& object, std::string_view field) {
    static const json::array nothing;
    const json::value* found = at_path(object, {field});
    return found != nullptr && found->is_array() ? found->get_array() : nothing;
}

// basil renamed total_tax_amounts and says the behaviour by its name.
void read_sums(const json::value& object, AmountReader& amounts, InvoiceSnapshot& invoice) {
    std::int64_t discount = 0, exclusive = 0, inclusive = 0;
    const auto add = [](std::int64_t& sum, Money amount) {
        if (__builtin_add_overflow(sum, amount.minor_units(), &sum)) sum = 0;  // no such invoice
    };
    for (const json::value& part : array_at(object, "total_discount_amounts"))
        add(discount, amounts.read(part, "amount"));
    const json::array& taxes = array_at(object, "total_taxes");
    for (const json::value& part : taxes)
        add(text_at(part, {"tax_behavior"}) == "inclusive" ? inclusive : exclusive,
            amounts.read(part, "amount"));
    if (taxes.empty()) {  // older versions may show both
        for (const json::value& part : array_at(object, "total_tax_amounts"))
            add(bool_at(part, {"inclusive"}).value_or(false) ? inclusive : exclusive,
                amounts.read(part, "amount"));
    }
    const Currency currency = invoice.total.currency();
    invoice.discount = Money(discount, currency);
    // Where both kinds are on one invoice the added ones count: they are why the total differs.
    invoice.taxes_inclusive = exclusive == 0 && inclusive != 0;
    invoice.tax = Money(invoice.taxes_inclusive ? inclusive : exclusive, currency);
}

BillTo read_bill_to(const json::value& object) {
    BillTo to{.name = text_at(object, {"customer_name"}),
              .email = text_at(object, {"customer_email"}),
              .address = {},
              .tax_ids = {}};
    const auto line = [&](std::initializer_list<std::string_view> fields) {
        std::string text;
        for (const auto field : fields) {
            const auto part = text_at(object, {"customer_address", field});
            if (part) text += (text.empty() ? "" : " ") + *part;
        }
        if (!text.empty()) to.address.push_back(std::move(text));
    };
    line({"line1"});
    line({"line2"});
    line({"postal_code", "city", "state"});
    line({"country"});
    for (const json::value& id : array_at(object, "customer_tax_ids")) {
        if (auto text = text_at(id, {"value"})) to.tax_ids.push_back(std::move(*text));
    }
    return to;
}

// An invoice that is only foreseen has no id, or one that no call accepts.
std::optional<Ref> id_of(const json::value& invoice) {
    auto id = ref_at(invoice, {"id"});
    if (id && id->value.starts_with("upcoming_in")) id.reset();
    return id;
}

}  // namespace

Result<InvoiceSnapshot> read_invoice(const json::value& object, Instant at) {
    const auto customer = ref_at(object, {"customer"});
    if (!customer) return unusable(object, "has no customer");
    const auto status_text = text_at(object, {"status"}).value_or("");
    const auto status = parse_invoice_status(status_text);
    if (!status) return unusable(object, "has an unknown status '" + status_text + "'");

    AmountReader amounts(object);
    InvoiceSnapshot invoice{
        .invoice = id_of(object),
        .customer = *customer,
        .subscription = subscription_of(object),
        .account = account_of(object),
        .status = *status,
        .amount_due = amounts.read("amount_due"),
        .amount_paid = amounts.read("amount_paid"),
        .amount_remaining = amounts.read("amount_remaining"),
        .subtotal = amounts.read("subtotal"),
        .total = amounts.read("total"),
        .number = text_at(object, {"number"}),
        .billing_reason = text_at(object, {"billing_reason"}),
        .hosted_invoice_url = text_at(object, {"hosted_invoice_url"}),
        .invoice_pdf = text_at(object, {"invoice_pdf"}),
        .bill_to = read_bill_to(object),
        .lines = {},
        .period_start = instant_at(object, {"period_start"}),
        .period_end = instant_at(object, {"period_end"}),
        .paid_at = instant_at(object, {"status_transitions", "paid_at"}),
        .due_date = instant_at(object, {"due_date"}),
        .next_payment_attempt = instant_at(object, {"next_payment_attempt"}),
        .attempt_count = int_at(object, {"attempt_count"}).value_or(0),
        .payment = payment_of(object),
        .created_at = instant_at(object, {"created"}).value_or(at),
        .deleted = bool_at(object, {"deleted"}).value_or(false),
    };
    for (const json::value& line : list_at(object, {"lines"})) {
        invoice.lines.push_back(read_line(line, amounts));
    }
    read_sums(object, amounts, invoice);
    if (amounts.error()) return *amounts.error();
    return invoice;
}

}  // namespace paydesk::provider::stripe
