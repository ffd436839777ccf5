#include "documents/wording.h"

#define TOML_EXCEPTIONS 0  // as everywhere here: two kinds in one program are undefined behaviour

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <kainjow/mustache.hpp>
#include <sstream>

#include "base/assert.h"

namespace paydesk::documents {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& file, std::string_view what) {
    throw std::invalid_argument(fmt::format("{}: {}", file.string(), what));
}

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) refuse(file, "cannot be read");
    if (text.view().size() > template_bytes_max) refuse(file, "is larger than 256 KiB");
    return std::move(text).str();
}

void check_template(const fs::path& file, std::string_view where, const std::string& text) {
    const kainjow::mustache::mustache parsed(text);
    if (!parsed.is_valid())
        refuse(file, fmt::format("{}is no template: {}", where, parsed.error_message()));
}

std::string text_of(const fs::path& file, std::string_view where, const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr) refuse(file, fmt::format("{} must be a text in quotes", where));
    check_template(file, std::string(where) + " ", text->get());
    return text->get();
}

// ["a", "b"], or [["label", "value"], ...].
void read_list(const fs::path& file, std::string_view where, const std::string& name,
               const toml::array& array, Section& section) {
    const bool pairs = !array.empty() && array.front().is_array();
    section.lists.erase(name);
    section.pairs.erase(name);
    if (!pairs) section.lists[name];
    for (const auto& element : array) {
        if (!pairs) {
            section.lists[name].push_back(text_of(file, where, element));
            continue;
        }
        const auto* pair = element.as_array();
        if (pair == nullptr || pair->size() != 2)
            refuse(file, fmt::format("{} must be a list of [\"label\", \"value\"]", where));
        section.pairs[name].push_back(
            {text_of(file, where, *pair->get(0)), text_of(file, where, *pair->get(1))});
    }
}

void read_format(const fs::path& file, const Section& section, Locale& locale) {
    const auto take = [&](std::string_view name, std::string& into) {
        if (const auto text = section.text(name); !text.empty()) into = text;
    };
    take("decimal_mark", locale.decimal_mark);
    take("group_mark", locale.group_mark);
    take("date", locale.date);
    if (const auto first = section.text("symbol"); !first.empty()) {
        if (first != "before" && first != "after")
            refuse(file, "format.symbol is \"before\" or \"after\" the number");
        locale.symbol_first = first == "before";
    }
    if (const auto months = section.lists.find("months"); months != section.lists.end()) {
        if (months->second.size() != locale.months.size())
            refuse(file, "format.months must have twelve names");
        std::ranges::copy(months->second, locale.months.begin());
    }
}

using Sections = std::map<std::string, Section, std::less<>>;

void read_toml(const fs::path& file, Sections& sections) {
    toml::parse_result parsed = toml::parse(read(file), file.string());
    if (!parsed) {
        refuse(file, fmt::format("line {}: {}", parsed.error().source().begin.line,
                                 parsed.error().description()));
    }
    const toml::table& table = parsed.table();
    for (const auto& [name, node] : table) {
        const auto* entries = node.as_table();
        if (entries == nullptr)
            refuse(file, fmt::format("{} must be a [section]", std::string_view(name)));
        Section& section = sections[std::string(name)];
        for (const auto& [key, value] : *entries) {
            const std::string where =
                fmt::format("{}.{}", std::string_view(name), std::string_view(key));
            if (const auto* list = value.as_array()) {
                read_list(file, where, std::string(key), *list, section);
            } else {
                section.texts[std::string(key)] = text_of(file, where, value);
            }
        }
    }
}

bool is_language(std::string_view text) {
    return text.size() == 2 &&
           std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

// Each file of the folder by its path in it, two levels deep.
std::map<std::string, fs::path> files_of(const fs::path& folder) {
    std::map<std::string, fs::path> files;
    if (!fs::is_directory(folder)) refuse(folder, "is not a folder");
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file()) files[entry.path().filename()] = entry.path();
        if (!entry.is_directory() || !is_language(entry.path().filename().string())) continue;
        for (const auto& inner : fs::directory_iterator(entry.path())) {
            if (inner.is_regular_file())
                files[entry.path().filename().string() + "/" + inner.path().filename().string()] =
                    inner.path();
        }
    }
    return files;
}

}  // namespace

std::string_view Section::text(std::string_view name) const {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string_view() : std::string_view(found->second);
}

Result<Wording> Wording::load(const fs::path& builtin, const fs::path& over) {
    Wording wording;
    try {
        auto sources = std::vector{files_of(builtin)};
        if (!over.empty()) sources.push_back(files_of(over));
        // English first: every other language falls back on it, entry by entry.
        Sections english;
        for (const auto& files : sources) {
            if (const auto file = files.find("en.toml"); file != files.end())
                read_toml(file->second, english);
        }
        for (const auto& files : sources) {
            for (const auto& [name, path] : files) {
                if (path.extension() == ".toml") {
                    const std::string language = path.stem();
                    if (!is_language(language))
                        refuse(path, "is named for no language, such as de.toml");
                    auto [at, is_new] = wording.languages_.try_emplace(language);
                    if (is_new) at->second = {english, locale_of(language)};
                    at->second.locale.language = language;
                    read_toml(path, at->second.sections);
                    read_format(path, at->second.sections["format"], at->second.locale);
                } else if (path.extension() == ".html" || path.extension() == ".txt") {
                    auto text = read(path);
                    check_template(path, "", text);
                    wording.files_[name] = std::move(text);
                }
            }
        }
    } catch (const std::invalid_argument& error) {
        return Error{ErrorCode::invalid_input, error.what()};
    } catch (const fs::filesystem_error& error) {
        return Error{ErrorCode::invalid_input, error.what()};
    }
    for (const char* needed : {"email.html", "email.txt", "invoice.html"}) {
        if (!wording.files_.contains(needed))
            return Error{ErrorCode::invalid_input,
                         fmt::format("{}: {} is missing", builtin.string(), needed)};
    }
    return wording;
}

std::string Wording::language(std::string_view wanted, std::string_view fallback) const {
    for (const auto asked : {wanted, fallback}) {
        if (languages_.contains(asked)) return std::string(asked);
    }
    return "en";
}

const Section& Wording::section(const std::string& language, std::string_view name) const {
    static const Section nothing;
    const auto& sections = languages_.at(language).sections;
    const auto found = sections.find(name);
    return found == sections.end() ? nothing : found->second;
}

const Locale& Wording::locale(const std::string& language) const {
    return languages_.at(language).locale;
}

const std::string& Wording::frame(const std::string& language, std::string_view kind,
                                  std::string_view fallback, std::string_view extension) const {
    for (const auto& name :
         {fmt::format("{}/{}.{}", language, kind, extension), fmt::format("{}.{}", kind, extension),
          fmt::format("{}/{}.{}", language, fallback, extension),
          fmt::format("{}.{}", fallback, extension)}) {
        if (const auto found = files_.find(name); found != files_.end()) return found->second;
    }
    PD_ASSERT(!"the frame exists");
    std::unreachable();
}

}  // namespace paydesk::documents
