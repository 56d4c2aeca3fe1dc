# shellcheck shell=sh
# Debian packages: what is missing is named, then installed. Needs common.sh.

build_packages="gcc meson ninja-build pkg-config python3 libpq-dev libcurl4-openssl-dev libsodium-dev libjansson-dev
    libicu-dev libpcre2-dev libstemmer-dev libzstd-dev libcmark-dev libmagic-dev libpoppler-glib-dev libseccomp-dev libxml2-dev
    libzip-dev libcmocka-dev"
test_packages="openssl pgbouncer zstd"
bench_packages="poppler-utils"
fuzz_packages="clang libclang-rt-dev"
lint_packages="clang shellcheck"
clang_tools="clang-format-14 clang-tidy-14"

# Neither a cluster nor a service comes up because a package was installed: pg_createcluster has nowhere to write, and
# neither kind of init starts what it is told to.
quiet_apt="DEBIAN_FRONTEND=noninteractive PG_CLUSTER_CONF_ROOT=/dev/null RUNLEVEL=1 SYSTEMD_OFFLINE=1"

apt_get()
{
    mkdir -p "$top/.pg"
    # shellcheck disable=SC2086
    run_logged "$top/.pg/apt.log" as_root env $quiet_apt apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

# Prints the packages among its arguments that are not installed.
missing_packages()
{
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# The lists are fetched once per run, and only when something must be looked up in them.
update_package_lists()
{
    [ -z "${package_lists_updated:-}" ] || return 0
    say "updating the package lists"
    apt_get update || say "the package lists could not be updated; going on with those that are here"
    package_lists_updated=yes
}

need_packages()
{
    [ "${VOICEDB_PACKAGES:-}" != skip ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        die 1 "no apt here; needed are Debian's packages $*" \
            "Install what they are called on this system, then set VOICEDB_PACKAGES=skip."
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    update_package_lists
    # shellcheck disable=SC2086
    set -- $missing
    say "installing packages: $*"
    apt_get install --no-install-recommends "$@" ||
        die 1 "apt could not install: $*" "Mend what apt says above, then run the same command again."
}
