// Whose is it? By provider_refs first; else by the account that our own metadata names, if there is
// one of that id; else nobody's, and the event waits.

#include "base/log.h"
#include "billing/apply_batch.h"
#include "billing/recordset.h"

namespace paydesk::billing {

namespace {

using recordset::value;

// What a snapshot says of its owner.
struct Claim {
    std::optional<provider::Ref> customer;
    std::optional<AccountId> account;
    std::optional<provider::Ref> charge = {};  // of what is the charge's: a refund, a dispute
    // Of what names no customer: PayPal's payments belong to whom their order or subscription belongs.
    std::vector<std::pair<provider::ObjectKind, provider::Ref>> parents = {};
};

void add_parent(Claim& claim, provider::ObjectKind kind, const std::optional<provider::Ref>& ref) {
    if (!claim.customer && ref && !ref->value.empty()) claim.parents.emplace_back(kind, *ref);
}

struct ReadClaim {
    Claim operator()(const provider::Unfollowed&) const { return {}; }
    Claim operator()(const provider::MustAsk&) const { return {}; }
    Claim operator()(const provider::CustomerSnapshot& s) const { return {s.customer, s.account}; }
    Claim operator()(const provider::SubscriptionSnapshot& s) const {
        return {s.customer, s.account};
    }
    Claim operator()(const provider::InvoiceSnapshot& s) const {
        Claim claim{s.customer.value.empty() ? std::nullopt : std::optional(s.customer), s.account};
        add_parent(claim, provider::ObjectKind::subscription, s.subscription);
        return claim;
    }
    Claim operator()(const provider::PaymentMethodSnapshot& s) const {
        return {s.customer ? s.customer : s.previous_customer, std::nullopt};
    }
    Claim operator()(const provider::CheckoutSnapshot& s) const { return {s.customer, s.account}; }
    Claim operator()(const provider::ChargeSnapshot& s) const {
        Claim claim{s.customer, s.account};
        add_parent(claim, provider::ObjectKind::invoice, s.invoice);
        add_parent(claim, provider::ObjectKind::checkout, s.payment);
        return claim;
    }
    Claim operator()(const provider::RefundSnapshot& s) const { return {{}, s.account, s.charge}; }
    Claim operator()(const provider::DisputeSnapshot& s) const { return {{}, {}, s.charge}; }
    Claim operator()(const provider::InvoicePaymentSnapshot&) const { return {}; }
    Claim operator()(const provider::ScheduleSnapshot& s) const { return {s.customer, {}}; }
};

std::optional<ObjectKey> charge_key(const provider::Change& change, const Claim& claim) {
    if (!claim.charge || claim.charge->value.empty()) return std::nullopt;
    return ObjectKey{change.provider, provider::ObjectKind::charge, claim.charge->value};
}

std::optional<ObjectKey> customer_key(const provider::Change& change, const Claim& claim) {
    if (!claim.customer || claim.customer->value.empty()) return std::nullopt;
    return ObjectKey{change.provider, provider::ObjectKind::customer, claim.customer->value};
}

std::vector<ObjectKey> parent_keys(const provider::Change& change, const Claim& claim) {
    std::vector<ObjectKey> keys;
    for (const auto& [kind, ref] : claim.parents)
        keys.push_back({change.provider, kind, ref.value});
    return keys;
}

// Metadata can be edited by hand: only a UUID can name an account.
std::set<AccountId> named_accounts(const std::vector<Claim>& claims) {
    std::set<AccountId> named;
    for (const auto& claim : claims) {
        if (claim.account && parse_uuid(claim.account->value)) named.insert(*claim.account);
    }
    return named;
}

// A charge that names neither a customer nor an account will never have an owner: something else was
// sold by the same account at the provider.
bool is_of_a_stranger(const provider::Change& change, const Claim& claim) {
    return std::holds_alternative<provider::ChargeSnapshot>(change.fact) && !claim.customer &&
           !claim.account;
}

// By customer; of those for whom that says nothing, by the charge or by themselves.
Task<std::map<ObjectKey, AccountId>> find_owners(const Batch& batch,
                                                 const std::vector<Claim>& claims) {
    std::set<ObjectKey> customers, others;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        if (const auto key = customer_key(batch.change(i), claims[i])) customers.insert(*key);
    }
    auto owners = co_await owner_store::find(batch.tx, customers);
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const auto customer = customer_key(batch.change(i), claims[i]);
        if (customer && owners.contains(*customer)) continue;
        if (const auto key = charge_key(batch.change(i), claims[i])) others.insert(*key);
        if (!batch.change(i).object.value.empty()) others.insert(batch.key_of(i));
        for (auto& key : parent_keys(batch.change(i), claims[i])) others.insert(std::move(key));
    }
    owners.merge(co_await owner_store::find(batch.tx, std::move(others)));
    co_return owners;
}

}  // namespace

Task<> resolve_owners(Batch& batch) {
    std::vector<Claim> claims;
    std::set<ObjectKey> keys;
    for (std::size_t i = 0; i < batch.changes.size(); ++i) {
        claims.push_back(std::visit(ReadClaim{}, batch.change(i).fact));
        if (const auto key = customer_key(batch.change(i), claims[i])) keys.insert(*key);
        if (const auto key = charge_key(batch.change(i), claims[i])) keys.insert(*key);
        if (!batch.change(i).object.value.empty()) keys.insert(batch.key_of(i));
    }
    co_await owner_store::lock(batch.tx, keys);
    auto owners = co_await find_owners(batch, claims);

    bool all_known = true;
    for (std::size_t i = 0; i < claims.size() && all_known; ++i) {
        const auto key = customer_key(batch.change(i), claims[i]);
        all_known = !claims[i].account || (key && owners.contains(*key));
    }
    std::map<ObjectKey, AccountId> adopted;
    if (!all_known) {
        const auto accounts =
            co_await owner_store::existing_accounts(batch.tx, named_accounts(claims));
        for (std::size_t i = 0; i < claims.size(); ++i) {
            const auto key = customer_key(batch.change(i), claims[i]);
            if (!claims[i].account || !accounts.contains(*claims[i].account)) continue;
            if (key && !owners.contains(*key)) adopted.emplace(*key, *claims[i].account);
            if (!key) batch.owner[i] = *claims[i].account;
        }
    }
    owners.insert(adopted.begin(), adopted.end());
    batch.new_refs = adopted;
    co_await owner_store::add(batch.tx, adopted);
    co_await owner_store::adopt_customers(batch.tx, adopted);

    // What the batch itself makes known: a refund may come together with its charge.
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const auto key = customer_key(batch.change(i), claims[i]);
        const auto owner = key ? owners.find(*key) : owners.end();
        if (owner != owners.end() && !batch.change(i).object.value.empty()) {
            owners.emplace(batch.key_of(i), owner->second);
        }
    }

    for (std::size_t i = 0; i < claims.size(); ++i) {
        const auto by_customer = customer_key(batch.change(i), claims[i]);
        const auto by_charge = charge_key(batch.change(i), claims[i]);
        auto owner = by_customer ? owners.find(*by_customer) : owners.end();
        if (owner == owners.end() && by_charge) owner = owners.find(*by_charge);
        if (owner == owners.end()) owner = owners.find(batch.key_of(i));
        for (const auto& parent : parent_keys(batch.change(i), claims[i])) {
            if (owner == owners.end()) owner = owners.find(parent);
        }
        if (owner != owners.end()) batch.owner[i] = owner->second;
        if (owner != owners.end() && claims[i].account && *claims[i].account != owner->second) {
            log::warning("billing_owner_disagrees",
                         {
                             {"event_id",   value(batch.change(i).event_id)    },
                             {"object_id",  value(batch.change(i).object.value)},
                             {"account_id", value(owner->second.value)         }
            });
        }
        if (batch.owner[i]) continue;
        if (is_of_a_stranger(batch.change(i), claims[i])) {
            batch.results[i] = {.outcome = Outcome::ignored,
                                .note = "a charge of no customer: not made by this server"};
            continue;
        }
        batch.results[i].outcome = Outcome::waiting;
        batch.results[i].waiting_for = claims[i].customer ? claims[i].customer
                                       : claims[i].charge ? claims[i].charge
                                                          : std::optional(batch.change(i).object);
    }
}

}  // namespace paydesk::billing
