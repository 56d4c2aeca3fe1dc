#!/bin/sh
# The extension compiles without a warning against the headers of every PostgreSQL at hand, by gcc and by clang.
here=$(cd "$(dirname "$0")" && pwd -P)
source=$(cd "$here/../.." && pwd -P)
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT

# Each line: COMPILER HEADERS. TENANTVEC_HEADERS names more directories like /usr/include/postgresql/17/server.
for headers in /usr/include/postgresql/*/server "$source"/.pg/root/usr/include/postgresql/*/server \
    "$source"/.pg/*/root/usr/include/postgresql/*/server ${TENANTVEC_HEADERS:-}; do
    for compiler in gcc clang; do
        [ ! -f "$headers/postgres.h" ] || [ "$(basename "${headers%/server}")" -lt 13 ] ||
            ! command -v "$compiler" >/dev/null 2>&1 || echo "$compiler $headers"
    done
done >"$base/list"
planned=$(wc -l <"$base/list")
if [ "$planned" -eq 0 ]; then
    echo "1..0 # SKIP no headers of a PostgreSQL server, or no compiler"
    exit 0
fi
. "$source/tests/dev/tap.sh"

# compile COMPILER HEADERS: what PGXS would say, and what its headers need. Meant for another compiler, or another version of it,
# the attributes of the sources and of the headers may be unknown.
compile()
{
    warnings=$(sed -n '/^PG_CFLAGS/,/[^\\]$/p' "$source/extension/tenantvec/Makefile" | sed 's/PG_CFLAGS += //; s/\\$//')
    [ "$1" = gcc ] || warnings="$warnings -Wno-unknown-warning-option -Wno-ignored-attributes"
    root=${2%/usr/include/*}
    for file in "$source"/extension/tenantvec/*.c; do
        # shellcheck disable=SC2086
        "$1" -c -o "$base/object" -O2 -Werror $warnings -fno-strict-aliasing -fwrapv -D_GNU_SOURCE -isystem "$2" \
            -isystem "$root/usr/include/postgresql" "$file" || return 1
    done
}

while read -r compiler headers; do
    version=$(sed -n 's/^#define PG_VERSION "\(.*\)"/\1/p' "$headers/pg_config.h" "$headers"/../../*/postgresql/*/server/pg_config.h \
        2>/dev/null | head -n 1)
    ok "$compiler, PostgreSQL ${version:-of $headers}" compile "$compiler" "$headers"
done <"$base/list"
done_testing
