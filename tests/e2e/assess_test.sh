#!/usr/bin/env bash
# assess_test: labs whose class is known beforehand, assessed with real runs: each has to get its own class, for
# its own reasons. An hour and more for the one that has to be `ha`, which needs every fault; ten minutes for the other.
# usage: assess_test PROGRAM [--output FOLDER] [VARIANT...]
#   --output   keep the runs there; runs that count there already are not made again
#   VARIANT    only these of the functions variant_* below: failover asynchronous
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lab_functions.sh"
variants=("$@")
[ $# -gt 0 ] || variants=(failover asynchronous)
output=${output:-$work}

check() { # TEXT COMMAND...
  local text=$1
  shift
  if "$@"; then good "$text"; else bad "$text"; fi
}
# assess TOPOLOGY OPTION...: the assessment's JSON in $work/NAME.json
assess() {
  local name=$1 status=0
  shift
  "$program" lab up --lab "$lab" --topology "$top/lab/topologies/$name.yaml" >"$work/$name.up" 2>&1 || { cat "$work/$name.up"; exit 1; }
  # A lab has the name of this run, and runs of another cluster do not count.
  say "assessing $name: $("$program" assess --lab "$lab" "$@" --output "$output/$name" --dry-run | tail -n 1)"
  "$program" assess --lab "$lab" "$@" --output "$output/$name" --json >"$work/$name.json" 2>"$work/$name.log" || status=$?
  "$program" lab down --lab "$lab" --purge >/dev/null
  [ $status -le 2 ] || { tail -n 30 "$work/$name.log"; bad "$name: assess ended with $status"; }
}
# CLASS RULE=STATE...: what the assessment of NAME has to say
class_is() { jq -e --arg class "$2" '.class == $class' "$work/$1.json" >/dev/null; }
rule_is() { jq -e --arg rule "$2" --arg state "$3" 'any(.rules[]; .id == $rule and .state == $state)' "$work/$1.json" >/dev/null; }

# Recovers by itself from every single fault, and loses nothing.
variant_failover() {
  local rule
  assess failover --scenarios "$top/lab/topologies/failover/scenarios"
  check "failover: class ha" class_is failover ha
  for rule in one-primary no-split-brain block-loss write-order service-loss served-again unattended target redundancy fencing; do
    check "failover: $rule is met" rule_is failover "$rule" met
  done
}

# What it acknowledges only one node has: one takeover is enough to show it.
variant_asynchronous() {
  local runs=$output/asynchronous
  "$program" lab up --lab "$lab" --topology "$top/tests/e2e/topologies/asynchronous.yaml" >"$work/asynchronous.up" 2>&1 || { cat "$work/asynchronous.up"; exit 1; }
  "$program" run "$top/scenarios/kill-prod-attended.yaml" --lab "$lab" --runs "$runs" >"$work/asynchronous.log" 2>&1 || true # violated, as it has to be
  "$program" assess "$runs" --output "$runs/assessment" --json >"$work/asynchronous.json" 2>>"$work/asynchronous.log" || true
  "$program" lab down --lab "$lab" --purge >/dev/null
  check "asynchronous: class unsafe: $(jq -r '.rules[] | select(.id == "block-loss") | .evidence[0].text' "$work/asynchronous.json" | head -n 1)" class_is asynchronous unsafe
  check "asynchronous: block-loss is not met" rule_is asynchronous block-loss "not met"
}

for variant in "${variants[@]}"; do "variant_$variant"; done
say "$passed passed, $failed failed"
[ $failed -eq 0 ]
