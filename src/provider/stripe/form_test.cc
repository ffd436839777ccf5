#include "provider/stripe/form.h"

#include <gtest/gtest.h>

namespace paydesk::provider::stripe {
namespace {

TEST(StripeForm, EncodesValues) {
    struct Case {
        const char* value;
        const char* encoded;
    };
    const Case cases[] = {
        {"plain-_.~09AZaz", "plain-_.~09AZaz"     },
        {"a b",             "a%20b"               },
        {"a+b",             "a%2Bb"               },
        {"a&b=c",           "a%26b%3Dc"           },
        {"[x]",             "[x]"                 },
        {"!*'()",           "%21%2A%27%28%29"     },
        {"Søn 日",          "S%C3%B8n%20%E6%97%A5"},
        {"\x01\x7f",        "%01%7F"              },
        {"",                ""                    },
    };
    for (const auto& c : cases)
        EXPECT_EQ(Form().set("k", c.value).encode(), std::string("k=") + c.encoded);
}

TEST(StripeForm, KeepsTheOrderAndLeavesOutWhatIsNotThere) {
    Form form;
    EXPECT_TRUE(form.empty());
    form.set("z[0][price]", "p")
        .set("a", true)
        .set("b", false)
        .set("n", std::int64_t{-5})
        .set("i", 7);
    form.set("none", std::optional<std::string>()).set("some", std::optional<int>(3));
    form.set("unset", "");
    EXPECT_EQ(form.encode(), "z[0][price]=p&a=true&b=false&n=-5&i=7&some=3&unset=");
}

TEST(StripeForm, APathSegmentStaysOneSegment) {
    EXPECT_EQ(encode_path_segment("cus_1"), "cus_1");
    EXPECT_EQ(encode_path_segment("a/b?c#d"), "a%2Fb%3Fc%23d");
    EXPECT_EQ(encode_path_segment(".."), "%2E%2E");
    EXPECT_EQ(encode_path_segment("[1]"), "%5B1%5D");
}

}  // namespace
}  // namespace paydesk::provider::stripe
