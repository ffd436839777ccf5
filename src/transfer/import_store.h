#pragma once
// What an import writes that is no provider's object, and what it asks. SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"

namespace paydesk::transfer::import_store {

// Adds the account if it is not there. Gives whether it was added.
Task<bool> add_account(db::Tx& tx, std::string account, std::optional<std::string> email,
                       std::optional<std::string> name);

// Adds the notification if it is not there, read or not, and mails nobody. Gives whether it was added.
Task<bool> add_notification(db::Tx& tx, std::string account, std::string fact_key,
                            std::string object);

// The one account with this e-mail address; none where there are several.
Task<std::optional<AccountId>> account_of(db::Tx& tx, std::string email);
Task<bool> has_account(db::Tx& tx, std::string account);
Task<bool> has_grant(db::Tx& tx, std::string account, std::string fact_key);

}  // namespace paydesk::transfer::import_store
