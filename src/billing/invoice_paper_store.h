#pragma once
// What an invoice's document is made of: SQL, nothing else.

#include <optional>
#include <string>

#include "billing/invoice_papers.h"
#include "db/database.h"
#include "documents/exchange.h"
#include "documents/invoice.h"

namespace paydesk::billing::invoice_paper_store {

struct Loaded {
    documents::Invoice invoice;
    std::string language;  // of the account; "" without
};

Task<std::optional<Loaded>> load(db::Database& db, PaperReader reader, std::string invoice);

// The newest rate on or before that day. Everyone may read rates.
Task<std::optional<documents::Rate>> rate(db::Database& db, Currency base, Currency quote,
                                          Instant at);

}  // namespace paydesk::billing::invoice_paper_store
