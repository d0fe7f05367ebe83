// net_measure: answers are measured by ping, or by TCP connections when only some ports are hit.
#include "harness/faults/net_measure.h"

namespace ernstfall {

const std::string_view kNetAsked = R"sh(
# Whom to ask for packets. For everyone: ourselves, else the router.
asked() {
  for peer in $peers; do
    if [ "$peer" != any ]; then echo "$peer"
    elif [ "$control" != none ] && [ "${control#fe80:}" = "$control" ]; then echo "$control"
    else
      { ip -o route show default; ip -6 -o route show default; } 2>/dev/null |
        awk '$2 == "via" {print $3 ($3 ~ /^fe80:/ ? "%" $5 : ""); exit}'
    fi
  done
}
)sh";

const std::string_view kNetMeasure = R"sh(
# An answered connection and a refused one are both a round trip. bash's own clock: starting it would
# be counted otherwise.
connect() { # PEER PORT: microseconds, or nothing when nobody answers
  timeout "$patience" bash -c 'a=${EPOCHREALTIME/./}; { true 3<>"/dev/tcp/$1/$2"; } 2>/dev/null; echo $((${EPOCHREALTIME/./} - a))' - "$1" "$2"
}
patience=2
[ "$kind" != delay ] || patience=$((3 + amount / 250000))
some_port=${ports%%[,-]*}
# Prints: answers, their least and mean time in microseconds.
ask() { # PEER COUNT
  who=$1 count=$2
  if [ "$ports" = any ]; then
    timeout -s INT $((patience + 8)) ping -n -c "$count" -i 0.2 -W "$patience" "$who" 2>&1
  else
    for n in $(seq "$count"); do
      t=$(connect "$who" "$some_port") && echo "64 bytes from $who: time=$t us"
    done
  fi | awk '
    !/bytes from/ || /DUP!/ {next}
    {
      match($0, /time=[0-9.]+/); us = substr($0, RSTART + 5, RLENGTH - 5) * ($0 ~ / us$/ ? 1 : 1000)
      if (answers == 0 || us < least) least = us
      answers++; sum += us
    }
    END {printf "%d %d %d\n", answers, least, answers ? sum / answers : 0}'
}
# Many packets at once. Where only some ports are hit: datagrams for what goes out, and connections,
# whose answers come in.
poke() { # PEER COUNT SIZE [AT_ONCE]
  if [ "$ports" = any ]; then
    timeout -s INT 10 ping -q -n -c "$2" -l "${4:-1}" -i 0.01 -W 1 -s "$3" "$1" >/dev/null 2>&1
  else
    bash -c 'exec 3>"/dev/udp/$1/$2" || exit; for ((i = 0; i < $3; i++)); do printf "%0$4d" 0 >&3; done' - "$1" "$some_port" "$2" "$3" 2>/dev/null
    for n in 1 2 3 4 5; do connect "$1" "$some_port" >/dev/null; done
  fi
}
through() { # packets|dropped|overlimits: of our queue
  for link in "ef${token}o" "ef${token}i"; do tc -s qdisc show dev "$link" 2>/dev/null; done |
    awk -v of="$1" '$1 == "Sent" {n += of == "packets" ? $4 : of == "dropped" ? $7 : $9} END {printf "%d\n", n}'
}
redirected() { # packets that the filters sent to our queue
  hooks | while read -r hook link; do
    for device in $(cat "$keep/devices"); do tc -s filter show dev "$device" "$hook" 2>/dev/null | awk -v l="$link" '
      $1 == "action" {us = index($0, "device " l)} us && $1 == "Sent" {n += $4} END {printf "%d\n", n}'; done
  done | awk '{n += $1} END {printf "%d\n", n}'
}
)sh";

// What became of each packet in our queue, and nowhere else: packets of our own are looked at
// behind it, on the device that they are led through, and those that come in also before it.
const std::string_view kNetWatch = R"sh(
# Prints for every packet seen: arrived|out|in NUMBER whole|damaged.
watch() { # COUNT SECONDS PEERS...: the packets for each, and how long the last one is waited for
  count=$1 wait=$2
  shift 2
  watched_port=0
  [ "$ports" = any ] || watched_port=$some_port
  perl - "$token" "$count" "$watched_port" "$wait" "ef${token}o" "ef${token}i" "$(tr '\n' ' ' <"$keep/devices")" "$@" <<'EOF'
use strict;
use Socket qw(:DEFAULT :addrinfo inet_pton pack_sockaddr_in6 AF_INET6 MSG_DONTWAIT);
my ($token, $count, $port, $wait, $out, $in, $devices, @peers) = @ARGV;
my ($mark, $repeats) = ("ernstfall$token", 32);
my @taps;
sub tap {
  my ($device, $way) = @_;
  open(my $file, "<", "/sys/class/net/$device/ifindex") or return;
  my $index = <$file> + 0;
  socket(my $socket, 17, SOCK_DGRAM, 0) or die "no packet socket: $!\n";
  setsockopt($socket, SOL_SOCKET, 33, pack("i", 1 << 23));
  bind($socket, pack("S n l S C C a8", 17, 3, $index, 0, 0, 0, "")) or die "$device cannot be watched: $!\n";
  push @taps, [$socket, $way];
}
tap($_, "arrived") for split " ", $devices;
tap($out, "out");
tap($in, "in");
sub look {
  for my $tap (@taps) {
    my ($socket, $way) = @$tap;
    for (1 .. 20000) {
      my $from = recv($socket, my $packet, 65536, MSG_DONTWAIT);
      last unless defined $from;
      next if $way eq "arrived" && (unpack "S n l S C", $from)[4] == 4;
      my %seen;
      $seen{$1}++ while $packet =~ /$mark(\d{5})/g;
      my ($number) = sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen;
      next unless defined $number;
      print "$way ", $number + 0, index($packet, "$mark$number" x $repeats) >= 0 ? " whole" : " damaged", "\n";
    }
  }
}
sub checksum {
  my $sum = unpack "%32n*", $_[0];
  $sum = ($sum >> 16) + ($sum & 0xffff) for 1 .. 2;
  return ~$sum & 0xffff;
}
my $number = 0;
for my $peer (@peers) {
  my ($address, $zone) = split /%/, $peer;
  my $six = $address =~ /:/;
  my $scope = 0;
  if ($zone && open(my $file, "<", "/sys/class/net/$zone/ifindex")) { $scope = <$file> + 0 }
  my $to = $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address), $scope) : pack_sockaddr_in($port, inet_aton($address));
  my ($kind, $protocol) = $port ? (SOCK_DGRAM, 17) : (SOCK_RAW, $six ? 58 : 1);
  socket(my $socket, $six ? AF_INET6 : AF_INET, $kind, $protocol) or die "no socket to $peer: $!\n";
  for my $n (1 .. $count) {
    my $packet = sprintf("%s%05d", $mark, ++$number) x $repeats;
    if (!$port) {
      my @head = ($six ? 128 : 8, 0, 0, $$ & 0xffff, $number & 0xffff);
      # The kernel sums up ICMP of version 6 only.
      $head[2] = checksum(pack("C C n n n a*", @head, $packet)) unless $six;
      $packet = pack("C C n n n a*", @head, $packet);
    }
    send($socket, $packet, 0, $to);
    next if $n % 20;
    select undef, undef, undef, 0.02;
    look();
  }
  for (1 .. $wait * 50) { select undef, undef, undef, 0.02; look() }
}
EOF
}
# Of what `watch` prints: how many were seen behind the queue, how many of them were overtaken in it,
# and how many damaged in it. A packet that is late, lost or double is none of these.
judge() { # out|in
  awk -v way="$1" '
    $1 == "arrived" && !($2 in place) {place[$2] = ++arrived; state[$2] = $3}
    $1 == way && !($2 in done) {
      done[$2] = 1
      number = $2
      if (way == "in") {if (!($2 in place) || state[$2] != "whole") next; number = place[$2]}
      seen++
      if (number + 0 < last) overtaken++; else last = number + 0
      if ($3 == "damaged") damaged++
    }
    END {printf "%d %d %d\n", seen, overtaken, damaged}'
}
)sh";

const std::string_view kNetMeasureConfirm = R"sh(
# Enough packets to see a share of them with near certainty.
enough=$(awk -v p="$amount" 'BEGIN {n = int(500 / p) + 1; print (n < 20 ? 20 : n > 400 ? 400 : n)}')
ways=1
[ "$direction" != both ] || ways=2
delayed() {
  seen=
  while read -r peer had least mean; do
    [ "$had" -gt 0 ] || continue
    set -- $(ask "$peer" 5)
    [ "$1" -gt 0 ] || no "$peer does not answer any more"
    # The least time when every packet has the same delay; else the mean, with room for its scatter.
    rise=$(($2 - least)) wanted=$((ways * amount * 8 / 10))
    if [ "$jitter" -gt 0 ]; then rise=$(($3 - mean)) wanted=$((wanted - ways * jitter * 3 / 10)); fi
    [ "$rise" -ge "$wanted" ] || no "the round trip to $peer takes $((rise / 1000)) ms more; expected at least $((wanted / 1000)) ms"
    seen="$seen${seen:+, }$((rise / 1000)) ms to $peer"
  done <"$keep/before"
  [ -n "$seen" ] || no "nobody who would answer had answered before the fault"
  say "round trips are longer by $seen"
}
limited() {
  # More than the queue lets pass at once.
  many=$(awk -v r="$amount" 'BEGIN {n = int(r / 400 * 3 / 11000) + 64; print (n > 2000 ? 2000 : n)}')
  before=$(through overlimits)
  for peer in $(asked); do poke "$peer" "$many" 1400 "$many"; done
  held=$(($(through overlimits) - before))
  [ "$held" -gt 0 ] || no "a burst of $many packets was not held back"
  say "a burst of $many packets was held back $held times; $(through dropped) packets lost so far"
}
lossy() {
  for peer in $(asked); do poke "$peer" "$enough" 56; done
  lost=$(through dropped)
  [ "$lost" -gt 0 ] || no "no packet was lost of $(through packets)"
  say "$lost packets lost of $((lost + $(through packets)))"
}
doubled() {
  for peer in $(asked); do poke "$peer" "$enough" 56; done
  out=$(through packets) into=$(redirected)
  [ "$out" -gt "$into" ] || no "$into packets went in and $out came out"
  say "of $into packets $out were made"
}
watched() { # 2: overtaken 3: damaged; WORDS
  count=$(awk -v p="$amount" 'BEGIN {n = int(1200 / p) + 1; print (n < 100 ? 100 : n > 600 ? 600 : n)}')
  watch "$count" $((2 + jitter / 400000)) $(asked) >"$keep/watched" 2>"$keep/why" || no "packets cannot be watched: $(tail -n 1 "$keep/why")"
  which=$1 words=$2 found=
  for way in out in; do
    # Only what goes out can be made to have these ports.
    case $direction-$way-$ports in out-in-* | in-out-*) continue ;; both-in-any) ;; both-in-*) continue ;; esac
    set -- $(judge $way <"$keep/watched")
    hit=$3
    [ "$which" != 2 ] || hit=$2
    [ "$1" -gt 0 ] || no "none of our packets was seen behind the queue on its way $way"
    [ "$hit" -gt 0 ] || no "of $1 packets on their way $way none was $words"
    found="$found${found:+, }$hit of $1 on their way $way"
  done
  say "$words in the queue: $found"
}
[ "$(redirected)" -gt 0 ] || for peer in $(asked); do ask "$peer" 1 >/dev/null; done
[ "$(redirected)" -gt 0 ] || no "no packet has been led through our queue"
case $kind in
  delay) delayed ;;
  throttle) limited ;;
  loss) lossy ;;
  duplicate) doubled ;;
  reorder) watched 2 overtaken ;;
  corrupt) watched 3 damaged ;;
esac
)sh";

}  // namespace ernstfall
