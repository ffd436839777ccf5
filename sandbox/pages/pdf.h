#pragma once
// A PDF of text and lines on A4 pages, in Helvetica, which every reader has: nothing is embedded.
//
// A standard font has 256 codes, so a document may use 128 characters beyond ASCII; each gets a
// code, a name by its Unicode number, and an entry in ToUnicode, so that any text can be copied and
// searched, and shows wherever the reader's font has it.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace paydesk::sandbox {

class Pdf {
public:
    static constexpr int page_width = 595, page_height = 842;  // points

    enum class Font : std::uint8_t { regular, bold };

    // REQUIRES: called before anything is drawn; what is drawn goes on the newest page.
    void add_page();
    std::size_t pages() const { return pages_.size(); }
    // Goes back to an earlier page: footers are drawn when the number of pages is known.
    void turn_to(std::size_t page) { current_ = page; }

    // The text's left end is at (x, y), counted from the left and the top; UTF-8.
    void text(int x, int y, std::string_view utf8, int size, Font font = Font::regular);
    // Its right end is at x.
    void text_right(int x, int y, std::string_view utf8, int size, Font font = Font::regular);
    void line(int x1, int x2, int y);

    // The lines into which the text must be broken to be no wider than this; at least one.
    std::vector<std::string> wrapped(std::string_view utf8, int size, int width);

    std::string finish(std::string_view title);

private:
    std::string encoded(std::string_view utf8);
    int width_of(std::string_view utf8, int size, Font font);

    std::vector<std::string> pages_;  // their content
    std::size_t current_ = 0;
    std::map<char32_t, unsigned char> codes_;  // of what is not ASCII
};

}  // namespace paydesk::sandbox
