-- 0009_emails: the e-mail outbox, what an invoice document needs to be complete, exchange rates.
--
-- Why     An e-mail is written in the transaction of the fact that it tells, beside the notification,
--         and sent later: a fact that was rolled back is never mailed, one that was committed is
--         mailed although the process dies. An invoice that names neither buyer nor tax is none in
--         most countries. A foreign amount is only ever shown beside the rate, its date and source.
-- Locks   ACCESS EXCLUSIVE on accounts and invoices for a moment: constant defaults rewrite nothing.
-- Undo    drop table paydesk.emails, paydesk.exchange_rates; alter table paydesk.accounts drop column
--         language; alter table paydesk.invoices drop column discount_amount, drop column tax_amount,
--         drop column taxes_inclusive, drop column bill_to.

alter table paydesk.accounts
    add column language text,  -- of their e-mails and documents: 'en', 'de'; NULL: the server's default
    add constraint accounts_language check (language ~ '^[a-z]{2}$');

alter table paydesk.invoices
    add column discount_amount bigint  not null default 0,
    add column tax_amount      bigint  not null default 0,
    add column taxes_inclusive boolean not null default false,  -- the tax is part of the prices
    -- {"name", "email", "address": [lines], "tax_ids": [texts]}: as it was when the invoice was made.
    add column bill_to         jsonb   not null default '{}',
    add constraint invoices_discount_not_negative check (discount_amount >= 0),
    add constraint invoices_bill_to_is_an_object check (jsonb_typeof(bill_to) = 'object');

-- One row per fact, as paydesk.notifications: insert ... on conflict (account_id, fact_key) do nothing.
-- Life: queued -> sent; skipped (no mail server is configured, no address is known); dead (refused for
-- good, or tried for days), which an operator may queue again. A queued mail is claimed by moving
-- next_attempt_at into the future: that is the sender's lease.
create table paydesk.emails (
    account_id      uuid        not null,
    id              uuid        not null default gen_random_uuid(),
    fact_key        text        not null,
    kind            text        not null,               -- the template
    recipient       text,                               -- NULL: to be found when it is sent
    language        text,                               -- NULL: the server's default
    data            jsonb       not null default '{}',  -- what the template says, unformatted
    status          text        not null default 'queued',
    attempts        integer     not null default 0,
    next_attempt_at timestamptz not null default now(),
    error           text,
    message_id      text,                               -- of the header; one for all attempts
    created_at      timestamptz not null default now(),
    sent_at         timestamptz,

    primary key (account_id, id),
    constraint emails_once unique (account_id, fact_key),
    constraint emails_status check (status in ('queued', 'sent', 'skipped', 'dead')),
    constraint emails_sent_is_dated check ((status = 'sent') = (sent_at is not null)),
    constraint emails_attempts_not_negative check (attempts >= 0),
    constraint emails_data_is_an_object check (jsonb_typeof(data) = 'object'),
    -- Of a header line: whoever puts a line break here would write headers of his own.
    constraint emails_recipient_is_one_line check (recipient !~ '[[:cntrl:]]')
) with (fillfactor = 85);
create index emails_due on paydesk.emails (next_attempt_at) where status = 'queued';
create index emails_by_date on paydesk.emails (account_id, created_at desc, id desc);

-- For showing an amount in another currency, never for charging. No rate comes with the program:
-- without a row nothing is converted. A correction is a row of a later time.
create table paydesk.exchange_rates (
    base       char(3)     not null,
    quote      char(3)     not null,
    as_of      date        not null,
    rate       numeric     not null,  -- one `base` is so many `quote`
    source     text        not null,  -- "ECB", "RBI reference rate": shown beside the amount
    created_at timestamptz not null default now(),

    primary key (base, quote, as_of),
    constraint exchange_rates_currencies
        check (base ~ '^[a-z]{3}$' and quote ~ '^[a-z]{3}$' and base <> quote),
    constraint exchange_rates_rate check (rate > 0 and rate < 1e9),
    constraint exchange_rates_source check (length(source) between 1 and 100)
);

call paydesk.protect('emails', 'select, insert, update', service_reads => true);
call paydesk.protect('exchange_rates', 'select, insert, update', service_reads => true);

-- Of their own mails people see the list; exchange rates are for everyone who sees a price.
grant select on paydesk.emails to authenticated;
create policy own on paydesk.emails for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
grant select on paydesk.exchange_rates to anon, authenticated;
create policy everyone on paydesk.exchange_rates for select to anon, authenticated using (true);
