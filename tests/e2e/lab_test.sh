#!/usr/bin/env bash
# lab_test: the whole path as its user walks it, on real virtual machines with real DRBD: a run, its
# report, the recheck, the same through a cluster file that knows nothing of the lab, the other replica
# promoted, and the harness killed at several moments and healed after.
# usage: lab_test PROGRAM [--lab NAME] [--all | FUNCTION...]
#   --lab      a lab that is up, and is left up
#   --all      kill at ten moments instead of three, kill `lab up`, two labs at once, a user's own files in the
#              image, delays planted in known places with wrong clocks
#   FUNCTION   only these of the functions below, in a fresh lab: test_synchronous_replica "kill_at hold 2"
set -euo pipefail
program=$(readlink -f "$1")
shift
lab=e2e-$$
keep_lab=
if [ "${1:-}" = --lab ]; then lab=$2 keep_lab=yes; shift 2; fi
only=("$@")
all=
[ "${1:-}" != --all ] || { all=--all; only=(); }
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/ernstfall-e2e.XXXXXX")
passed=0

exec 3>&1 # what is said while a command's output goes into a file
say() { printf '%s %s\n' "$(date -u +%T)" "$*" >&3; }
die() {
  say "FAILED: $*"
  for log in "$work"/*.log; do [ -e "$log" ] && { echo "--- ${log##*/}"; tail -n 40 "$log"; } >&3; done
  exit 1
}
check() { # TEXT COMMAND...
  local text=$1
  shift
  "$@" || die "$text"
  say "ok: $text"
  passed=$((passed + 1))
}
cleanup() {
  local status=$?
  local name
  for name in $([ -n "$keep_lab" ] || printf %s "$lab") "$lab-2"; do "$program" lab down --lab "$name" --purge >/dev/null 2>&1 || true; done
  rm -rf "$work"
  exit $status
}
trap cleanup EXIT

# A verdict of pass (0) or violated (1) is an honest end; everything else is not.
ends_with_a_verdict() {
  local status=0
  "$@" || status=$?
  [ $status -eq 0 ] || [ $status -eq 1 ] || die "exit $status of: $*"
}
result() { jq -e "$1" "$2/result.json" >/dev/null; }
newest_run() { readlink -f "$1/latest"; }

bring_up() {
  "$program" lab up --lab "$lab" --topology "$top/lab/topologies/homelab.yaml" >"$work/up.log" 2>&1 || die "lab up"
  say "lab is up: $(grep -h 'after' "$work/up.log" | tail -n 1)"
}

test_kill_prod() {
  local runs=$work/runs run
  ends_with_a_verdict "$program" run "$top/scenarios/kill-prod.yaml" --lab "$lab" --runs "$runs" \
    >"$work/run.out" 2>"$work/run.log"
  run=$(newest_run "$runs")
  cat "$work/run.out"
  check "the fault was seen to take effect" result '.fault.confirmed_at != null' "$run"
  check "the fault was undone, and seen to be" result '.fault.undone_at != null' "$run"
  check "an outage of at least the 45 s without power" result '.rto.lower_ms > 40000' "$run"
  check "the outage's bounds are not further apart than four probe periods and a timeout" \
    result '.rto.upper_ms - .rto.lower_ms <= 4 * .rto.probe_period_ms + 4000' "$run"
  check "redundancy was restored" result '.rto.redundancy_restored_ms != null' "$run"
  check "writes were acknowledged and all of them judged" result '.rpo.acknowledged > 20 and .rpo.lost != null' "$run"
  check "blocks were acknowledged, and DRBD lost none of them" result '.blocks.acknowledged > 20 and .blocks.lost == 0 and .blocks.unaudited == 0' "$run"
  check "no block out of order" result '[.checks[] | select(.name == "write-order")][0].verdict == "pass"' "$run"
  check "nothing of the canary is left on the volume" on_node prod sh -c '! ls -d /srv/cloud/.ernstfall-*'
  check "nobody promoted mirror: not HA" result '.class == "backup-like" or .class == "unsafe"' "$run"
  check "never two Primaries" result '[.checks[] | select(.name == "single-primary")][0].verdict == "pass"' "$run"
  check "no split brain" result '[.checks[] | select(.name == "no-split-brain")][0].verdict == "pass"' "$run"
  check "both replicas converged" result '[.checks[] | select(.name == "converged")][0].verdict == "pass"' "$run"
  for file in report.html report.md junit.xml result.json journal.jsonl; do
    check "the run folder has $file" test -s "$run/$file"
  done
  check "no secret in the run folder" no_secret_in "$run"
  ends_with_a_verdict "$program" recheck "$run" --json >"$work/recheck.json" 2>"$work/recheck.log"
  check "recheck has the same numbers from the raw history" same_numbers "$run/result.json" "$work/recheck.json"
}

# The same cluster as a stranger sees it: SSH addresses, host keys, a power command, URLs.
test_plain_cluster_file() {
  local runs=$work/plain first=$work/runs run
  first=$(newest_run "$first")
  ends_with_a_verdict "$program" lab exec --lab "$lab" -- "$program" run "$top/scenarios/kill-prod.yaml" \
    --cluster "$(lab_folder)/cluster-plain.yaml" --runs "$runs" >"$work/plain.out" 2>"$work/plain.log"
  run=$(newest_run "$runs")
  cat "$work/plain.out"
  check "nothing in the plain cluster file's run says that it is a lab" \
    not grep -q 'kind: lab' "$run/cluster.yaml"
  check "the plain cluster file: same verdict, class and checks" same_findings "$first/result.json" "$run/result.json"
  # Two boots of an emulated machine differ by seconds; what must not differ is what the outage was made of.
  check "the plain cluster file: recovery within a third of the lab's" \
    jq -es '(.[0].rto.lower_ms / .[1].rto.lower_ms) | . > 0.67 and . < 1.5' "$first/result.json" "$run/result.json"
}

not() { ! "$@"; }
lab_folder() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/ernstfall/labs/$lab"; }
same_findings() {
  local findings='[.verdict, .class, [.checks[] | {name, verdict}]]'
  jq -S "$findings" "$1" >"$work/first.findings"
  jq -S "$findings" "$2" >"$work/second.findings"
  diff -u "$work/first.findings" "$work/second.findings"
}

on_node() { # NODE COMMAND...
  local node=$1
  shift
  "$program" lab ssh --lab "$lab" "$node" -- "$@" >>"$work/node.log" 2>&1
}
pristine() { "$program" lab reset --lab "$lab" >"$work/reset.log" 2>&1 || die "lab reset"; }

# Every write of the server reaches the disk before it is acknowledged, so that a loss can only be DRBD's. As an owner
# would set it: it has to be there after the power cut as well, or the run is rightly dirty.
durable_writes() {
  local node
  for node in prod mirror; do
    on_node $node sh -c 'd=/etc/systemd/system/srv-cloud.mount.d; mkdir -p $d && printf "[Mount]\nOptions=noatime,_netdev,sync\n" >$d/sync.conf
                         systemctl daemon-reload; sync' || die "the mount's options on $node"
  done
  on_node prod mount -o remount,sync /srv/cloud || die "remount of prod's volume"
}
# Fewer questions and writes: a write that waits for the disks of two emulated machines is slow.
run_attended() { # NAME: the run's folder is in $run then
  sed -e 's/^baseline:.*/baseline: 20s/' -e 's/rate: 5Hz, timeout: 2s/rate: 1Hz, timeout: 8s/' \
    -e 's/rate: 5Hz, size/rate: 2Hz, size/' -e 's/rate: 10Hz, with/rate: 2Hz, with/' "$top/scenarios/kill-prod-attended.yaml" >"$work/$1.yaml"
  ends_with_a_verdict "$program" run "$work/$1.yaml" --lab "$lab" --runs "$work/$1" \
    >"$work/$1.out" 2>"$work/$1.log"
  run=$(newest_run "$work/$1")
  cat "$work/$1.out"
}

# With a service that flushes, protocol C loses nothing that was acknowledged.
test_synchronous_replica() {
  local run
  pristine
  durable_writes
  run_attended synchronous
  check "protocol C, promoted on mirror: no acknowledged write is lost" result '.rpo.lost == 0 and .rpo.acknowledged > 20' "$run"
  check "protocol C, promoted on mirror: no acknowledged block is lost, read on mirror and on prod" \
    result '.blocks.lost == 0 and ([.checks[] | select(.name == "block-loss")][0] | .verdict == "pass" and (.message | test("mirror")))' "$run"
  pristine
}

# Planted defect: protocol A acknowledges what is only on its way, with room for much of it, and the way is slow.
protocol_a() { # pings may be late on a slow way: the pair has to stay connected until the cut
  local node
  for node in prod mirror; do
    # The lab gives the resource's file to every boot anew.
    on_node $node sh -c 'd=/etc/systemd/system/drbd-r0.service.d; mkdir -p $d
      printf "#!/bin/sh\nsed -i -e \"s/protocol C;/protocol A; sndbuf-size 10M;/\" -e \"s/ping-timeout .*/ping-timeout 100;/\" /etc/drbd.d/r0.res\n" >/usr/local/sbin/protocol-a
      chmod 755 /usr/local/sbin/protocol-a && printf "[Service]\nExecStartPre=/usr/local/sbin/protocol-a\n" >$d/protocol-a.conf
      systemctl daemon-reload && /usr/local/sbin/protocol-a && sync && drbdadm adjust r0' || die "protocol A on $node"
  done
  on_node prod sh -c 'for i in $(seq 60); do grep -q "cs:Connected.*ds:UpToDate/UpToDate A" /proc/drbd && exit 0; sleep 1; done; exit 1' ||
    die "the pair is not connected with protocol A"
}
# From shortly before the cut: for longer, and the service itself would wait. On prod, so that the cut ends it.
slow_link_before_the_cut() { # LOG-FILE
  until grep -q ' baseline ' "$1" 2>/dev/null; do sleep 0.1; done
  sleep 16
  on_node prod sh -c 'tc qdisc add dev eth0 root handle 1: prio bands 4 && tc qdisc add dev eth0 parent 1:4 handle 40: tbf rate 64kbit burst 6000b latency 400ms &&
                      tc filter add dev eth0 parent 1: protocol ip u32 match ip dst 10.77.0.12/32 flowid 1:4'
}
test_lagging_replica() {
  local run throttle
  pristine
  durable_writes
  protocol_a
  slow_link_before_the_cut "$work/asynchronous.log" &
  throttle=$!
  run_attended asynchronous
  check "the link was slow before the cut" wait $throttle
  check "protocol A over a slow link, promoted on mirror: the loss is found" \
    result '.rpo.lost > 0 and ([.checks[] | select(.name == "rpo")][0].verdict == "fail")' "$run"
  check "protocol A over a slow link: DRBD itself lost acknowledged blocks" \
    result '.blocks.lost > 0 and ([.checks[] | select(.name == "block-loss")][0].verdict == "fail") and .class == "unsafe"' "$run"
  check "and it is a violation" result '.verdict == "violated"' "$run"
  pristine
}

# Delays in known places: DRBD notices late (ping-timeout 10 s), the promotion waits 15 s, the service's unit 20 s. And the
# nodes' clocks are wrong: mirror's by -30 s; prod's by 5 min, until its reboot during the fault sets it right.
delays() {
  local node
  for node in prod mirror; do
    on_node $node sh -c 'd=/etc/systemd/system; mkdir -p $d/drbd-r0.service.d $d/cloud-primary.service.d $d/apache2.service.d
      printf "#!/bin/sh\nsed -i \"s/ping-timeout .*/ping-timeout 100;/\" /etc/drbd.d/r0.res\n" >/usr/local/sbin/late-ping && chmod 755 /usr/local/sbin/late-ping
      printf "[Service]\nExecStartPre=/usr/local/sbin/late-ping\n" >$d/drbd-r0.service.d/late.conf
      printf "[Service]\nExecStartPre=/bin/sleep 15\n" >$d/cloud-primary.service.d/late.conf
      printf "[Service]\nExecStartPre=/bin/sleep 20\n" >$d/apache2.service.d/late.conf
      systemctl daemon-reload && /usr/local/sbin/late-ping && sync && drbdadm adjust r0' || die "delays on $node"
  done
  on_node prod date -s '+5 min' && on_node mirror date -s '-30 sec' || die "wrong clocks"
}
# How long the recovery took until NAME: [at least, at most] in ms.
took() { jq -c --arg until "$2" '[.phases[] | select(.until == $until)][0] | [.lower_ms, .upper_ms]' "$1/result.json"; }
# The delay, and at most what the step takes without it and some seconds, by which two boots of an emulated machine differ;
# less than any other delay.
has_delay() { # MS USUAL LATE
  jq -en --argjson by "$1" --argjson usual "$2" --argjson late "$3" '$late[1] >= $by and $late[0] <= $by + $usual[1] + 8000' >/dev/null
}
test_planted_delays() {
  local usual late
  pristine
  [ -e "$work/runs/latest" ] || ends_with_a_verdict "$program" run "$top/scenarios/kill-prod.yaml" --lab "$lab" --runs "$work/runs" >"$work/run.out" 2>"$work/run.log"
  usual=$(newest_run "$work/runs")
  pristine
  delays
  ends_with_a_verdict "$program" run "$top/scenarios/kill-prod.yaml" --lab "$lab" --runs "$work/late" >"$work/late.out" 2>"$work/late.log"
  late=$(newest_run "$work/late")
  cat "$work/late.out"
  check "a late ping is in the time until DRBD notices, as predicted from the settings" \
    result '.predictions[] | select(.name == "DRBD notices") | .verdict == "as predicted" and .lower_ms == 10000' "$late"
  # When both sockets are there, DRBD 8.4 waits for one ping-timeout before it calls itself connected: 10 s, not 2 s.
  check "15 s of a slow promotion, and 10 s of a late ping, are in the time until promoted" has_delay 25000 "$(took "$usual" promoted)" "$(took "$late" promoted)"
  check "20 s of a slow unit are in the time until started" has_delay 20000 "$(took "$usual" started)" "$(took "$late" started)"
  check "nothing of it is in the time until power is back" has_delay 0 "$(took "$usual" 'power back')" "$(took "$late" 'power back')"
  check "nor in that until prod is reachable" has_delay 0 "$(took "$usual" 'node reachable')" "$(took "$late" 'node reachable')"
  check "prod's clock: 5 min off, and stepped back during the fault" \
    result '[.clocks[] | select(.node == "prod")][0].steps | any(.by_upper_ms < -295000 and .by_lower_ms > -305000)' "$late"
  check "mirror's clock: 30 s late throughout" \
    result '[.clocks[] | select(.node == "mirror")][0] | .offset_ms < -29000 and .offset_ms > -31000 and .steps == []' "$late"
  pristine
}

same_numbers() { # what the run said, what the raw history says
  local numbers='(.result // .) | [.verdict, .class, .rto, .rpo, .blocks]'
  [ "$(jq -S "$numbers" "$1")" = "$(jq -S "$numbers" "$2")" ]
}

no_secret_in() {
  local secret
  secret=$(cat "${XDG_CACHE_HOME:-$HOME/.cache}/ernstfall/labs/$lab/password")
  ! grep -rqF -- "$secret" "$1"
}

# A short run of the same fault: it is the killing that is tested.
short_scenario() {
  sed -e 's/^\( *hold:\).*/\1 5s/' -e 's/^baseline:.*/baseline: 3s/' "$top/scenarios/kill-prod.yaml" >"$work/short.yaml"
}

kill_at() { # PHASE DELAY
  local phase=$1 pattern="^ *[0-9.]* s  $1 " delay=$2 runs=$work/killed pid run deadline=$((SECONDS + 400))
  rm -rf "$runs"
  "$program" run "$work/short.yaml" --lab "$lab" --runs "$runs" >"$work/killed.out" 2>"$work/killed.log" &
  pid=$!
  until grep -q "$pattern" "$work/killed.log"; do
    [ $SECONDS -lt $deadline ] || die "the run never came to $phase"
    kill -0 $pid 2>/dev/null || die "the run ended before $phase"
    sleep 0.05
  done
  sleep "$delay"
  kill -KILL $pid
  wait $pid 2>/dev/null || true
  run=$(newest_run "$runs")
  "$program" heal "$run" >"$work/heal.out" 2>"$work/heal.log" || { cat "$work/heal.out"; die "heal after SIGKILL $delay s into $phase"; }
  case $phase in
    hold | undo) check "heal gave prod its power back" grep -q 'power on prod' "$work/heal.out" ;;
  esac
  say "healed: $(tr '\n' ';' <"$work/heal.out")"
  check "SIGKILL $delay s into $phase: every node is back" \
    "$program" run "$work/short.yaml" --lab "$lab" --runs "$runs" --dry-run >"$work/dry.out" 2>"$work/dry.log"
}

# `lab up` killed at any moment leaves nothing that `lab down` does not end; and two labs do not meet.
lab_processes() { # of the lab NAME: every process that carries the lab's mark in its environment
  grep -lszE "^ERNSTFALL_LAB_FOLDER=.*/labs/$1\$" /proc/[0-9]*/environ 2>/dev/null | wc -l
}
none_left() { [ "$(lab_processes "$1")" -eq 0 ]; }
test_killed_lab_up() {
  local other=$lab-2 delay pid
  check "a running lab's processes can be found" test "$(lab_processes "$lab")" -ge 5
  for delay in 0.05 0.3 1 3 8; do
    "$program" lab up --lab "$other" --topology "$top/lab/topologies/homelab.yaml" >"$work/up2.log" 2>&1 &
    pid=$!
    sleep "$delay"
    kill -KILL $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    "$program" lab down --lab "$other" --purge >"$work/down2.log" 2>&1 || die "lab down after SIGKILL of lab up"
    check "SIGKILL $delay s into lab up, then down: no process is left" none_left "$other"
    check "and no file" test ! -e "$(dirname "$(lab_folder)")/$other"
  done
}
test_two_labs() {
  local other=$lab-2
  "$program" lab up --lab "$other" --topology "$top/lab/topologies/homelab.yaml" >"$work/up2.log" 2>&1 || die "a second lab"
  check "a second lab with the same addresses: both answer" both_answer "$other"
  check "they are different machines" test "$(host_key "$lab")" != "$(host_key "$other")"
  "$program" lab down --lab "$other" --purge >"$work/down2.log" 2>&1 || die "lab down of the second lab"
  check "the second lab is gone" none_left "$other"
  check "the first one is still there" "$program" lab ssh --lab "$lab" prod true
}

# Files of the user's in the image: a unit's drop-in, a script, a kernel module to load. One node, no DRBD.
test_overlay() {
  local other=$lab-2 own=$work/own
  mkdir -p "$own/files/etc/modules-load.d" "$own/files/usr/local/bin"
  printf 'dummy\n' >"$own/files/etc/modules-load.d/own.conf"
  printf '#!/bin/sh\necho from the overlay\n' >"$own/files/usr/local/bin/own-tool"
  chmod 755 "$own/files/usr/local/bin/own-tool"
  printf 'lab: own\noverlay: [files]\nnodes:\n  only: {address: 10.77.0.11, memory: 512MiB}\n' >"$own/own.yaml"
  "$program" lab up --lab "$other" --topology "$own/own.yaml" >"$work/up2.log" 2>&1 || die "a lab with an overlay"
  check "the overlay's script runs on the node" same_text "from the overlay" "$program" lab ssh --lab "$other" only -- own-tool
  check "the overlay's kernel module is loaded" "$program" lab ssh --lab "$other" only -- grep -q '^dummy ' /proc/modules
  "$program" lab down --lab "$other" --purge >"$work/down2.log" 2>&1 || die "lab down of the lab with an overlay"
}
same_text() { # TEXT COMMAND...
  local text=$1
  shift
  [ "$("$@")" = "$text" ]
}
host_key() { "$program" lab ssh --lab "$1" prod cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d ' ' -f 2; }
both_answer() { "$program" lab ssh --lab "$lab" prod true && "$program" lab ssh --lab "$1" prod true; }

bring_up
if [ "${#only[@]}" -gt 0 ]; then
  short_scenario
  for function in "${only[@]}"; do $function; done
  say "$passed passed, 0 failed"
  exit 0
fi
test_kill_prod
test_plain_cluster_file
test_synchronous_replica
test_lagging_replica
short_scenario
kill_at baseline 1
kill_at inject 0
kill_at hold 2
if [ "$all" = --all ]; then
  kill_at baseline 0
  kill_at inject 0.1
  kill_at inject 0.5
  kill_at hold 0
  kill_at hold 4
  kill_at undo 5
  kill_at settle 0.5
  test_killed_lab_up
  test_two_labs
  test_overlay
  test_planted_delays
fi
say "$passed passed, 0 failed"
