#!/usr/bin/env bash
# dead_man_test: what is left on a node when the harness is killed, cut off from it, or the node restarts, at each step of
# a fault; what becomes of a run whose undo fails, whose fault has no effect or whose dead-man was removed; and whether a
# node's own qdiscs, rules, full disk and stopped units stay as they were.
# usage: dead_man_test PROGRAM [--lab NAME] [--table FILE] [--all | FUNCTION...]
#   --lab      a lab that is up, and is left up
#   --table    writes what was tried as Markdown (docs/reference/dead-man-tested.md)
#   --all      every family at every step in each of the three ways, planted defects, and the owner's own state
#   FUNCTION   only these: "killed confirmed net disk node" "cut_off undoing unit drbd" "restarted armed disk" test_planted test_own_state
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lab_functions.sh"

# One fault of each family: fault, node, parameters, and who sees it by which command (never the node itself: it may be cut off).
family() {
  case $1 in
    net) fault=net.partition node=prod with=from=mirror observer=mirror command='! ping -c 1 -W 2 10.77.0.11' ;;
    disk) fault=disk.fill node=mirror with=mount=/ observer=mirror command='[ "$(df --output=avail / | tail -n 1)" -eq 0 ]' ;;
    resource) fault=resource.processes node=mirror with=- observer=mirror command='[ "$(cat /proc/sys/kernel/threads-max)" -lt 1000 ]' ;;
    drbd) fault=drbd.disconnect node=mirror with=- observer=prod command='grep -q cs:WFConnection /proc/drbd' ;;
    unit) fault=unit.stop node=prod with=unit=apache2.service observer=load command='! timeout 5 bash -c "exec 3<>/dev/tcp/10.77.0.11/9200"' ;;
    observer) fault=observer.node-exporter node=prod with=- observer=dash command='! timeout 5 bash -c "exec 3<>/dev/tcp/10.77.0.11/9100"' ;;
    node) fault=node.clock-step node=load with='by=40s direction=back' observer=dash
      command='d=$(timeout 5 bash -c "exec 3<>/dev/tcp/10.77.0.13/9100; printf \"GET / HTTP/1.0\r\n\r\n\" >&3; sed -n \"s/^Date: //p\" <&3" | tr -d "\r"); x=$(($(date -d "$d" +%s) - $(date +%s))); test "${x#-}" -gt 15' ;;
    *) echo "unknown family $1" >&2; exit 64 ;;
  esac
}
# Together in one run, each on another node.
groups=("net disk node" "unit drbd" "observer resource")
steps=(undo-planned armed applying applied confirmed undoing)
dead_man=20

start() { # HOLD; $pid is the harness
  local with_options=() pair
  [ "$with" = - ] || for pair in $with; do with_options+=(--with "$pair"); done
  rm -rf "$work/runs"
  "$program" inject "$fault" --on "$node" "${with_options[@]}" --hold "$1" --dead-man ${dead_man}s --lab "$lab" --runs "$work/runs" --json \
    >"$work/inject.json" 2>"$work/inject.log" &
  pid=$!
}
at_record() { # KIND [TIMES]: returns when the journal has it
  until [ "$(cat "$work"/runs/*/journal.jsonl 2>/dev/null | grep -c "\"kind\":\"$1\"")" -ge "${2:-1}" ]; do
    kill -0 $pid 2>/dev/null || return 1
    sleep 0.02
  done
}
run_folder() { printf '%s\n' "$work"/runs/2*; }
clean_by_itself() { # as seen twice: a script that was on its way may still arrive
  local limit=$((dead_man + 90))
  eventually $limit no_mark "$node" && sleep 3 && eventually $limit no_mark "$node" && eventually 30 not_seen "$observer" "$command"
}
no_mark() { on_node "$1" '[ ! -e /run/ernstfall ] && [ ! -e /var/lib/ernstfall ] && ! ls /etc/systemd/system/ernstfall-* && ! systemctl list-units "ernstfall-*" --all --plain --no-legend | grep -q .'; }
heals() { # NAME
  if "$program" heal "$(run_folder)" >"$work/heal.out" 2>&1; then
    good "$1: heal: $(grep -m 1 'dead-man' "$work/heal.out" || tail -n 1 "$work/heal.out")"
  else
    bad "$1: heal: $(tr '\n' ';' <"$work/heal.out")"
  fi
}

# Faults of several families in one run, each on another node; $pid is the harness.
begin_together() { # HOLD FAMILY...
  local hold=$1 f pair steps=()
  shift
  for f in "$@"; do
    family "$f"
    steps+=("$({ [ "$with" = - ] || for pair in $with; do printf '%s\n' "$pair"; done; } | jq -Rn --arg fault "$fault" --arg on "$node" --arg hold "$hold" \
      '[inputs | capture("(?<key>[^=]*)=(?<value>.*)")] as $with | {fault: $fault, on: $on, hold: $hold, at: "0s"} + (if $with != [] then {with: ($with | from_entries)} else {} end)')")
  done
  printf '%s\n' "${steps[@]}" | jq -s '{title: "several at once", faults: ., probes: []}' >"$work/together.yaml"
  rm -rf "$work/runs"
  "$program" run "$work/together.yaml" --dead-man ${dead_man}s --lab "$lab" --runs "$work/runs" --json >"$work/inject.json" 2>"$work/inject.log" &
  pid=$!
}
# All of them are at the step for `confirmed`; else the first one is: the others are close behind, or before.
at_step() { # STEP FAMILY...
  local step=$1 wanted=1
  shift
  [ "$step" != confirmed ] || wanted=$#
  at_record "$step" $wanted
}
hold_for() { case $1 in undoing) echo 5s ;; *) echo "$2" ;; esac; }
all_clean() { # NAME BEGAN-SECONDS FAMILY...
  local name=$1 began=$2 f
  shift 2
  for f in "$@"; do
    family "$f"
    if clean_by_itself; then
      good "$fault with others, $name: the node is clean by itself"
      row "$f" "$name" "$((SECONDS - began)) s"
    else
      bad "$fault with others, $name: the node is not clean"
      row "$f" "$name" "**not clean**"
    fi
  done
}
row() { family "$1"; printf '%s\t%s\t%s\t%s\n' "$fault" "$node" "$2" "$3" >>"$work/table"; }

# Both die: the harness, and the local dead-man that would heal.
killed() { # STEP FAMILY...
  local step=$1 began
  shift
  begin_together "$(hold_for "$step" 300s)" "$@"
  if ! at_step "$step" "$@"; then bad "$* together, killed at $step: the run ended before: $(tail -n 1 "$work/inject.log")"; return; fi
  kill -KILL "$(jq -r .pid "$(run_folder)/keeper.json")" $pid
  began=$SECONDS
  wait $pid 2>/dev/null
  all_clean "killed at $step" $began "$@"
  heals "$* together, killed at $step"
  [ "$step" != confirmed ] || [ "$(grep -o '[0-9a-f]* undone by its dead-man' "$work/heal.out" | sort -u | wc -l)" -eq $# ] ||
    bad "$* together: heal does not say $# times that the dead-man did it: $(tr '\n' ';' <"$work/heal.out")"
}

# What we send to the node goes to a machine that is not there: silence, as on a broken line.
silence() { "$program" lab exec --lab "$lab" -- ip neigh replace "$1" lladdr 02:00:00:00:de:ad nud permanent dev "$(bridge_to "$1")"; }
speak() { "$program" lab exec --lab "$lab" -- ip neigh del "$1" dev "$(bridge_to "$1")"; }
bridge_to() { "$program" lab exec --lab "$lab" -- ip -o route get "$1" | sed -n 's/.* dev \([^ ]*\).*/\1/p'; }
ended_honestly() { # NAME WHY: a run that knew nothing of a node for a while
  local status=0
  wait $pid || status=$?
  case $status in
    2 | 3) good "$1: exit $status: $(why | cut -c1-200)" ;;
    *) bad "$1: exit $status, though $2" ;;
  esac
}
cut_off() { # STEP FAMILY...
  local step=$1 name f addresses=() address until_s began
  shift
  name="$* together, cut off at $step"
  begin_together "$(hold_for "$step" 10s)" "$@"
  for f in "$@"; do family "$f"; addresses+=("$(awk -v node="$node" '$1 == node {print $2}' "$work/addresses")"); done
  if ! at_step "$step" "$@"; then bad "$name: the run ended before: $(tail -n 1 "$work/inject.log")"; return; fi
  for address in "${addresses[@]}"; do silence "$address" || bad "$name: cannot be cut off"; done
  began=$SECONDS
  # Whoever undoes it now is not us.
  sleep $((dead_man + 15))
  until_s=$(date +%s)
  for address in "${addresses[@]}"; do speak "$address"; done
  ended_honestly "$name" "nothing was known of the nodes for ${dead_man} s"
  all_clean "cut off at $step" $began "$@"
  # At the other steps a node may have been reached just before.
  if [ "$step" = confirmed ]; then
    for f in "$@"; do
      family "$f"
      on_node "$node" "t=\$(journalctl -q -t ernstfall -o short-unix -n 1 --grep 'undone by its dead-man' | cut -d. -f1) && [ \"\$t\" -ge $((until_s - dead_man - 60)) ]" &&
        good "$fault with others, cut off at $step: its dead-man did it" || bad "$fault with others, cut off at $step: it was not its dead-man"
    done
  fi
  heals "$name"
}

# Their nodes lose power and get it again, one after the other.
restarted() { # STEP FAMILY...
  local step=$1 name f began
  shift
  name="$* together, restarted at $step"
  begin_together "$(hold_for "$step" 30s)" "$@"
  if ! at_step "$step" "$@"; then bad "$name: the run ended before: $(tail -n 1 "$work/inject.log")"; return; fi
  began=$SECONDS
  for f in "$@"; do
    family "$f"
    "$program" lab power "$node" off --lab "$lab" >>"$work/power.log" 2>&1
    "$program" lab power "$node" on --lab "$lab" >>"$work/power.log" 2>&1
  done
  ended_honestly "$name" "nodes were restarted in the middle"
  for f in "$@"; do family "$f"; eventually 240 on_node "$node" true || bad "$name: $node does not come back"; done
  all_clean "restarted at $step" $began "$@"
  heals "$name"
}

# A cluster file without the lab's patience: what these wait for never comes.
impatient() { sed 's/^time_scale:.*/time_scale: 1/' "$files/cluster.yaml" >"$work/cluster.yaml"; }
planted() { # NAME EXPECTED-EXIT REASON; after a start
  local status=0
  wait $pid || status=$?
  if [ $status -eq "$2" ] && grep -q "$3" "$work/inject.log" "$work/inject.json"; then
    good "$1: exit $status: $(grep -ho "$3.*" "$work/inject.log" | head -n 1 | cut -c1-160)"
  else
    bad "$1: exit $status: $(tail -n 3 "$work/inject.log")"
  fi
}
test_planted() {
  impatient
  family net
  start 15s
  at_record confirmed && on_node prod "systemctl stop 'ernstfall-*.timer'" || bad "no timer to remove"
  planted "a dead-man that someone removed" 2 "someone removed it"

  on_node prod 'printf "#!/bin/sh\ncase \"\$*\" in *add*|-f*) cat >/dev/null 2>&1; exit 0;; esac\nexec /usr/sbin/nft \"\$@\"\n" >/usr/local/sbin/nft && chmod 755 /usr/local/sbin/nft'
  rm -rf "$work/runs"
  "$program" inject net.partition --on prod --with from=mirror --hold 5s --cluster "$work/cluster.yaml" --runs "$work/runs" --json >"$work/inject.json" 2>"$work/inject.log" &
  pid=$!
  planted "a fault that silently does nothing" 2 "not seen to take effect"
  on_node prod 'rm /usr/local/sbin/nft'

  rm -rf "$work/runs"
  jq -n '{title: "an undo that fails", node_back_max: "10s", settle_max: "10s", probes: [], faults: [{fault: "unit.stop", on: "prod", hold: "10s", with: {unit: "prometheus-node-exporter.service"}}]}' >"$work/undo-fails.yaml"
  "$program" run "$work/undo-fails.yaml" --cluster "$work/cluster.yaml" --runs "$work/runs" --json >"$work/inject.json" 2>"$work/inject.log" &
  pid=$!
  at_record confirmed && on_node prod 'd=/run/systemd/system/prometheus-node-exporter.service.d; mkdir -p $d && printf "[Service]\nExecStart=\nExecStart=/bin/false\nRestart=no\n" >$d/planted.conf && systemctl daemon-reload'
  planted "an undo that fails" 3 "DIRTY"
  on_node prod 'rm -r /run/systemd/system/prometheus-node-exporter.service.d && systemctl daemon-reload && systemctl reset-failed prometheus-node-exporter'
  heals "an undo that fails, when the cause is gone"
  no_mark prod && on_node prod 'systemctl is-active prometheus-node-exporter' || bad "heal said yes, but the unit does not run"

  on_node prod 'mv /run/systemd/system /run/systemd/system.away'
  start 5s
  planted "a node without systemd" 2 "systemd does not run this node"
  on_node prod 'mv /run/systemd/system.away /run/systemd/system'
  no_mark prod || bad "a node without systemd: something is left"
}

# What the owner has on the node himself, byte for byte.
own_state() {
  "$program" lab ssh --lab "$lab" prod -- sh -c 'tc qdisc show; tc filter show dev eth0; nft -s list ruleset; df --output=avail,iavail /srv/cloud; ls -laR /srv/cloud | grep -v "^total"; systemctl is-active prometheus-node-exporter; systemctl is-enabled prometheus-node-exporter; grep -v binfmt_misc /proc/mounts; find /etc/systemd /run/systemd/system -type f | sort | xargs sha256sum; sysctl -a 2>/dev/null | grep -v -e fs.binfmt_misc -e random -e "\.file-nr" -e inode -e dentry -e ns_last_pid -e stat_refresh -e perf_event -e _reserve_kbytes' </dev/null
}
test_own_state() {
  on_node prod 'tc qdisc replace dev eth0 root handle 42: fq_codel limit 777 && nft add table inet owner && nft "add chain inet owner c { type filter hook input priority 7; }" &&
    nft add rule inet owner c tcp dport 4444 drop && systemctl stop prometheus-node-exporter' || bad "the owner's state cannot be made"
  own_state >"$work/own.before"
  local line
  for line in "net.throttle from=mirror rate=1Mbit" "net.partition from=mirror" "net.delay from=mirror"; do
    if "$program" inject ${line%% *} --on prod $(printf -- '--with %s ' ${line#* }) --hold 3s --lab "$lab" --runs "$work/runs" >"$work/inject.out" 2>"$work/inject.log"; then
      good "${line%% *} beside the owner's qdisc and rules"
    else
      bad "${line%% *} beside the owner's qdisc and rules: $(tail -n 2 "$work/inject.log")"
    fi
  done
  "$program" inject observer.node-exporter --on prod --hold 3s --lab "$lab" --runs "$work/runs" >"$work/inject.out" 2>"$work/inject.log" && bad "a stopped unit was stopped"
  good "a unit that is stopped already: $(tail -n 1 "$work/inject.log")"
  own_state >"$work/own.after"
  if cmp -s "$work/own.before" "$work/own.after"; then good "the owner's state is the same, byte for byte"; else bad "the owner's state: $(diff "$work/own.before" "$work/own.after" | head -n 10)"; fi
  on_node prod 'fallocate -l $(($(df -B1 --output=avail /srv/cloud | tail -n 1))) /srv/cloud/owner.full; dd if=/dev/zero of=/srv/cloud/owner.rest bs=4k 2>/dev/null; sync; [ "$(df --output=avail /srv/cloud | tail -n 1)" -eq 0 ]' || bad "the disk cannot be filled"
  own_state >"$work/own.before"
  "$program" inject disk.fill --on prod --with mount=/srv/cloud --hold 3s --lab "$lab" --runs "$work/runs" >"$work/inject.out" 2>"$work/inject.log"
  good "a disk that is full already: $(tail -n 1 "$work/inject.log")"
  own_state >"$work/own.after"
  if cmp -s "$work/own.before" "$work/own.after"; then good "the full disk is the same, byte for byte"; else bad "the full disk: $(diff "$work/own.before" "$work/own.after" | head -n 10)"; fi
  on_node prod 'rm -f /srv/cloud/owner.full /srv/cloud/owner.rest; tc qdisc del dev eth0 root; nft delete table inet owner; systemctl start prometheus-node-exporter'
}

all=
[ "${1:-}" != --all ] || { all=yes; shift; }
bring_lab_up
if [ $# -gt 0 ]; then
  for call in "$@"; do $call; done
elif [ -n "$all" ]; then
  for how in killed cut_off restarted; do
    for step in "${steps[@]}"; do
      for group in "${groups[@]}"; do $how $step $group; done
    done
  done
  test_planted
  test_own_state
else
  killed armed net disk node
  killed applying unit drbd
  killed confirmed net disk node
  killed undoing unit drbd
  cut_off confirmed net
  restarted confirmed disk
fi
# One line for each thing that happened, in the order in which it was tried, one column per fault.
as_table() {
  awk -F '\t' '{
      if (!($1 in node)) { node[$1] = $2; faults[++n] = $1 }
      if (!($3 in line)) { line[$3] = ++m; happened[m] = $3 }
      cell[$1, $3] = $4
    } END {
      printf "| what happened |"; for (f = 1; f <= n; f++) printf " `%s` (%s) |", faults[f], node[faults[f]]; print ""
      printf "|---|"; for (f = 1; f <= n; f++) printf "---|"; print ""
      for (r = 1; r <= m; r++) {
        printf "| %s |", happened[r]
        for (f = 1; f <= n; f++) printf " %s |", ((faults[f], happened[r]) in cell) ? cell[faults[f], happened[r]] : "not tried"
        print ""
      }
    }'
}
if [ -n "$table" ]; then
  { printf '%s\n' '# The harness killed or cut off, a node restarted: as tried on the lab' '' \
      "Made by \`tests/e2e/dead_man_test.sh --table\`, with a dead-man of ${dead_man} s. Several faults at once, each on another node; at the stated step of" \
      'the protocol the harness and its keeper were ended with SIGKILL, or no packet reached the nodes for 35 s, or the nodes lost power and' \
      'got it again. The time is the one after which the node was seen to be clean: no effect, no unit, no file and no mark of ours, looked at from' \
      'outside, node by node; so the node itself was at most that slow. Where the harness was killed, nobody but the node had done anything for it.' \
      '`ernstfall heal` said so after each.' ''
    as_table <"$work/table"; } >"$table"
fi
[ ! -s "$work/failures" ] || { say "what failed, once more:"; cat "$work/failures" >&3; }
say "$passed passed, $failed failed"
[ $failed -eq 0 ]
