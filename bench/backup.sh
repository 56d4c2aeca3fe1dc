#!/bin/sh
# Backup and restore of the search measurements' chunks beside plain pg_dump -Fc and pg_restore of the same tables, in
# turns; then one tenant's copy beside its share of the whole. Called by run.sh with the data loaded into PGDATABASE.
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

for _ in $(seq "$rounds"); do
    rm -f "$folder/plain" "$folder/ours"
    psql -Xqc CHECKPOINT
    keep plain_dump "$(timed pg_dump -Fc -t 'v_voice_*' -f "$folder/plain")"
    psql -Xqc CHECKPOINT
    keep our_dump "$(timed voicedb backup "$folder/ours")"
    fresh_target voice
    keep plain_restore "$(timed pg_restore -d "$target" "$folder/plain")"
    fresh_target
    psql -Xqc CHECKPOINT
    keep our_restore "$(timed env PGDATABASE="$target" voicedb restore "$folder/ours")"
done
keep verify "$(timed voicedb backup verify "$folder/ours")"

rows=$(psql -XAtc 'SELECT count(*) FROM v_voice_document_chunks')
bytes=$(psql -XAtc "SELECT pg_size_pretty(sum(pg_table_size(oid))) FROM pg_class $voice_tables")
psql -XAt >"$folder/tenants" <<EOF
SELECT domain_uuid, count(*) FROM v_voice_document_chunks GROUP BY 1
ORDER BY abs(count(*) - (SELECT count(*) / count(DISTINCT domain_uuid) FROM v_voice_document_chunks)), 1 LIMIT $tenants
EOF
exported=0 export_ms=0
while IFS='|' read -r domain chunks; do
    rm -f "$folder/tenant"
    exported=$((exported + chunks))
    export_ms=$((export_ms + $(timed voicedb --domain "$domain" tenant export "$folder/tenant" </dev/null)))
done <"$folder/tenants"

size()
{
    wc -c <"$1"
}

awk -v rows="$rows" -v bytes="$bytes" -v rounds="$rounds" -v pd="$plain_dump" -v od="$our_dump" -v pr="$plain_restore" \
    -v or="$our_restore" -v vf="$verify" -v ps="$(size "$folder/plain")" -v os="$(size "$folder/ours")" \
    -v n="$tenants" -v ex="$exported" -v ems="$export_ms" '
function target(what, ratio, limit) {
    printf "| %s | %.2f× | ≤ %.1f× | %s |\n", what, ratio, limit, ratio <= limit ? "met" : "**missed**"
}
BEGIN {
    printf "%d chunks, tables of %s; the best of %d rounds, in turns.\n\n", rows, bytes, rounds
    print "| way | backup s | restore s | file MB |"
    print "|---|---:|---:|---:|"
    printf "| pg_dump -Fc, pg_restore | %.1f | %.1f | %d |\n", pd / 1000, pr / 1000, ps / 1048576
    printf "| voicedb backup, voicedb restore | %.1f | %.1f | %d |\n", od / 1000, or / 1000, os / 1048576
    printf "\n`backup verify` reads it in %.1f s. The copy of one tenant of %.0f chunks takes %.0f ms ", vf / 1000, ex / n, ems / n
    printf "(mean of %d tenants); its share of the backup is %.0f ms.\n", n, od * ex / rows / n
    print "\n| target | measured | must reach | |"
    print "|---|---:|---:|---|"
    target("voicedb backup / pg_dump -Fc", od / pd, 1.2)
    target("voicedb restore / pg_restore", or / pr, 1.2)
    target("export of one tenant / its share of the rows", ems / (od * ex / rows), 2)
}'
