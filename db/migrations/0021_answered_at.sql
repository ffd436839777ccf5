-- 0021_answered_at: when the provider was asked last.
--
-- Why     An answer of the provider moves no stamp, so a webhook of an older change that came late undid for a moment
--         what the answer had said: a cancellation was gone until its own webhook came. What was asked for after an
--         event happened knows better; where the two disagree the provider is asked again.
-- Locks   ACCESS EXCLUSIVE on both tables for a moment: no row is written anew.
-- Undo    alter table paydesk.subscriptions drop column answered_at;
--         alter table paydesk.subscription_schedules drop column answered_at;

alter table paydesk.subscriptions add column answered_at timestamptz;
alter table paydesk.subscription_schedules add column answered_at timestamptz;
