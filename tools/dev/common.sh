# shellcheck shell=sh
# What every part of ./dev uses. Needs $top, the checkout.

say()
{
    printf '%s\n' "$*" >&2
}

# die STATUS MESSAGE HINT
die()
{
    printf 'dev: %s\n' "$2" >&2
    [ $# -lt 3 ] || printf 'hint: %s\n' "$3" >&2
    exit "$1"
}

usage_error()
{
    die 2 "$1" "Run \`./dev help\` for the list of commands."
}

# Prints its argument as one word for a shell.
quoted()
{
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

is_root()
{
    [ "$(id -u)" -eq 0 ]
}

as_root()
{
    if is_root; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die 1 "this step needs root" "Run ./dev as root, or install sudo."
    fi
}

# run_logged LOG COMMAND...: quiet while it works, its last lines when it fails.
run_logged()
{
    log=$1
    shift
    "$@" </dev/null >"$log" 2>&1 && return 0
    tail -n 25 "$log" >&2
    return 1
}
