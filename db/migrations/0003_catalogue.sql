-- 0003_catalogue: plans, top-ups and their prices at the providers, filled by `paydesk plans sync`.
--
-- Why     Plan keys decide what costs money, not price ids from a browser; a price id is accepted
--         only if it is here. A price is never changed, as at Stripe: a new amount is a new row and
--         the old one becomes inactive, so that old subscriptions still find theirs.
-- Locks   New tables only.
-- Undo    drop table paydesk.plan_prices, paydesk.plans.

create table paydesk.plans (
    plan_key          text        primary key,           -- 'pro'
    kind              text        not null default 'plan',
    plan_family       text        not null default 'main',  -- one live subscription per family
    name              text        not null,
    description       text        not null default '',
    tier              text        not null default 'free',
    rank              integer     not null default 0,    -- higher is an upgrade
    features          jsonb       not null default '[]', -- texts, in the order to show
    limits            jsonb       not null default '{}', -- metric -> number; -1: unlimited
    credits_per_month bigint      not null default 0,
    credits           bigint      not null default 0,    -- of a top_up: what one buys
    trial_days        integer     not null default 0,
    purchasable       boolean     not null default true, -- false: free, or "talk to us"
    is_active         boolean     not null default true,
    sort_order        integer     not null default 0,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),

    constraint plans_kind check (kind in ('plan', 'top_up')),
    constraint plans_features_are_a_list check (jsonb_typeof(features) = 'array'),
    constraint plans_limits_are_an_object check (jsonb_typeof(limits) = 'object'),
    constraint plans_credits_not_negative check (credits_per_month >= 0 and credits >= 0),
    constraint plans_top_up_has_credits check (kind = 'plan' or credits > 0),
    constraint plans_trial_days check (trial_days between 0 and 730)
);

create table paydesk.plan_prices (
    plan_key            text        not null,
    billing_cycle       text        not null,
    currency            char(3)     not null,
    unit_amount         bigint      not null,  -- minor units
    provider            text        not null,
    provider_price_id   text        not null,
    provider_product_id text,
    lookup_key          text,
    is_active           boolean     not null default true,
    created_at          timestamptz not null default now(),

    primary key (plan_key, billing_cycle, currency, provider, provider_price_id),
    constraint plan_prices_known_once unique (provider, provider_price_id, currency),
    constraint plan_prices_billing_cycle check (billing_cycle in ('monthly', 'yearly', 'one_time')),
    constraint plan_prices_currency check (currency ~ '^[a-z]{3}$'),
    constraint plan_prices_amount_not_negative check (unit_amount >= 0),
    constraint plan_prices_provider check (provider in ('stripe', 'paypal'))
);
-- What a new checkout buys is never ambiguous.
create unique index plan_prices_one_active
    on paydesk.plan_prices (plan_key, billing_cycle, currency, provider) where is_active;

call paydesk.protect('plans', 'select, insert, update', service_reads => true);
call paydesk.protect('plan_prices', 'select, insert, update', service_reads => true);

grant select on paydesk.plans, paydesk.plan_prices to anon, authenticated;
create policy offered on paydesk.plans for select to anon, authenticated using (is_active);
create policy offered on paydesk.plan_prices for select to anon, authenticated
    using (is_active and exists (select from paydesk.plans p
                                 where p.plan_key = plan_prices.plan_key and p.is_active));

create trigger touch before update on paydesk.plans
    for each row execute function paydesk.touch_updated_at();
