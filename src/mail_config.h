#pragma once
// The part of the environment that e-mail and invoices are about: config.h reads it with the rest.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "documents/brand.h"
#include "documents/invoice.h"
#include "notify/mime.h"
#include "notify/outbox.h"
#include "notify/smtp.h"

namespace paydesk {

struct MailConfig {
    std::optional<notify::SmtpServer> server;  // SMTP_URL, SMTP_TLS, SMTP_CA_FILE; none: no mail
    notify::Sender sender;            // MAIL_FROM, MAIL_FROM_NAME, MAIL_REPLY_TO, MAIL_LANGUAGE
    std::filesystem::path templates;  // PAYDESK_TEMPLATES, over the built-in ones; "" without
    documents::Brand brand;           // BRAND_NAME, BRAND_COLOR ..., SELLER_NAME ...
    documents::PageSize page_size = documents::PageSize::a4;  // INVOICE_PAGE_SIZE
    std::string display_currency;  // INVOICE_DISPLAY_CURRENCY: "inr"; "" without
};

// Adds one line to `problems` for each variable that is wrong.
MailConfig read_mail_config(
    const std::function<std::optional<std::string>(const std::string& name)>& environment,
    const std::string& app_url, std::vector<std::string>& problems);

// Lines for `paydesk doctor`: no password in it.
std::vector<std::pair<std::string, std::string>> describe(const MailConfig& config);

}  // namespace paydesk
