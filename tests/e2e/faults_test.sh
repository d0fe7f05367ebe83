#!/usr/bin/env bash
# faults_test: every fault of faults.tsv on real virtual machines: applied, confirmed, seen by an independent command,
# undone, nothing left. Then the same with the harness killed, its control path cut, the node restarted in the middle, and on
# nodes that have qdiscs, rules and full disks of their own.
# usage: faults_test PROGRAM [--table FILE] [FAULT...]
#   --table   writes the table of all faults with their results as Markdown (docs/reference/faults-tested.md)
#   FAULT     only these faults of the table; killed: the harness is killed while a fault holds
set -uo pipefail
program=$(readlink -f "$1")
shift
table=
if [ "${1:-}" = --table ]; then table=$2; shift 2; fi
only=" $* "
top=$(cd "$(dirname "$0")/../.." && pwd)
lab=faults-$$
work=$(mktemp -d "${TMPDIR:-/tmp}/ernstfall-faults.XXXXXX")
failed=0
passed=0
exec 3>&1

say() { printf '%s %s\n' "$(date -u +%T)" "$*" >&3; }
bad() { failed=$((failed + 1)); say "FAILED: $*"; }
good() { passed=$((passed + 1)); say "ok: $*"; }
cleanup() {
  local status=$?
  "$program" lab down --lab "$lab" --purge >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $status
}
trap cleanup EXIT
on_node() { # NODE SHELL-TEXT
  timeout 60 "$program" lab ssh --lab "$lab" "$1" -- sh -c "$2" </dev/null >>"$work/node.log" 2>&1
}
eventually() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.5
  done
}
never() { ! "$@"; }

# Starts the injection and returns once the fault is said to be in effect; $pid is the harness.
start_injection() { # FAULT NODE PARAMETERS HOLD
  local fault=$1 node=$2 parameters=$3 with=() pair deadline=$((SECONDS + 240))
  [ "$parameters" = - ] || for pair in $parameters; do with+=(--with "$pair"); done
  rm -rf "$work/runs" "$work/inject.json"
  : >"$work/inject.log" # before the loop below looks: what is there is the last fault's
  "$program" inject "$fault" --on "$node" "${with[@]}" --hold "$4" --lab "$lab" --runs "$work/runs" --json \
    >"$work/inject.json" 2>"$work/inject.log" &
  pid=$!
  until grep -q 'in effect, and seen to be' "$work/inject.log"; do
    kill -0 $pid 2>/dev/null || return 1
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}
why() { jq -r '[.aborted, .residue[], .faults[].problem] | map(select(. != "")) | unique | join("; ")' "$work/inject.json" 2>/dev/null || tail -n 1 "$work/inject.log"; }

# One line of faults.tsv.
try_fault() { # FAULT NODE PARAMETERS OBSERVER COMMAND
  local fault=$1 node=$2 parameters=$3 observer=$4 command=$5 applied=no confirmed=no seen=no undone=no clean=no status=0
  if on_node "$observer" "$command"; then
    bad "$fault: $observer says before the fault that it is in effect"
    return
  fi
  if start_injection "$fault" "$node" "$parameters" 8s; then
    eventually 7 on_node "$observer" "$command" && seen=yes
  fi
  wait $pid || status=$?
  [ "$(jq -r '.faults[0].applied' "$work/inject.json" 2>/dev/null)" = true ] && applied=yes
  [ "$(jq -r '.faults[0].confirmed' "$work/inject.json" 2>/dev/null)" = true ] && confirmed=yes
  [ "$(jq -r '.faults[0].undone' "$work/inject.json" 2>/dev/null)" = true ] && eventually 60 never on_node "$observer" "$command" && undone=yes
  [ $status -eq 0 ] && [ "$(jq -r '.residue | length' "$work/inject.json" 2>/dev/null)" = 0 ] && clean=yes
  printf '| `%s` | %s | %s | %s | %s | %s | %s | %s |\n' "$fault" "$node" "$applied" "$confirmed" "$seen" "$undone" "$clean" \
    "$(jq -r '.faults[0].confirmed_by // ""' "$work/inject.json" 2>/dev/null | tr '|\n' '/ ' | cut -c1-100)" >>"$work/table"
  if [ "$applied$confirmed$seen$undone$clean" = yesyesyesyesyes ]; then
    good "$fault on $node"
  else
    bad "$fault on $node: applied $applied, confirmed $confirmed, seen by $observer $seen, undone $undone, nothing left $clean: $(why)"
    tail -n 12 "$work/node.log" >&3
    # The next fault must not pay for this one.
    "$program" heal "$work/runs/latest" >>"$work/heal.log" 2>&1 || "$program" lab reset --lab "$lab" >/dev/null 2>&1
  fi
}

try_all() {
  local fault node parameters observer command
  while IFS=$'\t' read -r fault node parameters observer command <&4; do
    case $fault in '' | '#'*) continue ;; esac
    [ "$only" = "  " ] || [[ $only == *" $fault "* ]] || continue
    try_fault "$fault" "$node" "$parameters" "$observer" "$command"
  done 4<"$top/tests/e2e/faults.tsv"
}

# The node alone: its dead-man has to undo what nobody else will.
no_mark() { on_node "$1" '[ ! -e /run/ernstfall ] && [ ! -e /var/lib/ernstfall ]'; }
killed_harness() { # FAULT NODE PARAMETERS OBSERVER COMMAND
  local fault=$1 node=$2 observer=$4 command=$5 keeper
  if ! start_injection "$fault" "$node" "$3" 300s; then bad "$fault: not in effect: $(why)"; kill $pid 2>/dev/null; return; fi
  eventually 30 on_node "$observer" "$command" || bad "$fault: $observer does not see it, so that its end would prove nothing"
  keeper=$(jq -r .pid "$work/runs/latest/keeper.json")
  # Both: the harness, and the local dead-man that would heal.
  kill -KILL "$keeper" $pid
  wait $pid 2>/dev/null
  if eventually 100 no_mark "$node" && never on_node "$observer" "$command"; then
    good "$fault, harness and keeper killed: the node undid it itself"
  else
    bad "$fault, harness and keeper killed: the node is not clean after 100 s"
  fi
  if "$program" heal "$work/runs/latest" >"$work/heal.out" 2>>"$work/heal.log" && grep -q 'undone by its dead-man' "$work/heal.out"; then
    good "$fault: heal says that the dead-man did it"
  else
    bad "$fault: heal after the dead-man: $(tr '\n' ';' <"$work/heal.out")"
  fi
}

say "bringing the lab up"
"$program" lab up --lab "$lab" --topology "$top/lab/topologies/homelab.yaml" >"$work/up.log" 2>&1 || { cat "$work/up.log"; exit 1; }
try_all
if [ "$only" = "  " ] || [[ $only == *" killed "* ]]; then
  killed_harness net.partition prod from=mirror mirror '! ping -c 1 -W 2 10.77.0.11'
fi
if [ -n "$table" ]; then
  { printf '%s\n' '# Faults, as tried on the lab' '' \
      'Made by `tests/e2e/faults_test.sh --table`, one run on the lab of four virtual machines. *Seen* is an independent command on the' \
      'named observer (tests/e2e/faults.tsv) that has to fail before, succeed during and fail after the fault; *nothing left* is the' \
      'fingerprint of every node, compared byte by byte.' '' \
      '| fault | node | applied | confirmed | seen | undone | nothing left | confirmed by |' '|---|---|---|---|---|---|---|---|'
    cat "$work/table"; } >"$table"
fi
say "$passed passed, $failed failed"
[ $failed -eq 0 ]
