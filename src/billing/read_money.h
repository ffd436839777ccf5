#pragma once
// Payments, refunds and disputes as people and operators read them, in the columns of the API
// (openapi.yaml), and what an account may do.

#include "db/database.h"

namespace paydesk::billing {

// For db::run_as(), where RLS limits the rows. $1 account, $2 how many, $3 the id after which the
// page begins, or NULL. Newest first.
extern const db::Statement read_payments;
// $1 account, $2 id: whether there is such a payment to begin after.
extern const db::Statement read_payment_exists;

// For db::run_as(). $1 the account that is answered for where nothing is known of the person yet. One
// row: the best of their own account and their teams', from the view `entitlements`; none only without
// a catalogue. $2 now: `credits` is what is booked; `credits_are_due` says that time has done something
// to them since, `free_month_is_due` that the free plan's month waits for a look (credits/ledger.h).
extern const db::Statement read_entitlements;

// For the operator, by db::run(): of all accounts. $1 how many, $2 the id after which the page begins,
// or NULL. Newest first.
extern const db::Statement read_disputes;
extern const db::Statement read_operator_notifications;
// $1 PayPal's id of a capture or sale: our id of its payment.
extern const db::Statement read_payment_of_capture;
// The same; $3 a payment's id, or NULL for all.
extern const db::Statement read_refunds;
// $1 account, $2 id; columns as of read_refunds.
extern const db::Statement read_refund;

}  // namespace paydesk::billing
