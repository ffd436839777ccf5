#pragma once
// What e-mails and invoices say, per language: templates/*.toml and *.html, and what an operator puts
// over them in a folder of their own.
//
//     templates/en.toml, de.toml     texts, by section (a kind of e-mail, or "invoice")
//     templates/email.html, .txt     the frame of every e-mail
//     templates/invoice.html         the invoice as a page
//
// In the operator's folder a .toml wins entry by entry and may bring a new language; a file of the
// same name replaces the frame; payment_success.html, or de/payment_success.html, replaces the frame
// of that kind alone.

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "documents/locale.h"

namespace paydesk::documents {

inline constexpr std::size_t template_bytes_max = 256 * 1024;

// The entries of one section, each a mustache template.
struct Section {
    std::map<std::string, std::string, std::less<>> texts;
    std::map<std::string, std::vector<std::string>, std::less<>> lists;
    std::map<std::string, std::vector<std::array<std::string, 2>>, std::less<>> pairs;

    std::string_view text(std::string_view name) const;  // "" where there is none
};

class Wording {
public:
    // Refuses with invalid_input and names file, section and entry: not TOML, not a template, of
    // another shape than ours. `over` may be empty.
    static Result<Wording> load(const std::filesystem::path& builtin,
                                const std::filesystem::path& over);

    // The language that is spoken when `wanted` is asked for: it, else `fallback`, else English.
    std::string language(std::string_view wanted, std::string_view fallback) const;

    // REQUIRES: a language that language() gave. An unknown section is empty.
    const Section& section(const std::string& language, std::string_view name) const;
    const Locale& locale(const std::string& language) const;

    // The template for `kind` ("payment_success") with this extension ("html", "txt"), the special
    // one before the frame `fallback` ("email"). REQUIRES: the frame exists.
    const std::string& frame(const std::string& language, std::string_view kind,
                             std::string_view fallback, std::string_view extension) const;

private:
    struct Language {
        std::map<std::string, Section, std::less<>> sections;
        Locale locale;
    };
    std::map<std::string, Language, std::less<>> languages_;
    std::map<std::string, std::string, std::less<>> files_;  // "email.html", "de/refund.txt"
};

}  // namespace paydesk::documents
