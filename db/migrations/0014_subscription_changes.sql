-- 0014_subscription_changes: scheduled changes of plan, why people leave, seats and invitations, trials.
--
-- Why     What a subscription will become is a fact of its own, told by the provider's schedule, and must
--         be visible before it happens. Seats are sold by quantity: the database itself refuses a member
--         too many. A trial is for a person, and a card is how one person is known under two names.
-- Locks   subscriptions, account_members, provider_refs: ACCESS EXCLUSIVE for a moment (columns without
--         default, a wider check); then new objects.
-- Undo    drop view paydesk.seats; drop table paydesk.trials, paydesk.subscription_schedules; drop trigger
--         within_seats on paydesk.account_members; drop function paydesk.keep_members_within_seats(); alter table
--         paydesk.account_members drop invitation_sha256, drop invited_by, drop expires_at; alter table
--         paydesk.subscriptions drop cancel_feedback, drop cancel_comment.

alter table paydesk.subscriptions
    add column cancel_feedback text,  -- Stripe's cancellation_details: 'too_expensive', 'unused' ...
    add column cancel_comment  text;  -- in the customer's words

alter table paydesk.provider_refs drop constraint provider_refs_kind;
alter table paydesk.provider_refs add constraint provider_refs_kind check (kind in ('customer',
    'subscription', 'invoice', 'payment_method', 'checkout', 'charge', 'payment', 'refund', 'dispute',
    'subscription_schedule', 'other'));

-- A subscription schedule, as far as it will change the subscription: from effective_at on it is this
-- plan, price and quantity. Without effective_at nothing is scheduled (any more).
create table paydesk.subscription_schedules (
    account_id               uuid        not null,
    id                       uuid        not null,
    provider                 text        not null,
    provider_schedule_id     text        not null,
    provider_subscription_id text,        -- NULL: it has not begun
    status                   text        not null,
    effective_at             timestamptz,
    plan_key                 text,        -- NULL: a price that the catalogue does not know
    plan_name                text        not null default '',
    billing_cycle            text,
    price_id                 text,
    quantity                 bigint,
    unit_amount              bigint,
    currency                 char(3),
    livemode                 boolean     not null default false,
    provider_stamp           timestamptz not null,
    created_at               timestamptz not null default now(),
    updated_at               timestamptz not null default now(),

    primary key (account_id, id),
    constraint subscription_schedules_once unique (account_id, provider, provider_schedule_id),
    constraint subscription_schedules_provider check (provider in ('stripe', 'paypal')),
    constraint subscription_schedules_status
        check (status in ('not_started', 'active', 'completed', 'released', 'canceled')),
    constraint subscription_schedules_billing_cycle check (billing_cycle in ('monthly', 'yearly', 'one_time')),
    constraint subscription_schedules_change_is_whole
        check ((effective_at is null) = (price_id is null) and (effective_at is null) = (quantity is null)),
    constraint subscription_schedules_quantity_not_negative check (quantity >= 0),
    constraint subscription_schedules_amount_not_negative check (unit_amount >= 0),
    constraint subscription_schedules_currency check (currency ~ '^[a-z]{3}$')
);
create index subscription_schedules_live on paydesk.subscription_schedules
    (account_id, provider, provider_subscription_id) where status in ('not_started', 'active');

-- An invitation's secret is mailed; here is its hash.
alter table paydesk.account_members
    add column invitation_sha256 bytea,
    add column invited_by        uuid,        -- user
    add column expires_at        timestamptz, -- of an invitation
    add constraint account_members_invitation_sha256 check (length(invitation_sha256) = 32);
-- It is found by its token alone: who accepts does not know the account yet.
create unique index account_members_by_invitation on paydesk.account_members (invitation_sha256)
    where invitation_sha256 is not null;

-- How many seats an account has (NULL: unlimited) and how many are taken. The owner has one, so has each
-- member, and an invitation keeps one until it expires. A plan's limit `seats` is per unit; without it a
-- unit is a seat; without a subscription there is the owner's.
create view paydesk.seats with (security_invoker = true) as
select a.account_id,
       case when coalesce(p.unlimited, false) then null else greatest(coalesce(p.seats, 1), 1) end as seats,
       1 + m.members + m.invitations as used,
       m.members, m.invitations
from paydesk.accounts a
left join lateral (
    select bool_or(r.per_unit = -1) as unlimited, max(s.quantity * greatest(r.per_unit, 1)) as seats
    from paydesk.subscriptions s
    join paydesk.plans q on q.plan_key = s.plan_key
    cross join lateral (select coalesce((q.limits ->> 'seats')::bigint, 1) as per_unit) r
    where s.account_id = a.account_id and s.plan_family = 'main'
      and s.status in ('active', 'trialing', 'past_due')) p on true
cross join lateral (
    select count(*) filter (where t.user_id is not null) as members,
           count(*) filter (where t.user_id is null and coalesce(t.expires_at > now(), true)) as invitations
    from paydesk.account_members t where t.account_id = a.account_id) m;

-- The lock on the account makes two invitations of the last seat come one after the other.
create function paydesk.keep_members_within_seats() returns trigger
language plpgsql set search_path = '' as $$
declare
    taken paydesk.seats;
begin
    perform from paydesk.accounts a where a.account_id = new.account_id for no key update;
    select * into taken from paydesk.seats s where s.account_id = new.account_id;
    if taken.used > taken.seats then
        raise exception 'account % has % seats, all taken', new.account_id, taken.seats
            using errcode = 'check_violation', constraint = 'account_members_within_seats';
    end if;
    return null;
end $$;
create trigger within_seats after insert or update of user_id, expires_at on paydesk.account_members
    for each row execute function paydesk.keep_members_within_seats();

-- Every trial that ever began, and the card that was given for it once that is known.
create table paydesk.trials (
    account_id               uuid        not null,
    provider                 text        not null,
    provider_subscription_id text        not null,
    started_at               timestamptz not null,
    fingerprint              text,        -- of the card, the provider's; the same under all accounts
    refused_at               timestamptz, -- ended because another account had a trial with this card
    created_at               timestamptz not null default now(),

    primary key (account_id, provider, provider_subscription_id),
    constraint trials_provider check (provider in ('stripe', 'paypal'))
);
create index trials_by_fingerprint on paydesk.trials (provider, fingerprint) where fingerprint is not null;

call paydesk.protect('subscription_schedules', 'select, insert, update', service_reads => true);
call paydesk.protect('trials', 'select, insert, update', service_reads => true);
revoke execute on function paydesk.keep_members_within_seats()
    from public, anon, authenticated, service_role;
revoke all on paydesk.seats from public, anon, authenticated, service_role;
grant select on paydesk.seats to service_role, paydesk_server;

grant select on paydesk.subscription_schedules to authenticated;
create policy own on paydesk.subscription_schedules for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));

create trigger touch before update on paydesk.subscription_schedules
    for each row execute function paydesk.touch_updated_at();
create trigger final_status before update of status on paydesk.subscription_schedules
    for each row execute function paydesk.keep_final_status('completed', 'released', 'canceled');
create trigger kept before delete or truncate on paydesk.trials
    for each statement execute function paydesk.refuse_removal();
