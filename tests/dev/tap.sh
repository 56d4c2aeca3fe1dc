# shellcheck shell=sh
# TAP for shell tests: set $planned, then call ok, is and like; end with done_testing.
point=0 failed=0
echo "1..${planned:?}"

# ok NAME COMMAND...: passes when the command succeeds; its output explains a failure.
ok()
{
    tap_name=$1
    shift
    point=$((point + 1))
    if tap_said=$("$@" 2>&1); then
        echo "ok $point - $tap_name"
    else
        failed=$((failed + 1))
        echo "not ok $point - $tap_name"
        printf '%s\n' "$* failed with:" "$tap_said" | sed 's/^/# /'
    fi
}

same()
{
    [ "$1" = "$2" ] || {
        printf 'got:    %s\nwanted: %s\n' "$1" "$2"
        return 1
    }
}

matches()
{
    printf '%s\n' "$1" | grep -Eq -- "$2" || {
        printf 'got:    %s\nwanted: %s\n' "$1" "$2"
        return 1
    }
}

is()
{
    ok "$1" same "$2" "$3"
}

like()
{
    ok "$1" matches "$2" "$3"
}

done_testing()
{
    exit "$((failed > 0))"
}
