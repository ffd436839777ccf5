#!/usr/bin/env bash
# What the database must do by itself, without any C++: isolation, refusals, lint, views.
#
#     db/tests/run.sh                  in a private cluster of its own, gone afterwards
#     db/tests/run.sh URL [NAME...]    in throw-away databases of the cluster at URL (a superuser's)
#
# Each database is migrated as in life, then every NAME_test.sql runs in it. A test file reports with
# check() of harness.sql; a file that breaks off, or checks nothing, is a failure. Last line:
# "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
db=$(dirname "$here")
work=$(mktemp -d)
made=() cluster='' owner=paydesk_test_postgres

tidy_up() {
    local name
    for name in "${made[@]}"; do
        psql -qX -d "$url" -c "drop database if exists $name with (force)" >/dev/null 2>&1 || true
    done
    if [[ -z $cluster ]]; then psql -qX -d "$url" -c "drop role if exists $owner" >/dev/null 2>&1 || true; fi
    if [[ -n $cluster ]]; then as_postgres "$bin/pg_ctl" -D "$cluster/data" -m immediate -w stop >/dev/null || true; fi
    rm -rf "$work" ${cluster:+"$cluster"}
}
trap tidy_up EXIT

as_postgres() { if [[ $(id -u) == 0 ]]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi; }

start_cluster() { # the superuser is called supabase_admin, as at Supabase
    bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -1)
    [[ -n $bin ]] || { echo "run.sh: no PostgreSQL server found (package postgresql-15)" >&2; exit 1; }
    cluster=$(mktemp -d); chmod 755 "$cluster"
    if [[ $(id -u) == 0 ]]; then chown postgres "$cluster"; fi
    (cd "$cluster" && as_postgres "$bin/initdb" -D "$cluster/data" -U supabase_admin -A trust --no-sync \
        -E UTF8 --locale=C.UTF-8 >"$work/initdb.log" 2>&1) || { cat "$work/initdb.log" >&2; exit 1; }
    (cd "$cluster" && as_postgres "$bin/pg_ctl" -D "$cluster/data" -l "$cluster/log" -w start -o \
        "-c listen_addresses='' -k $cluster -c fsync=off -c full_page_writes=off" >/dev/null) \
        || { cat "$cluster/log" >&2; exit 1; }
    url="host=$cluster user=supabase_admin dbname=postgres"
}

url_of() { # the same server, another database
    if [[ $url =~ ^(postgres(ql)?://[^/?]*)(/[^?]*)?(\?.*)?$ ]]; then
        echo "${BASH_REMATCH[1]}/$1${BASH_REMATCH[4]}"
    else
        echo "$url dbname=$1"
    fi
}
sql() { psql -qXAt -v ON_ERROR_STOP=1 -d "$(url_of "$1")" "${@:2}"; }

create() { # create NAME [TEMPLATE]; NAME becomes paydesk_test_<pid>_NAME
    local name=paydesk_test_$$_$1
    made+=("$name")
    psql -qX -d "$url" -v ON_ERROR_STOP=1 -c "create database $name ${2:+template paydesk_test_$$_$2}"
}

migrate() { # migrate NAME [OWNER] -- FILES...: each in one transaction, as OWNER
    local name=paydesk_test_$$_$1 owner=$2 file become=()
    shift 2
    if [[ -n $owner ]]; then become=(-c "set session authorization $owner"); fi
    for file; do
        sql "$name" -1 "${become[@]}" -f "$file" >"$work/migrate.log" 2>&1 || return 1
        # A warning in a migration is something that nobody will read.
        if grep -q WARNING "$work/migrate.log"; then return 1; fi
    done
}

passed=0 failed=0
report() { # report NAME 0|1 [WHAT]
    if (($2 == 0)); then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAILED %s: %s\n' "$1" "$3"; fi
}

run_test() { # run_test DATABASE FILE
    local name; name="$1/$(basename "$2" _test.sql)"
    if ! sql "paydesk_test_$$_$1" -f "$here/harness.sql" -f "$2" -c 'select pg_temp.report()' \
        >"$work/out" 2>"$work/err"; then
        report "$name" 1 "broke off: $(tail -n 5 "$work/err")"
        return
    fi
    local p f
    read -r p f < <(sed -n 's/^TOTAL \([0-9]*\) \([0-9]*\)$/\1 \2/p' "$work/out") || { p=0; f=0; }
    sed -n "s|^FAILED |FAILED $name: |p" "$work/out"
    passed=$((passed + p)) failed=$((failed + f))
    if ((p + f == 0)); then report "$name" 1 "checked nothing"; fi
    printf '%-36s %5d passed, %d failed\n' "$name" "$p" "$f"
}

if (($#)); then url=$1; shift; else start_cluster; fi
tests=()
for name in "${@:-}"; do
    if [[ -z $name ]]; then tests=("$here"/*_test.sql); else tests+=("$here/${name}_test.sql"); fi
done

# Two simulated Supabase projects first, while paydesk_server is not there yet, then plain Postgres.
for grants in all none; do
    create "supabase_$grants"
    sql "paydesk_test_$$_supabase_$grants" -v owner=$owner -v grants=$grants -f "$here/simulated_supabase.sql"
    migrate "supabase_$grants" $owner "$db/supabase_shim.sql" "$db"/migrations/*.sql "$db"/public_views/*.sql \
        && report "supabase_$grants/migrate" 0 || report "supabase_$grants/migrate" 1 "$(cat "$work/migrate.log")"
done
# A team that has the views already: what comes later must migrate under them.
create upgraded
migrate upgraded '' "$db/supabase_shim.sql" "$db"/migrations/000[1-6]_*.sql "$db"/public_views/0001_*.sql \
    && migrate upgraded '' $(printf '%s\n' "$db"/migrations/*.sql | grep -v '/000[1-6]_') "$db"/public_views/*.sql \
    && report upgraded/migrate 0 || report upgraded/migrate 1 "$(cat "$work/migrate.log")"
create plain
migrate plain '' "$db/supabase_shim.sql" "$db"/migrations/*.sql "$db"/public_views/*.sql \
    && report plain/migrate 0 || report plain/migrate 1 "$(cat "$work/migrate.log")"

# What must be repeatable is, and a team's own table is never replaced.
migrate plain '' "$db/supabase_shim.sql" "$db"/public_views/*.sql \
    && report plain/repeat 0 || report plain/repeat 1 "$(cat "$work/migrate.log")"
create taken plain
sql "paydesk_test_$$_taken" -c 'drop view public.invoices; create table public.invoices (mine int); insert into public.invoices values (1)'
if migrate taken '' "$db"/public_views/*.sql; then
    report taken/refused 1 "the views were made over the team's table"
else
    grep -q "in the way of Paydesk's views.*public.invoices$" "$work/migrate.log" \
        && report taken/refused 0 || report taken/refused 1 "$(cat "$work/migrate.log")"
fi
[[ $(sql "paydesk_test_$$_taken" -c 'select mine from public.invoices') == 1 ]] \
    && report taken/kept 0 || report taken/kept 1 "the team's table has changed"

for database in supabase_all supabase_none plain; do
    for file in "${tests[@]}"; do run_test "$database" "$file"; done
done
run_test upgraded "$here/public_views_test.sql"

# The matrix and the lint must be able to fail: each line "-- finds TEST: WORDS" of forgotten_table.sql
# is a complaint that the test must make.
create forgotten plain
sql "paydesk_test_$$_forgotten" -f "$here/forgotten_table.sql"
before=("$passed" "$failed")
for name in isolation lint; do run_test forgotten "$here/${name}_test.sql"; done >"$work/forgotten"
passed=${before[0]} failed=${before[1]}
while IFS= read -r words; do
    grep -qF "FAILED forgotten/$words" "$work/forgotten" && report forgotten 0 \
        || report forgotten 1 "not noticed: $words"
done < <(sed -n 's/^-- finds //p' "$here/forgotten_table.sql")

echo "$passed passed, $failed failed"
((failed == 0))
