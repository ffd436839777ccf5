-- 0019_paypal: what PayPal's orders are for, and when a provider was last asked.
--
-- Why     PayPal has no prices of one-time things: an order names its amount, and a call that is repeated must
--         name the same one. PayPal loses webhooks: what they would have told is asked for (paypal_poll).
-- Locks   ACCESS EXCLUSIVE on checkouts for a moment: columns without a default.
-- Undo    drop table paydesk.provider_polls; alter table paydesk.checkouts drop column unit_amount,
--         drop column currency, drop column description;

alter table paydesk.checkouts
    add column unit_amount bigint,
    add column currency    char(3),
    add column description text,
    add constraint checkouts_amount check ((unit_amount is null) = (currency is null)
                                           and unit_amount > 0) not valid;
alter table paydesk.checkouts validate constraint checkouts_amount;

create table paydesk.provider_polls (
    account_id  uuid        not null,
    provider    text        not null,
    kind        text        not null,  -- as in provider_refs
    provider_id text        not null,
    polled_at   timestamptz not null,

    primary key (account_id, provider, kind, provider_id),
    constraint provider_polls_provider check (provider in ('stripe', 'paypal'))
);

-- delete: what nobody has asked about for a while is over.
call paydesk.protect('provider_polls', 'select, insert, update, delete', service_reads => false);

-- The few that the poller looks for.
create index subscriptions_of_paypal on paydesk.subscriptions (current_period_end)
    where provider = 'paypal' and status not in ('canceled', 'incomplete_expired');
create index checkouts_of_paypal on paydesk.checkouts (created_at)
    where provider = 'paypal' and status in ('open', 'processing');
create index refunds_of_paypal on paydesk.refunds (created_at)
    where provider = 'paypal' and status = 'pending' and provider_refund_id is not null;
create index charges_of_paypal on paydesk.charges (created_at)
    where provider = 'paypal' and status = 'pending';
