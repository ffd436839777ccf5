-- 0023_credits_of_several_subscriptions: a grant of nothing, which only ends a slot's buckets.
--
-- Why     The end of a subscription that is followed by no free plan's month (another family's, or a catalogue whose
--         free plan gives none) left its buckets as they were: who had paid by the year got credits for months on.
-- Locks   credit_grants: ACCESS EXCLUSIVE while its rows are looked at.
-- Undo    the constraint credit_grants_amount as 0008_credits has it, once no grant of 0 is there.

alter table paydesk.credit_grants drop constraint credit_grants_amount,
    add constraint credit_grants_amount
        check (amount between 0 and 1000000000000 and (amount > 0 or supersedes));
