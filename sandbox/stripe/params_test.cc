#include "sandbox/stripe/params.h"

#include <gtest/gtest.h>

#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

Object check(std::string_view listing, std::string_view form, Shape shape = Shape::endive) {
    return ParamSpec::parse(listing).check(decode_form(form), shape);
}

struct Refused {
    std::string code, param;
    friend bool operator==(const Refused&, const Refused&) = default;
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) {
    return out << refused.code << " at " << refused.param;
}

Refused refusal(std::string_view listing, std::string_view form, Shape shape = Shape::endive) {
    try {
        check(listing, form, shape);
    } catch (const Refusal& refused) {
        return {refused.code, refused.param};
    }
    return {"nothing", ""};
}

TEST(Params, DecodesBothStylesOfBracketsAndSpaces) {
    constexpr auto listing = "items[]{price:id quantity:i} name expand[]:id";
    const auto indexed =
        check(listing, "items[0][price]=a&items[0][quantity]=2&items[1][price]=b&name=x+y");
    const auto empty =
        check(listing, "items[][price]=a&items[][quantity]=2&items[][price]=b&name=x%20y");
    EXPECT_EQ(indexed, empty);
    EXPECT_EQ(indexed,
              json::parse(R"({"items":[{"price":"a","quantity":2},{"price":"b"}],"name":"x y"})")
                  .as_object());
    EXPECT_EQ(check(listing, "items%5B0%5D%5Bprice%5D=a&expand[]=x&expand[]=y"),
              json::parse(R"({"items":[{"price":"a"}],"expand":["x","y"]})").as_object());
}

TEST(Params, ListsFollowTheirIndexesNotTheirOrder) {
    EXPECT_EQ(check("a[]:i", "a[10]=3&a[2]=2&a[1]=1"), json::parse(R"({"a":[1,2,3]})").as_object());
}

TEST(Params, KeepsMetadataAsItIs) {
    EXPECT_EQ(check("metadata:m", "metadata[0]=x&metadata[user_id]=u%2B1&metadata[gone]="),
              json::parse(R"({"metadata":{"0":"x","user_id":"u+1","gone":""}})").as_object());
    EXPECT_TRUE(check("metadata:m", "metadata=").at("metadata").is_null());
}

TEST(Params, RefusesWhatTheRouteDoesNotTake) {
    struct Case {
        const char* listing;
        std::string form;
        Refused refused;
    };
    const Case cases[] = {
        {"name", "nam=x", {"parameter_unknown", "nam"}},
        {"items[]{price}", "items[0][prise]=x", {"parameter_unknown", "items[0][prise]"}},
        {"name!", "", {"parameter_missing", "name"}},
        {"name!", "name=", {"parameter_missing", "name"}},
        {"items[]!{price!:id}", "items[0][a]=1", {"parameter_unknown", "items[0][a]"}},
        {"flow{type!}", "flow[type]=", {"parameter_missing", "flow[type]"}},
        {"amount:i", "amount=1.5", {"parameter_invalid_integer", "amount"}},
        {"amount:i", "amount=", {"parameter_invalid_empty", "amount"}},
        {"amount:i", "amount=99999999999999999999", {"parameter_invalid_integer", "amount"}},
        {"yes:b", "yes=1", {"", "yes"}},
        {"mode:(a|b)", "mode=c", {"", "mode"}},
        {"name", "name[x]=1", {"", "name"}},
        {"o{x}", "o=1", {"", "o"}},
        {"a[]:id", "a=1", {"", "a"}},
        {"a[]:id", "a[x]=1", {"", "a"}},
        {"name", "name[x=1", {"parameter_unknown", "name[x"}},
        {"name", "name=%FF%FE", {"", "name"}},
        {"x:no", "x=1", {"sandbox_unsupported", "x"}},
        {"metadata:m", "metadata[" + std::string(41, 'k') + "]=1", {"", "metadata"}},
        {"metadata:m", "metadata[k]=" + std::string(501, 'v'), {"", "metadata[k]"}},
    };
    for (const auto& [listing, form, refused] : cases) {
        EXPECT_EQ(refusal(listing, form), refused) << listing << " <- " << form.substr(0, 80);
    }
}

TEST(Params, DependOnTheVersion) {
    constexpr auto listing = "payment_method_types<endive[]:id allowed>=endive[]:id";
    EXPECT_EQ(refusal(listing, "payment_method_types[]=card", Shape::dahlia).code, "nothing");
    EXPECT_EQ(refusal(listing, "payment_method_types[]=card", Shape::endive),
              (Refused{"payment_method_types_no_longer_supported", "payment_method_types"}));
    EXPECT_EQ(refusal(listing, "allowed[]=card", Shape::dahlia),
              (Refused{"parameter_unknown", "allowed"}));
}

TEST(Params, EmptyTextUnsets) {
    EXPECT_TRUE(check("name", "name=").at("name").is_null());
    EXPECT_TRUE(check("pause?{behavior!}", "pause=").at("pause").is_null());
}

TEST(Params, WhatStripeKnowsIsUnsupportedWhatNobodyKnowsIsUnknown) {
    constexpr auto listing = "name when:any at:i{gte:i} deal{a} prices{*?{unit:i}} off";
    constexpr auto known =
        "name when:i:(now) at:i{gte:i lt:i} deal{a b>=basil[]{c:b}} prices{*{unit:i own}} "
        "off:b:(never) new>=dahlia:(x|y) gone<basil bag:o";
    const auto refused = [&](std::string_view form, Shape shape = Shape::endive) -> Refused {
        try {
            ParamSpec::parse(listing, known).check(decode_form(form), shape);
        } catch (const Refusal& refusal) {
            return {refusal.code, refusal.param};
        }
        return {"nothing", ""};
    };
    const struct {
        const char* form;
        Shape shape;
        Refused refused;
    } cases[] = {
        {"name=x&when=now&at=5&off=never", Shape::endive, {"nothing", ""}                            },
        {"when=5&at[gte]=5&off=true",      Shape::endive, {"nothing", ""}                            },
        {"prices[eur][unit]=5&prices[x]=", Shape::endive, {"nothing", ""}                            },
        {"when=later",                     Shape::endive, {"parameter_invalid_integer", "when"}      },
        {"off=5",                          Shape::endive, {"", "off"}                                },
        {"name[a]=x",                      Shape::endive, {"", "name"}                               },
        {"at[gte]=x",                      Shape::endive, {"parameter_invalid_integer", "at[gte]"}   },
        {"at[lt]=5",                       Shape::endive, {"sandbox_unsupported", "at[lt]"}          },
        {"at[nope]=5",                     Shape::endive, {"parameter_unknown", "at[nope]"}          },
        {"deal[b][0][c]=true",             Shape::endive, {"sandbox_unsupported", "deal[b]"}         },
        {"deal[b][0][c]=true",             Shape::acacia, {"parameter_unknown", "deal[b]"}           },
        {"prices[eur][own]=5",             Shape::endive, {"sandbox_unsupported", "prices[eur][own]"}},
        {"prices[eur][nope]=5",            Shape::endive, {"parameter_unknown", "prices[eur][nope]"} },
        {"new=x",                          Shape::endive, {"sandbox_unsupported", "new"}             },
        {"new=x",                          Shape::clover, {"parameter_unknown", "new"}               },
        {"gone=x",                         Shape::acacia, {"sandbox_unsupported", "gone"}            },
        {"gone=x",                         Shape::basil,  {"parameter_unknown", "gone"}              },
        {"bag[a]=x",                       Shape::endive, {"sandbox_unsupported", "bag"}             },
        {"nope=x",                         Shape::endive, {"parameter_unknown", "nope"}              },
    };
    for (const auto& test : cases) {
        EXPECT_EQ(refused(test.form, test.shape), test.refused) << test.form;
    }
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
