# shellcheck shell=sh
# Building with Meson, and tenantvec against the private server. Needs common.sh, packages.sh, server.sh.

# compile DIR OPTIONS...: sets the build directory up when its options or the checkout's place have changed.
compile()
{
    dir=$1
    shift
    wanted="$top $*"
    if [ "$(cat "$dir/.voicedb-options" 2>/dev/null)" != "$wanted" ] || [ ! -f "$dir/build.ninja" ]; then
        say "setting up ${dir#"$top"/}"
        rm -rf "$dir"
        mkdir -p "$dir"
        run_logged "$dir/setup.log" meson setup "$@" "$dir" "$top" ||
            die 1 "meson cannot set up $dir" "Mend what it says above, then run the same command again."
        echo "$wanted" >"$dir/.voicedb-options"
    fi
    run_ninja || die 1 "the build in ${dir#"$top"/} failed" "Mend what the compiler says above."
    for product in src/cli/voicedb src/libvoicedb.so; do
        [ ! -e "$dir/$product" ] || ln -sf "$product" "$dir/${product##*/}"
    done
}

# Its progress on a terminal, elsewhere only what compilers have to say.
run_ninja()
{
    if [ -t 2 ]; then
        ninja -C "$dir" >&2
        return
    fi
    result=0
    ninja -C "$dir" --quiet >"$dir/ninja.log" 2>&1 || result=$?
    sed '/^The Meson build system$/,/^Cleaning\.\.\./d; /^ninja: /d' "$dir/ninja.log" >&2
    return "$result"
}

build_main()
{
    # shellcheck disable=SC2086
    need_packages $build_packages
    compile "${VOICEDB_BUILD:-$top/build}" "$@"
    locked build_tenantvec
}

# The extension is compiled and installed in a tree of ours, which is also the server's. Nothing is done while neither the
# sources nor the server have changed.
build_tenantvec()
{
    sources=$top/extension/tenantvec
    [ -f "$sources/Makefile" ] || return 0
    choose_server
    if [ "$kind" = installed ]; then
        need_packages make "postgresql-server-dev-$major"
        copy_installed
    fi
    state=$(find "$sources" -type f -exec stat -c '%n %s %Y' {} + | sort; stat -c '%i %Y' "$share/extension/vector.control")
    [ "$(cat "$pg/tenantvec.state" 2>/dev/null)" != "$state" ] || return 0
    say "building tenantvec"
    run_logged "$pg/tenantvec.log" install_tenantvec ||
        die 1 "tenantvec does not build" "Mend what the compiler says above, or read $pg/tenantvec.log."
    printf '%s\n' "$state" >"$pg/tenantvec.state"
}

install_tenantvec()
{
    output=$top/build${VOICEDB_DEBIAN:+-$VOICEDB_DEBIAN}/tenantvec
    rm -rf "$output" && mkdir -p "${output%/*}" && cp -r --preserve=timestamps "$sources" "$output" || return 1
    if [ "$kind" = installed ]; then
        make -C "$output" with_llvm=no PG_CONFIG="$bindir/pg_config" all install
    else
        # shellcheck disable=SC2016
        as_root sh -ec '
            rm -rf "$1/src/tenantvec"
            mkdir -p "$1/src"
            cp -r "$2" "$1/src/tenantvec"
            chroot "$1" make -C /src/tenantvec with_llvm=no PG_CONFIG="$3/pg_config" all install
        ' sh "$pg/root" "$output" "$bindir" && cp "$pg/root/src/tenantvec/"*.so "$output/"
    fi
}
