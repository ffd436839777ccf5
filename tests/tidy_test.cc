// House rules that a compiler does not know. Each failure names file, line and what to do instead.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
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
    const char* pattern;
    const char* where;  // files that the rule is for
    const char* instead;
};

const Banned banned[] = {
    {R"(\bsystem_clock::now\()",      R"(^(src|sandbox)/(?!base/clock))",     "take a base Clock"              },
    {R"(\b(double|float)\b)",
     R"(^src/(base/(money|decimal)|billing|credits|usage|catalog|provider))", "integer minor units, or Decimal"},
    {R"(\bselect \*)",                R"(^src/)",                             "name the columns"               },
    {R"(\bGTEST_SKIP\b|\bDISABLED_)", R"(.)",                                 "a missing dependency fails"     },
    {R"(\busing namespace std;)",     R"(.)",                                 "name what you use"              },
    {R"(asio::detached)",             R"(^(src|sandbox)/(?!base/task))",
     "spawn(io, name, task): a failure is logged"                                                              },
    {R"(\bTODO\b|\bFIXME\b)",         R"(^(src|sandbox))",                    "do it, or file an issue"        },
    {R"(\bstd::(cout|cerr)\b)",       R"(^src/[a-z]+/)",                      "log::info, or let main print"   },
};

TEST(Tidy, BannedConstructs) {
    for (const auto& [pattern, where, instead] : banned) {
        const std::regex construct(pattern);
        const std::regex scope(where);
        std::string last_file;
        bool in_scope = false;
        for (const auto& [file, number, text] : source_lines()) {
            if (file != last_file) {
                last_file = file;
                in_scope = file != "tests/tidy_test.cc" && std::regex_search(file, scope);
            }
            if (!in_scope) continue;
            const std::string code = text.substr(0, text.find("//"));
            if (code.empty()) continue;
            EXPECT_FALSE(std::regex_search(code, construct))
                << file << ":" << number << ": instead: " << instead;
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
