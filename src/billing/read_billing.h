#pragma once
// What people read of their own, in the columns of the API (openapi.yaml): statements for
// db::run_as(), where RLS limits the rows; the account in $1 only chooses among one's own.
//
// The store headers read rows to decide about them; these are for showing them.

#include <optional>
#include <string>

#include "base/ids.h"
#include "db/database.h"

namespace paydesk::billing {

inline constexpr std::int64_t page_rows_max = 100;

// $1 account. The subscription that counts: one that grants access, else the latest live one, else the
// latest that ended. At most one row.
extern const db::Statement read_current_subscription;

// $1 account. All of them, at most page_rows_max, the one that counts first; columns as above.
extern const db::Statement read_subscriptions;

// $1 account, $2 ours or the provider's id. At most one row, columns as above.
extern const db::Statement read_subscription;

// $1 account, $2 plan family: the newest whatever its state. At most one row, columns as above.
extern const db::Statement read_newest_subscription;

// $1 account, $2 how many, $3 the id after which the page begins, or NULL. Newest first. Drafts are
// left out: they may still change.
extern const db::Statement read_invoices;
// $1 account, $2 id: whether there is such an invoice to begin after.
extern const db::Statement read_invoice_exists;

// $1 account. Attached ones; the default first, then the newest.
extern const db::Statement read_payment_methods;

// $1 account, $2 the provider's session id or our id. At most one row.
extern const db::Statement read_checkout;
// $1 account, $2 PayPal's id of an order, or ours of its checkout.
extern const db::Statement read_order;

}  // namespace paydesk::billing
