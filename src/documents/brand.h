#pragma once
// Whose name is on e-mails and invoices. From the environment (src/mail_config.h), read once at boot.

#include <string>
#include <vector>

namespace paydesk::documents {

// Who sells, as the law of most countries wants it on an invoice.
struct Seller {
    std::string name = {};
    std::vector<std::string> address = {};  // lines
    std::string tax_id = {};                // "VAT DE123456789", as it is to be shown
    std::string email = {};
    std::string website = {};
};

struct Brand {
    std::string product = "Paydesk";
    std::string logo_url = {};      // http(s); "" without
    std::string color = "#1f3fbf";  // of buttons and headings: #rrggbb
    std::string billing_url = {};   // where a reader looks after their subscription; "" without
    Seller seller = {};
    std::string invoice_footer = {};  // one paragraph under every invoice
};

}  // namespace paydesk::documents
