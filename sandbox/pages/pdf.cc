#include "sandbox/pages/pdf.h"

#include <fmt/format.h>

#include <array>

#include "base/assert.h"

namespace paydesk::sandbox {
namespace {

constexpr unsigned first_code = 0x80;  // of what is not ASCII
constexpr unsigned last_code = 0xFF;

// Adobe's metrics of Helvetica, ' ' to '~', in thousandths of the size.
constexpr std::array<int, 95> widths = {
    278,  278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,  // ' ' to /
    556,  556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,  // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,  // @ to O
    667,  778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,  // P to _
    333,  556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,  // ` to o
    556,  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};      // p to ~
// Bold is wider; for what we set in it (titles, totals) a little more than enough is enough.
constexpr int bold_percent = 106;

int width_of_character(char32_t c) {
    if (c >= U' ' && c <= U'~') return widths.at(c - U' ');
    if (c >= 0x2E80) return 1000;  // East Asian characters are as wide as high
    const bool narrow = c == U'ł' || (c >= U'ì' && c <= U'ï') || (c >= U'ĩ' && c <= U'ı');
    return narrow ? 278 : 556;
}

// Takes a character off the head. What is no UTF-8 becomes '?', line ends become blanks.
char32_t take_character(std::string_view& rest) {
    const auto lead = static_cast<unsigned char>(rest.front());
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0x20 || lead == 0x7F) {
        rest.remove_prefix(1);
        return U' ';
    }
    if ((lead >= 0x80 && lead < 0xC2) || length > rest.size()) {
        rest.remove_prefix(1);
        return U'?';
    }
    char32_t c = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        c = c << 6U | (static_cast<unsigned char>(rest[i]) & 0x3FU);
    }
    rest.remove_prefix(length);
    return c;
}

// UTF-16 in hexadecimal, as a CMap wants it.
std::string utf16(char32_t c) {
    if (c < 0x10000) return fmt::format("{:04X}", static_cast<std::uint32_t>(c));
    const auto rest = static_cast<std::uint32_t>(c) - 0x10000U;
    return fmt::format("{:04X}{:04X}", 0xD800U + (rest >> 10U), 0xDC00U + (rest & 0x3FFU));
}

std::string stream_of(std::string_view content) {
    return fmt::format("<< /Length {} >>\nstream\n{}\nendstream", content.size(), content);
}

// What a code means: for copying and searching.
std::string to_unicode(const std::map<char32_t, unsigned char>& codes) {
    std::string map =
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Paydesk def\n"
        "/CMapType 2 def\n1 begincodespacerange\n<00> <FF>\nendcodespacerange\n"
        "1 beginbfrange\n<20> <7E> <0020>\nendbfrange\n";
    auto left = codes.size();
    std::size_t in_block = 0;
    for (const auto& [character, code] : codes) {
        if (in_block == 0)
            map += fmt::format("{} beginbfchar\n", in_block = std::min<std::size_t>(left, 100));
        map += fmt::format("<{:02X}> <{}>\n", code, utf16(character));
        --left;
        if (--in_block == 0) map += "endbfchar\n";
    }
    return map + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend";
}

std::string font_object(const std::map<char32_t, unsigned char>& codes, bool bold) {
    std::array<char32_t, last_code - first_code + 1> characters{};
    std::string names;
    for (const auto& [character, code] : codes) characters.at(code - first_code) = character;
    std::string all;
    for (unsigned code = ' '; code <= last_code; ++code) {
        const char32_t c = code < first_code ? code : characters.at(code - first_code);
        const int width = c == 0 || c == 0x7F ? 0 : width_of_character(c);
        all += fmt::format("{} ", bold ? width * bold_percent / 100 : width);
        if (code >= first_code && c != 0) {
            names +=
                fmt::format("/{}{:04X} ", c < 0x10000 ? "uni" : "u", static_cast<std::uint32_t>(c));
        }
    }
    return fmt::format(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica{} /FirstChar 32 /LastChar 255 /Widths "
        "[ {}] /Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [ {} {}] "
        ">> "
        "/ToUnicode 5 0 R >>",
        bold ? "-Bold" : "", all, first_code, names);
}

}  // namespace

void Pdf::add_page() {
    pages_.emplace_back();
    current_ = pages_.size() - 1;
}

// As a PDF's string, which escapes brackets.
std::string Pdf::encoded(std::string_view utf8) {
    std::string bytes;
    while (!utf8.empty()) {
        const char32_t c = take_character(utf8);
        if (c < first_code) {
            if (c == U'(' || c == U')' || c == U'\\') bytes += '\\';
            bytes += static_cast<char>(c);
            continue;
        }
        auto known = codes_.find(c);
        if (known == codes_.end() && codes_.size() <= last_code - first_code) {
            known = codes_.emplace(c, static_cast<unsigned char>(first_code + codes_.size())).first;
        }
        bytes += known == codes_.end() ? '?' : static_cast<char>(known->second);
    }
    return bytes;
}

int Pdf::width_of(std::string_view utf8, int size, Font font) {
    int width = 0;
    while (!utf8.empty()) width += width_of_character(take_character(utf8));
    return width * size * (font == Font::bold ? bold_percent : 100) / 100'000;
}

void Pdf::text(int x, int y, std::string_view utf8, int size, Font font) {
    PD_ASSERT(current_ < pages_.size());
    pages_[current_] +=
        fmt::format("BT /{} {} Tf {} {} Td ({}) Tj ET\n", font == Font::bold ? "F2" : "F1", size, x,
                    page_height - y, encoded(utf8));
}

void Pdf::text_right(int x, int y, std::string_view utf8, int size, Font font) {
    text(x - width_of(utf8, size, font), y, utf8, size, font);
}

void Pdf::line(int x1, int x2, int y) {
    PD_ASSERT(current_ < pages_.size());
    pages_[current_] += fmt::format("0.7 G 0.5 w {0} {2} m {1} {2} l S\n", x1, x2, page_height - y);
}

std::vector<std::string> Pdf::wrapped(std::string_view utf8, int size, int width) {
    std::vector<std::string> lines(1);
    int used = 0;
    std::size_t blank = std::string::npos;  // the last one in the line
    while (!utf8.empty()) {
        const auto before = utf8;
        const char32_t c = take_character(utf8);
        const int more = width_of_character(c) * size;
        if (used + more > width * 1000 && !lines.back().empty()) {
            const auto line = lines.back();
            const bool at_blank = blank != std::string::npos && blank > 0;
            if (at_blank) lines.back().resize(blank);
            lines.push_back(at_blank ? line.substr(blank + 1) : std::string());
            used = width_of(lines.back(), size, Font::regular) * 1000;
            blank = std::string::npos;
        }
        if (c == U' ') blank = lines.back().size();
        lines.back() += c == U' ' || c == U'?'
                            ? std::string(1, static_cast<char>(c))
                            : std::string(before.substr(0, before.size() - utf8.size()));
        used += more;
    }
    return lines;
}

// 1 catalog, 2 pages, 3 and 4 fonts, 5 ToUnicode, 6 information, then a page and its content each.
std::string Pdf::finish(std::string_view title) {
    const auto named = encoded(title);
    std::vector<std::string> objects = {"<< /Type /Catalog /Pages 2 0 R >>",
                                        "",
                                        font_object(codes_, false),
                                        font_object(codes_, true),
                                        stream_of(to_unicode(codes_)),
                                        "<< /Title (" + named + ") /Producer (Paydesk sandbox) >>"};
    std::string kids;
    for (const auto& content : pages_) {
        const auto number = objects.size() + 1;
        kids += fmt::format("{} 0 R ", number);
        objects.push_back(fmt::format(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents {} 0 R /Resources << "
            "/Font << /F1 3 0 R /F2 4 0 R >> >> >>",
            page_width, page_height, number + 1));
        objects.push_back(stream_of(content));
    }
    objects[1] = fmt::format("<< /Type /Pages /Kids [ {}] /Count {} >>", kids, pages_.size());
    std::string pdf = "%PDF-1.4\n%\xE2\xE3\xCF\xD3\n";
    std::string table = "0000000000 65535 f \n";
    for (std::size_t i = 0; i < objects.size(); ++i) {
        table += fmt::format("{:010} 00000 n \n", pdf.size());
        pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
    }
    const auto start = pdf.size();
    return pdf + fmt::format(
                     "xref\n0 {0}\n{1}trailer\n<< /Size {0} /Root 1 0 R /Info 6 0 R >>\nstartxref\n"
                     "{2}\n%%EOF\n",
                     objects.size() + 1, table, start);
}

}  // namespace paydesk::sandbox
