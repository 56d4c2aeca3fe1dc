#!/bin/sh
# Runs the extension's own tests where the private PostgreSQL is, as its account, and prints TAP:
#   run.sh regress | isolation | NAME (of t/NAME.pl)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=tools/dev/common.sh
. "$top/tools/dev/common.sh"
# shellcheck source=tools/dev/server.sh
. "$top/tools/dev/server.sh"
# shellcheck source=tools/dev/pg.sh
. "$top/tools/dev/pg.sh"

name=$1
work=$pg/tenantvec-test
here=$work/$name
look_for_server || die 1 "there is no PostgreSQL yet" "Run \`./dev test tenantvec\`."

skip()
{
    echo "1..0 # SKIP $*"
    exit 0
}

# Servers that a killed run has left work below our directory.
end_servers()
{
    for process in /proc/[0-9]*; do
        case $(readlink "$process/cwd" 2>/dev/null) in
        "$here"/*) [ "$(cat "$process/comm" 2>/dev/null)" != postgres ] || kill -QUIT "${process#/proc/}" || true ;;
        esac
    done
}

# The server's account may not see the checkout: it gets a copy.
prepare()
{
    end_servers
    rm -rf "$here"
    mkdir -p "$here"
    cp -r "$top/extension/tenantvec/." "$here/"
    ! is_root || chown -R "$uid:$gid" "$here"
}

# inside COMMAND...: in the copy, with $pgxs set.
inside()
{
    # shellcheck disable=SC2016
    run_as_account sh -euc '
        cd "$1"
        pgxs=$(pg_config --pgxs)
        export pgxs="${pgxs%/src/makefiles/pgxs.mk}/src/test" bindir="$2" socket="$3" TENANTVEC_SCANS="$4"
        shift 4
        "$@"
    ' sh "$inside/tenantvec-test/$name" "$bindir" "$socket" "${TENANTVEC_SCANS:-}" "$@"
}

# names VARIABLE: what the extension's Makefile gives it.
names()
{
    sed -n "s/^$1 = //p" "$top/extension/tenantvec/Makefile"
}

# 16 and later print TAP themselves.
as_tap()
{
    sed -E -e 's/^(test )?([a-z-]+) +\.\.\. ok .*/ok - \2/' -e 's/^(test )?([a-z-]+) +\.\.\. FAILED.*/not ok - \2/' \
        -e 's/^((not )?ok) +[0-9]+ +[-+] +([a-z-]+) .*/\1 - \3/' "$here/said" | grep -E '^(not )?ok ' || true
}

# regress PROGRAM TEST...: the test cluster is used; what differs follows the tests that failed.
regress()
{
    program=$1
    shift
    status=0
    # shellcheck disable=SC2016
    inside sh -c '
        program=$1
        shift
        "$pgxs/$program" --inputdir=. --outputdir=. --bindir="$bindir" --host="$socket" --port=5432 --user=fusionpbx \
            --dbname="tenantvec_${program##*/}" "$@"
    ' sh "$program" "$@" >"$here/said" 2>&1 || status=$?
    echo "1..$#"
    as_tap
    [ "$status" -eq 0 ] || cat "$here/regression.diffs" "$here/said" 2>/dev/null | sed 's/^/# /'
    return "$status"
}

socket=$inside/clusters/${VOICEDB_PG_CLUSTER:-test}/socket
[ "$kind" = root ] || socket=${PGHOST:-$socket}
trap end_servers EXIT
prepare
case $name in
regress)
    # shellcheck disable=SC2046
    regress regress/pg_regress $(names REGRESS)
    ;;
isolation)
    inside sh -c 'test -x "$pgxs/isolation/pg_isolation_regress"' || skip "PostgreSQL $major installs no isolation tester"
    # shellcheck disable=SC2046
    regress isolation/pg_isolation_regress $(names ISOLATION)
    ;;
*)
    inside perl -MIPC::Run -e 1 2>/dev/null || skip "Perl's IPC::Run is not there"
    # shellcheck disable=SC2016
    inside sh -c 'perl -I"$pgxs/perl" -MPostgreSQL::Test::Cluster -e 1' 2>/dev/null ||
        skip "PostgreSQL $major installs no modules for tests in Perl"
    # shellcheck disable=SC2016
    inside sh -c '
        # Until 15 the modules put everything below TESTDIR.
        export TESTDIR="$PWD" TESTDATADIR="$PWD/tmp_check" TESTLOGDIR="$PWD/log" PG_REGRESS="$pgxs/regress/pg_regress" PERL5LIB="$pgxs/perl"
        exec perl "t/$1.pl"
    ' sh "$name"
    ;;
esac
