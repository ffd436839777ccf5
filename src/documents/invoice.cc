#include "documents/invoice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "documents/fill.h"

namespace paydesk::documents {

namespace {

bool is_web_address(std::string_view text) {
    return (text.starts_with("https://") || text.starts_with("http://")) &&
           text.find_first_of(" \t\r\n\"'<>\\") == text.npos;
}

void add(std::vector<std::string>& lines, const std::string& text) {
    if (!text.empty()) lines.push_back(text);
}

void replace(std::string& text, std::string_view what, std::string_view by) {
    if (const auto at = text.find(what); at != text.npos) text.replace(at, what.size(), by);
}

std::string unbroken(std::string text) {
    for (std::size_t at = 0; (at = text.find(' ', at)) != text.npos; at += 2)
        text.replace(at, 1, "\u00a0");
    return text;
}

class LayOut {
public:
    LayOut(const Invoice& invoice, const Brand& brand, const Wording& wording,
           const std::string& language)
        : invoice_(invoice),
          brand_(brand),
          texts_(wording.section(language, "invoice")),
          locale_(wording.locale(language)) {
        sheet_.issued_at = invoice.issued_at;
        sheet_.language = language;
    }

    InvoiceSheet sheet() {
        head();
        parties();
        rows();
        sums();
        notes();
        return std::move(sheet_);
    }

private:
    std::string text(std::string_view name) const { return std::string(texts_.text(name)); }
    std::string money(Money amount) const { return format_money(amount, locale_); }
    std::string date(Instant instant) const { return format_date(instant, locale_); }
    std::string period(std::optional<Instant> start, std::optional<Instant> end) const {
        if (!start || !end || *start == *end) return {};
        // Where that needs two lines it breaks between the dates.
        return unbroken(date(*start)) + " \u2013 " + unbroken(date(*end));
    }

    // From the first to the last day that the lines are for. Stripe's period of a whole invoice is the one
    // before, in which its lines were gathered; it counts where no line says its own.
    std::string service_period() const {
        std::optional<Instant> start, end;
        for (const auto& item : invoice_.items) {
            if (!item.period_start || !item.period_end || *item.period_start == *item.period_end)
                continue;
            start = std::min(start.value_or(*item.period_start), *item.period_start);
            end = std::max(end.value_or(*item.period_end), *item.period_end);
        }
        return start ? period(start, end) : period(invoice_.period_start, invoice_.period_end);
    }

    void fact(std::string_view label, const std::string& value) {
        if (!value.empty()) sheet_.facts.push_back({text(label), value});
    }

    void head() {
        sheet_.title = text(invoice_.total.is_negative() ? "credit_note_title" : "title");
        sheet_.number = invoice_.number;
        sheet_.status = invoice_.status;
        sheet_.status_label = text("status_" + invoice_.status);
        sheet_.color = brand_.color;
        sheet_.logo_url = is_web_address(brand_.logo_url) ? brand_.logo_url : "";
        fact("number", invoice_.number);
        fact("date", date(invoice_.issued_at));
        if (invoice_.due_at && invoice_.status == "open") fact("due", date(*invoice_.due_at));
        if (invoice_.paid_at) fact("paid", date(*invoice_.paid_at));
        fact("period", service_period());
    }

    void parties() {
        const Seller& seller = brand_.seller;
        sheet_.seller_name = seller.name.empty() ? brand_.product : seller.name;
        sheet_.seller_lines = {sheet_.seller_name};
        for (const auto& line : seller.address) add(sheet_.seller_lines, line);
        for (const auto& line : {seller.tax_id, seller.email, seller.website})
            add(sheet_.seller_lines, line);

        sheet_.bill_to_label = text("bill_to");
        add(sheet_.buyer_lines, invoice_.name);
        for (const auto& line : invoice_.address) add(sheet_.buyer_lines, line);
        add(sheet_.buyer_lines, invoice_.email);
        for (const auto& id : invoice_.tax_ids) add(sheet_.buyer_lines, id);
    }

    // What one costs, where the amount divides evenly; else the row says only the whole.
    std::string unit_price(const InvoiceItem& item) const {
        if (!item.quantity || *item.quantity <= 0) return {};
        if (item.amount.minor_units() % *item.quantity != 0) return {};
        return money(Money(item.amount.minor_units() / *item.quantity, item.amount.currency()));
    }

    void rows() {
        sheet_.heads = {text("description"), "", text("quantity"), text("unit_price"),
                        text("amount")};
        for (const auto& item : invoice_.items) {
            sheet_.rows.push_back(
                {.description = item.description,
                 .detail = period(item.period_start, item.period_end),
                 .quantity = item.quantity ? format_count(*item.quantity, locale_) : "",
                 .unit_price = unit_price(item),
                 .amount = money(item.amount)});
        }
    }

    void sum(std::string_view label, Money amount, bool strong = false) {
        sheet_.sums.push_back({text(label), money(amount), strong});
    }

    void sums() {
        const auto negated = [](Money amount) {
            return Money(-amount.minor_units(), amount.currency());
        };
        sum("subtotal", invoice_.subtotal);
        if (invoice_.discount.minor_units() > 0) sum("discount", negated(invoice_.discount));
        if (invoice_.tax.minor_units() != 0 && !invoice_.taxes_inclusive) sum("tax", invoice_.tax);
        sum("total", invoice_.total, true);
        if (invoice_.tax.minor_units() != 0 && invoice_.taxes_inclusive)
            sum("tax_included", invoice_.tax);
        // What the customer's balance at the provider took off, or added.
        if (const auto applied = invoice_.amount_due.minus(invoice_.total);
            applied && applied->minor_units() != 0 && !invoice_.total.is_negative())
            sum("applied_balance", *applied);
        if (invoice_.amount_paid.minor_units() > 0)
            sum("amount_paid", negated(invoice_.amount_paid));
        sum("amount_due", invoice_.amount_remaining, true);
    }

    void notes() {
        if (invoice_.rate) {
            const auto shown = convert(invoice_.total, *invoice_.rate);
            if (shown) {
                std::string note = text("exchange");
                replace(note, "{amount}", money(*shown));
                std::string rate = invoice_.rate->rate.to_string();
                replace(rate, ".", locale_.decimal_mark);
                replace(note, "{rate}", rate + " " + std::string(invoice_.rate->quote.code()));
                replace(note, "{base}", invoice_.rate->base.code());
                replace(note, "{source}", invoice_.rate->source);
                replace(note, "{date}", date(invoice_.rate->as_of));
                sheet_.exchange = std::move(note);
            }
        }
        if (invoice_.status == "open" && is_web_address(invoice_.hosted_url))
            sheet_.links.push_back({text("pay_online"), invoice_.hosted_url});
        if (is_web_address(invoice_.provider_pdf_url))
            sheet_.links.push_back({text("provider_copy"), invoice_.provider_pdf_url});
        sheet_.footer = brand_.invoice_footer;
        sheet_.page_pattern = text("page");
        sheet_.continued = text("continued");
    }

    const Invoice& invoice_;
    const Brand& brand_;
    const Section& texts_;
    const Locale& locale_;
    InvoiceSheet sheet_;
};

void set(Values& values, const char* name, const std::string& text) {
    if (!text.empty()) values.set(name, text);
}

Values list_of(const std::vector<std::string>& lines) {
    Values list = Values::type::list;
    for (const auto& line : lines) list.push_back(Values("text", line));
    return list;
}

Values list_of(const std::vector<InvoiceSheet::Fact>& facts) {
    Values list = Values::type::list;
    for (const auto& fact : facts) {
        Values entry;
        entry.set("label", fact.label);
        entry.set("value", fact.value);
        if (fact.strong) entry.set("strong", true);
        list.push_back(entry);
    }
    return list;
}

}  // namespace

InvoiceSheet lay_out(const Invoice& invoice, const Brand& brand, const Wording& wording,
                     const std::string& language) {
    return LayOut(invoice, brand, wording, language).sheet();
}

std::string generate_invoice_html(const InvoiceSheet& sheet, const Wording& wording) {
    Values values;
    set(values, "language", sheet.language);
    set(values, "title", sheet.title);
    set(values, "number", sheet.number);
    set(values, "status", sheet.status);
    set(values, "status_label", sheet.status_label);
    set(values, "logo_url", sheet.logo_url);
    set(values, "seller_name", sheet.seller_name);
    set(values, "bill_to_label", sheet.bill_to_label);
    set(values, "description_label", sheet.heads.description);
    set(values, "quantity_label", sheet.heads.quantity);
    set(values, "unit_price_label", sheet.heads.unit_price);
    set(values, "amount_label", sheet.heads.amount);
    set(values, "exchange", sheet.exchange);
    set(values, "footer", sheet.footer);
    values.set("seller_lines", list_of(sheet.seller_lines));
    values.set("buyer_lines", list_of(sheet.buyer_lines));
    values.set("facts", list_of(sheet.facts));
    values.set("sums", list_of(sheet.sums));
    Values rows = Values::type::list;
    for (const auto& row : sheet.rows) {
        Values entry;
        set(entry, "description", row.description);
        set(entry, "detail", row.detail);
        set(entry, "quantity", row.quantity);
        set(entry, "unit_price", row.unit_price);
        set(entry, "amount", row.amount);
        rows.push_back(entry);
    }
    values.set("rows", rows);
    Values links = Values::type::list;
    for (const auto& link : sheet.links) {
        Values entry;
        entry.set("label", link.label);
        entry.set("url", link.url);
        links.push_back(entry);
    }
    values.set("links", links);
    return fill_html(wording.frame(sheet.language, "invoice", "invoice", "html"), values);
}

std::string style_source(const std::string& html) {
    const auto begin = html.find("<style>");
    const auto end = html.find("</style>");
    if (begin == html.npos || end == html.npos || end < begin) return "'none'";
    const auto style = std::string_view(html).substr(begin + 7, end - begin - 7);
    return "'sha256-" + base64_encode(sha256(style)) + "'";
}

std::string invoice_filename(const std::string& number, std::string_view extension) {
    std::string name = "invoice";
    if (!number.empty()) name += "-" + number.substr(0, 64);
    std::ranges::replace_if(
        name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '-'; }, '-');
    return name + "." + std::string(extension);
}

}  // namespace paydesk::documents
