#!/usr/bin/env bash
# faults_test: every fault of faults.tsv on real virtual machines: applied, confirmed, seen by an independent command,
# undone, nothing left; some of them in one run, one after the other.
# usage: faults_test PROGRAM [--lab NAME] [--table FILE] [FAULT...]
#   --lab     a lab that is up, and is left up
#   --table   writes the table of all faults with their results as Markdown (docs/reference/faults-tested.md)
#   FAULT     only these faults of the table
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lab_functions.sh"
only=" $* "

# Some lines of faults.tsv in one run. While a fault holds, its observer has to see it; before and after, not to see it.
faults=() nodes=() parameters=() observers=() commands=()
count_of() { grep -c "$1" "$work/run.log" || true; }
until_count() { # TEXT N: false when the run ended before
  until [ "$(count_of "$1")" -ge "$2" ]; do
    kill -0 $pid 2>/dev/null || { [ "$(count_of "$1")" -ge "$2" ]; return; }
    sleep 0.2
  done
}
seen_while_it_holds() { # N INDEX: looks that begin after the undo has do not count
  [ "$(count_of 'undo  ')" -lt "$1" ] && on_node "${observers[$2]}" "${commands[$2]}"
}
scenario() { # INDEX...: as JSON, which is YAML
  local i pair steps=()
  for i in "$@"; do
    steps+=("$(
      [ "${parameters[i]}" = - ] || for pair in ${parameters[i]}; do printf '%s\n' "$pair"; done |
        jq -Rn --arg fault "${faults[i]}" --arg on "${nodes[i]}" --arg hold "${hold}s" \
          '{fault: $fault, on: $on, hold: $hold} + ([inputs | capture("(?<key>[^=]*)=(?<value>.*)")] | if length > 0 then {with: from_entries} else {} end)'
      [ "${parameters[i]}" != - ] || jq -n --arg fault "${faults[i]}" --arg on "${nodes[i]}" --arg hold "${hold}s" '{fault: $fault, on: $on, hold: $hold}'
    )")
  done
  printf '%s\n' "${steps[@]}" | jq -s '{title: "faults, one after the other", faults: ., probes: []}'
}
try_group() { # INDEX...; $tried: how many of them are decided
  local i n=0 total=$# status=0 result=$work/runs/latest/result.json begun=$SECONDS row applied confirmed undone seen clean
  tried=0
  rm -rf "$work/runs" "$work"/seen.* "$work"/gone.*
  : >"$work/run.log"
  scenario "$@" >"$work/faults.yaml"
  # Looked before the run begins: the first look of each observer costs a slow node a connection. A unit that the group
  # before had started again is young for a while.
  for i in "$@"; do eventually 30 not_seen "${observers[i]}" "${commands[i]}" || bad "${faults[i]}: ${observers[i]} sees it before it is there"; done
  "$program" run "$work/faults.yaml" --lab "$lab" --runs "$work/runs" >"$work/run.out" 2>"$work/run.log" &
  pid=$!
  for i in "$@"; do
    n=$((n + 1))
    until_count 'in effect, and seen to be' $n || break
    eventually $((hold - 1)) seen_while_it_holds $n "$i" && : >"$work/seen.$i"
    kill -USR1 $pid 2>/dev/null || true # seen: need not hold any longer
    until_count 'undone, and seen to be' $n || break
    (eventually 60 not_seen "${observers[i]}" "${commands[i]}" && : >"$work/gone.$i") &
    gone[i]=$!
  done
  wait $pid || status=$?
  n=0
  for i in "$@"; do
    row=$(jq -c ".faults[$n] // empty" "$result" 2>/dev/null)
    [ -n "$row" ] || break
    n=$((n + 1))
    [ -z "${gone[i]:-}" ] || wait "${gone[i]}"
    unset "gone[i]"
    applied=no confirmed=no undone=no seen=no clean=no
    jq -e '.applied_at != null' >/dev/null <<<"$row" && applied=yes
    jq -e '.confirmed_at != null and .problem == ""' >/dev/null <<<"$row" && confirmed=yes
    jq -e '.undone_at != null' >/dev/null <<<"$row" && [ -e "$work/gone.$i" ] && undone=yes
    [ -e "$work/seen.$i" ] && seen=yes
    grep -q 'every node is as it was' "$work/run.log" && clean=yes
    printf '| `%s` | %s | %s | %s | %s | %s | %s | %s |\n' "${faults[i]}" "${nodes[i]}" "$applied" "$confirmed" "$seen" "$undone" "$clean" \
      "$(jq -r '.confirmed_by' <<<"$row" | tr '|\n' '/ ' | cut -c1-100)" >>"$work/table"
    if [ "$applied$confirmed$seen$undone$clean" = yesyesyesyesyes ]; then
      good "${faults[i]} on ${nodes[i]}"
    else
      bad "${faults[i]} on ${nodes[i]}: applied $applied, confirmed $confirmed, seen by ${observers[i]} $seen, undone $undone, nothing left $clean: $(jq -r .problem <<<"$row")"
    fi
  done
  tried=$n
  say "$n of $total faults in $((SECONDS - begun)) s, exit $status"
  if ! grep -q 'every node is as it was' "$work/run.log" || [ $n -lt $total ]; then
    cat "$work/run.log" >&3
    # The next fault must not pay for this one.
    "$program" heal "$work/runs/latest" >>"$work/heal.log" 2>&1 || "$program" lab reset --lab "$lab" >/dev/null 2>&1
    # One that was not even begun is tried again as the first of a group, and then it is its own fault.
    if [ $n -eq 0 ]; then bad "${faults[$1]}: not begun: $(tail -n 1 "$work/run.log")"; tried=1; fi
  fi
}

# What a careful owner has: a pool that answers with an error when it is full, and a volume that promises more than there is.
thin_pool() {
  on_node dash 'modprobe loop && truncate -s 96M /var/lib/thin.img && d=$(losetup -f --show /var/lib/thin.img) && vgcreate vg0 "$d" &&
    lvcreate --type thin-pool --chunksize 64k -L 48M -n pool vg0 && lvchange --errorwhenfull y vg0/pool &&
    lvcreate --type thin -V 100M --thinpool pool -n data vg0' ||
    bad "no thin pool can be made on dash"
}

group_size=14
hold=60 # at most: it ends when the observer has seen it, however slow the machine is
try_all() {
  local fault node with observer command chosen=() i=0
  while IFS=$'\t' read -r fault node with observer command <&4; do
    case $fault in '' | '#'*) continue ;; esac
    [ "$only" = "  " ] || [[ $only == *" $fault "* ]] || continue
    faults[i]=$fault nodes[i]=$node parameters[i]=$with observers[i]=$observer commands[i]=$command
    chosen+=($i)
    i=$((i + 1))
  done 4<"$top/tests/e2e/faults.tsv"
  while [ ${#chosen[@]} -gt 0 ]; do
    try_group "${chosen[@]:0:group_size}"
    chosen=("${chosen[@]:tried}")
  done
}
gone=()

bring_lab_up
[[ $only != "  " && $only != *" disk.thin-full "* ]] || thin_pool
try_all
if [ -n "$table" ]; then
  { printf '%s\n' '# Faults, as tried on the lab' '' \
      'Made by `tests/e2e/faults_test.sh --table`, one run on the lab of four virtual machines. *Seen* is an independent command on the' \
      'named observer (tests/e2e/faults.tsv) that has to fail before, succeed during and fail after the fault; *nothing left* is the' \
      'fingerprint of every node, compared byte by byte.' '' \
      '| fault | node | applied | confirmed | seen | undone | nothing left | confirmed by |' '|---|---|---|---|---|---|---|---|'
    cat "$work/table"; } >"$table"
fi
[ ! -s "$work/failures" ] || { say "what failed, once more:"; cat "$work/failures" >&3; }
say "$passed passed, $failed failed"
[ $failed -eq 0 ]
