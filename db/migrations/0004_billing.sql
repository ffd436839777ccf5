-- 0004_billing: checkouts, subscriptions, invoices, payments, payment methods.
--
-- Why     What the providers say about an account, one row per object, as the newest snapshot has it.
--         provider_stamp is the provider's time of that snapshot: an older one never overwrites.
-- Locks   New tables only.
-- Undo    drop table paydesk.payment_methods, paydesk.payments, paydesk.invoices,
--         paydesk.subscription_items, paydesk.subscriptions, paydesk.checkouts.
--
-- Each table: account_id first in every key; `id` is ours (uuid v7, made by the server), the unique
-- key (account_id, provider, provider_..._id) is the arbiter of `on conflict`. Amounts: bigint minor
-- units of `currency` (lower case). No foreign keys: webhooks arrive in any order.

-- Our intent to sell. `id` is the idempotency key of the provider's call and travels in the
-- session's metadata (checkout_id). creating: committed, the provider has not answered yet.
create table paydesk.checkouts (
    account_id           uuid        not null,
    id                   uuid        not null,
    plan_key             text        not null,
    plan_family          text        not null default 'main',
    billing_cycle        text        not null,
    quantity             bigint      not null default 1,
    mode                 text        not null,
    provider             text        not null default 'stripe',
    provider_price_id    text,
    provider_checkout_id text,
    url                  text,
    status               text        not null default 'creating',
    success_url          text,
    cancel_url           text,
    expires_at           timestamptz,
    completed_at         timestamptz,
    provider_stamp       timestamptz,
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now(),

    -- What only one live checkout of an account may be for: the plan family of a subscription (two
    -- open sessions for Pro and Business would end in two subscriptions), the plan of a top-up.
    slot text not null generated always as
        (mode || '/' || case mode when 'subscription' then plan_family else plan_key end) stored,

    primary key (account_id, id),
    constraint checkouts_provider check (provider in ('stripe', 'paypal')),
    constraint checkouts_billing_cycle check (billing_cycle in ('monthly', 'yearly', 'one_time')),
    constraint checkouts_mode check (mode in ('subscription', 'payment', 'setup')),
    constraint checkouts_quantity check (quantity between 1 and 1000000),
    constraint checkouts_status
        check (status in ('creating', 'open', 'complete', 'expired', 'abandoned')),
    constraint checkouts_open_has_url
        check (status <> 'open' or (url is not null and provider_checkout_id is not null))
);
-- One live checkout per account and slot. A second click finds this one: the same plan, cycle,
-- quantity and URLs reuse it; another choice first makes it 'abandoned' (and expires the session at
-- the provider), then inserts. On conflict (account_id, slot) where status in ('creating', 'open').
create unique index checkouts_one_live
    on paydesk.checkouts (account_id, slot) where status in ('creating', 'open');
create unique index checkouts_by_provider_id
    on paydesk.checkouts (account_id, provider, provider_checkout_id)
    where provider_checkout_id is not null;

create table paydesk.subscriptions (
    account_id                uuid        not null,
    id                        uuid        not null,
    provider                  text        not null,
    provider_subscription_id  text        not null,
    plan_key                  text,        -- NULL: a price that the catalogue does not know
    plan_name                 text        not null default '',
    plan_family               text        not null default 'main',
    billing_cycle             text,        -- S0: plan_type
    status                    text        not null,
    price_id                  text,
    quantity                  bigint      not null default 1,
    currency                  char(3),
    unit_amount               bigint,
    current_period_start      timestamptz,
    current_period_end        timestamptz,
    cancel_at_period_end      boolean     not null default false,
    cancel_at                 timestamptz,
    canceled_at               timestamptz,
    ended_at                  timestamptz,
    trial_start               timestamptz,
    trial_end                 timestamptz,
    cancel_reason             text,
    default_payment_method_id text,        -- the provider's id
    latest_invoice_id         text,        -- the provider's id
    collection_paused         boolean     not null default false,
    livemode                  boolean     not null default false,
    provider_stamp            timestamptz not null,
    provider_created_at       timestamptz,
    created_at                timestamptz not null default now(),
    updated_at                timestamptz not null default now(),

    primary key (account_id, id),
    constraint subscriptions_once unique (account_id, provider, provider_subscription_id),
    constraint subscriptions_provider check (provider in ('stripe', 'paypal')),
    constraint subscriptions_billing_cycle check (billing_cycle in ('monthly', 'yearly', 'one_time')),
    constraint subscriptions_status check (status in ('incomplete', 'incomplete_expired', 'trialing',
        'active', 'past_due', 'canceled', 'unpaid', 'paused')),
    constraint subscriptions_quantity_not_negative check (quantity >= 0),
    constraint subscriptions_amount_not_negative check (unit_amount >= 0),
    constraint subscriptions_currency check (currency ~ '^[a-z]{3}$'),
    constraint subscriptions_period check (current_period_end >= current_period_start),
    constraint subscriptions_trial check (trial_end >= trial_start)
) with (fillfactor = 85);
-- There is no unique key "one live subscription per family": if someone made a second one in the
-- provider's dashboard, it is real and must be stored. Checkout refuses it instead.

create table paydesk.subscription_items (
    account_id       uuid   not null,
    subscription_id  uuid   not null,  -- subscriptions.id
    provider_item_id text   not null,
    price_id         text   not null,
    product_id       text,
    lookup_key       text,
    quantity         bigint,           -- NULL: metered
    period_start     timestamptz,
    period_end       timestamptz,

    primary key (account_id, subscription_id, provider_item_id),
    constraint subscription_items_quantity_not_negative check (quantity >= 0),
    constraint subscription_items_period check (period_end >= period_start)
);

create table paydesk.invoices (
    account_id               uuid        not null,
    id                       uuid        not null,
    provider                 text        not null,
    provider_invoice_id      text        not null,
    provider_subscription_id text,
    provider_payment_id      text,
    number                   text,
    status                   text        not null,
    currency                 char(3)     not null,
    amount_due               bigint      not null,
    amount_paid              bigint      not null,
    amount_remaining         bigint      not null default 0,
    subtotal                 bigint      not null default 0,  -- negative on a credit invoice
    total                    bigint      not null default 0,  -- negative on a credit invoice
    billing_reason           text,
    hosted_invoice_url       text,
    invoice_pdf              text,
    -- [{"description", "amount", "quantity", "price_id", "period_start", "period_end", "proration"}]
    line_items               jsonb       not null default '[]',
    attempt_count            integer     not null default 0,
    next_payment_attempt     timestamptz,
    period_start             timestamptz,
    period_end               timestamptz,
    due_date                 timestamptz,
    paid_at                  timestamptz,
    livemode                 boolean     not null default false,
    provider_stamp           timestamptz not null,
    created_at               timestamptz not null,            -- the provider's
    updated_at               timestamptz not null default now(),

    primary key (account_id, id),
    constraint invoices_once unique (account_id, provider, provider_invoice_id),
    constraint invoices_provider check (provider in ('stripe', 'paypal')),
    -- A draft deleted at the provider becomes void here.
    constraint invoices_status check (status in ('draft', 'open', 'paid', 'uncollectible', 'void')),
    constraint invoices_currency check (currency ~ '^[a-z]{3}$'),
    constraint invoices_amounts_not_negative
        check (amount_due >= 0 and amount_paid >= 0 and amount_remaining >= 0),
    constraint invoices_line_items_are_a_list check (jsonb_typeof(line_items) = 'array'),
    constraint invoices_attempts_not_negative check (attempt_count >= 0),
    constraint invoices_period check (period_end >= period_start)
) with (fillfactor = 85);
create index invoices_by_date on paydesk.invoices (account_id, created_at desc);

-- Money that moved, or failed to. The fact's key is what was paid for (source_kind, source_id: the
-- provider's id of the invoice, checkout or charge), because an invoice of 0 has no payment, and two
-- events about one payment are one payment.
create table paydesk.payments (
    account_id          uuid        not null,
    id                  uuid        not null,
    provider            text        not null,
    source_kind         text        not null,
    source_id           text        not null,
    provider_payment_id text,        -- payment intent or capture
    provider_charge_id  text,
    provider_invoice_id text,
    amount              bigint      not null,
    amount_refunded     bigint      not null default 0,
    currency            char(3)     not null,
    status              text        not null,
    description         text,
    receipt_url         text,
    metadata            jsonb       not null default '{}',
    provider_stamp      timestamptz,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),

    primary key (account_id, id),
    constraint payments_once unique (account_id, provider, source_kind, source_id),
    constraint payments_provider check (provider in ('stripe', 'paypal')),
    constraint payments_source_kind check (source_kind in ('invoice', 'checkout', 'charge')),
    constraint payments_currency check (currency ~ '^[a-z]{3}$'),
    constraint payments_amount_not_negative check (amount >= 0),
    constraint payments_refunded_within_amount check (amount_refunded between 0 and amount),
    constraint payments_status check
        (status in ('pending', 'succeeded', 'failed', 'refunded', 'partially_refunded')),
    constraint payments_refund_has_amount
        check ((status in ('refunded', 'partially_refunded')) = (amount_refunded > 0)),
    constraint payments_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
);
create index payments_by_date on paydesk.payments (account_id, created_at desc);
create index payments_by_provider_id on paydesk.payments (account_id, provider, provider_payment_id)
    where provider_payment_id is not null;

create table paydesk.payment_methods (
    account_id                 uuid        not null,
    id                         uuid        not null,
    provider                   text        not null,
    provider_payment_method_id text        not null,
    type                       text        not null,
    card_brand                 text,
    card_last4                 text,
    card_exp_month             smallint,
    card_exp_year              smallint,
    fingerprint                text,
    is_default                 boolean     not null default false,
    detached_at                timestamptz,
    provider_stamp             timestamptz,
    created_at                 timestamptz not null default now(),
    updated_at                 timestamptz not null default now(),

    primary key (account_id, id),
    constraint payment_methods_once unique (account_id, provider, provider_payment_method_id),
    constraint payment_methods_provider check (provider in ('stripe', 'paypal')),
    constraint payment_methods_last4 check (card_last4 ~ '^[0-9A-Za-z]{4}$'),
    constraint payment_methods_expiry
        check (card_exp_month between 1 and 12 and card_exp_year between 1970 and 9999),
    constraint payment_methods_detached_is_no_default check (not is_default or detached_at is null),
    -- At most one default per provider. Deferrable, so it is checked at the end of the statement and
    -- one statement flips it:
    --     update paydesk.payment_methods set is_default = (provider_payment_method_id = $3)
    --     where account_id = $1 and provider = $2
    --       and is_default <> (provider_payment_method_id = $3) and detached_at is null
    constraint payment_methods_one_default
        exclude using btree (account_id with =, provider with =) where (is_default)
        deferrable initially immediate
);

call paydesk.protect('checkouts', 'select, insert, update', service_reads => true);
call paydesk.protect('subscriptions', 'select, insert, update', service_reads => true);
call paydesk.protect('subscription_items', 'select, insert, update, delete', service_reads => true);
call paydesk.protect('invoices', 'select, insert, update', service_reads => true);
call paydesk.protect('payments', 'select, insert, update', service_reads => true);
call paydesk.protect('payment_methods', 'select, insert, update', service_reads => true);

grant select on paydesk.checkouts, paydesk.subscriptions, paydesk.subscription_items,
    paydesk.invoices, paydesk.payments, paydesk.payment_methods to authenticated;
create policy own on paydesk.checkouts for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.subscriptions for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.subscription_items for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.invoices for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.payments for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.payment_methods for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));

create trigger touch before update on paydesk.checkouts
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.subscriptions
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.invoices
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.payments
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.payment_methods
    for each row execute function paydesk.touch_updated_at();

-- Tombstones. An abandoned or expired checkout may still turn out to be complete: the buyer paid in
-- the moment in which we gave it up.
create trigger final_status before update of status on paydesk.subscriptions
    for each row execute function paydesk.keep_final_status('canceled', 'incomplete_expired');
create trigger final_status before update of status on paydesk.invoices
    for each row execute function paydesk.keep_final_status('paid', 'void');
create trigger final_status before update of status on paydesk.checkouts
    for each row execute function paydesk.keep_final_status('complete');

create trigger kept before delete or truncate on paydesk.subscriptions
    for each statement execute function paydesk.refuse_removal();
create trigger kept before delete or truncate on paydesk.invoices
    for each statement execute function paydesk.refuse_removal();
create trigger kept before delete or truncate on paydesk.payments
    for each statement execute function paydesk.refuse_removal();
