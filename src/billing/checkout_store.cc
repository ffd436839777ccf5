#include "billing/checkout_store.h"

#include "billing/provider_name.h"

namespace paydesk::billing::checkout_store {
namespace {

// The update locks the row also when it is there already.
constexpr db::Statement lock_account_row{"checkout_lock_account", R"(
    insert into paydesk.accounts as a (account_id, email, name) values ($1, $2, $3)
    on conflict (account_id) do update
        set email = coalesce(a.email, excluded.email), name = coalesce(a.name, excluded.name))"};

constexpr db::Statement select_live_subscription{"checkout_live_subscription", R"(
    select provider_subscription_id from paydesk.subscriptions
    where account_id = $1 and plan_family = $2 and status not in ('canceled', 'incomplete_expired')
    order by provider_created_at desc nulls last limit 1)"};

constexpr db::Statement select_processing{"checkout_processing", R"(
    select id from paydesk.checkouts
    where account_id = $1 and plan_family = $2 and mode = 'subscription' and status = 'processing'
    limit 1)"};

constexpr db::Statement select_being_paid{"checkout_invoice_being_paid", R"(
    select id from paydesk.checkouts
    where account_id = $1 and provider = $2 and provider_invoice_id = $3 and status in ('processing', 'complete')
    limit 1)"};

// trial: one per account and family, however many plans are tried; none for a card that another account
// had one with.
#define CHECKOUT_COLUMNS                                                                         \
    "c.account_id, c.id, c.plan_key, c.plan_family, c.billing_cycle, c.mode, c.quantity, "       \
    "c.provider, c.provider_price_id, c.unit_amount, c.currency, c.description, c.success_url, " \
    "c.cancel_url, c.expires_at, c.status, c.provider_invoice_id, "                              \
    "c.provider_checkout_id, c.url, "                                                            \
    "case when exists (select from paydesk.subscriptions s where s.account_id = c.account_id "   \
    "                  and s.plan_family = c.plan_family) then 0 "                               \
    "     when exists (select from paydesk.payment_methods m join paydesk.trials t "             \
    "                  on t.provider = m.provider and t.fingerprint = m.fingerprint "            \
    "                  where m.account_id = c.account_id and m.detached_at is null "             \
    "                  and t.account_id <> c.account_id) then 0 "                                \
    "     else coalesce((select p.trial_days from paydesk.plans p where p.plan_key = "           \
    "c.plan_key), "                                                                              \
    "0) end as trial_days "

constexpr db::Statement select_live{"checkout_find_live", "select " CHECKOUT_COLUMNS R"(
    from paydesk.checkouts c
    where c.account_id = $1 and c.status in ('creating', 'open')
      and c.slot = $2 || '/' || case $2 when 'subscription' then $3 else $4 end)"};

constexpr db::Statement select_one{"checkout_find", "select " CHECKOUT_COLUMNS R"(
    from paydesk.checkouts c where c.account_id = $1 and c.id = $2)"};

constexpr db::Statement select_any{"checkout_find_any", "select " CHECKOUT_COLUMNS R"(
    from paydesk.checkouts c
    where c.account_id = $1 and (c.id::text = $2 or c.provider_checkout_id = $2))"};

constexpr db::Statement insert_row{"checkout_insert", R"(
    insert into paydesk.checkouts (account_id, id, plan_key, plan_family, billing_cycle, quantity,
        mode, provider, provider_price_id, success_url, cancel_url, expires_at, unit_amount, currency,
        description, provider_invoice_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16))"};

constexpr db::Statement open_row{"checkout_open", R"(
    update paydesk.checkouts
    set status = 'open', provider_checkout_id = $3, url = $4, expires_at = $5
    where account_id = $1 and id = $2 and status = 'creating')"};

// A session that was given up while it was being made is still one of this account's.
constexpr db::Statement note_reference{"checkout_note_reference", R"(
    insert into paydesk.provider_refs (provider, kind, provider_id, account_id)
    values ($1, 'checkout', $2, $3) on conflict do nothing)"};

constexpr db::Statement end_row{"checkout_end", R"(
    update paydesk.checkouts set status = $3
    where account_id = $1 and id = $2 and status in ('creating', 'open'))"};

constexpr db::Statement insert_customer_intent{"checkout_intend_customer", R"(
    insert into paydesk.customers (account_id, provider, email, name) values ($1, $2, $3, $4)
    on conflict (account_id, provider) do nothing)"};

constexpr db::Statement select_customer{"checkout_customer_intent", R"(
    select provider_customer_id, deleted_at, email, name from paydesk.customers
    where account_id = $1 and provider = $2)"};

CheckoutRow read(const db::Rows& rows) {
    const auto text = [&rows](std::string_view column) {
        return std::string(rows.text(0, column));
    };
    const auto provider = parse_provider(rows.text(0, "provider"));
    PD_ASSERT(provider.has_value());
    CheckoutRow row{.account = {text("account_id")},
                    .id = text("id"),
                    .provider = *provider,
                    .plan_key = text("plan_key"),
                    .plan_family = text("plan_family"),
                    .billing_cycle = text("billing_cycle"),
                    .mode = text("mode"),
                    .quantity = rows.integer(0, "quantity"),
                    .price = {},
                    .invoice = rows.optional_text(0, "provider_invoice_id"),
                    .success_url = text("success_url"),
                    .cancel_url = text("cancel_url"),
                    .expires_at = rows.optional_instant(0, "expires_at").value_or(Instant{}),
                    .status = text("status"),
                    .url = rows.optional_text(0, "url"),
                    .trial_days = rows.integer(0, "trial_days")};
    if (auto price = rows.optional_text(0, "provider_price_id")) row.price = provider::Ref{*price};
    if (!rows.is_null(0, "unit_amount")) {
        const auto currency = Currency::parse(rows.text(0, "currency"));
        PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
        row.unit_amount = Money(rows.integer(0, "unit_amount"), *currency);
    }
    row.description = rows.optional_text(0, "description").value_or("");
    if (auto id = rows.optional_text(0, "provider_checkout_id")) row.checkout = provider::Ref{*id};
    return row;
}

}  // namespace

Task<> lock_account(db::Tx& tx, AccountId account, std::optional<std::string> email,
                    std::optional<std::string> name) {
    co_await tx.run(lock_account_row, {account.value, std::move(email), std::move(name)});
}

Task<std::optional<provider::Ref>> live_subscription(db::Tx& tx, AccountId account,
                                                     std::string plan_family) {
    const db::Rows rows =
        co_await tx.run(select_live_subscription, {account.value, std::move(plan_family)});
    if (rows.empty()) co_return std::nullopt;
    co_return provider::Ref{std::string(rows.text(0, "provider_subscription_id"))};
}

Task<bool> is_processing(db::Tx& tx, AccountId account, std::string plan_family) {
    const db::Rows rows =
        co_await tx.run(select_processing, {account.value, std::move(plan_family)});
    co_return !rows.empty();
}

Task<bool> is_being_paid(db::Tx& tx, AccountId account, provider::Name provider,
                         std::string invoice) {
    const db::Rows rows = co_await tx.run(
        select_being_paid,
        {account.value, db::param(provider::to_string(provider)), std::move(invoice)});
    co_return !rows.empty();
}

Task<std::optional<CheckoutRow>> find_live(db::Tx& tx, AccountId account, std::string mode,
                                           std::string plan_family, std::string plan_key) {
    const db::Rows rows = co_await tx.run(
        select_live, {account.value, std::move(mode), std::move(plan_family), std::move(plan_key)});
    if (rows.empty()) co_return std::nullopt;
    co_return read(rows);
}

Task<std::optional<CheckoutRow>> find(db::Tx& tx, AccountId account, std::string id) {
    const db::Rows rows = co_await tx.run(select_one, {account.value, std::move(id)});
    if (rows.empty()) co_return std::nullopt;
    co_return read(rows);
}

Task<std::optional<CheckoutRow>> find_any(db::Tx& tx, AccountId account, std::string id) {
    const db::Rows rows = co_await tx.run(select_any, {account.value, std::move(id)});
    if (rows.empty()) co_return std::nullopt;
    co_return read(rows);
}

Task<> insert(db::Tx& tx, const CheckoutRow& row) {
    co_await tx.run(
        insert_row,
        {row.account.value, row.id, row.plan_key, row.plan_family, row.billing_cycle,
         db::param(row.quantity), row.mode, db::param(provider::to_string(row.provider)),
         row.price ? db::Param(row.price->value) : db::Param{}, row.success_url, row.cancel_url,
         db::param(row.expires_at),
         row.unit_amount ? db::param(row.unit_amount->minor_units()) : db::Param{},
         row.unit_amount ? db::Param(row.unit_amount->currency().lower_code()) : db::Param{},
         row.description.empty() ? db::Param{} : db::Param(row.description),
         db::Param(row.invoice)});
}

Task<> open(db::Tx& tx, const CheckoutRow& row, const provider::Checkout& made) {
    co_await tx.run(note_reference, {db::param(provider::to_string(row.provider)),
                                     made.checkout.value, row.account.value});
    co_await tx.run(open_row, {row.account.value, row.id, made.checkout.value, made.url,
                               db::param(made.expires_at)});
}

Task<> end(db::Tx& tx, AccountId account, std::string id, std::string status) {
    co_await tx.run(end_row, {account.value, std::move(id), std::move(status)});
}

Task<CustomerIntent> intend_customer(db::Tx& tx, AccountId account, provider::Name provider,
                                     std::optional<std::string> email,
                                     std::optional<std::string> name) {
    const db::Param provider_name = db::param(provider::to_string(provider));
    co_await tx.run(insert_customer_intent,
                    {account.value, provider_name, std::move(email), std::move(name)});
    const db::Rows rows = co_await tx.run(select_customer, {account.value, provider_name});
    CustomerIntent intent{.customer = {},
                          .deleted = {},
                          .email = rows.optional_text(0, "email"),
                          .name = rows.optional_text(0, "name")};
    if (auto id = rows.optional_text(0, "provider_customer_id")) {
        (rows.is_null(0, "deleted_at") ? intent.customer : intent.deleted) = provider::Ref{*id};
    }
    co_return intent;
}

}  // namespace paydesk::billing::checkout_store
