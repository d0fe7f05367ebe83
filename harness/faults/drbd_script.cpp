// drbd_script: the lines before every script of a fault of DRBD.
#include "harness/faults/drbd_script.h"

#include <algorithm>

namespace ernstfall {
namespace drbd_script {
namespace {

constexpr std::string_view kLines = R"sh(
res=$1
events() { drbdsetup events2 --now "$res" 2>/dev/null; }
values() {
  events | awk -v object="$1" -v key="$2:" '$2 == object {
    for (i = 3; i <= NF; ++i) if (index($i, key) == 1) print substr($i, length(key) + 1) }'
}
trouble() {
  events | awk '
    function value(key) { return match($0, " " key ":[^ ]*") ? substr($0, RSTART + length(key) + 2, RLENGTH - length(key) - 2) : "?" }
    function found(words) { if (first == "") first = words }
    $2 == "device" { ++devices; if (value("disk") != "UpToDate" && value("client") != "yes") found("its disk here is " value("disk")) }
    $2 == "connection" { ++links; if (value("connection") != "Connected") found("its connection is " value("connection")) }
    $2 == "peer-device" {
      if (value("replication") != "Established") found("replication is " value("replication"))
      if (value("peer-disk") != "UpToDate" && value("peer-client") != "yes") found("the disk of its peer is " value("peer-disk")) }
    END { if (!devices) first = "it is down here"; else if (!links) found("it has no connection"); if (first != "") print first }'
}
remember() {
  [ ! -e "$keep/was" ] || return 0
  drbdadm sh-ll-dev "$res" >"$keep/disks"
  drbdsetup show "$res" | sed -n -e 's/.*address.*:\([0-9]*\);.*/\1/p' -e 's/.*_\(this\|remote\)_host .*:\([0-9]*\);.*/\2/p' | sort -u >"$keep/ports"
  [ -s "$keep/ports" ] || no "drbdsetup show $res names no port: whether its connections stand could not be seen"
  values resource role >"$keep/was.new"
  mv "$keep/was.new" "$keep/was"
}
links() {
  while read -r port; do
    ss -Htn state established "( sport = :$port or dport = :$port )"
  done <"$keep/ports" | wc -l
}
free_disk() { perl -e 'use Fcntl; sysopen(my $f, $ARGV[0], O_RDONLY | O_EXCL) or exit 1' "$1"; }
put_back() {
  [ -e "$keep/was" ] || return 0
  drbdadm adjust "$res" || no "drbdadm adjust $res failed"
}
is_whole() {
  t=$(trouble)
  [ -z "$t" ] || no "$res: $t"
  say "$res is connected, and every disk of it is UpToDate"
}
)sh";

// Undo brings back what the file says: it has to be what runs.
constexpr std::string_view kReady = R"sh(
need drbdadm drbd-utils
need ss iproute2
need perl perl-base
drbdadm sh-dev "$res" >/dev/null 2>&1 || no "DRBD's configuration here has no resource $res"
t=$(trouble)
[ -z "$t" ] || no "$res: $t"
changed=$(drbdadm -d adjust "$res" 2>&1)
[ -z "$changed" ] || no "$res does not run as its configuration file says, so that it could not be put back: $changed"
)sh";

}  // namespace
}  // namespace drbd_script

Result<std::string> drbd_resource(const FaultType& type, const FaultTarget& target,
                                  const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue value, param_of(type, step, "resource"));
  const Cluster* cluster = target.cluster;
  const bool known = cluster != nullptr && cluster->drbd.has_value();
  if (value.text.empty() && !known)
    return fail(Errc::usage, "{}: the cluster file names no DRBD resource; give `resource`",
                type.name);
  const std::string resource = value.text.empty() ? cluster->drbd->resource : value.text;
  const bool named = std::all_of(resource.begin(), resource.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  if (!named || resource.front() == '-' || resource == "all")
    return fail(Errc::usage, "{}: \"{}\" is no name of one resource", type.name, resource);
  if (known && resource == cluster->drbd->resource) {
    const auto& nodes = cluster->drbd->nodes;
    if (std::find(nodes.begin(), nodes.end(), target.node.name) == nodes.end())
      return fail(Errc::usage, "{}: {} does not run {}; {} do", type.name, target.node.name,
                  resource, join(nodes, ", "));
  }
  return resource;
}

std::string drbd_script_text(std::string_view body) {
  return node_script(std::string(drbd_script::kLines) + std::string(body), false);
}

FaultPlan plan_drbd_scripts(const FaultTarget& target, const std::string& resource,
                            const NodeScripts& scripts, Argv args, std::string intended,
                            std::string effect) {
  NodeScripts with_lines = scripts;
  with_lines.lines.insert(with_lines.lines.begin(), drbd_script::kLines);
  with_lines.ready_lines.insert(with_lines.ready_lines.begin(), drbd_script::kReady);
  Argv all{resource};
  all.insert(all.end(), args.begin(), args.end());
  return plan_scripts(target, with_lines, all, std::move(intended), std::move(effect));
}

}  // namespace ernstfall
