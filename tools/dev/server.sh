# shellcheck shell=sh
# Which PostgreSQL the private clusters run on, and as whom. Needs common.sh and packages.sh.
#
# choose_server sets
#   kind      installed, or root: a private Debian under $pg/root
#   major     17
#   bindir    where postgres is, as the server sees it
#   clients   where psql, pg_dump ... are, as everybody else sees it
#   prefix    the directory of ours that holds its lib/ and share/
#   share     where its extensions are, as everybody sees it
#   inside    how the server sees $pg: its path, or nothing where $pg is the server's root directory
# server_account sets uid and gid, the account that the server runs as.

# VOICEDB_DEBIAN names a release whose PostgreSQL is wanted: a private root of it, with clusters of its own beside it.
pg=$top/.pg${VOICEDB_DEBIAN:+/$VOICEDB_DEBIAN}
suite=${VOICEDB_DEBIAN:-trixie}
pgvector_suite= # where pgvector's source is taken from, for a release that has no package of it
old= # has /lib beside /usr/lib, and a security archive that is not kept whole any more
case $suite in
bullseye) debian=11 root_major=13 pgvector_suite=trixie old=yes ;;
bookworm) debian=12 root_major=15 pgvector_suite=trixie ;;
trixie) debian=13 root_major=17 ;;
forky) debian=14 root_major=18 ;;
*) die 2 "VOICEDB_DEBIAN=$suite is no release that is known here" \
    "Set it to bullseye, bookworm, trixie or forky, or leave it unset." ;;
esac
root_mark="$suite 1"
root_packages="postgresql-$root_major postgresql-server-dev-$root_major libipc-run-perl make gcc"
[ -n "$pgvector_suite" ] || root_packages="$root_packages postgresql-$root_major-pgvector"

# Root, whom PostgreSQL refuses, lends it to an account that owns nothing.
server_account()
{
    account=$(id -u)
    [ "$account" -ne 0 ] || account=nobody
    uid=$(id -u "$account") gid=$(id -g "$account")
}

# run_as_account COMMAND...: with an empty environment, below the private root if that is in use. The caller's directory
# may be out of the account's reach.
run_as_account()
(
    cd /
    set -- env -i LANG=C.UTF-8 PATH="$bindir:/usr/bin:/bin" "$@"
    if [ "$kind" = root ]; then
        as_root chroot --userspec="$uid:$gid" --groups= "$pg" "$@"
    elif is_root; then
        setpriv --reuid="$uid" --regid="$gid" --clear-groups "$@"
    else
        "$@"
    fi
)

# A directory below one that is closed to others (/root) is out of the account's reach, unless it is its root directory.
account_reaches_checkout()
{
    ! is_root || setpriv --reuid="$uid" --regid="$gid" --clear-groups test -x "$top" 2>/dev/null
}

may_use_installed()
{
    [ -z "${VOICEDB_DEBIAN:-}" ] && account_reaches_checkout
}

# Prints the newest installed major version, 13 or later, that has pgvector.
installed_major()
{
    for control in /usr/share/postgresql/*/extension/vector.control; do
        v=${control#/usr/share/postgresql/}
        v=${v%%/*}
        [ -x "/usr/lib/postgresql/$v/bin/initdb" ] && [ "$v" -ge 13 ] && echo "$v"
    done 2>/dev/null | sort -n | tail -n 1
}

# Prints the newest major version, 13 or later, that apt offers with pgvector.
offered_major()
{
    apt-cache --names-only search '^postgresql-[0-9]+-pgvector$' | sed -n 's/^postgresql-\([0-9]*\)-.*/\1/p' |
        awk '$1 >= 13' | sort -n | tail -n 1
}

use_installed()
{
    kind=installed major=$1 inside=$pg
    prefix=$pg/installed-$major
    bindir=$prefix/lib/postgresql/$major/bin
    share=$prefix/share/postgresql/$major
    clients=/usr/lib/postgresql/$major/bin
    where="installed on this machine"
}

use_root()
{
    kind=root major=$root_major inside=
    bindir=/usr/lib/postgresql/$major/bin
    clients=$pg/clients
    prefix=$pg/root/usr
    share=$prefix/share/postgresql/$major
    where="in a private Debian $debian root"
}

root_is_ready()
{
    [ "$(cat "$pg/root/.voicedb" 2>/dev/null)" = "$root_mark" ]
}

# Takes what is there already; fails when there is nothing. A root once made stays in use, so that clusters do not change
# their server under way.
look_for_server()
{
    server_account
    if root_is_ready; then
        use_root
    elif may_use_installed && v=$(installed_major) && [ -n "$v" ]; then
        use_installed "$v"
    else
        return 1
    fi
}

# Takes what is there, else what apt offers, else makes the private root.
choose_server()
{
    mkdir -p "$pg"
    if ! look_for_server; then
        v=
        if may_use_installed && [ "${VOICEDB_PACKAGES:-}" != skip ] && command -v apt-cache >/dev/null 2>&1; then
            update_package_lists
            v=$(offered_major)
        fi
        if [ -n "$v" ]; then
            need_packages "postgresql-$v" "postgresql-$v-pgvector"
            use_installed "$v"
        else
            make_root
            use_root
        fi
    fi
    if [ "$kind" = root ]; then
        link_root
    else
        copy_installed
    fi
}

# An installed server runs from a copy, which finds its own lib/ and share/, so that tenantvec can be installed there and
# not on the machine. A newer package makes a newer copy.
copy_installed()
{
    state=$(cd /usr && stat -c '%n %s %Y' "lib/postgresql/$major/bin/postgres" \
        "lib/postgresql/$major/lib/pgxs/src/makefiles/pgxs.mk" "share/postgresql/$major/extension/vector.control" \
        2>/dev/null || true)
    [ "$(cat "$prefix/.voicedb" 2>/dev/null)" != "$state" ] || return 0
    rm -rf "$prefix.new" "$prefix.old"
    for part in lib share; do
        mkdir -p "$prefix.new/$part/postgresql"
        cp -a "/usr/$part/postgresql/$major" "$prefix.new/$part/postgresql/"
    done
    ln -s /usr/include "$prefix.new/include"
    printf '%s\n' "$state" >"$prefix.new/.voicedb"
    [ ! -d "$prefix" ] || mv -T "$prefix" "$prefix.old"
    mv -T "$prefix.new" "$prefix"
    rm -rf "$prefix.old"
}

# The mirror and the network settings that this machine's apt already works with.
mirror()
{
    found=$(apt-get indextargets --format '$(ORIGIN) $(SUITE) $(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
        awk -v security="$1" '$1 == "Debian" && ($2 ~ /-security$/) == security { print $3; exit }')
    printf '%s' "${found:-$2}"
}

apt_options()
{
    apt-config dump Acquire | grep -E '^Acquire::(https?|Check-)' | grep -v '""' || true
}

# The root is made under another name and renamed when it is complete; what an earlier try left is thrown away first.
make_root()
{
    need_packages mmdebstrap debian-archive-keyring
    say "making a private Debian $debian root in ${pg#"$top"/}/root (about 40 s, 750 MB)"
    as_root rm -rf --one-file-system "$pg/root.new" "$pg/root.old"
    isolate=
    as_root unshare --mount true 2>/dev/null && isolate="unshare --mount"
    main=$(mirror 0 http://deb.debian.org/debian)
    # shellcheck disable=SC2016,SC2046
    set -- --mode=root --variant=minbase --quiet --include="$(echo "$root_packages" | tr ' ' ',')" \
        --aptopt='Acquire::Languages "none"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/include/llvm*' \
        --dpkgopt='path-exclude=/usr/lib/llvm-*/lib/*.a' --dpkgopt='path-exclude=/usr/lib/llvm-*/bin/*' \
        --dpkgopt='path-exclude=/usr/lib/*/libclang*' --dpkgopt='path-exclude=/usr/bin/*lto-dump*' \
        --essential-hook='mkdir -p "$1/etc/postgresql-common/createcluster.d"' \
        --essential-hook='echo "create_main_cluster = off" >"$1/etc/postgresql-common/createcluster.d/voicedb.conf"'
    if [ -n "$pgvector_suite" ]; then
        # shellcheck disable=SC2016
        set -- "$@" --customize-hook='mkdir "$1/src" && cd "$1/src" &&
            APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q source --download-only pgvector &&
            tar -xzf pgvector_*.orig.tar.gz' \
            --customize-hook='chroot "$1" sh -c "make -C /src/pgvector-* OPTFLAGS= with_llvm=no install"'
    fi
    # shellcheck disable=SC2016
    set -- "$@" --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
        --customize-hook='echo "'"$root_mark"'" >"$1/.voicedb"'
    apt_options >"$pg/apt.conf"
    while IFS= read -r option; do
        set -- "$@" --aptopt="${option%;}"
    done <"$pg/apt.conf"
    # shellcheck disable=SC2016
    [ -z "$old" ] || set -- "$@" --setup-hook='for name in bin sbin lib lib32 lib64 libx32; do
        mkdir -p "$1/usr/$name" && ln -s "usr/$name" "$1/$name"; done'
    set -- "$@" "$suite" "$pg/root.new" "deb $main $suite main" "deb $main $suite-updates main"
    [ -n "$old" ] || set -- "$@" "deb $(mirror 1 http://deb.debian.org/debian-security) $suite-security main"
    [ -z "$pgvector_suite" ] || set -- "$@" "deb-src $main $pgvector_suite main"
    # shellcheck disable=SC2086
    run_logged "$pg/root.log" as_root $isolate mmdebstrap "$@" ||
        die 1 "the private Debian root could not be made" "Mend what $pg/root.log says, then run the same command again."
    install_root
}

install_root()
{
    # Where the file system carries no devices, a file is as much as initdb needs of /dev/null.
    as_root sh -c '
        cd "$1/dev" && [ -c null ] && : >null || { rm -f null && : >null && chmod 666 null; }
    ' sh "$pg/root.new" 2>/dev/null
    [ ! -d "$pg/root" ] || as_root mv -T "$pg/root" "$pg/root.old"
    as_root mv -T "$pg/root.new" "$pg/root"
    as_root rm -rf --one-file-system "$pg/root.old"
}

# The server's root directory is .pg itself: these links make it look like a Debian, while clusters/ lies beside root/
# and outlives it.
link_root()
{
    for name in bin dev etc lib lib64 tmp usr; do
        [ -L "$pg/$name" ] || [ ! -e "$pg/root/$name" ] || ln -s "root/$name" "$pg/$name"
    done
    [ -x "$clients/psql" ] || make_clients
}

# The root's client programs run outside it through its own loader and libraries.
make_clients()
{
    loader=$(cd "$pg/root" && echo usr/lib/*-linux-gnu*/ld-linux*.so.*)
    libraries=$(cd "$pg/root" && echo usr/lib/*-linux-gnu*/libpq.so.5)
    mkdir -p "$clients"
    cat >"$clients/run" <<END
#!/bin/sh
root=\${0%/*}/../root
exec "\$root/$loader" --library-path "\$root/${libraries%/*}" "\$root$bindir/\${0##*/}" "\$@"
END
    chmod 755 "$clients/run"
    for name in createdb createuser dropdb dropuser pg_amcheck pg_dump pg_isready pg_restore pgbench vacuumdb psql; do
        ln -sf run "$clients/$name"
    done
}

# initdb asks who it runs as.
name_account()
{
    [ "$kind" = root ] || return 0
    awk -F: -v uid="$uid" '$3 == uid { found = 1 } END { exit !found }' "$pg/root/etc/passwd" ||
        echo "voicedb$uid:x:$uid:$gid::/nonexistent:/usr/sbin/nologin" | as_root tee -a "$pg/root/etc/passwd" >/dev/null
}
