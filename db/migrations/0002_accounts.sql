-- 0002_accounts: who pays, who they are at a provider, and who may see what.
--
-- Why     Every row that belongs to someone carries account_id, first in every key and index. A
--         person's account has the id of their auth.users row, a team has an id of its own and
--         members. No foreign keys: billing evidence survives the deletion of a user, and a webhook
--         that comes before its customer must not fail.
-- Locks   New tables only.
-- Undo    drop table paydesk.provider_refs, paydesk.customers, paydesk.account_members,
--         paydesk.accounts; drop function paydesk.account_ids(), paydesk.person_id().

create table paydesk.accounts (
    account_id uuid        primary key,  -- of a person: their auth.users.id
    kind       text        not null default 'person',
    email      text,
    name       text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    closed_at  timestamptz,              -- closing is a date: accounts are never deleted

    constraint accounts_kind check (kind in ('person', 'team'))
);

-- Seats. An invitation is a row without user_id; accepting it fills user_id.
create table paydesk.account_members (
    account_id    uuid        not null,
    id            uuid        not null default gen_random_uuid(),
    user_id       uuid,
    role          text        not null default 'member',
    invited_email text,
    created_at    timestamptz not null default now(),
    joined_at     timestamptz,
    updated_at    timestamptz not null default now(),

    primary key (account_id, id),
    constraint account_members_once unique (account_id, user_id),
    constraint account_members_role check (role in ('owner', 'admin', 'member')),
    constraint account_members_someone check (user_id is not null or invited_email is not null)
);
create unique index account_members_invited_once
    on paydesk.account_members (account_id, lower(invited_email)) where user_id is null;
-- From a person to their teams: what every policy asks.
create index account_members_by_user on paydesk.account_members (user_id, account_id)
    where user_id is not null;

-- The person who asks. A `sub` that is no UUID (another identity provider's token) is nobody here,
-- where auth.uid() alone would fail the whole statement.
create function paydesk.person_id() returns uuid
language plpgsql stable security invoker set search_path = '' as $$
begin
    return auth.uid();
exception when invalid_text_representation then
    return null;
end $$;

-- The accounts of the person who asks: their own and their teams'. Written in policies as
--     account_id = any ((select paydesk.account_ids())::uuid[])
-- so that it runs once per statement and an index that begins with account_id is used. Runs with
-- the caller's rights: it needs no power that the caller has not.
create function paydesk.account_ids() returns uuid[]
language plpgsql stable security invoker set search_path = '' as $$
declare
    person uuid := paydesk.person_id();
begin
    if person is null then
        return '{}';
    end if;
    return person || array(select m.account_id from paydesk.account_members m where m.user_id = person);
end $$;

revoke execute on function paydesk.person_id(), paydesk.account_ids()
    from public, anon, authenticated, service_role;
grant execute on function paydesk.person_id(), paydesk.account_ids() to authenticated;

-- The account at the provider: one row per provider, which makes a second customer impossible.
create table paydesk.customers (
    account_id                uuid        not null,
    provider                  text        not null,
    provider_customer_id      text,        -- NULL: we intend to create it and the provider has not answered
    email                     text,
    name                      text,
    default_payment_method_id text,        -- the provider's id
    provider_stamp            timestamptz, -- newest snapshot applied, by the provider's clock
    deleted_at                timestamptz, -- deleted at the provider
    created_at                timestamptz not null default now(),
    updated_at                timestamptz not null default now(),

    primary key (account_id, provider),
    constraint customers_provider check (provider in ('stripe', 'paypal'))
);

-- The only table that is keyed by a provider's id: whose is this object? A provider's id belongs to
-- one account for ever.
create table paydesk.provider_refs (
    provider    text not null,
    kind        text not null,
    provider_id text not null,
    account_id  uuid not null,

    primary key (provider, kind, provider_id),
    constraint provider_refs_provider check (provider in ('stripe', 'paypal')),
    -- Spelled as provider::ObjectKind, and `payment` for a payment intent or a capture.
    constraint provider_refs_kind check (kind in ('customer', 'subscription', 'invoice',
        'payment_method', 'checkout', 'charge', 'payment', 'refund', 'dispute', 'other'))
);

call paydesk.protect('accounts', 'select, insert, update', service_reads => true);
call paydesk.protect('account_members', 'select, insert, update, delete', service_reads => true);
call paydesk.protect('customers', 'select, insert, update', service_reads => true);
call paydesk.protect('provider_refs', 'select, insert', service_reads => false);

grant select on paydesk.accounts, paydesk.account_members, paydesk.customers to authenticated;
create policy own on paydesk.accounts for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
-- Their own seats only: account_ids() reads this table, and a list of a team's members is the API's.
create policy own on paydesk.account_members for select to authenticated
    using (user_id = (select paydesk.person_id()));
create policy own on paydesk.customers for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));

create trigger touch before update on paydesk.accounts
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.account_members
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.customers
    for each row execute function paydesk.touch_updated_at();
create trigger kept before delete or truncate on paydesk.accounts
    for each statement execute function paydesk.refuse_removal();
