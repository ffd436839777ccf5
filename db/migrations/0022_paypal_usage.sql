-- 0022_paypal_usage: what is used on PayPal's plans becomes invoices of our own.
--
-- Why     PayPal has no draft that a line could be added to. A job rates its ended periods and makes an invoice, and says
--         itself that a period is invoiced. The trigger that says so for Stripe's renewals took PayPal's as well, whose
--         invoices name the period that they pay in advance: all that was used in it counted as late. What was used
--         in periods that have begun until now is not charged, as it was said.
--         The first event of a metric that comes while its ended period is invoiced is flagged as late, too.
-- Locks   usage_periods: ACCESS EXCLUSIVE until those of PayPal are marked and their index is built. invoices: SHARE ROW EXCLUSIVE
--         while its index is built. usage_totals: the same for a moment.
-- Undo    drop trigger first_late_is_flagged on paydesk.usage_totals; drop function paydesk.refuse_unflagged_first_usage();
--         drop index paydesk.usage_periods_of_paypal, paydesk.invoices_of_usage; the trigger usage_invoiced as 0015 has it.

drop trigger usage_invoiced on paydesk.invoices;
create trigger usage_invoiced after insert or update of status on paydesk.invoices
    for each row when (new.provider = 'stripe' and new.status in ('open', 'paid', 'uncollectible')
                       and new.billing_reason = 'subscription_cycle' and new.provider_subscription_id is not null)
    execute function paydesk.mark_usage_invoiced();

-- The owner sees all of it for this statement, whoever that is.
alter table paydesk.usage_periods no force row level security;
update paydesk.usage_periods set invoiced_at = now() where provider = 'paypal' and invoiced_at is null;
alter table paydesk.usage_periods force row level security;

-- The few that their buyers have to pay: who has not is reminded.
create index invoices_of_usage on paydesk.invoices (created_at) where billing_reason = 'usage' and status = 'open';
create index usage_periods_of_paypal on paydesk.usage_periods (ends_at, account_id, starts_at)
    where provider = 'paypal' and invoiced_at is null;

-- late_is_flagged sees to metrics that have been counted in the period; this one to the first event of one. Who invoices
-- the period locks its row: either that waits for us and sees the event, or we wait and count it anew, as late.
create function paydesk.refuse_unflagged_first_usage() returns trigger
language plpgsql set search_path = '' as $$
declare
    invoiced_at timestamptz;
begin
    for invoiced_at in
        select p.invoiced_at from paydesk.usage_periods p
        where p.account_id = new.account_id and p.starts_at = new.period_start for share
    loop
        if invoiced_at is not null then
            raise exception 'usage of % was invoiced meanwhile', new.metric using errcode = 'serialization_failure';
        end if;
    end loop;
    return new;
end $$;
revoke execute on function paydesk.refuse_unflagged_first_usage() from public, anon, authenticated, service_role;
create trigger first_late_is_flagged before insert on paydesk.usage_totals
    for each row when (new.period_end <= now() and new.events <> new.late_events)
    execute function paydesk.refuse_unflagged_first_usage();
