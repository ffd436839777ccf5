-- A table as someone in a hurry would add it. run.sh wants to see the tests complain about it.
create table paydesk.forgotten_table (
    id         bigserial primary key,
    account_id uuid references paydesk.accounts,
    note       text
);
grant select on paydesk.forgotten_table to authenticated;
create function paydesk.forgotten_table_count() returns bigint language sql security definer as
    'select count(*) from paydesk.forgotten_table';
create view paydesk.forgotten_table_view as select * from paydesk.forgotten_table;
