#!/usr/bin/env bash
# threshold_test: a service that is built to break at a level that we know is put on a lab machine; `run` of a threshold
# scenario has to find that level within the interval it states, and within the trials it promised. One that fails at
# random has to be called noisy.
# usage: threshold_test PROGRAM [--lab NAME] [FUNCTION...]
#   --lab      a lab that is up, and is left up
#   FUNCTION   only these: test_space test_bandwidth test_delay test_flapping test_stop_and_resume
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lab_functions.sh"

# What breaks. Without forks, so that a slow machine answers evenly: a probe's timeout must not be what is measured.
planted_service() {
  cat <<'PERL'
use strict; use warnings; use IO::Socket::INET; use Time::HiRes qw(time); use IO::Select;
my ($mode, @limit) = @ARGV;
my $server = IO::Socket::INET->new(LocalPort => 8099, Listen => 64, ReuseAddr => 1) or die "listen: $!";
sub space_left { my $b = "\0" x 256; syscall(137, $_[0], $b) == 0 or die "statfs: $!"; my @f = unpack("q5", $b); $f[1] * $f[4] }
# Seconds until HOST has sent BYTES, connecting included.
sub fetch_s {
  my ($host, $bytes) = @_;
  my $began = time;
  my $peer = IO::Socket::INET->new(PeerAddr => $host, PeerPort => 8099, Timeout => 5) or return 99;
  my $connected = time - $began;
  return $connected if !$bytes;
  print $peer "GET $bytes\n"; $peer->flush;
  my $got = 0;
  while ($got < $bytes) { return 99 if !IO::Select->new($peer)->can_read(5); my $n = sysread($peer, my $b, 65536) or return 99; $got += $n }
  return time - $began;
}
my %healthy = (
  space => sub { space_left($limit[0]) >= $limit[1] },
  delay => sub { fetch_s($limit[0], 0) * 1000 < $limit[1] },
  bandwidth => sub { fetch_s($limit[0], $limit[1]) * 1000 < $limit[2] },
  # Good while there is room; below it fails for whole minutes at random: so that one trial holds and the next breaks.
  flapping => sub { space_left($limit[0]) >= $limit[1] || do { srand(int(time / 40)); rand(); rand() < 0.5 } },
);
while (1) {
  my $client = $server->accept or next;
  $client->autoflush(1);
  my $line = <$client> // '';
  if ($mode eq 'serve') { print $client 'x' x $1 if $line =~ /^GET (\d{1,7})$/; close $client; next }
  while (my $header = <$client>) { last if $header =~ /^\r?\n$/ }
  my $status = $healthy{$mode}->() ? '200 OK' : '503 Service Unavailable';
  print $client "HTTP/1.1 $status\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
  close $client;
}
PERL
}
install_service() { # NODE MODE LIMIT...
  local node=$1
  shift
  "$program" lab ssh --lab "$lab" "$node" -- sh -c 'cat >/run/planted.pl' < <(planted_service) || { bad "the service cannot be put on $node"; return 1; }
  on_node "$node" "systemctl stop planted.service; systemd-run --unit=planted --collect -p Restart=always perl /run/planted.pl $*" &&
    eventually 20 on_node "$node" 'ss -ltn | grep -q :8099' || bad "the service does not start on $node"
}
remove_services() { local n; for n in prod mirror; do on_node $n 'systemctl stop planted.service; rm -f /run/planted.pl'; done; true; }

# A cluster file whose service is the planted one.
cluster_file() {
  awk '/^[a-z]/ { own = ($1 == "service:") } !own' "$files/cluster.yaml" >"$work/cluster.yaml"
  printf 'service: {url: "http://10.77.0.11:8099"}\n' >>"$work/cluster.yaml"
}
scenario() { # NAME FAULT ON WITH-JSON THRESHOLD-JSON [RATE]
  # A service that answers one question at a time must be asked less often than it takes to answer: else it breaks earlier.
  # Ten answers are needed before the fault.
  jq -n --arg fault "$2" --arg on "$3" --argjson with "$4" --argjson threshold "$5" --arg rate "${6:-2Hz}" --arg title "a service that breaks: $1" \
    '{title: $title, baseline: (if $rate == "1Hz" then "12s" else "6s" end), stable: "3s", faults: [{fault: $fault, on: $on, hold: "12s", with: $with}],
      threshold: ({scale: "log", repeat: 3, settle: "2s", broken_when: {error_rate: "30%"}} + $threshold),
      probes: [{probe: "http.get", rate: $rate, timeout: "8s", with: {path: "/"}}, {probe: "drbd.state", on: "*"}]}' >"$work/$1.yaml"
}
begin_search() { # NAME ARGUMENTS...; $pid is the harness
  local name=$1
  shift
  "$program" run "$@" --json >"$work/$name.json" 2>"$work/$name.log" &
  pid=$!
}
ended() { # NAME STATUS BEGAN-SECONDS
  say "$1: exit $2 after $((SECONDS - $3)) s: $(jq -r .headline "$work/$1.json" 2>/dev/null || tail -n 3 "$work/$1.log")"
  [ -z "${ERNSTFALL_KEEP:-}" ] || { mkdir -p "$ERNSTFALL_KEEP" && cp -r "$work/runs-$1" "$work/$1.yaml" "$work/$1.log" "$ERNSTFALL_KEEP/"; }
}
search() { # as scenario
  local status=0 began=$SECONDS
  scenario "$@"
  begin_search "$1" "$work/$1.yaml" --cluster "$work/cluster.yaml" --runs "$work/runs-$1"
  wait $pid || status=$?
  ended "$1" $status $began
}
# The known level lies within [last held, first failed] (or the other way round), found, confirmed, within the trials that were promised.
found() { # NAME LEVEL
  if jq -e --argjson level "$2" '.threshold | .end == "found" and .confirmed and .trials <= .most_trials
      and ([.last_held.value, .first_failed.value] | min <= $level and $level <= max)' "$work/$1.json" >/dev/null; then
    good "$1: $2 lies within [$(jq -r '.threshold | "\(.last_held.level) held, \(.first_failed.level) failed], \(.trials) of at most \(.most_trials) trials"' "$work/$1.json")"
  else
    bad "$1: $2 not found: $(jq -c '.threshold | {end, confirmed, trials, most_trials, last_held, first_failed, levels}' "$work/$1.json" 2>/dev/null || tail -n 5 "$work/$1.log")"
  fi
}

test_space() {
  install_service prod space /srv/cloud 10485760
  search space disk.fill prod '{"mount": "/srv/cloud"}' '{"vary": "leave", "from": "2MiB", "to": "32MiB", "resolution": "20%", "worse": "less"}'
  found space 10485760
}
test_delay() { # connecting takes a way there and back: 270 ms when both ways take 135 ms, less half of what they take anyway
  install_service mirror serve
  install_service prod delay 10.77.0.12 270
  search delay net.delay mirror '{"from": "prod"}' '{"vary": "delay", "from": "20ms", "to": "1s", "resolution": "25%", "worse": "more"}'
  found delay 133000000
}
test_bandwidth() { # 128 KiB with their headers in 0.8 s
  install_service mirror serve
  install_service prod bandwidth 10.77.0.12 131072 800
  search bandwidth net.throttle mirror '{"from": "prod"}' '{"vary": "rate", "from": "200kbit", "to": "10Mbit", "resolution": "25%", "worse": "less"}' 1Hz
  found bandwidth $((131072 * 8 * 1514 / 1448 * 10 / 8))
}
test_flapping() {
  install_service prod flapping /srv/cloud 16777216
  search flapping disk.fill prod '{"mount": "/srv/cloud"}' '{"vary": "leave", "from": "2MiB", "to": "32MiB", "resolution": "20%", "worse": "less"}'
  if [ "$(jq -r .threshold.end "$work/flapping.json")" = noisy ]; then good "a flapping service is noisy: $(jq -r .result "$work/flapping.json")"; else bad "a flapping service is $(jq -r .threshold.end "$work/flapping.json")"; fi
}
# Stopped in the middle of a run, then killed in the middle of another: it goes on, and finds the same.
test_stop_and_resume() {
  local status=0 began=$SECONDS suite
  install_service prod space /srv/cloud 10485760
  scenario resumed disk.fill prod '{"mount": "/srv/cloud"}' '{"vary": "leave", "from": "4MiB", "to": "32MiB", "resolution": "40%", "worse": "less", "repeat": 1}'
  begin_search resumed "$work/resumed.yaml" --cluster "$work/cluster.yaml" --runs "$work/runs-resumed"
  eventually 300 in_effect 2 || bad "the second run never has an effect: $(tail -n 3 "$work/resumed.log")"
  kill -INT $pid
  wait $pid || status=$?
  [ $status -eq 130 ] && ! grep "still there" "$work/resumed.log" && good "stopped: exit 130" || bad "stopped: exit $status: $(tail -n 3 "$work/resumed.log")"
  suite=$(printf '%s\n' "$work"/runs-resumed/*-suite)
  begin_search resumed --resume "$suite"
  eventually 300 in_effect 1 || bad "after it was stopped it does not go on: $(tail -n 3 "$work/resumed.log")"
  kill -KILL $pid
  wait $pid 2>/dev/null
  "$program" heal "$(ls -d "$suite"/2* | tail -n 1)" >"$work/heal.out" 2>&1 || bad "heal: $(tail -n 3 "$work/heal.out")"
  status=0
  begin_search resumed --resume "$suite"
  wait $pid || status=$?
  ended resumed $status $began
  found resumed 10485760
}
in_effect() { [ "$(grep -c 'in effect, and seen' "$work/resumed.log")" -ge "$1" ]; }

bring_lab_up
cluster_file
trap 'remove_services; cleanup' EXIT
if [ $# -gt 0 ]; then
  for call in "$@"; do $call; done
else
  test_space
  test_delay
  test_bandwidth
  test_flapping
  test_stop_and_resume
fi
[ ! -s "$work/failures" ] || { say "what failed, once more:"; cat "$work/failures" >&3; }
say "$passed passed, $failed failed"
[ $failed -eq 0 ]
