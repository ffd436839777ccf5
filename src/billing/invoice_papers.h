#pragma once
// Invoices as documents (documents/invoice.h), from our own rows: for the API and for e-mails.

#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/worker_pool.h"
#include "db/database.h"
#include "documents/invoice.h"

namespace paydesk::billing {

struct PaperOptions {
    documents::Brand brand = {};
    std::string default_language = "en";
    documents::PageSize page_size = documents::PageSize::a4;
    std::string display_currency = {};  // "inr": the total is shown in it too; "" without
};

// Whose invoices: a person's, under row level security; one account's; or anybody's (an admin).
struct PaperReader {
    std::optional<db::Identity> identity = {};
    std::optional<AccountId> account = {};
};

struct Paper {
    std::string filename, bytes;
};

class InvoicePapers {
public:
    // The arguments must outlive it.
    InvoicePapers(asio::io_context& io, db::Database& db, const documents::Wording& wording,
                  PaperOptions options);

    // `invoice` is our id or the provider's. `language`: as asked for; "" for the reader's own.
    // Refuses with not_found: no such invoice of theirs, or a draft, which may still change.
    Task<Result<Paper>> html(PaperReader reader, std::string invoice, std::string language);
    // Drawn on a worker thread. Throws Unavailable when it can't be.
    Task<Result<Paper>> pdf(PaperReader reader, std::string invoice, std::string language);

private:
    Task<Result<documents::InvoiceSheet>> sheet(PaperReader reader, std::string invoice,
                                                std::string language);

    db::Database& db_;
    const documents::Wording& wording_;
    const PaperOptions options_;
    WorkerPool workers_;
};

}  // namespace paydesk::billing
