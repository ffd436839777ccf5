-- A table as someone in a hurry would add it. run.sh wants to see each of these complaints:
-- finds isolation: paydesk.forgotten_table has a rule
-- finds isolation: ann: select paydesk.forgotten_table:
-- finds isolation: ann: update note of paydesk.forgotten_table:
-- finds isolation: anon: delete paydesk.forgotten_table:
-- finds isolation: anon: truncate paydesk.forgotten_table:
-- finds isolation: anon: execute paydesk.forgotten_count()
-- finds isolation: paydesk.forgotten_view has a rule
-- finds isolation: ann: update note of paydesk.invoices:
-- finds lint: finding: expected "", got "row level security is off or not forced: paydesk.forgotten_table"
-- finds lint: finding: expected "", got "foreign key: paydesk.forgotten_table -> paydesk.accounts"
-- finds lint: finding: expected "", got "sequence: paydesk.forgotten_table_id_seq"
-- finds lint: finding: expected "", got "unique key without account_id: paydesk.forgotten_table.forgotten_table_pkey"
-- finds lint: finding: expected "", got "unique key not led by account_id: paydesk.forgotten_table.late"
-- finds lint: finding: expected "", got "index not led by account_id: paydesk.forgotten_table.forgotten_table_note_idx"
-- finds lint: finding: expected "", got "indexes twice: paydesk.forgotten_table (paydesk.again, paydesk.forgotten_table_note_idx)"
-- finds lint: finding: expected "", got "account_id may be null: paydesk.forgotten_table"
-- finds lint: finding: expected "", got "type double precision: paydesk.forgotten_table.price"
-- finds lint: finding: expected "", got "amount is not bigint: paydesk.forgotten_table.amount_due"
-- finds lint: finding: expected "", got "constraint without a name of its own: forgotten_table_amount_due_check"
-- finds lint: finding: expected "", got "no policy for paydesk_server: paydesk.forgotten_table"
-- finds lint: finding: expected "", got "policy without a role: paydesk.forgotten_table.all"
-- finds lint: finding: expected "", got "policy for writing without a check: paydesk.forgotten_table.all"
-- finds lint: finding: expected "", got "policy calls a function per row: paydesk.forgotten_table.all"
-- finds lint: finding: expected "", got "view without security_invoker: paydesk.forgotten_view"
-- finds lint: finding: expected "", got "function with an open search_path: paydesk.forgotten_count()"
-- finds lint: finding: expected "", got "security definer: paydesk.forgotten_count()"
-- finds lint: finding: expected "", got "granted to PUBLIC: execute on paydesk.forgotten_count()"
-- finds lint: finding: expected "", got "granted to PUBLIC: SELECT on paydesk.forgotten_table"
-- finds lint: finding: expected "", got "with grant option: UPDATE on paydesk.forgotten_table to authenticated"
-- finds lint: finding: expected "", got "published, yet the server may delete: paydesk.forgotten_table"
-- finds lint: finding: expected "", got "enum type: forgotten"

create table paydesk.forgotten_table (
    id         bigserial primary key,
    account_id uuid references paydesk.accounts,
    note       text,
    price      double precision,
    amount_due integer check (amount_due >= 0),
    constraint late unique (note, account_id)
);
create index on paydesk.forgotten_table (note);
create index again on paydesk.forgotten_table (note);
create policy "all" on paydesk.forgotten_table using (account_id = auth.uid());
grant select on paydesk.forgotten_table to public;
grant select, delete, truncate on paydesk.forgotten_table to anon;
grant update on paydesk.forgotten_table to authenticated with grant option;
grant delete on paydesk.forgotten_table to paydesk_server;
alter publication supabase_realtime add table paydesk.forgotten_table;
create function paydesk.forgotten_count() returns bigint language sql security definer as
    'select count(*) from paydesk.forgotten_table';
create view paydesk.forgotten_view as select * from paydesk.forgotten_table;
create type paydesk.forgotten as enum ('a', 'b');
-- and a column that was added to a table of ours, with a right too many
alter table paydesk.invoices add column note text;
grant update (note) on paydesk.invoices to authenticated;
