#pragma once
// trials: every trial that began, and the card that was given for it. SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::trial_store {

struct Trial {
    AccountId account;
    provider::Name provider;
    provider::Ref subscription;
    Instant started_at;
};

// Records those that are new, each with a job that looks at its card.
Task<> note(db::Tx& tx, std::vector<Trial> trials, Instant now);

// What is known of the trial's card.
struct Card {
    bool trialing = false;  // the subscription is in its trial now
    std::string plan_name;
    std::optional<provider::Ref> payment_method;
    std::optional<std::string> fingerprint;
};
Task<Card> card_of(db::Tx& tx, Trial trial);

// Records the card; whether another account had a trial with it before. Trials with one card are
// looked at one after the other.
Task<bool> record_card(db::Tx& tx, Trial trial, std::string fingerprint);
Task<> refuse(db::Tx& tx, Trial trial, Instant now);

std::optional<Trial> read_trial(const boost::json::value& payload);

}  // namespace paydesk::billing::trial_store
