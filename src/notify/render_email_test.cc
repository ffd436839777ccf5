// Golden files: testdata/emails/<kind>.<language>.txt and .html. PAYDESK_UPDATE_GOLDEN=1 accepts new ones.
#include "notify/render_email.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "base/json.h"
#include "db/test_database.h"
#include "notify/email_kinds.h"

namespace paydesk::notify {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const fs::path builtin = PAYDESK_SOURCE_DIR "/templates";

documents::Wording load(const fs::path& over = {}) {
    auto wording = documents::Wording::load(builtin, over);
    if (!wording) throw std::runtime_error(wording.error().message);
    return std::move(*wording);
}

documents::Brand brand() {
    return {
        .product = "Acme & Sons",
        .logo_url = "",
        .color = "#1f3fbf",
        .billing_url = "https://app.example.com/billing?tab=1&x=2",
        .seller = {.name = "Acme GmbH",
                   .address = {"Hauptstraße 1", "10115 Berlin"},
                   .tax_id = "DE123456789",
                   .email = "help@example.com",
                   .website = ""},
        .invoice_footer = ""
    };
}

// Every value that any kind says.
json::object full_data() {
    return {
        {"amount",          123'450                              },
        {"currency",        "eur"                                },
        {"invoice_number",  "ACME-0042"                          },
        {"paid_at",         1'764'000'000                        },
        {"next_attempt_at", 1'764'300'000                        },
        {"trial_end_at",    1'764'400'000                        },
        {"renews_at",       1'764'500'000                        },
        {"ends_at",         1'764'600'000                        },
        {"from_at",         1'761'800'000                        },
        {"until_at",        1'764'400'000                        },
        {"plan",            "Pro"                                },
        {"card",            "Visa •••• 4242"                     },
        {"expires",         "12/2026"                            },
        {"credits",         12'500                               },
        {"balance",         15'000                               },
        {"inviter",         "Grace Hopper"                       },
        {"expires_at",      1'798'848'000                        },
        {"url",             "https://pay.example.com/i/1?a=1&b=2"},
        {"subject",         "About your account"                 },
        {"paragraphs",      {"First paragraph.", "Second one."}  },
        {"button_label",    "Read more"                          }
    };
}

EmailContent content(std::string_view kind, std::string language) {
    return {.kind = std::string(kind),
            .language = std::move(language),
            .name = "Ada",
            .data = full_data(),
            .with_attachment = kind == "payment_success"};
}

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void expect_golden(const std::string& name, const std::string& actual) {
    const fs::path path = fs::path(PAYDESK_SOURCE_DIR "/src/notify/testdata/emails") / name;
    if (std::getenv("PAYDESK_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << actual;
        return;
    }
    EXPECT_EQ(actual, read(path)) << "PAYDESK_UPDATE_GOLDEN=1 accepts it: " << path;
}

TEST(RenderEmail, EveryKindInEveryLanguage) {
    const auto wording = load();
    for (const auto kind : email_kinds) {
        for (const std::string language : {"en", "de"}) {
            const auto email = render_email(wording, brand(), content(kind, language));
            const std::string name = std::string(kind) + "." + language;
            expect_golden(name + ".txt", "Subject: " + email.subject + "\n\n" + email.text);
            expect_golden(name + ".html", email.html);
            EXPECT_FALSE(email.subject.empty()) << name;
            EXPECT_THAT(email.text, Not(HasSubstr("{{"))) << name;
            EXPECT_THAT(email.html, Not(HasSubstr("{{"))) << name;
        }
    }
}

// A fact of which little is known must still read well: no hole, no "of  ", no row without a value.
TEST(RenderEmail, LittleIsKnown) {
    const auto wording = load();
    for (const auto kind : email_kinds) {
        for (const std::string language : {"en", "de"}) {
            auto bare = content(kind, language);
            bare.data = {
                {"subject",    "Hello"                 },
                {"paragraphs", json::array{"One line."}}
            };
            bare.name.clear();
            const auto email = render_email(wording, {}, bare);
            for (const auto* text : {&email.subject, &email.text}) {
                EXPECT_THAT(*text, Not(HasSubstr("  "))) << kind << " " << language;
                EXPECT_THAT(*text, Not(HasSubstr(" ,"))) << kind << " " << language;
                EXPECT_THAT(*text, Not(HasSubstr(" .\n"))) << kind << " " << language;
            }
        }
    }
}

TEST(RenderEmail, ValuesAreTextAndNeverMarkup) {
    const auto wording = load();
    auto hostile = content("payment_success", "en");
    hostile.name = "<script>alert(1)</script>\r\nBcc: x@example.com";
    hostile.data["invoice_number"] = "\"><img src=x onerror=alert(1)>{{product}}";
    hostile.data["url"] = "javascript:alert(1)";
    const auto email = render_email(wording, brand(), hostile);
    EXPECT_THAT(email.html, Not(HasSubstr("<script")));
    EXPECT_THAT(email.html, Not(HasSubstr("<img")));
    EXPECT_THAT(email.html, Not(HasSubstr("javascript:")));
    EXPECT_THAT(email.html, HasSubstr("&lt;script&gt;"));
    EXPECT_THAT(email.html, HasSubstr("{{product}}")) << "a value is no template";
    EXPECT_THAT(email.text, Not(HasSubstr("\nBcc:")));
    EXPECT_THAT(email.text, Not(HasSubstr("javascript:")));

    auto mail = content("free_form", "en");
    mail.data["subject"] = "Hi\r\nBcc: x@example.com";
    mail.data["paragraphs"] = json::array{"<b>bold</b> {{product}}"};
    const auto rendered = render_email(wording, brand(), mail);
    EXPECT_EQ(rendered.subject, "Hi  Bcc: x@example.com");
    EXPECT_THAT(rendered.html, HasSubstr("&lt;b&gt;bold&lt;/b&gt; {{product}}"));
}

class Overrides : public testing::Test {
protected:
    void write(const std::string& name, const std::string& text) {
        fs::create_directories((folder / name).parent_path());
        std::ofstream(folder / name) << text;
    }
    ~Overrides() override { fs::remove_all(folder); }
    fs::path folder = db::make_test_folder();
};

TEST_F(Overrides, AnEntryALanguageAndAFrame) {
    write("en.toml", "[payment_success]\nsubject = \"Thanks, {{name}}!\"\n");
    write(
        "fr.toml",
        "[payment_success]\ntitle = \"Merci\"\n[format]\ndecimal_mark = \",\"\ngroup_mark = \" \"\n"
        "symbol = \"after\"\ndate = \"{d} {month} {y}\"\nmonths = [\"janvier\", \"février\", "
        "\"mars\", \"avril\", \"mai\", \"juin\", \"juillet\", \"août\", \"septembre\", "
        "\"octobre\", \"novembre\", \"décembre\"]\n");
    write("de/refund_succeeded.html", "<p>eigenes {{title}} {{{lines}}}</p>");
    const auto wording = load(folder);
    EXPECT_EQ(render_email(wording, brand(), content("payment_success", "en")).subject,
              "Thanks, Ada!");
    EXPECT_THAT(render_email(wording, brand(), content("payment_success", "en")).text,
                HasSubstr("We have received"))
        << "what is not overridden stays";
    const auto french = render_email(wording, brand(), content("payment_success", "fr"));
    EXPECT_THAT(french.html, HasSubstr("Merci"));
    EXPECT_THAT(french.html, HasSubstr("24 novembre 2025"));
    EXPECT_THAT(french.text, HasSubstr("1 234,50\u00a0€"));
    EXPECT_THAT(render_email(wording, brand(), content("refund_succeeded", "de")).html,
                testing::StartsWith("<p>eigenes"));
    EXPECT_THAT(render_email(wording, brand(), content("refund_succeeded", "en")).html,
                HasSubstr("<table"));
    EXPECT_EQ(wording.language("fr", "en"), "fr");
    EXPECT_EQ(wording.language("xx", "de"), "de");
    EXPECT_EQ(wording.language("", "xx"), "en");
}

TEST_F(Overrides, AMistakeIsNamedWithItsFile) {
    struct Bad {
        const char* name;
        const char* text;
        const char* says;
    };
    for (const Bad& bad : std::initializer_list<Bad>{
             {"en.toml",               "[refund\n",                                       "en.toml: line 1"         },
             {"en.toml",               "[refund_succeeded]\nsubject = \"{{#amount}}\"\n",
              "refund_succeeded.subject"                                                                            },
             {"en.toml",               "[refund_succeeded]\nsubject = 5\n",               "refund_succeeded.subject"},
             {"en.toml",               "[refund_succeeded]\nrows = [[\"a\"]]\n",          "refund_succeeded.rows"   },
             {"en.toml",               "subject = \"x\"\n",                               "subject"                 },
             {"english.toml",          "[refund_succeeded]\n",                            "english.toml"            },
             {"refund_succeeded.html", "{{#a}}",                                          "refund_succeeded.html"   },
             {"fr.toml",               "[format]\nmonths = [\"a\"]\n",                    "twelve"                  }
    }) {
        fs::remove_all(folder);
        write(bad.name, bad.text);
        const auto wording = documents::Wording::load(builtin, folder);
        ASSERT_FALSE(wording) << bad.text;
        EXPECT_THAT(wording.error().message, HasSubstr(bad.says)) << bad.text;
    }
    EXPECT_FALSE(documents::Wording::load(builtin, "/nowhere"));
}

}  // namespace
}  // namespace paydesk::notify
