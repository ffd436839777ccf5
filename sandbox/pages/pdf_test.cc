#include "sandbox/pages/pdf.h"

#include <gmock/gmock.h>

#include <regex>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::text;
using testing::ElementsAre;
using testing::HasSubstr;

// Every offset of the table is where its object begins: a reader needs no repair.
void expect_sound(const std::string& pdf) {
    std::smatch found;
    ASSERT_TRUE(std::regex_search(pdf, found, std::regex("startxref\n(\\d+)\n%%EOF\n$")));
    const auto start = std::stoul(found[1]);
    ASSERT_EQ(pdf.substr(start, 5), "xref\n");
    std::istringstream table(pdf.substr(start + 5));
    std::size_t first = 0, count = 0;
    table >> first >> count;
    for (std::size_t i = 0; i < count; ++i) {
        std::string offset, generation, kind;
        table >> offset >> generation >> kind;
        if (kind == "n") {
            EXPECT_EQ(pdf.find(std::to_string(i) + " 0 obj\n", std::stoul(offset)),
                      std::stoul(offset));
        }
    }
    for (auto at = pdf.find("/Length "); at != std::string::npos;
         at = pdf.find("/Length ", at + 1)) {
        const auto content = pdf.find("stream\n", at) + 7;
        EXPECT_EQ(pdf.substr(content + std::stoul(pdf.substr(at + 8)), 10), "\nendstream");
    }
}

TEST(Pdf, IsSoundAndKnowsAnyCharacter) {
    Pdf pdf;
    pdf.add_page();
    pdf.text(50, 50, "(a\\b) zł € 日 \U0001F600", 12);
    pdf.add_page();
    pdf.text_right(500, 50, "\xFF\xC3", 12, Pdf::Font::bold);
    const auto bytes = pdf.finish("Łódź");
    expect_sound(bytes);
    EXPECT_THAT(bytes, HasSubstr("(\\(a\\\\b\\) z"));
    EXPECT_THAT(bytes, HasSubstr("/uni20AC"));
    EXPECT_THAT(bytes, HasSubstr("<D83DDE00>"));
    EXPECT_THAT(bytes, HasSubstr("/Count 2"));
    Pdf many;
    many.add_page();
    for (char32_t c = 0x400; c < 0x500; ++c) {
        const char utf8[] = {static_cast<char>(0xC0U | c >> 6U),
                             static_cast<char>(0x80U | (c & 0x3FU)), 0};
        many.text(50, 50, utf8, 10);  // more than a font has codes for
    }
    expect_sound(many.finish("many"));
}

TEST(Pdf, BreaksLines) {
    Pdf pdf;
    EXPECT_THAT(pdf.wrapped("", 10, 100), ElementsAre(""));
    EXPECT_THAT(pdf.wrapped("one two three", 10, 40), ElementsAre("one two", "three"));
    EXPECT_THAT(pdf.wrapped("mmmmmmmm", 10, 30), ElementsAre("mmm", "mmm", "mm"));
    EXPECT_THAT(pdf.wrapped("日本語", 10, 20), ElementsAre("日本", "語"));
}

class InvoicePdf : public SandboxTest {};

TEST_F(InvoicePdf, HasAllItsLinesOverSeveralPages) {
    const auto customer = customer_with("pm_card_visa");
    made("/v1/customers/" + customer, "name=%C5%81ukasz%20%28ACME%29");
    std::int64_t sum = 0;
    for (int i = 1; i <= 90; ++i) {
        made("/v1/invoiceitems", "currency=jpy&customer=" + customer +
                                     "&amount=" + std::to_string(1000 + i) + "&description=Line-" +
                                     std::to_string(i) + "-end");
        sum += 1000 + i;
    }
    const auto draft =
        id(made("/v1/invoices",
                "currency=jpy&pending_invoice_items_behavior=include&customer=" + customer));
    EXPECT_EQ(call("GET", "/i/" + draft + "/pdf").status, 404);
    const auto invoice = made("/v1/invoices/" + draft + "/finalize");
    const auto reply = call("GET", "/i/" + draft + "/pdf");
    const std::string& pdf = reply.text;
    expect_sound(pdf);
    for (int i = 1; i <= 90; ++i) {
        EXPECT_THAT(pdf, HasSubstr("Line-" + std::to_string(i) + "-end"));
    }
    EXPECT_THAT(pdf, HasSubstr("page 4 of 4"));
    EXPECT_THAT(pdf, HasSubstr("ukasz \\(ACME\\)"));
    EXPECT_EQ(reply.headers.get("Content-Disposition"),
              "inline; filename=\"Invoice-" + text(invoice, "number") + ".pdf\"");
    EXPECT_EQ(stripe::number(invoice, "total"), sum);
}

}  // namespace
}  // namespace paydesk::sandbox
