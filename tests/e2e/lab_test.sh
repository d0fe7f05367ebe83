#!/usr/bin/env bash
# lab_test: the whole path as its user walks it, on real virtual machines with real DRBD: a run, its
# report, the recheck, and the harness killed at several moments and healed after.
# usage: lab_test PROGRAM [--all]   --all: kill at ten moments instead of three
set -euo pipefail
program=$(readlink -f "$1")
all=${2:-}
top=$(cd "$(dirname "$0")/../.." && pwd)
lab=e2e
work=$(mktemp -d "${TMPDIR:-/tmp}/ernstfall-e2e.XXXXXX")
passed=0

say() { printf '%s %s\n' "$(date -u +%T)" "$*"; }
die() {
  say "FAILED: $*"
  for log in "$work"/*.log; do [ -e "$log" ] && { echo "--- ${log##*/}"; tail -n 40 "$log"; }; done
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
  "$program" lab down --lab "$lab" --purge >/dev/null 2>&1 || true
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

same_numbers() { # what the run said, what the raw history says
  local numbers='(.result // .) | [.verdict, .class, .rto, .rpo]'
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

bring_up
test_kill_prod
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
fi
say "$passed passed, 0 failed"
