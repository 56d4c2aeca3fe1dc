#!/bin/sh
# What ./dev says to somebody who types something else.
here=$(cd "$(dirname "$0")" && pwd -P)
dev=$here/../../dev
planned=13
. "$here/tap.sh"

# said COMMAND...: its standard error, then its exit status.
said()
{
    { "$dev" "$@" >/dev/null; } 2>&1
    echo "exit $?"
}

like "help lists every command" "$("$dev" help | tr '\n' ' ')" 'demo .*test .*build .*pg .*bench .*lint .*help'
is "--help is help" "$("$dev" --help)" "$("$dev" help)"
is "help goes to stdout and succeeds" "$(said help)" "exit 0"
like "no command" "$(said)" '^dev: a command is missing$'
like "no command is a usage error" "$(said)" '^exit 2$'
like "an unknown command is named" "$(said nonsense)" '^dev: no command `nonsense`$'
like "an unknown command: what to do" "$(said nonsense)" '^hint: Run `./dev help`'
like "an unknown command is a usage error" "$(said nonsense)" '^exit 2$'
like "pg without a verb" "$(said pg)" '^hint: usage: ./dev pg '
like "pg with an unknown option" "$(said pg --clutser x start)" '^exit 2$'
like "a cluster name is no path" "$(said pg --cluster ../x start)" '^exit 2$'
like "an option without its value" "$(said pg --cluster)" '^exit 2$'
like "a settings file that is not there" "$(said pg --conf /nonexistent start)" '^exit 2$'
done_testing
