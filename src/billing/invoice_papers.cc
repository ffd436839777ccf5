#include "billing/invoice_papers.h"

#include "billing/invoice_paper_store.h"

namespace paydesk::billing {

InvoicePapers::InvoicePapers(asio::io_context& io, db::Database& db,
                             const documents::Wording& wording, PaperOptions options)
    : db_(db), wording_(wording), options_(std::move(options)), workers_(io, 1) {}

Task<Result<documents::InvoiceSheet>> InvoicePapers::sheet(PaperReader reader, std::string invoice,
                                                           std::string language) {
    auto loaded = co_await invoice_paper_store::load(db_, std::move(reader), std::move(invoice));
    if (!loaded) co_return Error{ErrorCode::not_found, "There is no such invoice."};
    auto& paper = loaded->invoice;
    if (const auto quote = Currency::parse(options_.display_currency);
        quote && *quote != paper.total.currency()) {
        paper.rate = co_await invoice_paper_store::rate(db_, paper.total.currency(), *quote,
                                                        paper.issued_at);
    }
    const std::string spoken = wording_.language(language.empty() ? loaded->language : language,
                                                 options_.default_language);
    co_return documents::lay_out(paper, options_.brand, wording_, spoken);
}

Task<Result<Paper>> InvoicePapers::html(PaperReader reader, std::string invoice,
                                        std::string language) {
    const auto laid_out =
        co_await sheet(std::move(reader), std::move(invoice), std::move(language));
    if (!laid_out) co_return laid_out.error();
    co_return Paper{documents::invoice_filename(laid_out->number, "html"),
                    documents::generate_invoice_html(*laid_out, wording_)};
}

Task<Result<Paper>> InvoicePapers::pdf(PaperReader reader, std::string invoice,
                                       std::string language) {
    auto laid_out = co_await sheet(std::move(reader), std::move(invoice), std::move(language));
    if (!laid_out) co_return laid_out.error();
    Paper paper{documents::invoice_filename(laid_out->number, "pdf"), {}};
    paper.bytes = co_await workers_.run([sheet = std::move(*laid_out), size = options_.page_size] {
        return documents::generate_invoice_pdf(sheet, size);
    });
    co_return paper;
}

}  // namespace paydesk::billing
