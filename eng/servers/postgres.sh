#!/usr/bin/env bash
# A PostgreSQL server for tests: its own cluster in a temporary folder, on 127.0.0.1 and a free port, without passwords.
#
#   eng/servers/postgres.sh install   installs Debian's packages where PostgreSQL is missing (root on Debian or Ubuntu)
#   eng/servers/postgres.sh start     starts the cluster if it does not run, and prints its connection string
#   eng/servers/postgres.sh halt      stops it as if its machine had failed, and keeps the folder: a start brings it back, at the same port
#   eng/servers/postgres.sh stop      stops it and removes the folder
#
# MILLRACE_POSTGRES_DIR            the folder of the cluster; default: millrace-postgres in the temporary folder. Several clusters need several folders.
# MILLRACE_POSTGRES_MAX_PREPARED   max_prepared_transactions of a new cluster; default 64.
# MILLRACE_POSTGRES_ADDRESS        where a new cluster listens; default 127.0.0.1.
# MILLRACE_POSTGRES_TRUSTED        the network that may use a new cluster beside this machine, as 10.0.0.0/24; default: none.
#
# Calling it twice does no harm, also at the same time.
set -euo pipefail

command=${1:-}
folder=${MILLRACE_POSTGRES_DIR:-${TMPDIR:-/tmp}/millrace-postgres}
data=$folder/data
prepared=${MILLRACE_POSTGRES_MAX_PREPARED:-64}
address=${MILLRACE_POSTGRES_ADDRESS:-127.0.0.1}
trusted=${MILLRACE_POSTGRES_TRUSTED:-}

fail() {
    echo "postgres.sh: $*" >&2
    exit 1
}

# Debian keeps the server's programs out of PATH; the newest version is taken.
find_programs() {
    local candidate
    for candidate in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn); do
        if [ -x "$candidate/initdb" ]; then
            echo "$candidate"
            return
        fi
    done
    if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        dirname "$(command -v initdb)"
    fi
}

install_server() {
    [ -n "$(find_programs)" ] && return
    [ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null || fail "PostgreSQL is missing, and this is no Debian: install it, so that initdb and pg_ctl are in PATH."
    [ "$(id -u)" = 0 ] || fail "PostgreSQL is missing: run 'sudo eng/servers/postgres.sh install' once."
    export DEBIAN_FRONTEND=noninteractive
    # The package would make and start a cluster of its own.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    apt-get update -qq >&2
    apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends postgresql >&2
}

# The server refuses to run as root.
as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
    else
        "$@"
    fi
}

free_port() {
    local port
    while :; do
        # Below the range that the kernel hands out to outgoing connections.
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# Runs a command with none of the files that were open here: a server that outlives the script must not keep somebody's lock or pipe.
with_no_files() (
    for file in /proc/self/fd/*; do
        case ${file##*/} in 0 | 1 | 2 | 255) ;; *) eval "exec ${file##*/}>&-" 2>/dev/null ;; esac
    done
    "$@"
)

start_server() {
    programs=$(find_programs)
    [ -n "$programs" ] || { install_server; programs=$(find_programs); }
    # A folder that this script did not make is not touched.
    if [ -d "$folder" ] && [ ! -f "$folder/lock" ] && [ -n "$(ls -A "$folder")" ]; then
        fail "$folder has files already that are no cluster of this script: give another folder in MILLRACE_POSTGRES_DIR."
    fi
    mkdir -p "$folder"
    exec 9>"$folder/lock"
    flock 9
    if [ ! -f "$data/ready" ]; then
        rm -rf "$data"
        mkdir -p "$data"
        [ "$(id -u)" = 0 ] && chown postgres "$data"
        chmod 700 "$data"
        as_server_user "$programs/initdb" -D "$data" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1 9>&- \
            || fail "initdb failed: $(tail -3 "$folder/initdb.log")"
        cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '$address'
unix_socket_directories = ''
wal_level = logical
max_prepared_transactions = $prepared
max_replication_slots = 10
max_wal_senders = 10
max_connections = 200
fsync = on
log_min_messages = fatal
CONF
        [ -z "$trusted" ] || echo "host all all $trusted trust" >>"$data/pg_hba.conf"
        touch "$data/ready"
    fi
    if ! as_server_user "$programs/pg_ctl" -D "$data" status >/dev/null 2>&1; then
        # Somebody else may take the port between the look and the start.
        for attempt in 1 2 3 4 5; do
            # One that comes back is where it was.
            if [ "$attempt" = 1 ] && [ -s "$folder/port" ]; then port=$(cat "$folder/port"); else port=$(free_port); fi
            if with_no_files as_server_user "$programs/pg_ctl" -D "$data" -o "-p $port" -l "$data/log" -w -t 30 -s start >/dev/null 2>&1; then
                echo "$port" >"$folder/port"
                break
            fi
            [ "$attempt" -lt 5 ] || fail "the server did not start: $(tail -3 "$data/log")"
        done
    fi
    echo "Host=$address;Port=$(cat "$folder/port");Username=postgres;Database=postgres"
}

halt_server() {
    [ -f "$folder/lock" ] || return 0
    programs=$(find_programs)
    exec 9>"$folder/lock"
    flock 9
    if [ -n "$programs" ] && [ -f "$data/postmaster.pid" ]; then
        as_server_user "$programs/pg_ctl" -D "$data" -m immediate -s stop >/dev/null 2>&1 9>&- || true
    fi
}

stop_server() {
    [ -f "$folder/lock" ] || return 0
    halt_server
    rm -rf "$data" "$folder/port" "$folder/initdb.log" "$folder/lock"
    rmdir "$folder" 2>/dev/null || true
}

case $command in
install) install_server ;;
start) start_server ;;
halt) halt_server ;;
stop) stop_server ;;
*) fail "what to do? install, start, halt or stop" ;;
esac
