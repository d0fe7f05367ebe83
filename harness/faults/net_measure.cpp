// net_measure: answers are measured by ping, or by TCP connections when only some ports are hit.
#include "harness/faults/net_measure.h"

namespace ernstfall {

const std::string_view kNetAsked = R"sh(
# Whom to ask for packets. For everyone: ourselves, else the router.
asked() {
  for peer in $peers; do
    if [ "$peer" != any ]; then echo "$peer"
    elif [ "$control" != none ]; then echo "$control"
    else ip -o route show default | awk '{print $3; exit}'; fi
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
[ "$(redirected)" -gt 0 ] || for peer in $(asked); do ask "$peer" 1 >/dev/null; done
[ "$(redirected)" -gt 0 ] || no "no packet has been led through our queue"
case $kind in
  delay) delayed ;;
  throttle) limited ;;
  loss) lossy ;;
  duplicate) doubled ;;
esac
)sh";

}  // namespace ernstfall
