// GET /api/invoices/{id}.html, /api/invoices/{id}.pdf
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "billing/invoice_papers.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 255;

// A service reads for the account that it names, an admin anybody's, everyone else their own.
billing::PaperReader reader_of(const Caller& caller) {
    if (caller.is_admin) return {};
    if (caller.is_service) return {.account = caller.account};
    return {.identity = caller.identity(), .account = caller.account};
}

std::string language_of(const http::Request& request) {
    std::string language;
    for (const auto& [name, value] : http::parse_form(request.query)) {
        if (name == "language") language = value.substr(0, 2);
    }
    return language;
}

http::Response document(billing::Paper paper, std::string content_type) {
    http::Response response{.content_type = std::move(content_type)};
    response.headers.add("Content-Disposition", "inline; filename=\"" + paper.filename + "\"");
    response.body = std::move(paper.bytes);
    return response;
}

Task<http::Response> show(const Services& services, const http::Request& request, Caller caller) {
    // Drawing costs a worker's time.
    if (const auto allowed = services.within_limits(request, &caller); !allowed)
        co_return refusal(allowed.error());
    std::string id = request.params.at("file");
    const bool is_pdf = id.ends_with(".pdf");
    if ((!is_pdf && !id.ends_with(".html")) || id.size() > id_bytes_max) {
        co_return refusal({ErrorCode::not_found,
                           "There is nothing at this path: write /api/invoices/{id}.html or .pdf"});
    }
    id.resize(id.rfind('.'));
    if (is_pdf) {
        auto paper =
            co_await services.papers.pdf(reader_of(caller), std::move(id), language_of(request));
        if (!paper) co_return refusal(paper.error());
        co_return document(std::move(*paper), "application/pdf");
    }
    auto paper =
        co_await services.papers.html(reader_of(caller), std::move(id), language_of(request));
    if (!paper) co_return refusal(paper.error());
    const std::string policy =
        "default-src 'none'; img-src https: http:; style-src " +
        documents::style_source(paper->bytes) +
        "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups "
        "allow-popups-to-escape-sandbox allow-modals";
    auto response = document(std::move(*paper), "text/html; charset=utf-8");
    response.headers.add("Content-Security-Policy", policy);
    co_return response;
}

}  // namespace

void add_invoice_document_routes(http::Router& router, const Services& services) {
    router.on("GET /api/invoices/{file}",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return show(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
