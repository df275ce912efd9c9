#!/bin/bash
# Ceph's S3 gateway for tests: one monitor, one store in memory, one gateway, on free ports of 127.0.0.1.
#   ceph.sh install        what it needs, from Debian (root)
#   ceph.sh start FOLDER   starts it unless it runs; the last line is "PORT ACCESS_KEY SECRET_KEY"
#   ceph.sh stop FOLDER    ends what start has started there, and nothing else
# Everything that it writes, logs too, is below FOLDER, which must be of its own.
set -eu
command=${1:?install, start or stop}
key=millrace-test
secret=millrace-test-secret

install() {
  for program in ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph; do
    command -v "$program" > /dev/null || missing=yes
  done
  [ -n "${missing:-}" ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends ceph-mon ceph-osd ceph-common radosgw
}

is_open() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# Below the range from which the system takes ports for connections that go out.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    is_open "$port" || { echo "$port"; return; }
  done
}

# By the clock: on a busy machine a single look may take seconds.
until_true() {
  local what=$1 end=$((SECONDS + 90))
  shift
  while ! "$@" > /dev/null 2>&1; do
    if ((SECONDS >= end)); then
      echo "ceph.sh: $what within 90 seconds; see $folder/log" >&2
      return 1
    fi
    sleep 0.1
  done
}

configure() {
  cat > "$folder/ceph.conf" << CONF
[global]
fsid = $1
mon host = v1:127.0.0.1:$2
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = $folder/run
admin socket = $folder/run/\$name.asok
log file = $folder/log/\$name.log
pid file = $folder/run/\$name.pid
crash dir = $folder/run
keyring = /dev/null
mon data = $folder/mon
mon data avail crit = 1
mon data avail warn = 2
mon allow pool size one = true
mon warn on pool no redundancy = false
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
rgw frontends = beast endpoint=127.0.0.1:$3
CONF
}

monitor_answers() { timeout 10 ceph -c "$folder/ceph.conf" mon stat; }

# Asked for twice with the same id it answers with the same number, so that a first try that was cut short does no harm.
osd_is_known() { timeout 20 ceph -c "$folder/ceph.conf" osd new "$1"; }

osd_is_up() { timeout 10 ceph -c "$folder/ceph.conf" osd stat | grep -q "1 up"; }

# Each step only after the one before: what a server says that comes up without its neighbour tells nobody what went wrong.
start_servers() {
  local id mon gateway osd conf=(-c "$folder/ceph.conf")
  id=$(cat /proc/sys/kernel/random/uuid)
  osd=$(cat /proc/sys/kernel/random/uuid)
  mon=$(free_port)
  gateway=$(free_port)
  while [ "$gateway" = "$mon" ]; do gateway=$(free_port); done
  configure "$id" "$mon" "$gateway"
  monmaptool --create --clobber --fsid "$id" --addv a "[v1:127.0.0.1:$mon]" "$folder/monmap" &&
    ceph-mon "${conf[@]}" -i a --mkfs --monmap "$folder/monmap" &&
    ceph-mon "${conf[@]}" -i a &&
    until_true "the monitor did not answer" monitor_answers &&
    until_true "the monitor did not take a store" osd_is_known "$osd" &&
    ceph-osd "${conf[@]}" -i 0 --mkfs --osd-uuid "$osd" &&
    ceph-osd "${conf[@]}" -i 0 &&
    until_true "the store did not come up" osd_is_up &&
    radosgw "${conf[@]}" -n client.rgw.a &&
    until_true "the gateway did not come up" is_open "$gateway" &&
    timeout 60 radosgw-admin "${conf[@]}" user create --uid=test --display-name=test --access-key="$key" --secret="$secret" &&
    echo "$gateway $key $secret" > "$folder/starting"
}

start() {
  if [ -f "$folder/ready" ] && is_open "$(cut -d' ' -f1 "$folder/ready")"; then
    cat "$folder/ready"
    return
  fi
  local attempt
  for attempt in 1 2 3; do
    stop
    rm -rf "$folder/mon" "$folder/osd" "$folder/run" "$folder/ready" "$folder/starting"
    mkdir -p "$folder/mon" "$folder/osd" "$folder/run" "$folder/log"
    if start_servers > "$folder/log/start-$attempt.log" 2>&1 < /dev/null; then
      mv "$folder/starting" "$folder/ready"
      cat "$folder/ready"
      return
    fi
    echo "ceph.sh: attempt $attempt of 3 failed:" >&2
    tail -5 "$folder/log/start-$attempt.log" >&2
  done
  stop
  return 1
}

# Only processes whose number was written here, and which still are what they were: numbers are used again.
stop() {
  local file pid i
  rm -f "$folder/ready"
  for file in "$folder"/run/*.pid; do
    [ -f "$file" ] || continue
    pid=$(head -1 "$file")
    if [ -n "$pid" ] && tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -qF "$folder/ceph.conf"; then
      kill "$pid" 2> /dev/null || true
      for ((i = 0; i < 50; i++)); do
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.1
      done
      kill -9 "$pid" 2> /dev/null || true
    fi
    rm -f "$file"
  done
}

case $command in
  install) install ;;
  start | stop) folder=$(readlink -f "${2:?folder}"); "$command" ;;
  *) echo "ceph.sh: install, start or stop, not $command" >&2; exit 2 ;;
esac
