#include "billing/seats.h"

#include "api/test_api.h"
#include "billing/apply_change.h"

namespace paydesk::api {
namespace {

class Seats : public TestApi {
protected:
    static constexpr const char* eve = "0190ada0-0000-7000-8000-000000000003";

    Seats() {
        add_subscription(ada, "sub_1", "active");
        set_quantity(3);
        database_.run(
            "insert into paydesk.accounts (account_id, email, name) values ($1, 'ada@example.com', "
            "'Ada') on conflict (account_id) do update set name = 'Ada'",
            {ada});
    }
    void set_quantity(int quantity) {
        database_.run("update paydesk.subscriptions set quantity = $1", {std::to_string(quantity)});
        database_.run("update paydesk.subscription_items set quantity = $1",
                      {std::to_string(quantity)});
        provider_.subscriptions.at("sub_1").items.front().quantity = quantity;
    }
    Answer invite(const std::string& email, json::object more = {}, const char* user = ada) {
        more["email"] = email;
        return post("/api/seats/invitations", user, std::move(more));
    }
    static std::string token_in(const Answer& invited) {
        const std::string url = invited.text({"invitation", "url"});
        return url.substr(url.find("token=") + 6);
    }
    Answer accept(const std::string& token, const char* user) {
        return post("/api/seats/accept", user,
                    {
                        {"token", token}
        });
    }
    std::string seat_of(const std::string& email, const char* user, json::object more = {}) {
        const Answer invited = invite(email, std::move(more));
        EXPECT_EQ(invited.status, 201) << json::serialize(invited.body);
        EXPECT_EQ(accept(token_in(invited), user).status, 200);
        return invited.text({"invitation", "id"});
    }
    json::value seats(const char* user = ada, const std::string& query = "") {
        const Answer answer = get("/api/seats" + query, user);
        EXPECT_EQ(answer.status, 200) << json::serialize(answer.body);
        return answer.body;
    }
    Answer remove(const std::string& id, const char* user) {
        return send(request("DELETE", "/api/seats/" + id, user));
    }
    std::string plan_of(const char* user) {
        return get("/api/entitlements", user).text({"entitlements", "plan_key"});
    }
};

TEST_F(Seats, WhoAcceptsSharesThePlan) {
    EXPECT_EQ(plan_of(grace), "free");
    const Answer invited = invite("grace@example.com");
    ASSERT_EQ(invited.status, 201) << json::serialize(invited.body);
    EXPECT_EQ(invited.text({"invitation", "role"}), "member");
    EXPECT_TRUE(
        invited.text({"invitation", "url"}).starts_with("https://app.example/invitation?token="));
    EXPECT_EQ(seats().at("used"), 2) << "an invitation keeps a seat";
    EXPECT_EQ(seats().at("total"), 3);

    const Answer accepted = accept(token_in(invited), grace);
    ASSERT_EQ(accepted.status, 200) << json::serialize(accepted.body);
    EXPECT_EQ(accepted.text({"account_id"}), ada);
    EXPECT_EQ(plan_of(grace), "pro");
    EXPECT_EQ(seats().at("used"), 2);
    EXPECT_EQ(seats().at("members").at(0).at("status"), "active");
    EXPECT_EQ(seats(grace).at("memberships").at(0).at("account_name"), "Ada");
    EXPECT_EQ(count("paydesk.notifications where type = 'seat_accepted'"), "1");

    EXPECT_EQ(accept(token_in(invited), grace).status, 200) << "twice is once";
    EXPECT_EQ(accept(token_in(invited), eve).code(), "not_found");
    EXPECT_EQ(seats().at("used"), 2);
}

TEST_F(Seats, TheInvitationIsMailedAndItsSecretIsNobodysToRead) {
    const Answer invited = invite("grace@example.com");
    const auto rows = database_.run(
        "select account_id, recipient, data ->> 'inviter' as inviter, data ->> 'url' as url from "
        "paydesk.emails where kind = 'seat_invitation'");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.text(0, "recipient"), "grace@example.com");
    EXPECT_EQ(rows.text(0, "inviter"), "Ada");
    EXPECT_EQ(rows.text(0, "url"), invited.text({"invitation", "url"}));
    EXPECT_EQ(rows.text(0, "account_id"), "00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(count("paydesk.jobs where kind = 'send_emails'"), "1");
    EXPECT_EQ(json::serialize(seats()).find(token_in(invited)), std::string::npos);
}

TEST_F(Seats, NeverMoreThanThereAre) {
    EXPECT_EQ(invite("a@example.com").status, 201);
    EXPECT_EQ(invite("b@example.com").status, 201);
    const Answer third = invite("c@example.com");
    EXPECT_EQ(third.status, 409);
    EXPECT_EQ(third.code(), "seats_exhausted");
    EXPECT_EQ(seats().at("used"), 3);
}

TEST_F(Seats, ManyAtOnceNeverExceedThem) {
    std::vector<http::Request> wishes;
    for (int i = 0; i < 6; ++i) {
        wishes.push_back(request("POST", "/api/seats/invitations", ada,
                                 json::serialize(json::object{
                                     {"email", "m" + std::to_string(i) + "@example.com"}
        })));
    }
    int made = 0;
    for (const Answer& answer : send_together(std::move(wishes))) {
        made += answer.status == 201;
        EXPECT_TRUE(answer.status == 201 || answer.code() == "seats_exhausted")
            << json::serialize(answer.body);
    }
    EXPECT_EQ(made, 2);
    EXPECT_EQ(count("paydesk.account_members"), "2");
}

TEST_F(Seats, WithoutASubscriptionThereIsOnlyTheOwners) {
    EXPECT_EQ(seats(grace).at("total"), 1);
    EXPECT_EQ(seats(grace).at("role"), "owner");
    EXPECT_EQ(invite("a@example.com", {}, grace).code(), "seats_exhausted");
    database_.run("update paydesk.plans set limits = '{\"seats\": -1}' where plan_key = 'pro'");
    EXPECT_TRUE(seats().at("total").is_null()) << "unlimited";
    database_.run("update paydesk.plans set limits = '{\"seats\": 5}' where plan_key = 'pro'");
    EXPECT_EQ(seats().at("total"), 15) << "five to each of three units";
}

TEST_F(Seats, AnInvitationCanBeSentAgainAndThenTheOldLinkIsDead) {
    const Answer first = invite("grace@example.com");
    EXPECT_EQ(invite("Grace@Example.com").code(), "rate_limited");
    database_.run("alter table paydesk.account_members disable trigger touch");
    database_.run("update paydesk.account_members set updated_at = now() - interval '11 minutes'");
    const Answer second = invite("Grace@Example.com");
    ASSERT_EQ(second.status, 201) << json::serialize(second.body);
    EXPECT_EQ(second.text({"invitation", "id"}), first.text({"invitation", "id"}));
    EXPECT_EQ(accept(token_in(first), grace).status, 404);
    EXPECT_EQ(accept(token_in(second), grace).status, 200);
    EXPECT_EQ(count("paydesk.emails where kind = 'seat_invitation'"), "2");
}

TEST_F(Seats, AnInvitationEnds) {
    const Answer invited = invite("grace@example.com");
    database_.run("update paydesk.account_members set expires_at = now() - interval '1 second'");
    const Answer late = accept(token_in(invited), grace);
    EXPECT_EQ(late.status, 404);
    EXPECT_NE(late.text({"detail"}).find("expired"), std::string::npos);
    EXPECT_EQ(seats().at("used"), 1) << "its seat is free again";
    EXPECT_EQ(seats().at("members").at(0).at("status"), "expired");
    EXPECT_EQ(remove(invited.text({"invitation", "id"}), ada).status, 200);
    EXPECT_TRUE(seats().at("members").as_array().empty());
}

TEST_F(Seats, WhoMayDoWhat) {
    set_quantity(9);
    const std::string admin = seat_of("grace@example.com", grace,
                                      {
                                          {"role", "admin"}
    });
    const std::string member = seat_of("eve@example.com", eve);
    const json::object in_adas{
        {"accountId", ada}
    };

    // An admin invites and removes members, and makes no admins.
    const Answer invited = invite("x@example.com", in_adas, grace);
    EXPECT_EQ(invited.status, 201) << json::serialize(invited.body);
    EXPECT_EQ(invite("y@example.com",
                     {
                         {"accountId", ada    },
                         {"role",      "admin"}
    },
                     grace)
                  .code(),
              "forbidden");
    EXPECT_EQ(seats(grace, std::string("?accountId=") + ada).at("members").as_array().size(), 3U);

    // A member sees themselves, and may leave.
    EXPECT_EQ(invite("z@example.com", in_adas, eve).code(), "forbidden");
    const json::value own = seats(eve, std::string("?accountId=") + ada);
    ASSERT_EQ(own.at("members").as_array().size(), 1U);
    EXPECT_EQ(own.at("members").at(0).at("id"), json::value(member));
    EXPECT_EQ(remove(admin, eve).status, 404);
    const auto as_admin = [&](const std::string& id, const char* user) {
        return patch("/api/seats/" + id, user,
                     {
                         {"role", "admin"}
        });
    };
    EXPECT_EQ(as_admin(member, eve).code(), "forbidden");
    EXPECT_EQ(as_admin(member, grace).code(), "forbidden");
    EXPECT_EQ(as_admin(member, ada).status, 200);
    EXPECT_EQ(remove(member, grace).code(), "forbidden") << "only the owner removes admins";

    EXPECT_EQ(remove(admin, ada).status, 200);
    EXPECT_EQ(plan_of(grace), "free");
    EXPECT_EQ(count("paydesk.notifications where type = 'seat_removed' and account_id = '" +
                    std::string(grace) + "'"),
              "1");
    EXPECT_EQ(remove(member, eve).status, 200) << "everybody may leave";
    EXPECT_EQ(plan_of(eve), "free");

    // Strangers have no business here.
    EXPECT_EQ(get(std::string("/api/seats?accountId=") + ada, grace).status, 404);
    EXPECT_EQ(invite("q@example.com", in_adas, grace).status, 404);
    EXPECT_EQ(remove(invited.text({"invitation", "id"}), grace).status, 404);
    EXPECT_EQ(count("paydesk.audit_log where action like 'seat.%'"), "8");
}

TEST_F(Seats, WhatIsWrongIsRefused) {
    EXPECT_EQ(invite("not an address").status, 422);
    EXPECT_EQ(invite("a@example.com\r\nBcc: b@example.com").status, 422);
    EXPECT_EQ(post("/api/seats/invitations", ada, json::object{}).status, 422);
    EXPECT_EQ(invite("a@example.com",
                     {
                         {"role", "owner"}
    })
                  .status,
              422);
    EXPECT_EQ(invite("ADA@example.com").status, 422) << "the owner";
    seat_of("grace@example.com", grace);
    EXPECT_EQ(invite("grace@example.com").status, 422) << "there already";
    EXPECT_EQ(accept("", ada).status, 422);
    EXPECT_EQ(accept("' or '1'='1", ada).status, 404);
    const Answer to_all = invite("b@example.com");
    EXPECT_EQ(accept(token_in(to_all), ada).status, 422) << "the owner has a seat";
    EXPECT_EQ(accept(token_in(to_all), grace).status, 422) << "one seat each";
    EXPECT_EQ(remove("not-a-uuid", ada).status, 404);
    EXPECT_EQ(patch("/api/seats/not-a-uuid", ada,
                    {
                        {"role", "admin"}
    })
                  .status,
              404);
}

TEST_F(Seats, FewerUnitsThanSeatsInUseAreRefused) {
    seat_of("grace@example.com", grace);
    const Answer fewer = patch("/api/subscriptions/sub_1", ada,
                               {
                                   {"quantity", 1}
    });
    EXPECT_EQ(fewer.code(), "seats_exhausted");
    EXPECT_EQ(provider_.count("schedule_change"), 0);
}

TEST_F(Seats, WhereTheProviderSellsFewerTheLastToComeGo) {
    set_quantity(4);
    seat_of("grace@example.com", grace);
    seat_of("eve@example.com", eve);
    invite("late@example.com");
    ASSERT_EQ(seats().at("used"), 4);

    // In the portal somebody goes down to two.
    auto& snapshot = provider_.subscriptions.at("sub_1");
    snapshot.items.front().quantity = 2;
    std::vector<billing::ToApply> told;
    told.push_back({.change = provider_.change_of(snapshot)});
    run(db_.transaction([&](db::Tx& tx) -> Task<std::size_t> {
        co_return (co_await billing::apply_changes(tx, told, clock_.now())).size();
    }));
    EXPECT_EQ(seats().at("used"), 2);
    EXPECT_EQ(plan_of(grace), "pro") << "first come";
    EXPECT_EQ(plan_of(eve), "free");
    EXPECT_EQ(count("paydesk.notifications where type = 'seat_trimmed'"), "2");
    EXPECT_EQ(count("paydesk.notifications where type = 'seat_removed' and account_id = '" +
                    std::string(eve) + "'"),
              "1");
}

TEST_F(Seats, AnEndedSubscriptionKeepsItsMembersPlaces) {
    seat_of("grace@example.com", grace);
    auto& snapshot = provider_.subscriptions.at("sub_1");
    snapshot.status = provider::SubscriptionStatus::unpaid;
    std::vector<billing::ToApply> told;
    told.push_back({.change = provider_.change_of(snapshot)});
    run(db_.transaction([&](db::Tx& tx) -> Task<std::size_t> {
        co_return (co_await billing::apply_changes(tx, told, clock_.now())).size();
    }));
    EXPECT_EQ(plan_of(grace), "free");
    EXPECT_EQ(seats().at("members").as_array().size(), 1U);
}

}  // namespace
}  // namespace paydesk::api
