#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "documents/exchange.h"
#include "documents/invoice.h"

namespace paydesk::documents {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

Currency currency(std::string_view code) { return Currency::parse(code).value(); }

TEST(Locale, Money) {
    const auto& en = locale_of("en");
    const auto& de = locale_of("de");
    EXPECT_EQ(format_money(Money(900, Currency::usd()), en), "$9.00");
    EXPECT_EQ(format_money(Money(-123'456'789, Currency::usd()), en), "-$1,234,567.89");
    EXPECT_EQ(format_money(Money(123'450, currency("eur")), de), "1.234,50\u00a0€");
    EXPECT_EQ(format_money(Money(1'234, Currency::jpy()), en), "¥1,234");
    EXPECT_EQ(format_money(Money(1'234'567, Currency::kwd()), en), "KWD\u00a01,234.567");
    EXPECT_EQ(format_money(Money(5, currency("chf")), de), "0,05\u00a0CHF");
    EXPECT_EQ(format_money(Money(75'600, currency("inr")), en), "₹756.00");
    EXPECT_EQ(format_money(Money(12'345'678'90, currency("inr")), en), "₹1,23,45,678.90");
    EXPECT_EQ(format_money(Money(100'000'00, currency("inr")), en), "₹1,00,000.00");
    EXPECT_EQ(format_money(Money(799'364'75, currency("inr")), de), "799.364,75\u00a0₹");
    EXPECT_EQ(format_money(Money(INT64_MIN, Currency::usd()), en), "-$92,233,720,368,547,758.08");
}

TEST(Locale, DatesAndCounts) {
    const Instant day = from_unix(1'764'000'000);
    EXPECT_EQ(format_date(day, locale_of("en")), "November 24, 2025");
    EXPECT_EQ(format_date(day, locale_of("de")), "24. November 2025");
    EXPECT_EQ(format_date(day, locale_of("xx")), "November 24, 2025");
    EXPECT_EQ(format_count(-1'234'567, locale_of("de")), "-1.234.567");
    EXPECT_EQ(format_count(999, locale_of("en")), "999");
}

Rate rate(std::string_view value, std::string_view base = "usd", std::string_view quote = "inr") {
    return {currency(base), currency(quote), Decimal::parse(value).value(), "RBI",
            from_unix(1'764'000'000)};
}

TEST(Exchange, DollarsAndRupees) {
    EXPECT_EQ(format_usd(Money(900, Currency::usd())), "$9.00");
    EXPECT_EQ(format_inr(usd_to_inr(Money(900, Currency::usd()), rate("84")).value()), "₹756.00");
    EXPECT_EQ(usd_to_inr(Money(7'900, Currency::usd()), rate("88.7123")).value().minor_units(),
              700'827);
    EXPECT_EQ(usd_to_inr(Money(-1, Currency::usd()), rate("0.5")).value().minor_units(), -1);
}

TEST(Exchange, CurrenciesOfOtherSizes) {
    EXPECT_EQ(convert(Money(1'000, Currency::usd()), rate("155.25", "usd", "jpy"))->minor_units(),
              1'553);
    EXPECT_EQ(convert(Money(1'553, Currency::jpy()), rate("0.0064", "jpy", "usd"))->minor_units(),
              994);
    EXPECT_EQ(convert(Money(1'000, Currency::usd()), rate("0.3071", "usd", "kwd"))->minor_units(),
              3'071);
    EXPECT_FALSE(convert(Money(1, Currency::jpy()), rate("84")));
    EXPECT_FALSE(convert(Money(INT64_MAX, Currency::usd()), rate("84")));
}

const Wording& wording() {
    static const Wording loaded = Wording::load(PAYDESK_SOURCE_DIR "/templates", {}).value();
    return loaded;
}

Brand brand() {
    return {
        .product = "Acme",
        .logo_url = "",
        .color = "#1f3fbf",
        .billing_url = "",
        .seller = {.name = "Acme Software GmbH",
                   .address = {"Hauptstraße 1", "10115 Berlin", "Germany"},
                   .tax_id = "VAT DE123456789",
                   .email = "billing@acme.example",
                   .website = "acme.example"},
        .invoice_footer = "Acme Software GmbH, Amtsgericht Charlottenburg HRB 12345."
    };
}

Invoice invoice(std::string_view code = "eur") {
    const Currency c = currency(code);
    const auto money = [c](std::int64_t minor) { return Money(minor, c); };
    return {
        .number = "ACME-0042",
        .status = "paid",
        .issued_at = from_unix(1'764'000'000),
        .due_at = {},
        .paid_at = from_unix(1'764'003'600),
        .period_start = from_unix(1'764'000'000),
        .period_end = from_unix(1'766'592'000),
        .name = "Ada Lovelace",
        .email = "ada@example.com",
        .address = {"12 St James's Square", "London SW1Y 4JH", "GB"},
        .tax_ids = {"GB123456789"},
        .items = {{"Pro (monthly)", money(4'900), 1, from_unix(1'764'000'000),
                   from_unix(1'766'592'000)},
                   {"API calls", money(12'345), 24'690, {}, {}},
                   {"Seats", money(30'000), 3, {}, {}}},
        .subtotal = money(47'245),
        .discount = money(4'725),
        .tax = money(8'079),
        .total = money(50'599),
        .amount_due = money(50'599),
        .amount_paid = money(50'599),
        .amount_remaining = money(0),
        .taxes_inclusive = false,
        .rate = {},
        .hosted_url = "https://pay.example.com/i/1",
        .provider_pdf_url = "https://pay.example.com/i/1/pdf?s=ap"
    };
}

InvoiceSheet sheet(const Invoice& paper, const std::string& language = "en") {
    return lay_out(paper, brand(), wording(), language);
}

std::string sum_of(const InvoiceSheet& laid_out, std::string_view label) {
    for (const auto& sum : laid_out.sums) {
        if (sum.label == label) return sum.value;
    }
    return "";
}

TEST(InvoiceSheet, SaysWhatWasChargedAndWhy) {
    const auto paper = sheet(invoice());
    EXPECT_EQ(paper.title, "Invoice");
    EXPECT_EQ(paper.status_label, "Paid");
    EXPECT_EQ(paper.rows[2].unit_price, "€100.00");
    EXPECT_EQ(paper.rows[1].quantity, "24,690");
    EXPECT_EQ(paper.rows[1].unit_price, "") << "half a cent: the row says only the whole";
    EXPECT_EQ(paper.rows[0].detail, "November\u00a024,\u00a02025 – December\u00a024,\u00a02025");
    EXPECT_EQ(sum_of(paper, "Discount"), "-€47.25");
    EXPECT_EQ(sum_of(paper, "Tax"), "€80.79");
    EXPECT_EQ(sum_of(paper, "Total"), "€505.99");
    EXPECT_EQ(sum_of(paper, "Amount paid"), "-€505.99");
    EXPECT_EQ(sum_of(paper, "Amount due"), "€0.00");
    ASSERT_EQ(paper.links.size(), 1U) << "nothing to pay: only the provider's own copy";
    EXPECT_EQ(paper.links[0].url, "https://pay.example.com/i/1/pdf?s=ap");
    EXPECT_EQ(sheet(invoice(), "de").title, "Rechnung");
}

// Stripe's renewal invoice says the month before, in which its lines were gathered.
TEST(InvoiceSheet, ThePeriodIsThatOfItsLines) {
    const auto said = [](const Invoice& paper) {
        for (const auto& fact : sheet(paper).facts)
            if (fact.label == "Billing period") return fact.value;
        return std::string("none");
    };
    constexpr std::int64_t month = 30 * 86'400, start = 1'764'000'000;
    Invoice renewal = invoice();
    renewal.period_start = from_unix(start - month);
    renewal.period_end = from_unix(start);
    EXPECT_EQ(said(renewal), said(invoice()));
    // What was used last month is paid with it.
    renewal.items[1].period_start = from_unix(start - month);
    renewal.items[1].period_end = from_unix(start);
    EXPECT_EQ(said(renewal), "October\u00a025,\u00a02025 \u2013 December\u00a024,\u00a02025");
    for (auto& item : renewal.items) item.period_start = item.period_end = from_unix(start);
    EXPECT_EQ(said(renewal), "October\u00a025,\u00a02025 \u2013 November\u00a024,\u00a02025");
}

TEST(InvoiceSheet, OtherKinds) {
    auto open = invoice();
    open.status = "open";
    open.paid_at.reset();
    open.due_at = from_unix(1'765'000'000);
    open.amount_paid = Money(0, currency("eur"));
    open.amount_remaining = open.amount_due = Money(40'599, currency("eur"));
    open.taxes_inclusive = true;
    open.hosted_url = "javascript:alert(1)";
    const auto paper = sheet(open);
    EXPECT_EQ(paper.status_label, "Open");
    EXPECT_EQ(sum_of(paper, "Applied balance"), "-€100.00");
    EXPECT_EQ(sum_of(paper, "Tax"), "");
    EXPECT_EQ(sum_of(paper, "of which tax, included"), "€80.79");
    EXPECT_EQ(paper.links.size(), 1U) << "javascript: is no address";

    auto credit = invoice();
    credit.total = Money(-100, currency("eur"));
    EXPECT_EQ(sheet(credit).title, "Credit");
}

TEST(InvoiceSheet, AnotherCurrencyIsShownWithItsRateSourceAndDate) {
    auto paper = invoice("usd");
    EXPECT_EQ(sheet(paper).exchange, "") << "no rate, no conversion";
    paper.rate = rate("88.5");
    const auto laid_out = sheet(paper);
    EXPECT_EQ(laid_out.exchange,
              "About ₹44,780.12 at 88.5 INR per USD (RBI, November 24, 2025); shown for "
              "information only.");
    EXPECT_THAT(generate_invoice_html(laid_out, wording()), HasSubstr("88.5 INR per USD"));
    EXPECT_THAT(sheet(paper, "de").exchange, HasSubstr("44.780,12\u00a0₹ bei 88,5 INR je USD"));
}

TEST(InvoiceHtml, IsAPageAndEscapesAllOfIt) {
    auto paper = invoice();
    paper.name = "<script>alert(1)</script>";
    paper.items[0].description = "\"><img src=x onerror=alert(1)> {{number}}";
    paper.number = "A&B";
    const std::string html = generate_invoice_html(sheet(paper), wording());
    EXPECT_THAT(html, testing::StartsWith("<!doctype html>"));
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("<img")));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
    EXPECT_THAT(html, HasSubstr("{{number}}"));
    EXPECT_THAT(html, HasSubstr("A&amp;B"));
    EXPECT_THAT(html, HasSubstr("-€47.25"));
    EXPECT_THAT(html, HasSubstr("Acme Software GmbH"));
    EXPECT_THAT(style_source(html), testing::MatchesRegex("'sha256-[A-Za-z0-9+/]{43}='"));
    EXPECT_EQ(style_source("<p>"), "'none'");
}

TEST(InvoiceHtml, AFilenameFitsAHeader) {
    EXPECT_EQ(invoice_filename("ACME-0042", "pdf"), "invoice-ACME-0042.pdf");
    EXPECT_EQ(invoice_filename("", "pdf"), "invoice.pdf");
    EXPECT_EQ(invoice_filename("a\"\r\nX: 1/..", "pdf"), "invoice-a---X--1---.pdf");
}

fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "paydesk-documents-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    return name;
}

class Pdf : public testing::Test {
protected:
    ~Pdf() override { fs::remove_all(folder); }

    std::string shell(const std::string& command) {
        std::string output;
        FILE* pipe = ::popen(command.c_str(), "r");
        char bytes[4'096];
        while (const std::size_t count = std::fread(bytes, 1, sizeof bytes, pipe))
            output.append(bytes, count);
        EXPECT_EQ(::pclose(pipe), 0) << command;
        return output;
    }
    // What pdftotext reads, and what pdfinfo says. PAYDESK_SHOW_PDF names a folder to look at them in.
    void judge(const std::string& name, const std::string& pdf) {
        const fs::path file = folder / (name + ".pdf");
        std::ofstream(file, std::ios::binary) << pdf;
        text = shell("pdftotext -layout -enc UTF-8 '" + file.string() + "' -");
        info = shell("pdfinfo '" + file.string() + "'");
        fonts = shell("pdffonts '" + file.string() + "'");
        if (const char* show = std::getenv("PAYDESK_SHOW_PDF"))
            fs::copy_file(file, fs::path(show) / (name + ".pdf"),
                          fs::copy_options::overwrite_existing);
    }

    fs::path folder = make_folder();
    std::string text, info, fonts;
};

TEST_F(Pdf, OnePageWithAllOfIt) {
    judge("one", generate_invoice_pdf(sheet(invoice()), PageSize::a4));
    for (const char* expected :
         {"Acme Software GmbH", "Invoice", "ACME-0042", "Paid", "Bill to", "Ada Lovelace",
          "GB123456789", "VAT DE123456789", "Pro (monthly)", "24,690", "€123.45", "€100.00",
          "-€47.25", "€80.79", "€505.99", "Page 1 of 1", "HRB 12345", "November 24, 2025"})
        EXPECT_THAT(text, HasSubstr(expected));
    EXPECT_THAT(info, HasSubstr("Pages:           1\n"));
    EXPECT_THAT(info, HasSubstr("(A4)"));
    EXPECT_THAT(info, HasSubstr("Title:           Invoice ACME-0042"));
    EXPECT_THAT(fonts, HasSubstr("NotoSans")) << "embedded, and Noto";
    if (const char* show = std::getenv("PAYDESK_SHOW_PDF")) {
        std::ofstream(fs::path(show) / "one.html")
            << generate_invoice_html(sheet(invoice()), wording());
    }
    judge("letter", generate_invoice_pdf(sheet(invoice()), PageSize::letter));
    EXPECT_THAT(info, HasSubstr("(letter)"));
}

TEST_F(Pdf, AnyScriptAndCurrency) {
    auto paper = invoice("inr");
    paper.name = "株式会社山田商事";
    paper.address = {"東京都千代田区丸の内1-1-1", "서울특별시 강남구", "Москва, ул. Тверская"};
    paper.items[0].description = "اشتراك شهري";
    paper.items[1].description = "מנוי חודשי";
    paper.items[2].description = "मासिक सदस्यता, ค่าสมาชิก";
    judge("scripts", generate_invoice_pdf(sheet(paper), PageSize::a4));
    for (const char* expected :
         {"株式会社山田商事", "東京都千代田区", "서울특별시", "Москва", "₹300.00"})
        EXPECT_THAT(text, HasSubstr(expected));
    for (const char* font :
         {"NotoSansCJK", "NotoSansArabic", "NotoSansHebrew", "NotoSansDevanagari"})
        EXPECT_THAT(fonts, HasSubstr(font));
    EXPECT_THAT(fonts, Not(HasSubstr("LastResort")));

    judge("yen", generate_invoice_pdf(sheet(invoice("jpy")), PageSize::a4));
    EXPECT_THAT(text, HasSubstr("¥50,599"));
}

TEST_F(Pdf, ManyPages) {
    auto paper = invoice();
    paper.items.clear();
    for (int i = 1; i <= 120; ++i) {
        std::string description = "Item number " + std::to_string(i);
        if (i % 7 == 0)
            description +=
                " with a description that is long enough to be wrapped onto a second line, and "
                "says so";
        paper.items.push_back({description, Money(100 * i, currency("eur")), i, {}, {}});
    }
    paper.items.push_back({std::string(20'000, 'x'), Money(1, currency("eur")), 1, {}, {}});
    judge("many", generate_invoice_pdf(sheet(paper), PageSize::a4));
    const auto count = [&](std::string_view what) {
        int found = 0;
        for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += what.size())
            ++found;
        return found;
    };
    const auto pages = std::stoi(info.substr(info.find("Pages:") + 6));
    EXPECT_GE(pages, 4);
    EXPECT_LE(pages, 8);
    EXPECT_THAT(text, HasSubstr("Page 1 of " + std::to_string(pages)));
    EXPECT_THAT(text, HasSubstr("Page " + std::to_string(pages) + " of " + std::to_string(pages)));
    EXPECT_GE(count("Description"), pages - 1) << "the head of the table is repeated";
    EXPECT_EQ(count("continued"), pages - 1);
    for (int i = 1; i <= 120; ++i) EXPECT_THAT(text, HasSubstr("Item number " + std::to_string(i)));
}

TEST_F(Pdf, NothingIsKnown) {
    Invoice paper = invoice();
    paper.number = paper.name = paper.email = "";
    paper.address = paper.tax_ids = {};
    paper.items.clear();
    judge("bare", generate_invoice_pdf(lay_out(paper, {}, wording(), "de"), PageSize::a4));
    EXPECT_THAT(text, HasSubstr("Rechnung"));
    EXPECT_THAT(text, HasSubstr("505,99"));
}

TEST_F(Pdf, TheSameSheetIsTheSameBytesOnAnyThread) {
    const auto paper = sheet(invoice());
    const std::string once = generate_invoice_pdf(paper, PageSize::a4);
    std::string again, too;
    std::thread one([&] { again = generate_invoice_pdf(paper, PageSize::a4); });
    std::thread two([&] { too = generate_invoice_pdf(paper, PageSize::a4); });
    one.join();
    two.join();
    EXPECT_EQ(once, again);
    EXPECT_EQ(once, too);
    // Cairo of Debian 12 leaves the "D:" out; pdfinfo and viewers read it all the same.
    EXPECT_THAT(once, testing::AnyOf(HasSubstr("/CreationDate (20251124160000"),
                                     HasSubstr("/CreationDate (D:20251124160000")))
        << "its date is the invoice's, not the time of drawing";
}

}  // namespace
}  // namespace paydesk::documents
