#!/bin/sh
# A server without the extension: voicedb goes on with two-stage search and says so. Another checkout, without the
# extension, has a server of its own; where PostgreSQL is in a private root, that is a copy of the root without it.
here=$(cd "$(dirname "$0")" && pwd -P)
source=$(cd "$here/../.." && pwd -P)
servers=.pg${VOICEDB_DEBIAN:+/$VOICEDB_DEBIAN}
planned=10
. "$source/tests/dev/tap.sh"

base=$(mktemp -d "$source/$servers/test.XXXXXX")
checkout=$base/checkout
clean_up()
{
    "$checkout/dev" pg stop >/dev/null 2>&1
    rm -rf --one-file-system "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mkdir -p "$checkout/tools" "$checkout/tests" "$checkout/$servers"
cp "$source/dev" "$checkout/"
cp -r "$source/tools/dev" "$checkout/tools/"
cp -r "$source/tests/fixtures" "$checkout/tests/"
if [ -d "$source/$servers/root" ]; then
    cp -al "$source/$servers/root" "$checkout/$servers/root"
    rm "$checkout/$servers"/root/usr/share/postgresql/*/extension/tenantvec*
fi
chmod 755 "$base"
export VOICEDB_PACKAGES=skip
ok "a server without the extension starts" "$checkout/dev" pg start
eval "$("$checkout/dev" pg env)"

"$VOICEDB" migrate >/dev/null 2>&1
show=$("$VOICEDB" index show)
like "\`index show\`: what is in use and why" "$show" 'two-stage .*The nearest one-bit codes'
like "\`index show\`: why not tenantvec" "$show" 'tenantvec .*Install the extension tenantvec on the server'
said=$("$VOICEDB" index use tenantvec 2>&1)
is "\`index use tenantvec\`: exit status" $? 4
like "\`index use tenantvec\`: message" "$said" 'this server cannot build the index of tenantvec'
like "\`index use tenantvec\`: hint" "$said" 'hint: Install the extension tenantvec on the server'
is "nothing has changed" "$("$VOICEDB" index show)" "$show"

domain=c1000000-0000-4000-8000-00000000000c
psql -Xq -c "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('$domain', 'clinic.example', true)"
export VOICEDB_DOMAIN=clinic.example
"$VOICEDB" provider add --type embeddings --name builtin --default >/dev/null
printf 'A limpeza custa cem reais.\n' >"$base/prices.txt"
ok "a document is stored" "$VOICEDB" document add "$base/prices.txt"
found=$("$VOICEDB" --json search "Quanto custa a limpeza?")
like "search answers" "$found" 'cem reais'
like "search says how" "$found" '"strategy": ?"two-stage"'
done_testing
