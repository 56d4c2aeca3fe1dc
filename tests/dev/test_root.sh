#!/bin/sh
# Making the private root: what an interrupted or failed try leaves is never taken for a root, and clusters outlive one.
# A stand-in for mmdebstrap hands out the surrounding checkout's root instead of fetching a Debian.
here=$(cd "$(dirname "$0")" && pwd -P)
source=$(cd "$here/../.." && pwd -P)
servers=.pg${VOICEDB_DEBIAN:+/$VOICEDB_DEBIAN}
if [ "$(id -u)" -ne 0 ] || [ ! -d "$source/$servers/root" ]; then
    echo "1..0 # SKIP needs root, and a machine whose PostgreSQL is in a private root"
    exit 0
fi
planned=12
. "$here/tap.sh"

mkdir -p "$source/$servers"
base=$(mktemp -d "$source/$servers/test.XXXXXX") # the file system of the root that is linked there
checkout=$base/checkout
clean_up()
{
    "$checkout/dev" pg stop >/dev/null 2>&1
    rm -rf --one-file-system "$base"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mkdir -p "$checkout/tools" "$checkout/tests" "$base/bin"
cp "$source/dev" "$checkout/"
cp -r "$source/tools/dev" "$checkout/tools/"
cp -r "$source/tests/fixtures" "$checkout/tests/"
cat >"$base/bin/mmdebstrap" <<'END'
#!/bin/sh
# mmdebstrap OPTION... SUITE TARGET SOURCE...
echo "stand-in mmdebstrap: $STAND_IN"
for target; do
    case $target in */root.new) break ;; esac
done
[ ! -e "$target" ] || exit 9
mkdir "$target"
case $STAND_IN in
fails) mkdir "$target/usr"; echo "no space left"; exit 1 ;;
dies) mkdir "$target/usr"; kill -KILL "$PPID" ;;
esac
cp -al "$STAND_IN/." "$target/"
END
chmod +x "$base/bin/mmdebstrap"
chmod 700 "$base"
export PATH="$base/bin:$PATH" VOICEDB_PACKAGES=skip

# start STAND_IN: a start that has to make the root; prints what it says.
start()
{
    STAND_IN=$1 "$checkout/dev" pg start 2>&1
}

said=$(start fails)
is "a failed try: exit status" $? 1
like "a failed try: the log is shown" "$said" 'no space left'
like "a failed try: what to do" "$said" '^hint: Mend what .*root.log says'
ok "a failed try leaves no root" test ! -e "$checkout/$servers/root"
start dies >/dev/null
ok "a killed try leaves no root" test ! -e "$checkout/$servers/root"
ok "a killed try leaves its half-made root" test -e "$checkout/$servers/root.new/usr"
ok "the next try succeeds" start "$source/$servers/root"
ok "and leaves nothing half-made" test ! -e "$checkout/$servers/root.new"
"$checkout/dev" pg psql -Xqc "create table kept as select 'kept'::text as word"
"$checkout/dev" pg stop
rm -f "$checkout/$servers/root/.voicedb" # a hard link: only this root loses its mark
said=$(start "$source/$servers/root")
like "a root without its mark is made again" "$said" 'making a private Debian [0-9]+ root'
ok "the old one is gone" test ! -e "$checkout/$servers/root.old"
is "the cluster is as it was" "$("$checkout/dev" pg psql -XAtqc 'select word from kept')" kept
is "a root that is there is not made again" "$(start fails)" ""
done_testing
