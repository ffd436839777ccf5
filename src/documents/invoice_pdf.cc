// The invoice on paper: Pango lays text out, Cairo draws it. Lengths are points, 1/72 of an inch.

#include <cairo-pdf.h>
#include <fmt/format.h>
#include <pango/pangocairo.h>

#include <charconv>
#include <functional>
#include <memory>

#include "base/error.h"
#include "documents/invoice.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
// What fontconfig and Cairo keep for as long as the process lives is no leak of ours.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libfontconfig.so\nleak:libcairo.so\nleak:libpango\nleak:libglib\n";
}
#endif
#endif

namespace paydesk::documents {

namespace {

constexpr double margin = 48;
constexpr double foot = 62;  // from the bottom: where the footer begins
constexpr double column_gap = 14;
constexpr double row_gap = 7;
constexpr double body_size = 9.5;
constexpr double small_size = 8;
constexpr int description_lines_max = 12;  // a row always fits on one page

// Scripts that Noto Sans itself lacks are looked for in this order, then wherever the machine has them.
constexpr const char* families =
    "Noto Sans, Noto Sans CJK SC, Noto Sans Arabic, Noto Sans Hebrew, Noto Sans Thai, Noto Sans "
    "Devanagari, sans-serif";

struct Ink {
    double red, green, blue;
};
constexpr Ink black{0.106, 0.141, 0.188}, grey{0.357, 0.404, 0.459}, rule{0.875, 0.894, 0.918};

Ink ink_of(const std::string& color) {
    unsigned value = 0;
    const char* end = color.data() + color.size();
    if (color.size() != 7 || color.front() != '#' ||
        std::from_chars(color.data() + 1, end, value, 16).ptr != end)
        return black;
    return {((value >> 16) & 0xff) / 255.0, ((value >> 8) & 0xff) / 255.0, (value & 0xff) / 255.0};
}

template <auto free>
struct Free {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};
using Surface = std::unique_ptr<cairo_surface_t, Free<cairo_surface_destroy>>;
using Cairo = std::unique_ptr<cairo_t, Free<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Free<g_object_unref>>;
using Context = std::unique_ptr<PangoContext, Free<g_object_unref>>;
using FontMap = std::unique_ptr<PangoFontMap, Free<g_object_unref>>;
using Font = std::unique_ptr<PangoFontDescription, Free<pango_font_description_free>>;

struct Style {
    double size = body_size;
    bool bold = false;
    Ink ink = black;
    bool right = false;  // to the right edge
    int lines_max = 0;   // 0: as many as there are
};

cairo_status_t append(void* into, const unsigned char* bytes, unsigned count) {
    static_cast<std::string*>(into)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
}

// Draws text on the current page; measures it before.
class Pen {
public:
    Pen(cairo_t* cairo, const std::string& language)
        : cairo_(cairo),
          // Of this document alone: a shared font map is for one thread.
          fonts_(pango_cairo_font_map_new()),
          context_(pango_font_map_create_context(fonts_.get())) {
        // For paper: no rounding to a screen's pixels, which would pull letters apart.
        using Options = std::unique_ptr<cairo_font_options_t, Free<cairo_font_options_destroy>>;
        const Options options(cairo_font_options_create());
        cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
        cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
        pango_cairo_context_set_font_options(context_.get(), options.get());
        pango_context_set_round_glyph_positions(context_.get(), FALSE);
        pango_cairo_update_context(cairo_, context_.get());
        // Which of the Han shapes is meant depends on the language.
        pango_context_set_language(context_.get(), pango_language_from_string(language.c_str()));
    }

    double height(const std::string& text, double width, const Style& style) const {
        if (text.empty()) return 0;
        int high = 0;
        pango_layout_get_size(layout(text, width, style).get(), nullptr, &high);
        return static_cast<double>(high) / PANGO_SCALE;
    }
    double width(const std::string& text, const Style& style) const {
        int wide = 0;
        pango_layout_get_size(layout(text, -1, style).get(), &wide, nullptr);
        return static_cast<double>(wide) / PANGO_SCALE;
    }
    void write(const std::string& text, double x, double y, double width, const Style& style) {
        if (text.empty()) return;
        cairo_set_source_rgb(cairo_, style.ink.red, style.ink.green, style.ink.blue);
        cairo_move_to(cairo_, x, y);
        pango_cairo_show_layout(cairo_, layout(text, width, style).get());
    }
    void link(const std::string& text, const std::string& url, double x, double y, double width,
              const Style& style) {
        const std::string where = fmt::format("uri='{}'", url);  // has no quote: is_web_address()
        cairo_tag_begin(cairo_, CAIRO_TAG_LINK, where.c_str());
        write(text, x, y, width, style);
        cairo_tag_end(cairo_, CAIRO_TAG_LINK);
    }
    void line(double x, double y, double width, double thickness, Ink ink) {
        cairo_set_source_rgb(cairo_, ink.red, ink.green, ink.blue);
        cairo_rectangle(cairo_, x, y, width, thickness);
        cairo_fill(cairo_);
    }

private:
    Layout layout(const std::string& text, double width, const Style& style) const {
        Layout layout(pango_layout_new(context_.get()));
        const Font font(pango_font_description_from_string(families));
        pango_font_description_set_absolute_size(font.get(), style.size * PANGO_SCALE);
        if (style.bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_SEMIBOLD);
        pango_layout_set_font_description(layout.get(), font.get());
        pango_layout_set_line_spacing(layout.get(), 1.0F);
        if (width >= 0) {
            pango_layout_set_width(layout.get(), static_cast<int>(width * PANGO_SCALE));
            pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
        }
        if (style.lines_max > 0) {
            pango_layout_set_height(layout.get(), -style.lines_max);
            pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
        }
        pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));
        // A paragraph that runs from the right takes "left" for where it begins: columns stay columns.
        const bool runs_left = pango_layout_get_direction(layout.get(), 0) == PANGO_DIRECTION_RTL;
        pango_layout_set_alignment(layout.get(),
                                   style.right != runs_left ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
        return layout;
    }

    cairo_t* cairo_;
    FontMap fonts_;
    Context context_;
};

// Widths of the table's columns, from what has to fit into them.
struct Columns {
    double description = 0, quantity = 0, unit_price = 0, amount = 0;
};

Instant whole_seconds(Instant instant) { return from_unix(to_unix(instant)); }

// Something of a height that stays together on one page.
struct Block {
    double height;
    bool is_row;
    std::function<void(double y)> draw;
};

class Paper {
public:
    Paper(const InvoiceSheet& sheet, PageSize size)
        : sheet_(sheet),
          width_(size == PageSize::a4 ? 595.276 : 612),
          height_(size == PageSize::a4 ? 841.89 : 792),
          inner_(width_ - 2 * margin),
          surface_(cairo_pdf_surface_create_for_stream(&append, &bytes_, width_, height_)),
          cairo_(cairo_create(surface_.get())),
          pen_(cairo_.get(), sheet.language),
          brand_(ink_of(sheet.color)) {
        const std::string title = sheet.title + (sheet.number.empty() ? "" : " " + sheet.number);
        cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
        cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_AUTHOR,
                                       sheet.seller_name.c_str());
        // Where it isn't set, Cairo writes the time of the call.
        cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                       to_iso8601(whole_seconds(sheet.issued_at)).c_str());
    }

    std::string draw() {
        columns_ = measure_columns();
        head_height_ = table_head_height();
        auto blocks = make_blocks();
        // First which page each block is on: every footer says how many there are.
        const double first_top = letterhead(false);
        struct Placed {
            const Block* block;
            double y;
        };
        std::vector<std::vector<Placed>> pages(1);
        double y = first_top + head_height_;
        for (const auto& block : blocks) {
            if (y + block.height > height_ - foot && !pages.back().empty()) {
                pages.emplace_back();
                y = margin + 30 + (block.is_row ? head_height_ : 0);
            }
            pages.back().push_back({&block, y});
            y += block.height;
        }
        for (std::size_t page = 0; page < pages.size(); ++page) {
            const double top = page == 0 ? letterhead(true) : small_head();
            if (page == 0 || pages[page].front().block->is_row) table_head(top);
            for (const auto& [block, at] : pages[page]) block->draw(at);
            footer(page + 1, pages.size());
            cairo_show_page(cairo_.get());
        }
        return finish();
    }

private:
    // Who, what and to whom, on the first page. Gives where the table begins.
    double letterhead(bool draws) {
        const Style name{.size = 15, .bold = true, .ink = brand_, .lines_max = 2};
        const Style title{.size = 20, .bold = true, .right = true, .lines_max = 1};
        const double half = inner_ / 2;
        if (draws) {
            pen_.line(0, 0, width_, 6, brand_);
            pen_.write(sheet_.seller_name, margin, margin, half - column_gap, name);
            pen_.write(sheet_.title, margin + half, margin - 4, half, title);
            const Style status{
                .size = small_size + 1,
                .bold = true,
                .ink = sheet_.status == "paid" ? Ink{0.08, 0.35, 0.18}
                      : grey,
                .right = true,
                .lines_max = 1
            };
            pen_.write(sheet_.status_label, margin + half, margin + 24, half, status);
        }
        const double top =
            margin + std::max(pen_.height(sheet_.seller_name, half - column_gap, name), 38.0) + 18;
        const double third = (inner_ - 2 * column_gap) / 3;
        const double left = lines(sheet_.seller_lines, "", margin, top, third, draws);
        const double middle = lines(sheet_.buyer_lines, sheet_.bill_to_label,
                                    margin + third + column_gap, top, third, draws);
        const double right = facts(margin + 2 * (third + column_gap), top, third, draws);
        return std::max({left, middle, right}) + 26;
    }

    double lines(const std::vector<std::string>& texts, const std::string& label, double x,
                 double y, double width, bool draws) {
        if (!label.empty()) {
            const Style soft{.size = small_size, .ink = grey, .lines_max = 1};
            if (draws) pen_.write(label, x, y, width, soft);
            y += pen_.height(label, width, soft) + 1;
        }
        bool first = true;
        for (const auto& text : texts) {
            const Style style{.bold = first, .lines_max = 3};
            if (draws) pen_.write(text, x, y, width, style);
            y += pen_.height(text, width, style);
            first = false;
        }
        return y;
    }

    double facts(double x, double y, double width, bool draws) {
        const Style soft{.size = small_size, .ink = grey, .lines_max = 1};
        const Style style{.lines_max = 2};
        for (const auto& fact : sheet_.facts) {
            if (draws) pen_.write(fact.label, x, y, width, soft);
            y += pen_.height(fact.label, width, soft);
            if (draws) pen_.write(fact.value, x, y, width, style);
            y += pen_.height(fact.value, width, style) + 3;
        }
        return y;
    }

    double small_head() {
        const std::string text =
            fmt::format("{} {} ({})", sheet_.title, sheet_.number, sheet_.continued);
        pen_.line(0, 0, width_, 6, brand_);
        pen_.write(text, margin, margin - 6, inner_,
                   {.size = small_size + 1, .ink = grey, .lines_max = 1});
        return margin + 30;
    }

    Columns measure_columns() const {
        const Style head{.size = small_size, .bold = true};
        Columns columns{0, pen_.width(sheet_.heads.quantity, head),
                        pen_.width(sheet_.heads.unit_price, head),
                        pen_.width(sheet_.heads.amount, head)};
        for (const auto& row : sheet_.rows) {
            columns.quantity = std::max(columns.quantity, pen_.width(row.quantity, {}));
            columns.unit_price = std::max(columns.unit_price, pen_.width(row.unit_price, {}));
            columns.amount = std::max(columns.amount, pen_.width(row.amount, {}));
        }
        // A hair more than measured: rounding must not wrap a number.
        for (double* width : {&columns.quantity, &columns.unit_price, &columns.amount}) *width += 2;
        columns.description =
            inner_ - columns.quantity - columns.unit_price - columns.amount - 3 * column_gap;
        return columns;
    }

    struct Places {
        double quantity, unit_price, amount;
    };
    Places places() const {
        const double quantity = margin + columns_.description + column_gap;
        const double unit_price = quantity + columns_.quantity + column_gap;
        return {quantity, unit_price, unit_price + columns_.unit_price + column_gap};
    }

    double table_head_height() const {
        return pen_.height(sheet_.heads.description, columns_.description,
                           {.size = small_size, .bold = true}) +
               row_gap + 4;
    }

    void table_head(double y) {
        const Style left{.size = small_size, .bold = true, .ink = grey, .lines_max = 1};
        Style right = left;
        right.right = true;
        const auto at = places();
        pen_.write(sheet_.heads.description, margin, y, columns_.description, left);
        pen_.write(sheet_.heads.quantity, at.quantity, y, columns_.quantity, right);
        pen_.write(sheet_.heads.unit_price, at.unit_price, y, columns_.unit_price, right);
        pen_.write(sheet_.heads.amount, at.amount, y, columns_.amount, right);
        pen_.line(margin, y + head_height_ - row_gap + 1, inner_, 1, black);
    }

    std::vector<Block> make_blocks() {
        std::vector<Block> blocks;
        for (const auto& row : sheet_.rows) blocks.push_back(row_block(row));
        blocks.push_back(sums_block());
        if (!sheet_.exchange.empty()) blocks.push_back(note_block(sheet_.exchange, ""));
        for (const auto& link : sheet_.links) blocks.push_back(note_block(link.label, link.url));
        if (!sheet_.footer.empty()) blocks.push_back(note_block(sheet_.footer, ""));
        return blocks;
    }

    Block row_block(const InvoiceSheet::Row& row) {
        const Style plain{.lines_max = description_lines_max};
        const Style soft{.size = small_size, .ink = grey, .lines_max = 2};
        const double first = pen_.height(row.description.empty() ? " " : row.description,
                                         columns_.description, plain);
        const double height =
            first + pen_.height(row.detail, columns_.description, soft) + 2 * row_gap;
        return {height, true, [this, &row, plain, soft, first, height](double y) {
                    const Style right{.right = true, .lines_max = 1};
                    const auto at = places();
                    const double top = y + row_gap;
                    pen_.write(row.description, margin, top, columns_.description, plain);
                    pen_.write(row.detail, margin, top + first, columns_.description, soft);
                    pen_.write(row.quantity, at.quantity, top, columns_.quantity, right);
                    pen_.write(row.unit_price, at.unit_price, top, columns_.unit_price, right);
                    pen_.write(row.amount, at.amount, top, columns_.amount, right);
                    pen_.line(margin, y + height - 0.5, inner_, 0.5, rule);
                }};
    }

    Block sums_block() {
        const double wide = inner_ * 0.52;
        double height = 12;
        for (const auto& sum : sheet_.sums) height += sum_height(sum, wide);
        return {height, false, [this, wide](double y) {
                    y += 12;
                    for (const auto& sum : sheet_.sums) {
                        const double x = margin + inner_ - wide;
                        const Style value{.bold = sum.strong, .right = true, .lines_max = 1};
                        if (sum.strong) pen_.line(x, y, wide, 0.75, black);
                        pen_.write(sum.label, x, y + 4, wide * 0.6,
                                   {.bold = sum.strong, .lines_max = 2});
                        pen_.write(sum.value, x + wide * 0.4, y + 4, wide * 0.6, value);
                        y += sum_height(sum, wide);
                    }
                }};
    }
    double sum_height(const InvoiceSheet::Fact& sum, double wide) const {
        return pen_.height(sum.label, wide * 0.6, {.bold = sum.strong, .lines_max = 2}) + 8;
    }

    Block note_block(const std::string& text, const std::string& url) {
        Style style{.size = small_size, .ink = url.empty() ? grey : brand_, .lines_max = 20};
        return {pen_.height(text, inner_, style) + 12, false, [this, &text, url, style](double y) {
                    if (url.empty())
                        pen_.write(text, margin, y + 12, inner_, style);
                    else
                        pen_.link(text, url, margin, y + 12, inner_, style);
                }};
    }

    void footer(std::size_t page, std::size_t pages) {
        std::string text = sheet_.page_pattern;
        const auto put = [&text](std::string_view what, std::size_t number) {
            if (const auto at = text.find(what); at != text.npos)
                text.replace(at, what.size(), std::to_string(number));
        };
        put("{page}", page);
        put("{pages}", pages);
        const double y = height_ - 40;
        const Style left{.size = small_size, .ink = grey, .lines_max = 1};
        Style right = left;
        right.right = true;
        pen_.line(margin, y - 8, inner_, 0.5, rule);
        pen_.write(fmt::format("{}{}{}", sheet_.seller_name, sheet_.number.empty() ? "" : " · ",
                               sheet_.number),
                   margin, y, inner_ * 0.7, left);
        pen_.write(text, margin + inner_ * 0.7, y, inner_ * 0.3, right);
    }

    std::string finish() {
        const auto drawn = cairo_status(cairo_.get());
        cairo_surface_finish(surface_.get());
        const auto written = cairo_surface_status(surface_.get());
        const auto failure = drawn != CAIRO_STATUS_SUCCESS ? drawn : written;
        if (failure != CAIRO_STATUS_SUCCESS)
            throw Unavailable(std::string("the PDF could not be made: ") +
                              cairo_status_to_string(failure));
        return std::move(bytes_);
    }

    const InvoiceSheet& sheet_;
    const double width_, height_, inner_;
    std::string bytes_;
    Surface surface_;
    Cairo cairo_;
    Pen pen_;
    const Ink brand_;
    Columns columns_;
    double head_height_ = 0;
};

}  // namespace

std::string generate_invoice_pdf(const InvoiceSheet& sheet, PageSize size) {
    return Paper(sheet, size).draw();
}

}  // namespace paydesk::documents
