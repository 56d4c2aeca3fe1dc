#!/bin/sh
# Every libFuzzer program on its first inputs and on what it makes of them.
#   VOICEDB_FUZZ_RUNS=N      inputs for each program, instead of 5000
#   VOICEDB_FUZZ_SECONDS=N   instead: so long for each program
source=$(cd "$(dirname "$0")/../.." && pwd -P)
build=$source/build-fuzz
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT

echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d != 0 && n > 9; }' >"$base/probe.c"
if ! clang -fsanitize=fuzzer,address "$base/probe.c" -o "$base/probe" >/dev/null 2>&1; then
    echo "1..0 # SKIP no clang with libFuzzer"
    exit 0
fi

set_up()
{
    [ -f "$build/build.ninja" ] || CC=clang CFLAGS=-fsanitize=fuzzer-no-link meson setup "$build" "$source" -Dfuzz=true \
        -Db_sanitize=address,undefined -Db_lundef=false
}

# fuzz NAME: what is found without a crash is forgotten; an input that crashes stays, and its name is told.
fuzz()
{
    ninja -C "$build" --quiet "tests/fuzz/fuzz-$1" || return 1
    mkdir "$base/$1"
    if [ -n "${VOICEDB_FUZZ_SECONDS:-}" ]; then
        limit=-max_total_time=$VOICEDB_FUZZ_SECONDS
    else
        limit=-runs=${VOICEDB_FUZZ_RUNS:-5000}
    fi
    "$build/tests/fuzz/fuzz-$1" "$limit" -artifact_prefix="$build/" "$base/$1" "$source/tests/fuzz/$1"
}

targets=$(sed -n "s/^fuzz_targets = //p" "$source/tests/fuzz/meson.build" | tr -cd 'a-z_ ')
planned=$(($(echo "$targets" | wc -w) + 1))
. "$source/tests/dev/tap.sh"
ok "the programs are set up" set_up
for target in $targets; do
    ok "$target" fuzz "$target"
done
done_testing
