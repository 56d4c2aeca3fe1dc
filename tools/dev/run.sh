# shellcheck shell=sh
# ./dev test, demo and bench: the build and a private cluster, then the program that does the work. Needs build.sh, pg.sh.

# use_cluster NAME CONF: starts a cluster if it does not run, and points this process at it.
use_cluster()
{
    cluster=$1 conf=$2
    set_cluster
    was_running=$(postmaster || true)
    locked pg_start
    eval "$(pg_env)"
    export VOICEDB_PG_CLUSTER="$cluster"
}

stop_if_started()
{
    [ -n "$was_running" ] || locked pg_stop
}

test_main()
{
    [ $# -le 1 ] || die 2 "test: takes one name" "Run \`./dev test\` for all tests, \`./dev test NAME\` for some."
    # shellcheck disable=SC2086
    need_packages $build_packages $test_packages $fuzz_packages
    compile "$top/build-test" -Db_sanitize=address,undefined -Db_lundef=false
    locked build_tenantvec
    use_cluster test "$top/tools/dev/test.conf"
    trap stop_if_started EXIT
    trap 'exit 130' INT TERM
    export VOICEDB="$top/build-test/voicedb" VOICEDB_BUILD="$top/build-test" VOICEDB_SOURCE="$top"
    export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:${ASAN_OPTIONS:-}"
    export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"
    export CMOCKA_MESSAGE_OUTPUT=TAP PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$top/tests"
    status=0
    python3 "$top/tools/dev/run-tests.py" --build "$top/build-test" --source "$top" "$@" || status=$?
    exit "$status"
}

demo_main()
{
    [ $# -eq 0 ] || die 2 "demo: takes no arguments" "Run \`./dev demo\`."
    build_main
    use_cluster main ""
    PATH="$top/build:$PATH" sh "$top/examples/demo.sh"
}

bench_main()
{
    # shellcheck disable=SC2086
    need_packages $build_packages $bench_packages
    compile "$top/build-bench" --buildtype=release
    locked build_tenantvec
    settings=$top/bench/postgresql.conf
    [ -f "$settings" ] || settings=
    use_cluster bench "$settings"
    trap stop_if_started EXIT
    trap 'exit 130' INT TERM
    export VOICEDB_BUILD="$top/build-bench"
    PATH="$top/build-bench:$PATH" sh "$top/bench/run.sh" "$@"
}
