#include "notify/render_email.h"

#include "base/json.h"
#include "documents/fill.h"

namespace paydesk::notify {

namespace {

using documents::fill_frame;
using documents::fill_html;
using documents::fill_text;
using documents::Values;

bool is_web_address(std::string_view text) {
    return (text.starts_with("https://") || text.starts_with("http://")) &&
           text.find_first_of(" \t\r\n\"'<>") == text.npos;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == text.npos; }

// One value as a reader should see it; "" where it is nothing to show.
std::string formatted(std::string_view key, const json::value& value, const json::object& data,
                      const documents::Locale& locale) {
    if (value.is_string()) return std::string(value.get_string());
    if (!value.is_int64() && !value.is_uint64()) return {};
    const std::int64_t number = value.to_number<std::int64_t>();
    if (key.ends_with("_at")) return documents::format_date(from_unix(number), locale);
    if (key == "amount" || key.ends_with("_amount")) {
        const auto* code = data.if_contains("currency");
        if (code == nullptr || !code->is_string()) return {};
        const auto currency = Currency::parse(std::string_view(code->get_string()));
        return currency ? documents::format_money(Money(number, *currency), locale) : "";
    }
    return documents::format_count(number, locale);
}

// A value that is not there is left unset: {{#name}} asks for that.
void set(Values& values, const std::string& name, const std::string& text) {
    if (!text.empty()) values.set(name, text);
}

Values values_of(const documents::Wording& wording, const documents::Brand& brand,
                 const EmailContent& content) {
    Values values;
    for (const auto& [key, value] : content.data) {
        set(values, std::string(key),
            formatted(key, value, content.data, wording.locale(content.language)));
    }
    set(values, "product", brand.product);
    set(values, "name", content.name);
    set(values, "support_email", brand.seller.email);
    set(values, "billing_url", is_web_address(brand.billing_url) ? brand.billing_url : "");
    return values;
}

std::string seller_line(const documents::Seller& seller) {
    std::string line = seller.name;
    for (const auto& part : seller.address) line += (line.empty() ? "" : ", ") + part;
    return line;
}

struct Frames {
    Values html, text;
    void both(const char* name, const std::string& source, const Values& values) {
        if (source.empty()) return;
        html.set(name, fill_html(source, values));
        text.set(name, fill_text(source, values));
    }
};

// The paragraphs: those of the kind, and those that an admin wrote.
void add_lines(Frames& frames, const documents::Section& section, const EmailContent& content,
               const Values& values) {
    Values html = Values::type::list, text = Values::type::list;
    const auto add = [&](const std::string& source, const Values& with) {
        const std::string plain = fill_text(source, with);
        if (is_blank(plain)) return;
        html.push_back(Values("html", fill_html(source, with)));
        text.push_back(Values("text", plain));
    };
    if (const auto lines = section.lists.find("lines"); lines != section.lists.end()) {
        for (const auto& line : lines->second) add(line, values);
    }
    if (const auto* paragraphs = content.data.if_contains("paragraphs");
        paragraphs != nullptr && content.kind == "free_form") {
        if (const auto* list = paragraphs->if_array()) {
            for (const auto& paragraph : *list) {
                if (paragraph.is_string())
                    add("{{text}}", Values("text", std::string(paragraph.get_string())));
            }
        }
    }
    frames.html.set("lines", html);
    frames.text.set("lines", text);
}

void add_rows(Frames& frames, const documents::Section& section, const Values& values) {
    const auto rows = section.pairs.find("rows");
    if (rows == section.pairs.end()) return;
    Values html = Values::type::list, text = Values::type::list;
    bool any = false;
    for (const auto& [label, value] : rows->second) {
        const std::string plain = fill_text(value, values);
        if (is_blank(plain)) continue;
        any = true;
        Values html_row, text_row;
        html_row.set("label", fill_html(label, values));
        html_row.set("value", fill_html(value, values));
        text_row.set("label", fill_text(label, values));
        text_row.set("value", plain);
        html.push_back(html_row);
        text.push_back(text_row);
    }
    if (!any) return;
    for (auto* frame : {&frames.html, &frames.text}) frame->set("has_rows", true);
    frames.html.set("rows", html);
    frames.text.set("rows", text);
}

void add_button(Frames& frames, const documents::Section& section, const Values& values) {
    const auto button = section.lists.find("button");
    if (button == section.lists.end() || button->second.size() != 2) return;
    const std::string url = fill_text(button->second[1], values);
    const std::string label = fill_text(button->second[0], values);
    if (is_blank(label) || !is_web_address(url)) return;
    frames.both("button_label", button->second[0], values);
    frames.html.set("button_url", url);  // the frame escapes it
    frames.text.set("button_url", url);
}

// The frame leaves blank lines where a part is left out: never more than one in a row.
std::string squeezed(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\n' && result.ends_with("\n\n")) continue;
        result += c;
    }
    return result;
}

}  // namespace

RenderedEmail render_email(const documents::Wording& wording, const documents::Brand& brand,
                           const EmailContent& content) {
    const auto& section = wording.section(content.language, content.kind);
    const auto& common = wording.section(content.language, "common");
    const Values values = values_of(wording, brand, content);
    const std::string subject = fill_text(std::string(section.text("subject")), values);
    const std::string title = fill_text(std::string(section.text("title")), values);

    Frames frames;
    for (auto* frame : {&frames.html, &frames.text}) {
        set(*frame, "language", content.language);
        set(*frame, "subject", subject);
        set(*frame, "title", title);
        set(*frame, "product", brand.product);
        set(*frame, "color", brand.color);
        set(*frame, "logo_url", is_web_address(brand.logo_url) ? brand.logo_url : "");
        set(*frame, "billing_url", is_web_address(brand.billing_url) ? brand.billing_url : "");
        set(*frame, "seller", seller_line(brand.seller));
    }
    for (const char* name : {"hello", "regards", "why", "manage"})
        frames.both(name, std::string(common.text(name)), values);
    if (!brand.seller.email.empty())
        frames.both("questions", std::string(common.text("questions")), values);
    if (content.with_attachment)
        frames.both("attached", std::string(section.text("attached")), values);
    add_lines(frames, section, content, values);
    add_rows(frames, section, values);
    add_button(frames, section, values);
    if (const auto lines = section.lists.find("lines");
        lines != section.lists.end() && !lines->second.empty())
        frames.html.set("preheader", fill_text(lines->second.front(), values));

    return {.subject = subject,
            .text = squeezed(fill_frame(
                wording.frame(content.language, content.kind, "email", "txt"), frames.text)),
            .html = fill_html(wording.frame(content.language, content.kind, "email", "html"),
                              frames.html)};
}

}  // namespace paydesk::notify
