// House rules that a compiler does not know. Each failure names file, line and what to do instead.

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace paydesk {
namespace {

namespace fs = std::filesystem;

const fs::path root = PAYDESK_SOURCE_DIR;

// "module -> what it may include", from src/modules.txt; the sandbox has no line of its own there,
// because it is another program.
std::map<std::string, std::set<std::string>> allowed_includes() {
    std::map<std::string, std::set<std::string>> allowed;
    std::ifstream file(root / "src/modules.txt");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (line.starts_with('#') || colon == std::string::npos) continue;
        auto& targets = allowed[line.substr(0, colon)];
        std::istringstream names(line.substr(colon + 1));
        for (std::string name; names >> name;) targets.insert(name);
    }
    allowed["sandbox"] = {"base", "http"};
    return allowed;
}

struct Line {
    std::string file;  // relative to the root
    int number;
    std::string text;
};

const std::vector<Line>& source_lines() {
    static const std::vector<Line> all = [] {
        std::vector<Line> lines;
        for (const char* folder : {"src", "sandbox", "tests", "bench"}) {
            if (!fs::exists(root / folder)) continue;
            for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
                const auto extension = entry.path().extension();
                if (extension != ".h" && extension != ".cc") continue;
                std::ifstream file(entry.path());
                int number = 0;
                for (std::string text; std::getline(file, text);) {
                    lines.push_back({fs::relative(entry.path(), root).string(), ++number, text});
                }
            }
        }
        return lines;
    }();
    return all;
}

// "src/billing/refund.cc" -> "billing"; "sandbox/..." -> "sandbox"; the program itself -> "".
std::string module_of(const std::string& file) {
    if (file.starts_with("sandbox/")) return "sandbox";
    if (!file.starts_with("src/")) return "";
    const std::string rest = file.substr(4);
    const auto slash = rest.find('/');
    return slash == std::string::npos ? "" : rest.substr(0, slash);
}

bool is_test(const std::string& file) {
    return file.ends_with("_test.cc") || file.find("test_") != std::string::npos ||
           file.starts_with("tests/");
}

TEST(Tidy, IncludesFollowModulesTxt) {
    const auto allowed = allowed_includes();
    ASSERT_GE(allowed.size(), 10u);
    ASSERT_GE(source_lines().size(), 1'000u);
    const std::regex include(R"re(^#include "([a-z_]+)/(.*)")re");

    for (const auto& [file, number, text] : source_lines()) {
        std::smatch match;
        if (!text.starts_with("#include \"") || !std::regex_search(text, match, include)) continue;
        const std::string from = module_of(file);
        const std::string to = match[1];
        if (from.empty() || from == to) continue;

        // A test may use the fixtures of db/ whatever its module does; the sandbox's may not.
        const bool fixture = is_test(file) && from != "sandbox" && to == "db";
        EXPECT_TRUE(fixture || (allowed.contains(from) && allowed.at(from).contains(to)))
            << file << ":" << number << ": " << from << " may not include " << to
            << " (src/modules.txt)";
        EXPECT_TRUE(is_test(file) || match[2].str().find('/') == std::string::npos)
            << file << ":" << number << ": only the program may look inside " << to;
    }
}

struct Banned {
    std::vector<std::string> words;  // as whole words, outside comments
    const char* where;               // files that the rule is for
    const char* instead;
};

const char* const exact = R"(^src/(base/(money|decimal)|billing|credits|usage|catalog|provider))";

const Banned banned[] = {
    {{"system_clock::now("},      R"(^(src|sandbox)/(?!base/clock))", "take a base Clock"                         },
    {{"double", "float"},         exact,                              "integer minor units, or Decimal"           },
    {{"select *"},                R"(^src/)",                         "name the columns"                          },
    {{"GTEST_SKIP", "DISABLED_"}, R"(.)",                             "a missing dependency fails"                },
    {{"using namespace std;"},    R"(.)",                             "name what you use"                         },
    {{"asio::detached"},
     R"(^(src|sandbox)/(?!base/task))",                               "spawn(io, name, task): a failure is logged"},
    {{"TODO", "FIXME"},           R"(^(src|sandbox))",                "do it, or file an issue"                   },
    {{"std::cout", "std::cerr"},  R"(^src/[a-z]+/)",                  "log::info, or let main print"              },
};

bool has_word(std::string_view code, std::string_view word) {
    const auto in_word = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    for (std::size_t at = 0; (at = code.find(word, at)) != code.npos; ++at) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !in_word(code[at - 1]);
        const bool ends = !std::isalpha(static_cast<unsigned char>(word.back())) ||
                          end == code.size() || !in_word(code[end]);
        if (begins && ends) return true;
    }
    return false;
}

TEST(Tidy, BannedConstructs) {
    for (const auto& [words, where, instead] : banned) {
        const std::regex scope(where);
        std::string last_file;
        bool in_scope = false;
        for (const auto& [file, number, text] : source_lines()) {
            if (file != last_file) {
                last_file = file;
                in_scope = file != "tests/tidy_test.cc" && std::regex_search(file, scope);
            }
            if (!in_scope) continue;
            const std::string_view code = std::string_view(text).substr(0, text.find("//"));
            for (const std::string& word : words) {
                EXPECT_FALSE(has_word(code, word))
                    << file << ":" << number << ": '" << word << "'; instead: " << instead;
            }
        }
    }
}

TEST(Tidy, FilesStaySmall) {
    std::map<std::string, int> lengths;
    for (const Line& line : source_lines()) lengths[line.file] = line.number;
    for (const auto& [file, length] : lengths) {
        EXPECT_LE(length, 700) << file << ": which two rooms are these?";
    }
}

TEST(Tidy, HeadersSayWhatTheyAre) {
    std::map<std::string, bool> documented;
    for (const auto& [file, number, text] : source_lines()) {
        if (!file.ends_with(".h")) continue;
        bool& has = documented[file];
        if (number <= 12 && text.starts_with("//")) has = true;
    }
    for (const auto& [file, has] : documented) {
        EXPECT_TRUE(has) << file << ": begin the header with what it is for";
    }
}

}  // namespace
}  // namespace paydesk
