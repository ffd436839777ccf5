#pragma once
// The lines of a draft invoice, and of invoice items that wait for one: added, changed, taken away.

#include <string>
#include <string_view>

#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {

// The invoice, when it is a draft. Refuses with invoice_not_editable.
const Object& draft_invoice(const Account& account, const std::string& invoice,
                            std::string_view param);

// What a call says of an item or a line: price or amount, quantity, description, period, tax rates,
// metadata; `path` names where it says so. Over `item`, an invoiceitem.
// Refuses with resource_missing, 400 for a recurring price or another currency.
void fill_item(Account& account, const Object& wanted, Object& item, const std::string& path);
// The parameters that fill_item() reads, in the language of params.h.
extern const std::string_view item_listing;

// The line that an invoiceitem becomes.
LineDraft line_of_item(const Object& item);

// Adds, changes, takes away lines of a draft; totals it and emits invoice.updated.
void add_line(Account& account, const std::string& invoice, const LineDraft& line);
void replace_line(Account& account, const std::string& invoice, const std::string& line,
                  const LineDraft& by);
void remove_line(Account& account, const std::string& invoice, const std::string& line);
// The id of the line that an invoiceitem made; "" when it has none.
std::string line_from_item(const Object& invoice, std::string_view item);

}  // namespace paydesk::sandbox::stripe
