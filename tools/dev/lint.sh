# shellcheck shell=sh
# ./dev lint: each check by itself, so that one run tells everything. Needs common.sh, packages.sh, build.sh.

# files PATTERN...: tracked and new files, by git's patterns.
files()
{
    git -c safe.directory="$top" ls-files -co --exclude-standard --deduplicate -- "$@" | while IFS= read -r file; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

# check NAME COMMAND...: prints what it found.
check()
{
    name=$1
    shift
    checks=$((checks + 1))
    if found=$("$@" 2>&1); then
        printf 'ok    %s\n' "$name"
    else
        failures=$((failures + 1))
        printf 'FAIL  %s\n' "$name"
    fi
    [ -z "$found" ] || printf '%s\n' "$found" | sed 's/^/      /'
}

# over FILES COMMAND...: runs the command with the names in FILES added, on both cores where it takes one at a time.
over()
{
    list=$1
    shift
    [ -s "$list" ] || return 0
    tr '\n' '\0' <"$list" | xargs -0 "$@"
}

lint_main()
{
    [ $# -eq 0 ] || die 2 "lint: takes no arguments" "Run \`./dev lint\`."
    # shellcheck disable=SC2086
    need_packages $build_packages $lint_packages git
    cd "$top" || exit
    lists=$(mktemp -d)
    trap 'rm -rf "$lists"' EXIT
    checks=0 failures=0
    files '*.c' '*.h' >"$lists/c"
    files '*.py' >"$lists/python"
    files dev .ci/run '*.sh' ':!tools/dev/*.sh' >"$lists/shell"
    files 'tools/dev/*.sh' >"$lists/parts"
    files 'migrations/*.sql' 'src/sql/*.sql' >"$lists/sql"
    cat "$lists/c" "$lists/python" "$lists/shell" "$lists/parts" "$lists/sql" >"$lists/all"

    check "layers" over "$lists/c" python3 tools/lint/layers.py
    check "SQL" over "$lists/sql" python3 tools/lint/sql.py
    check "sizes" over "$lists/all" python3 tools/lint/sizes.py
    check "leftovers" no_leftovers
    check "white space" over "$lists/all" sh -c '! grep -nP "\s\$|\t" "$@"' sh
    check "Python" over "$lists/python" python3 -c 'import sys
for name in sys.argv[1:]: compile(open(name).read(), name, "exec")'
    check "shellcheck" over "$lists/shell" shellcheck -x -a
    check "gcc -Werror" strict_build gcc
    check "clang -Werror" strict_build clang
    if have_clang_tools; then
        check "clang-format" formatted
        check "clang-tidy" tidy
    else
        printf 'skip  clang-format, clang-tidy: this release of Debian carries no version 14\n'
    fi
    [ "$failures" -eq 0 ] || die 1 "lint: $failures of $checks checks found something"
    echo "lint: $checks checks found nothing"
}

no_leftovers()
{
    ! over "$lists/all" grep -nE '\b(TO''DO|FIX''ME|X''XX|HA''CK)\b'
}

# Another version would find fault with what this one made, or with what it lets pass.
have_clang_tools()
{
    # shellcheck disable=SC2086
    if [ -n "$(missing_packages $clang_tools)" ] && apt-cache show $clang_tools >/dev/null 2>&1; then
        need_packages $clang_tools
    fi
    command -v clang-format-14 >/dev/null 2>&1 && command -v clang-tidy-14 >/dev/null 2>&1
}

formatted()
{
    over "$lists/c" clang-format-14 --dry-run -Werror >"$lists/format" 2>&1 && return 0
    echo "Run: clang-format-14 -i $(sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error: .*/\1/p' "$lists/format" | sort -u | tr '\n' ' ')"
    return 1
}

strict_build()
{
    (CC=$1 compile "$top/build-lint-$1" --werror) >"$lists/build" 2>&1 && return 0
    grep -E ': (error|warning): |undefined reference' "$lists/build" || tail -n 20 "$lists/build"
    return 1
}

# Only what the build compiles: the extension's sources need the server's headers, which are not here.
tidy()
{
    python3 -c 'import json, os, sys
for entry in json.load(open("build-lint-clang/compile_commands.json")):
    path = os.path.relpath(os.path.join(entry["directory"], entry["file"]))
    if not path.startswith("build"): print(path)' >"$lists/tidy" || return 1
    over "$lists/tidy" -n 4 -P 2 clang-tidy-14 --quiet -p build-lint-clang >"$lists/tidied" 2>/dev/null && return 0
    grep -E ': (error|warning): ' "$lists/tidied" | sed "s|^$top/build-lint-clang/||; s|^\.\./||" | sort -u
    echo "Run \`clang-tidy-14 -p build-lint-clang FILE\` for the way there."
    return 1
}
