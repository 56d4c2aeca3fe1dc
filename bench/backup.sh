#!/bin/sh
# Backup and restore of the search measurements' chunks beside plain pg_dump -Fc and pg_restore of the same tables,
# restores in turns; then copies of one tenant, of sizes from the largest down, beside their share of the whole. Called by run.sh with the data loaded into PGDATABASE.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd -P)
rounds=2 tenants=20
if [ "${1:-}" = --quick ]; then
    rounds=1 tenants=3
fi
target=${PGDATABASE}_target
voice_tables="WHERE relname LIKE 'v\\_voice\\_%' AND relkind = 'r'"
plain_dump='' our_dump='' plain_restore='' our_restore='' verify=''
export PGOPTIONS='-c client_min_messages=warning'
folder=$(mktemp -d)
clean_up()
{
    rm -rf "$folder"
    dropdb --if-exists "$target"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# timed COMMAND...: how many ms it took, on standard output; its own output is shown if it fails.
timed()
{
    began=$(date +%s%N)
    "$@" >"$folder/said" 2>&1 || {
        cat "$folder/said" >&2
        exit 1
    }
    echo $((($(date +%s%N) - began) / 1000000))
}

# A database with FusionPBX's tables and the same domains; `voice`: with the functions of voicedb but none of its tables.
fresh_target()
{
    dropdb --if-exists "$target"
    createdb "$target"
    psql -Xq -1 -v ON_ERROR_STOP=1 -d "$target" -f "$top/tests/fixtures/fusionpbx.sql"
    psql -Xqc 'COPY v_domains TO STDOUT' | psql -Xq -d "$target" -c 'COPY v_domains FROM STDIN'
    [ "${1:-}" = voice ] || return 0
    timed env PGDATABASE="$target" voicedb migrate >/dev/null
    tables=$(psql -XAtc "SELECT string_agg(relname, ', ') FROM pg_class $voice_tables")
    psql -Xqc "DROP TABLE $tables" -d "$target"
    psql -Xqc CHECKPOINT
}

keep() # keep NAME MS: remembers the least
{
    eval "least=\${$1:-}"
    if [ -z "$least" ] || [ "$2" -lt "$least" ]; then eval "$1=$2"; fi
}

psql -Xqc CHECKPOINT
keep plain_dump "$(timed pg_dump -Fc -t 'v_voice_*' -f "$folder/plain")"
psql -Xqc CHECKPOINT
keep our_dump "$(timed voicedb backup "$folder/ours")"
for _ in $(seq "$rounds"); do
    fresh_target voice
    keep plain_restore "$(timed pg_restore -d "$target" "$folder/plain")"
    fresh_target
    psql -Xqc CHECKPOINT
    keep our_restore "$(timed env PGDATABASE="$target" voicedb restore "$folder/ours")"
done
keep verify "$(timed voicedb backup verify "$folder/ours")"

rows=$(psql -XAtc 'SELECT count(*) FROM v_voice_document_chunks')
bytes=$(psql -XAtc "SELECT pg_size_pretty(sum(pg_table_size(oid))) FROM pg_class $voice_tables")
# export_those SQL: adds to `exported` chunks and `export_ms`.
export_those()
{
    exported=0 export_ms=0
    psql -XAtc "WITH sizes AS (SELECT domain_uuid, count(*) AS chunks FROM v_voice_document_chunks GROUP BY 1) $1" >"$folder/tenants"
    while IFS='|' read -r domain chunks; do
        rm -f "$folder/tenant"
        exported=$((exported + chunks))
        export_ms=$((export_ms + $(timed voicedb --domain "$domain" tenant export "$folder/tenant" </dev/null)))
    done <"$folder/tenants"
}

export_those "SELECT domain_uuid, chunks FROM sizes ORDER BY abs(chunks - (SELECT avg(chunks) FROM sizes)), 1 LIMIT $tenants"
mean_chunks=$((exported / tenants)) mean_ms=$((export_ms / tenants))
export_those "SELECT domain_uuid, chunks FROM sizes ORDER BY chunks, 1 LIMIT $tenants"
least_ms=$((export_ms / tenants))
export_those "SELECT domain_uuid, chunks FROM (SELECT *, row_number() OVER (ORDER BY chunks DESC, 1) - 1 AS place, count(*) OVER () AS tenants
              FROM sizes) s WHERE place % greatest(tenants / $tenants, 1) = 0 LIMIT $tenants"

size()
{
    wc -c <"$1"
}

awk -v rows="$rows" -v bytes="$bytes" -v rounds="$rounds" -v pd="$plain_dump" -v od="$our_dump" -v pr="$plain_restore" \
    -v or="$our_restore" -v vf="$verify" -v ps="$(size "$folder/plain")" -v os="$(size "$folder/ours")" \
    -v n="$tenants" -v ex="$exported" -v ems="$export_ms" -v mc="$mean_chunks" -v mm="$mean_ms" -v lm="$least_ms" '
function target(what, ratio, limit) {
    printf "| %s | %.2f× | ≤ %.1f× | %s |\n", what, ratio, limit, ratio <= limit ? "met" : "**missed**"
}
BEGIN {
    printf "%d chunks, tables of %s; restores in turns, the best of %d.\n\n", rows, bytes, rounds
    print "| way | backup s | restore s | file MB |"
    print "|---|---:|---:|---:|"
    printf "| pg_dump -Fc, pg_restore | %.1f | %.1f | %d |\n", pd / 1000, pr / 1000, ps / 1048576
    printf "| voicedb backup, voicedb restore | %.1f | %.1f | %d |\n", od / 1000, or / 1000, os / 1048576
    printf "\n`backup verify` reads it in %.1f s. Copies of %d tenants, of sizes spread over all, hold %d chunks and take ", vf / 1000, n, ex
    printf "%d ms; their share of the backup is %d ms. One of mean size, %d chunks, takes %d ms, of which its share is %d ms; ", ems, od * ex / rows, mc, mm, od * mc / rows
    printf "one of the smallest takes %d ms: the start of the program, a connection and the catalogs.\n", lm
    print "\n| target | measured | must reach | |"
    print "|---|---:|---:|---|"
    target("voicedb backup / pg_dump -Fc", od / pd, 1.2)
    target("voicedb restore / pg_restore", or / pr, 1.2)
    target("export of one tenant / its share of voicedb backup", ems / (od * ex / rows), 2)
}'
