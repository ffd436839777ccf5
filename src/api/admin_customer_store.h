#pragma once
// What admins read of customers, in the columns of the API (openapi.yaml): SQL, nothing else.

#include "db/database.h"

namespace paydesk::api::admin_customer_store {

// $1 what is looked for or NULL, $2 how many, $3 the account after which the page begins or NULL. Newest first. Found
// are a part of an e-mail address or of a name, and whole ids: of the account, or of any object at a provider.
extern const db::Statement search;

// $1 account. At most one row.
extern const db::Statement profile;

// Each: $1 account, $2 how many. Newest first.
extern const db::Statement provider_customers;
extern const db::Statement members;
extern const db::Statement subscriptions;
extern const db::Statement invoices;
extern const db::Statement payments;
extern const db::Statement refunds;
extern const db::Statement payment_methods;
extern const db::Statement credit_entries;
extern const db::Statement usage;
extern const db::Statement notifications;
extern const db::Statement emails;
extern const db::Statement webhook_events;
extern const db::Statement audit_log;

}  // namespace paydesk::api::admin_customer_store
