#!/bin/sh
# ./dev pg in a checkout of its own, through everything that can happen to one.
here=$(cd "$(dirname "$0")" && pwd -P)
source=$(cd "$here/../.." && pwd -P)
servers=.pg${VOICEDB_DEBIAN:+/$VOICEDB_DEBIAN}
planned=41
. "$here/tap.sh"

mkdir -p "$source/$servers"
base=$(mktemp -d "$source/$servers/test.XXXXXX") # the file system of the root that is linked there
checkout="$base/it's a checkout"

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

pg()
{
    "$checkout/dev" pg "$@"
}

sql()
{
    pg psql -XAtq -c "$1"
}

# await QUERY ANSWER: until the server gives it, for a minute.
await()
{
    tries=600
    until [ "$(sql "$1")" = "$2" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

pid()
{
    head -n 1 "$checkout/$servers/clusters/main/data/postmaster.pid"
}

clean_up()
{
    pg stop >/dev/null 2>&1
    as_root rm -rf "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The private root of the surrounding checkout is shared by hard links; it is not written to. A server from a private root
# needs no way into the directories above.
mkdir -p "$checkout/$servers" "$checkout/tools" "$checkout/tests"
cp "$source/dev" "$checkout/"
cp -r "$source/tools/dev" "$checkout/tools/"
cp -r "$source/tests/fixtures" "$checkout/tests/"
chmod 755 "$base"
if [ -d "$source/$servers/root" ]; then
    as_root cp -al "$source/$servers/root" "$checkout/$servers/root"
    chmod 700 "$base"
fi

# ---- a first start -----------------------------------------------------------------------------------------------------
pg status >/dev/null
is "status before: stopped" $? 3
is "psql before: not reached" "$(sql 'select 1' 2>/dev/null || echo "exit $?")" "exit 6"
mkdir -p "$checkout/$servers/clusters/main/data.new/base"
ok "start, with what an interrupted initdb left" pg start
ok "status: running" pg status
like "status tells versions" "$(pg status)" 'PostgreSQL [0-9.]+.*pgvector [0-9.]+'
is "the database is FusionPBX's" "$(sql "select count(*) from v_domains")" 0
is "role and database" "$(sql "select current_user || ' ' || current_database()")" "fusionpbx fusionpbx"
is "encoding" "$(sql 'show server_encoding')" UTF8
is "data checksums" "$(sql 'show data_checksums')" on
is "fsync" "$(sql 'show fsync')" on
is "no TCP" "$(sql 'show listen_addresses')" ""
is "the socket is its owner's alone" "$(stat -c %a "$checkout/$servers/clusters/main/socket")" 700
ok "the server is not root" test "$(stat -c %u "/proc/$(pid)")" -ne 0
ok "pgvector is there" sql 'create extension vector'
is "env is nothing but shell assignments" "$(pg env | grep -cv '^export [A-Z_]*=')" 0
is "env leads there" "$(eval "$(pg env)"; psql -XAtc 'select 1 from v_domains right join (select) x on true')" 1
is "env undoes what would lead elsewhere" "$(export PGHOSTADDR=192.0.2.1; eval "$(pg env)"; psql -XAtc 'select 2')" 2

# ---- again, and twice at once ------------------------------------------------------------------------------------------
sql "create table kept as select 'kept'::text as word" >/dev/null
first=$(pid)
is "a second start has nothing to do" "$(pg start 2>&1)" ""
is "a second start leaves the server alone" "$(pid)" "$first"
pg stop
pg start & one=$!
pg start & two=$!
wait "$one"
first=$?
wait "$two"
is "two starts at once succeed" "$first $?" "0 0"
is "one server runs" "$(sql 'select word from kept')" kept

# ---- killed ------------------------------------------------------------------------------------------------------------
sql 'select pg_sleep(60)' >/dev/null 2>&1 &
await "select count(*) from pg_stat_activity where wait_event = 'PgSleep'" 1
kill -KILL "$(pid)"
pg status >/dev/null
is "status of a killed server: stopped" $? 3
ok "start after SIGKILL, with a backend still at work" pg start 2>/dev/null
is "nothing is lost" "$(sql 'select word from kept')" kept
pg stop
sleep 300 &
other=$!
echo "$other" >"$checkout/$servers/clusters/main/data/postmaster.pid"
echo "$other" >"$checkout/$servers/clusters/main/socket/.s.PGSQL.5432.lock"
: >"$checkout/$servers/clusters/main/socket/.s.PGSQL.5432"
pg status >/dev/null
is "another process with a stale file's number is no server" $? 3
ok "start with a stale pid file and a stale socket" pg start
ok "that other process lives on" kill -0 "$other"
kill "$other"

pg stop
cp -a "$checkout/$servers/clusters/main/data" "$base/data"
rm "$checkout/$servers/clusters/main/data/PG_VERSION"
said=$(pg start 2>&1)
is "start on what is left of a cluster" $? 0
like "it says what it is" "$said" 'what is left of cluster main has no PG_VERSION'
is "and makes a new one" "$(sql "select to_regclass('kept') is null and to_regclass('v_domains') is not null")" t
pg stop
rm -rf "$checkout/$servers/clusters/main/data"
mv -T "$base/data" "$checkout/$servers/clusters/main/data"
ok "another cluster's data can take its place" pg start

# ---- moved -------------------------------------------------------------------------------------------------------------
mv "$checkout" "$base/moved while it runs"
checkout="$base/moved while it runs"
is "a running server follows its checkout" "$(sql 'select word from kept')" kept
ok "stop after the move" pg stop
pg status >/dev/null
is "status: stopped" $? 3
long="$base/$(printf '%080d' 0)/a,b"
mkdir -p "$long"
mv "$checkout" "$long/checkout"
checkout=$long/checkout
ok "start where the path is too long for a socket" pg start
is "the data moved along" "$(sql 'select word from kept')" kept
link=$(eval "$(pg env)"; echo "$PGHOST")
ok "a short link stands for the socket's directory" test -L "$link"
pg stop
ok "stop removes the link" test ! -e "$link"

# ---- settings, several clusters, the end -------------------------------------------------------------------------------
echo "work_mem = '7MB'" >"$base/settings"
pg --conf "$base/settings" start 2>/dev/null
is "settings of one's own" "$(sql 'show work_mem')" 7MB
pg --cluster other start 2>/dev/null
pg --cluster other drop
ok "drop takes a cluster away" test ! -e "$checkout/$servers/clusters/other"
is "and no other one" "$(sql 'select word from kept')" kept
done_testing
