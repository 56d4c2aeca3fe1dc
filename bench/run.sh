#!/bin/sh
# Runs the measurements, or the one that is named, on the cluster that libpq's environment points at. `./dev bench` calls it.
# With --quick the sizes are small, to see that everything works, and nothing is written to RESULTS.md. The databases of
# knowledge and of tenantvec are kept in the cluster: `./dev pg --cluster bench drop` gives their 17 GB back. `--prepare
# knowledge` and `--prepare tenantvec` make them and measure nothing, so that the measurement itself is short and has the
# machine to itself.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd -P)
programs=$VOICEDB_BUILD/bench
quick='' prepare=''
while :; do
    case ${1:-} in
    --quick) quick=--quick ;;
    --prepare) prepare=yes ;;
    *) break ;;
    esac
    shift
done

# kept_database NAME: makes it unless it is there, and brings its schema up to date.
kept_database()
{
    export PGDATABASE=postgres
    exists=$(psql -XAtc "SELECT 1 FROM pg_database WHERE datname = '$1'")
    [ -n "$exists" ] || createdb "$1"
    export PGDATABASE="$1"
    [ -n "$exists" ] || psql -Xq -1 -v ON_ERROR_STOP=1 -f "$top/tests/fixtures/fusionpbx.sql"
    voicedb migrate >"$found" 2>&1 || {
        cat "$found" >&2
        exit 1
    }
}

fresh_database()
{
    export PGDATABASE=postgres
    PGOPTIONS='-c client_min_messages=warning' dropdb --if-exists "$1"
    kept_database "$1"
}

# Data that take minutes to make and to load are made once and kept.
prepare_knowledge()
{
    kept_database "bench_knowledge${quick:+_quick}"
    # shellcheck disable=SC2086
    "$programs/bench-knowledge" $quick --prepare
}

prepare_tenantvec()
{
    for set in $("$programs/bench-tenantvec-load" --list); do
        kept_database "bench_tenantvec_${quick:+quick_}$set"
        # shellcheck disable=SC2086
        "$programs/bench-tenantvec-load" $quick "$set"
    done
    # shellcheck disable=SC2086
    "$programs/bench-tenantvec" $quick --prepare
}

drop_database()
{
    export PGDATABASE=postgres
    dropdb "$1"
}

# with_psql COMMAND...: adds the words that start psql itself: starting a shell around it would count as psql's time.
with_psql()
{
    root=${VOICEDB_PG_ROOT:-}
    if [ -z "$root" ]; then
        "$@" psql
        return
    fi
    for loader in "$root"/usr/lib/*-linux-gnu*/ld-linux*.so.*; do :; done
    for libraries in "$root"/usr/lib/*-linux-gnu*/libpq.so.5; do :; done
    for binary in "$root"/usr/lib/postgresql/*/bin/psql; do :; done
    "$@" "$loader" --library-path "${libraries%/*}" "$binary"
}

# $quick is one option or none.
# shellcheck disable=SC2086
measure()
{
    case $1 in
    search) "$programs/bench-search" $quick && echo && "$programs/bench-recall" $quick ;;
    overhead) "$programs/bench-load" $quick && "$programs/bench-overhead" $quick ;;
    ingest) with_psql "$programs/bench-ingest" $quick voicedb ;;
    call)
        "$programs/bench-call" $quick && echo && "$programs/bench-context" $quick && echo && "$programs/bench-transfer" $quick ;;
    webhook) "$programs/bench-webhook" $quick ;;
    knowledge) python3 "$top/bench/knowledge.py" "$programs/bench-knowledge" $quick ;;
    migrate) with_psql "$programs/bench-migrate" $quick voicedb ;;
    backup) "$programs/bench-load" $quick && sh "$top/bench/backup.sh" $quick ;;
    extract) python3 "$top/bench/extract.py" $quick "$VOICEDB_BUILD/src/cli" ;;
    doctor) "$programs/bench-load" $quick && sh "$top/bench/doctor.sh" $quick ;;
    tenantvec) "$programs/bench-tenantvec" $quick ;;
    esac
}

if [ -n "$prepare" ] && [ "$*" != knowledge ] && [ "$*" != tenantvec ]; then
    echo "bench: --prepare is for knowledge and tenantvec, whose databases are kept" >&2
    echo "hint: say \`./dev bench --prepare knowledge\`." >&2
    exit 2
fi
case ${1:-all} in
all) set -- search overhead ingest extract call webhook knowledge migrate backup doctor tenantvec ;;
knowledge) set -- extract knowledge ;; # from the file to the answer
search | overhead | ingest | extract | call | webhook | migrate | backup | doctor | tenantvec) ;;
*)
    echo "bench: no measurement \`$1\`" >&2
    echo "hint: name one of search, overhead, ingest, extract, call, webhook, knowledge, migrate, backup, doctor, tenantvec, or none for all." >&2
    exit 2
    ;;
esac

found=$(mktemp)
trap 'rm -f "$found"' EXIT
trap 'exit 130' INT TERM
for name; do
    case $name in
    knowledge | tenantvec) "prepare_$name" ;;
    *) [ -n "$prepare" ] || fresh_database "bench_$name" ;;
    esac
    [ -z "$prepare" ] || continue
    measure "$name" >"$found"
    python3 "$top/bench/report.py" $quick "$name" <"$found"
    case $name in
    tenantvec) python3 "$top/bench/picture.py" $quick <"$found" ;;
    knowledge) ;;
    *) drop_database "bench_$name" ;;
    esac
done
