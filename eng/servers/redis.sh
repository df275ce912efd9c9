#!/usr/bin/env bash
# A Redis server for tests: in a temporary folder, on 127.0.0.1 and a free port, without a password; it writes every change to disk.
#
#   eng/servers/redis.sh install   installs Debian's package where Redis is missing (root on Debian or Ubuntu)
#   eng/servers/redis.sh start     starts the server if it does not run, and prints host and port
#   eng/servers/redis.sh halt      kills it and keeps the folder: a start brings it back, at the same port
#   eng/servers/redis.sh stop      stops it and removes the folder
#
# MILLRACE_REDIS_DIR   the folder of the server; default: millrace-redis in the temporary folder. Several servers need several folders.
set -euo pipefail

command=${1:-}
folder=${MILLRACE_REDIS_DIR:-${TMPDIR:-/tmp}/millrace-redis}

fail() {
    echo "redis.sh: $*" >&2
    exit 1
}

install_server() {
    command -v redis-server >/dev/null && return
    [ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null || fail "Redis is missing, and this is no Debian: install it, so that redis-server is in PATH."
    [ "$(id -u)" = 0 ] || fail "Redis is missing: run 'sudo eng/servers/redis.sh install' once."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends redis-server >&2
}

start_server() {
    command -v redis-server >/dev/null || install_server
    # A folder that this script did not make is not touched.
    if [ -d "$folder" ] && [ ! -f "$folder/lock" ] && [ -n "$(ls -A "$folder")" ]; then
        fail "$folder has files already that are no server of this script: give another folder in MILLRACE_REDIS_DIR."
    fi
    mkdir -p "$folder"
    exec 9>"$folder/lock"
    flock 9
    if ! [ -f "$folder/pid" ] || ! kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
        # Somebody else may take the port between the choice and the start.
        for attempt in 1 2 3 4 5; do
            # One that comes back is where it was; a new port is below the range that the kernel hands out to outgoing connections.
            if [ "$attempt" = 1 ] && [ -s "$folder/port" ]; then port=$(cat "$folder/port"); else port=$((20000 + RANDOM % 12000)); fi
            redis-server --bind 127.0.0.1 --port "$port" --dir "$folder" --pidfile "$folder/pid" --logfile "$folder/log" \
                --appendonly yes --appendfsync always --save '' --daemonize yes >/dev/null 9>&-
            for look in $(seq 100); do
                if redis-cli -h 127.0.0.1 -p "$port" ping >/dev/null 2>&1 && [ -s "$folder/pid" ]; then
                    echo "$port" >"$folder/port"
                    break 2
                fi
                sleep 0.05
            done
            [ "$attempt" -lt 5 ] || fail "the server did not start: $(tail -3 "$folder/log")"
        done
    fi
    echo "127.0.0.1:$(cat "$folder/port")"
}

halt_server() {
    [ -s "$folder/pid" ] || return 0
    exec 9>"$folder/lock"
    flock 9
    local pid
    pid=$(cat "$folder/pid")
    kill -9 "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -f "$folder/pid"
}

stop_server() {
    [ -f "$folder/lock" ] || return 0
    exec 9>"$folder/lock"
    flock 9
    if [ -f "$folder/port" ]; then
        redis-cli -h 127.0.0.1 -p "$(cat "$folder/port")" shutdown nosave >/dev/null 2>&1 || true
    fi
    rm -rf "$folder"
}

case $command in
install) install_server ;;
start) start_server ;;
halt) halt_server ;;
stop) stop_server ;;
*) fail "what to do? install, start, halt or stop" ;;
esac
