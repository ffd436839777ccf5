-- The server's own session, as it logs in: what it may become, and that nothing of a user stays behind.
\ir fixture.sql
set session authorization paydesk_server;

-- A read as a user, as db::run_as() does it.
savepoint request;
select set_config('role', 'authenticated', true), set_config('request.jwt.claims', pg_claims.claims, true)
from (select format('{"sub": "%s", "role": "authenticated"}', :ann) as claims) pg_claims \g /dev/null
select current_user as who, count(*) as seen, (select count(*) from paydesk.notifications) as notices
from paydesk.invoices \gset
rollback to request;
select current_user as who_after, count(*) as seen_after,
       coalesce(current_setting('request.jwt.claims', true), '') as claims_after
from paydesk.invoices \gset

-- What it must not become. "accepted" would be a way past row level security.
create temp table became (role text, outcome text);
do $$
declare
    target text;
begin
    foreach target in array array['service_role', 'authenticator', 'anon', 'authenticated'] loop
        if exists (select from pg_roles where rolname = target) then
            begin
                perform set_config('role', target, true);
                perform set_config('role', 'none', true);
                insert into became values (target, 'accepted');
            exception when insufficient_privilege then
                insert into became values (target, 'refused');
            end;
        end if;
    end loop;
    begin
        perform set_config('role', (select pg_get_userbyid(relowner) from pg_class
                                    where oid = 'paydesk.accounts'::regclass)::text, true);
        perform set_config('role', 'none', true);
        insert into became values ('the owner', 'accepted');
    exception when insufficient_privilege then
        insert into became values ('the owner', 'refused');
    end;
end $$;
reset session authorization;

select pg_temp.check('as the user', :'who', 'authenticated');
select pg_temp.check('sees invoices', :'seen', '1');
select pg_temp.check('sees notifications', :'notices', '1');
select pg_temp.check('after it', :'who_after', 'paydesk_server');
select pg_temp.check('after it the server sees all', :'seen_after', '3');
select pg_temp.check('after it the claims are gone', :'claims_after', '');
select pg_temp.check('become ' || role, outcome, case when role in ('anon', 'authenticated') then 'accepted' else 'refused' end)
from became;
