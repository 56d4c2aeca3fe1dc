# shellcheck shell=sh
# The private PostgreSQL clusters: $pg/clusters/NAME holds data/, socket/ and log. Needs common.sh, packages.sh, server.sh.

cluster=main
conf=

pg_usage="usage: ./dev pg [--cluster NAME] [--conf FILE] start|stop|status|psql|env|drop"

pg_main()
{
    while [ $# -gt 0 ]; do
        case $1 in
        --cluster) cluster=${2:-} && shift ;;
        --conf) conf=${2:-} && shift ;;
        -*) die 2 "pg: no option $1" "$pg_usage" ;;
        *) break ;;
        esac
        shift || break
    done
    case $cluster in
    '' | *[!a-z0-9_-]* | -*) die 2 "pg: a cluster name is made of a-z, 0-9, - and _" "$pg_usage" ;;
    esac
    [ -z "$conf" ] || [ -r "$conf" ] || die 2 "pg: cannot read $conf" "Name a file with lines of postgresql.conf."
    command=${1:-}
    [ $# -eq 0 ] || shift
    case $command in
    psql) ;;
    *) [ $# -eq 0 ] || die 2 "pg $command: takes no arguments" "$pg_usage" ;;
    esac
    set_cluster
    case $command in
    start) locked pg_start ;;
    stop) locked pg_stop ;;
    drop) locked pg_drop ;;
    status) pg_status ;;
    env) pg_env ;;
    psql) pg_psql "$@" ;;
    *) die 2 "pg: ${command:-a command is missing}" "$pg_usage" ;;
    esac
}

set_cluster()
{
    home=$pg/clusters/$cluster
    data=$home/data
    [ ! -d "$home" ] || [ -x "$home" ] || die 5 "cluster $cluster belongs to account $(stat -c %U "$home")" \
        "Run the same command as root, or remove the cluster: sudo rm -rf $(quoted "$home")"
}

# One start or stop at a time; the lock ends with this process and is not handed to the server.
locked()
{
    mkdir -p "$pg"
    [ -w "$pg" ] && [ ! -e "$pg/lock" ] || [ -w "$pg/lock" ] ||
        die 5 "$pg belongs to another account" "Run the same command as that account, or with sudo."
    exec 9>>"$pg/lock"
    flock -w 600 9 || die 1 "another ./dev pg has been at work for 10 minutes" "Look for it with \`ps\`, then try again."
    "$@"
    exec 9>&-
}

# Every process of the cluster works in its data directory, wherever the checkout has moved to since.
cluster_processes()
{
    [ -d "$data" ] || return 0
    self=$(stat -c %d:%i "$data")
    stat -L -c '%d:%i %n' /proc/[0-9]*/cwd 2>/dev/null | awk -F '[ /]' -v self="$self" '$1 == self { print $4 }' |
        while read -r pid; do
            [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != postgres ] || echo "$pid"
        done
}

# Prints the postmaster's process id; fails when it does not run. Any other process may carry a stale file's number.
postmaster()
{
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(stat -L -c %d:%i "/proc/$pid/cwd" 2>/dev/null)" = "$(stat -c %d:%i "$data")" ] && echo "$pid"
}

socket_link()
{
    echo "${XDG_RUNTIME_DIR:-/tmp}/voicedb-$(id -u)-$(stat -c %d-%i "$home")"
}

remove_own_link()
{
    [ "$(stat -c %F,%u "$1" 2>/dev/null)" != "symbolic link,$(id -u)" ] || rm -f "$1"
}

# PGHOST: the socket's directory, or a short link to it where the path is too long for a socket or would read as a list.
host()
{
    case $home in
    *,*) ;;
    *)
        if [ ${#home} -le 80 ]; then
            echo "$home/socket"
            return 0
        fi
        ;;
    esac
    [ -d "$home" ] || return 0
    link=$(socket_link)
    if [ "$(readlink "$link")" != "$home/socket" ]; then
        remove_own_link "$link"
        ln -s "$home/socket" "$link" || die 1 "$link is in the way" "Remove it, or set XDG_RUNTIME_DIR."
    fi
    echo "$link"
}

# client PROGRAM ARGUMENTS...: psql and its like, connected to this cluster and nothing else.
client()
{
    program=$1
    shift
    env -u PGHOSTADDR -u PGSERVICE -u PGOPTIONS -u PGSSLMODE PGHOST="$(host)" PGPORT=5432 PGUSER=fusionpbx \
        PGDATABASE="${database:-fusionpbx}" PGCONNECT_TIMEOUT=10 "$clients/$program" "$@"
}

pg_start()
{
    choose_server
    keep_account
    write_conf
    if pid=$(postmaster); then
        if [ -n "$conf_changed" ]; then
            say "restarting PostgreSQL with other settings"
            pg_stop
            start_server
        fi
    else
        start_server
    fi
    wait_ready
    fill_database
}

# A cluster stays with the account that made it.
keep_account()
{
    mkdir -p "$pg/clusters"
    clear_remains
    if [ -d "$data" ]; then
        owner=$(stat -c %u "$data")
        if [ "$owner" -eq 0 ]; then # a checkout copied by root
            as_root chown -R "$uid:$gid" "$home"
            owner=$uid
        fi
        uid=$owner gid=$(stat -c %g "$data")
        [ "$(cat "$data/PG_VERSION")" = "$major" ] || die 1 \
            "cluster $cluster was made by PostgreSQL $(cat "$data/PG_VERSION"), this is $major" \
            "Keep what you need of it, then run \`./dev pg --cluster $cluster drop\` to make a new one."
        return 0
    fi
    if is_root; then
        install -d -m 700 -o "$uid" -g "$gid" "$home" "$home/socket"
    else
        install -d -m 700 "$home" "$home/socket"
    fi
    make_cluster
}

# No cluster is without PG_VERSION: this is what an interrupted `drop`, or whatever else deletes, has left of one.
clear_remains()
{
    [ -d "$data" ] && [ ! -s "$data/PG_VERSION" ] || return 0
    say "what is left of cluster $cluster has no PG_VERSION and cannot be used: removing it"
    end_orphans
    rm -rf "$data" 2>/dev/null || as_root rm -rf "$data"
}

# What initdb leaves when it is interrupted never bears the name of a cluster.
make_cluster()
{
    say "making cluster $cluster, PostgreSQL $major"
    rm -rf "$data.new"
    name_account
    run_logged "$home/initdb.log" run_as_account initdb -D "$inside/clusters/$cluster/data.new" -U fusionpbx -A trust \
        -k -E UTF8 --locale=C.UTF-8 || die 1 "initdb failed" "Mend what it says above, then run the same command again."
    echo "include_if_exists = '../voicedb.conf'" >>"$data.new/postgresql.conf"
    printf 'local all all trust\nlocal replication all trust\n' >"$data.new/pg_hba.conf"
    mv -T "$data.new" "$data"
}

# The socket's path is relative to the data directory, so that it holds whatever the checkout's path is or becomes.
# Shared memory is System V's, which needs neither /dev/shm in the private root nor its size in a container.
write_conf()
{
    [ -z "$conf" ] || cat "$conf" >"$home/extra.conf"
    {
        cat <<END
# Written by every ./dev pg start.
cluster_name = 'voicedb-$cluster'
listen_addresses = ''
port = 5432
unix_socket_directories = '../socket'
dynamic_shared_memory_type = sysv
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
END
        [ ! -f "$home/extra.conf" ] || cat "$home/extra.conf"
    } >"$home/voicedb.conf.new"
    conf_changed=
    cmp -s "$home/voicedb.conf.new" "$home/voicedb.conf" || conf_changed=yes
    mv "$home/voicedb.conf.new" "$home/voicedb.conf"
}

start_server()
{
    end_orphans
    # A process that only shares its number with a dead postmaster would keep the new one from starting.
    rm -f "$data/postmaster.pid" "$home/socket/.s.PGSQL.5432" "$home/socket/.s.PGSQL.5432.lock"
    find "$home" -maxdepth 1 -name log -size +8M -exec mv {} {}.1 \;
    run_logged "$home/pg_ctl.log" run_as_account pg_ctl -D "$inside/clusters/$cluster/data" \
        -l "$inside/clusters/$cluster/log" -w -t 120 start 9>&- || {
        tail -n 15 "$home/log" >&2
        die 1 "PostgreSQL does not start" "Read $home/log."
    }
}

# Children of a killed postmaster end by themselves; one that does not holds the shared memory and is ended here.
end_orphans()
{
    left=$(cluster_processes)
    [ -n "$left" ] || return 0
    say "ending what a killed PostgreSQL left behind"
    # shellcheck disable=SC2086
    kill -TERM $left 2>/dev/null || true
    await_end 50 && return 0
    # shellcheck disable=SC2046
    kill -KILL $(cluster_processes) 2>/dev/null || true
    await_end 50 || die 1 "processes of cluster $cluster do not end: $(cluster_processes)" "Look at them with \`ps\`."
}

# await_end TENTHS: waits until no process of the cluster is left.
await_end()
{
    tenths=$1
    while [ -n "$(cluster_processes)" ]; do
        [ "$tenths" -gt 0 ] || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
}

wait_ready()
{
    tries=600
    while ! client pg_isready -q; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] && postmaster >/dev/null || die 6 "PostgreSQL does not answer" "Read $home/log."
        sleep 0.1
    done
}

# The database that FusionPBX would have made.
fill_database()
{
    found=$(client psql -XAtq -c "select to_regclass('public.v_domains')" 2>&1) && [ -n "$found" ] && return 0
    exists="select 1 from pg_database where datname = 'fusionpbx'"
    [ -n "$(database=postgres client psql -XAtq -c "$exists")" ] ||
        database=postgres client psql -Xq -c 'create database fusionpbx'
    client psql -Xq -1 -v ON_ERROR_STOP=1 -f "$top/tests/fixtures/fusionpbx.sql" ||
        die 1 "database fusionpbx could not be filled" "Mend what psql says above, then run the same command again."
}

pg_stop()
{
    if pid=$(postmaster); then
        kill -INT "$pid"
        await_end 600 || die 1 "PostgreSQL does not stop" "Read $home/log."
    else
        end_orphans
    fi
    [ ! -d "$home" ] || remove_own_link "$(socket_link)"
}

pg_drop()
{
    pg_stop
    rm -rf "$home" 2>/dev/null || as_root rm -rf "$home"
}

pg_status()
{
    look_for_server || true
    if ! pid=$(postmaster); then
        echo "stopped    cluster $cluster"
        [ ! -d "$data" ] || echo "data       $data"
        exit 3
    fi
    vector=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$share/extension/vector.control")
    version=$(client psql -XAtq -c 'show server_version' 2>/dev/null) || version="$major, which does not answer"
    echo "running    cluster $cluster, process $pid"
    echo "server     PostgreSQL $version, pgvector $vector, $where"
    echo "data       $data"
    echo "socket     $(host)/.s.PGSQL.5432"
    echo "log        $home/log"
}

pg_env()
{
    look_for_server || die 6 "there is no PostgreSQL yet" "Run \`./dev pg start\`."
    for name in PGHOSTADDR PGSERVICE PGOPTIONS PGSSLMODE; do
        eval "[ -z \"\${$name:-}\" ]" || echo "unset $name"
    done
    echo "export PGHOST=$(quoted "$(host)") PGPORT=5432 PGUSER=fusionpbx PGDATABASE=fusionpbx"
    case ":$PATH:" in
    *":$clients:"*) ;;
    *) echo "export PATH=$(quoted "$clients"):\"\$PATH\"" ;;
    esac
    [ "$kind" != root ] || echo "export VOICEDB_PG_ROOT=$(quoted "$pg/root")"
}

pg_psql()
{
    look_for_server && postmaster >/dev/null || die 6 "cluster $cluster does not run" "Run \`./dev pg start\`."
    client psql "$@"
}
