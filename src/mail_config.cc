#include "mail_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace paydesk {
namespace {

class MailReader {
public:
    MailReader(const std::function<std::optional<std::string>(const std::string&)>& environment,
               std::vector<std::string>& problems)
        : environment_(environment), problems_(problems) {}

    std::string get(const std::string& name) const {
        std::string text = environment_(name).value_or("");
        const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
        while (!text.empty() && blank(text.back())) text.pop_back();
        text.erase(text.begin(), std::ranges::find_if_not(text, blank));
        return text;
    }

    template <class... Args>
    void wrong(fmt::format_string<Args...> format, Args&&... args) {
        problems_.push_back("  " + fmt::format(format, std::forward<Args>(args)...));
    }

    std::string address(const char* name) {
        const std::string text = get(name);
        if (!text.empty() && !notify::is_mail_address(text))
            wrong("{}: write one e-mail address, such as billing@example.com, without a name",
                  name);
        return text;
    }

    std::string web_address(const char* name) {
        const std::string text = get(name);
        const bool fine = text.starts_with("https://") || text.starts_with("http://");
        if (!text.empty() && (!fine || text.find_first_of(" \"'<>\\") != text.npos))
            wrong("{}: write a URL that begins with https://", name);
        return text;
    }

    std::string language(const char* name) {
        const std::string text = get(name);
        if (text.empty()) return "en";
        if (text.size() != 2 ||
            !std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; }))
            wrong("{}: write a language of two letters, such as en or de", name);
        return text;
    }

private:
    const std::function<std::optional<std::string>(const std::string&)>& environment_;
    std::vector<std::string>& problems_;
};

// "1 Main Street|Springfield|USA": an environment variable has no lines.
std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = text.find_first_of("|\n");
        auto line = text.substr(0, end);
        while (line.starts_with(' ')) line.remove_prefix(1);
        while (line.ends_with(' ')) line.remove_suffix(1);
        if (!line.empty()) lines.emplace_back(line);
        if (end == text.npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::optional<notify::SmtpServer> read_server(MailReader& reader, const notify::Sender& sender) {
    using Tls = notify::SmtpServer::Tls;
    const std::string url = reader.get("SMTP_URL");
    if (url.empty()) return std::nullopt;
    auto server = notify::parse_smtp_url(url);
    if (!server) {
        reader.wrong("SMTP_URL: {}", server.error().message);
        return std::nullopt;
    }
    const std::string tls = reader.get("SMTP_TLS");
    if (tls == "optional") {
        server->tls = Tls::optional;
    } else if (tls == "off") {
        server->tls = Tls::off;
    } else if (!tls.empty() && tls != "required") {
        reader.wrong("SMTP_TLS: \"{}\" is not one of required, optional, off", tls);
    }
    if (!notify::is_safe_for_password(*server)) {
        reader.wrong(
            "SMTP_TLS={} would send the password of SMTP_URL over the network unprotected: use "
            "SMTP_TLS=required, or smtps://",
            tls);
    }
    server->ca_file = reader.get("SMTP_CA_FILE");
    if (!server->ca_file.empty() && !std::filesystem::is_regular_file(server->ca_file))
        reader.wrong("SMTP_CA_FILE: there is no file {}", server->ca_file);
    if (sender.from.address.empty()) {
        reader.wrong(
            "MAIL_FROM is missing: the address that e-mails come from, such as "
            "billing@example.com (SMTP_URL is set)");
    } else {
        server->ehlo_name = sender.from.address.substr(sender.from.address.find('@') + 1);
    }
    return *server;
}

documents::Brand read_brand(MailReader& reader, const std::string& app_url) {
    documents::Brand brand;
    if (auto name = reader.get("BRAND_NAME"); !name.empty()) brand.product = std::move(name);
    brand.logo_url = reader.web_address("BRAND_LOGO_URL");
    if (auto color = reader.get("BRAND_COLOR"); !color.empty()) {
        const bool fine = color.size() == 7 && color.front() == '#' &&
                          color.find_first_not_of("0123456789abcdefABCDEF", 1) == color.npos;
        if (!fine) reader.wrong("BRAND_COLOR: \"{}\" is not a colour such as #1f3fbf", color);
        brand.color = std::move(color);
    }
    brand.billing_url = reader.web_address("BILLING_URL");
    if (brand.billing_url.empty()) brand.billing_url = app_url;
    auto& seller = brand.seller;
    seller.name = reader.get("SELLER_NAME");
    seller.address = lines_of(reader.get("SELLER_ADDRESS"));
    seller.tax_id = reader.get("SELLER_TAX_ID");
    seller.email = reader.address("SUPPORT_EMAIL");
    seller.website = reader.get("SELLER_WEBSITE");
    brand.invoice_footer = reader.get("INVOICE_FOOTER");
    return brand;
}

}  // namespace

MailConfig read_mail_config(
    const std::function<std::optional<std::string>(const std::string& name)>& environment,
    const std::string& app_url, std::vector<std::string>& problems) {
    MailReader reader(environment, problems);
    MailConfig config;
    config.brand = read_brand(reader, app_url);
    config.sender.from.address = reader.address("MAIL_FROM");
    config.sender.from.name = reader.get("MAIL_FROM_NAME");
    if (config.sender.from.name.empty()) config.sender.from.name = config.brand.product;
    config.sender.reply_to = reader.address("MAIL_REPLY_TO");
    config.sender.default_language = reader.language("MAIL_LANGUAGE");
    config.server = read_server(reader, config.sender);

    config.templates = reader.get("PAYDESK_TEMPLATES");
    std::error_code ignored;
    if (!config.templates.empty() && !std::filesystem::is_directory(config.templates, ignored))
        reader.wrong("PAYDESK_TEMPLATES: there is no folder {}", config.templates.string());
    const std::string size = reader.get("INVOICE_PAGE_SIZE");
    if (size == "letter") config.page_size = documents::PageSize::letter;
    if (!size.empty() && size != "letter" && size != "a4")
        reader.wrong("INVOICE_PAGE_SIZE: \"{}\" is neither a4 nor letter", size);
    config.display_currency = reader.get("INVOICE_DISPLAY_CURRENCY");
    if (!config.display_currency.empty()) {
        const auto currency = Currency::parse(config.display_currency);
        if (!currency)
            reader.wrong("INVOICE_DISPLAY_CURRENCY: \"{}\" is not a currency such as inr",
                         config.display_currency);
        else
            config.display_currency = currency->lower_code();
    }
    return config;
}

std::vector<std::pair<std::string, std::string>> describe(const MailConfig& config) {
    const auto& server = config.server;
    return {
        {"SMTP_URL", server
                         ? fmt::format("{}://{}:{}{}", server->scheme, server->host, server->port,
         server->user.empty() ? "" : " (with a login)")
                         : "not set: no e-mail is sent"},
        {"MAIL_FROM", config.sender.from.address.empty() ? "not set" : config.sender.from.address},
        {"PAYDESK_TEMPLATES", config.templates.empty() ? "built in" : config.templates.string()},
        {"seller on invoices", config.brand.seller.name.empty()
                                   ? "not set: SELLER_NAME, SELLER_ADDRESS"
                                   : config.brand.seller.name}
    };
}

}  // namespace paydesk
