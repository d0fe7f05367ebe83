# lab_functions: what the scripts that try faults on the lab have in common. Sourced without arguments, it takes these of
# the script's: PROGRAM [--lab NAME] [--table FILE] [--output FOLDER]; what is left over is the script's own.
program=$(readlink -f "$1")
shift
lab=$(basename "$0" _test.sh | tr _ -)-$$
keep_lab= table= output=
while true; do
  case ${1:-} in
    --lab) lab=$2 keep_lab=yes ;;
    --table) table=$2 ;;
    --output) mkdir -p "$2" && output=$(readlink -f "$2") ;;
    *) break ;;
  esac
  shift 2
done
work=$(mktemp -d "${TMPDIR:-/tmp}/ernstfall-e2e.XXXXXX")
failed=0
passed=0
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
exec 3>&1 # what is said while a command's output goes into a file

say() { printf '%s %s\n' "$(date -u +%T)" "$*" >&3; }
bad() { failed=$((failed + 1)); say "FAILED: $*"; printf 'FAILED: %s\n' "$*" >>"$work/failures"; }
good() { passed=$((passed + 1)); say "ok: $*"; }
cleanup() {
  local status=$?
  [ -n "$keep_lab" ] || "$program" lab down --lab "$lab" --purge >/dev/null 2>&1 || true
  # The kept connections end with the lab; with a lab that stays, by themselves.
  rm -rf "$work"
  exit $status
}
trap cleanup EXIT
# One connection per node, kept: a new one costs an emulated machine seconds. 0 and 1 are the command's answer, 2 is none.
on_node() { # NODE SHELL-TEXT
  local address status=0
  address=$(awk -v node="$1" '$1 == node {print $2}' "$work/addresses")
  timeout 60 "$program" lab exec --lab "$lab" -- ssh -i "$files/id" -o IdentitiesOnly=yes -o "UserKnownHostsFile=$files/known_hosts" \
    -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ControlMaster=auto -o ControlPersist=300 -o "ControlPath=$work/%h" \
    "root@$address" "sh -c $(printf '%q' "if ($2"$'\n'") >/dev/null 2>&1; then exit 0; else exit 1; fi")" </dev/null >>"$work/node.log" 2>&1 || status=$?
  [ $status -le 1 ] || { echo "$1: status $status" >>"$work/node.log"; return 2; }
  return $status
}
eventually() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.5
  done
}
not_seen() { on_node "$@"; [ $? -eq 1 ]; }

why() { jq -r '[.aborted, .residue[], .faults[].problem] | map(select(. != "")) | unique | join("; ")' "$work/inject.json" 2>/dev/null || tail -n 1 "$work/inject.log"; }

bring_lab_up() {
  say "bringing the lab up"
  "$program" lab up --lab "$lab" --topology "$top/lab/topologies/homelab.yaml" >"$work/up.log" 2>&1 || { cat "$work/up.log"; exit 1; }
  files=${XDG_CACHE_HOME:-$HOME/.cache}/ernstfall/labs/$lab
  "$program" lab status --lab "$lab" --json | jq -r '.nodes[] | "\(.name) \(.address)"' >"$work/addresses"
}
