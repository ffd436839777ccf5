#pragma once
// The lines of an invoice, and what they cost.

#include "sandbox/stripe/invoicing.h"

namespace paydesk::sandbox::stripe {

// The line as it stands on the draft's invoice.
Object line_object(const Account& account, const InvoiceDraft& draft, const LineDraft& line);

// Its own description, or one made from quantity, product and price.
std::string line_description(const Account& account, const LineDraft& line);

}  // namespace paydesk::sandbox::stripe
