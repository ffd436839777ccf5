#pragma once
// Metered items on invoices: they are billed when their time is over, for what was used in it.

#include <string>

#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {

// Whether usage of the very second at which a period is cut short still belongs to it. It does
// when nothing follows that could count it.
enum class LastSecond : std::uint8_t { excluded, included };

// What the subscription's metered items used in the part of their period that ends at `until`, a
// line each, added to the draft. The lines go on counting until the draft is finalized.
void add_usage_lines(const Account& account, const Object& subscription, std::int64_t until,
                     LastSecond last, InvoiceDraft& draft);

// A line that says that nothing of it is billed: the item's period begins, or it was a free trial.
LineDraft unbilled_usage_line(const Object& subscription, const Object& item, Span period);

// Counts the usage on a draft once more: events that came late for their period still belong to it.
// Emits invoice.updated if that changed anything.
void recount_usage(Account& account, const std::string& invoice);

// The last invoice of a subscription that ends now: usage and waiting invoice items. A draft with
// this billing_reason, or "" when there is nothing to bill.
std::string add_last_invoice(Account& account, const std::string& subscription, LastSecond last,
                             std::string_view billing_reason);

// What the item has used in this period until now waits for the next invoice. Nothing to do for one
// that is not metered.
// Emits invoiceitem.created.
void keep_usage_for_later(Account& account, const Object& subscription, const Object& item,
                          LastSecond last);

}  // namespace paydesk::sandbox::stripe
