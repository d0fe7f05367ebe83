// settings: one script per node.
#include "harness/run/settings.h"

#include <mutex>
#include <thread>

namespace ernstfall {
namespace {

// $1: yes where K3s runs; then units. K3s hides its arguments from ps: they are in its files.
constexpr std::string_view kScript = R"(export LC_ALL=C
renice -n 19 -p $$ >/dev/null 2>&1
k3s=$1; shift
for unit in "$@"; do
  systemctl show -p Restart,RestartUSec,TimeoutStartUSec,StartLimitIntervalUSec,StartLimitBurst -- "$unit" 2>/dev/null | sed "s/^/unit $unit /"
done
[ "$k3s" = yes ] || exit 0
cat /etc/rancher/k3s/config.yaml /etc/rancher/k3s/config.yaml.d/*.yaml /etc/systemd/system/k3s*.service /etc/systemd/system/k3s*.env 2>/dev/null |
  grep -v '^[[:space:]]*#' |
  grep -oE '(node-monitor-grace-period|node-monitor-period|default-unreachable-toleration-seconds|default-not-ready-toleration-seconds|node-status-update-frequency)=[0-9a-z]+' |
  sort -u | sed 's/^/kubernetes /'
exit 0
)";

bool is_unit(const std::string& text) {
  constexpr std::string_view kEnd = ".service";
  return text.size() > kEnd.size() && text.front() != '-' &&
         text.compare(text.size() - kEnd.size(), kEnd.size(), kEnd) == 0 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ":-_.\\@") == std::string::npos;
}

}  // namespace

std::map<std::string, std::set<std::string>> units_of(const Cluster& cluster,
                                                      const Scenario& scenario) {
  std::map<std::string, std::set<std::string>> units;
  const auto add = [&](const std::string& on, const std::string& unit) {
    const auto names = resolve_targets(on, cluster);
    if (!names || !is_unit(unit)) return;
    for (const std::string& name : *names) units[name].insert(unit);
  };
  for (const FaultStep& fault : scenario.faults)
    if (const auto unit = fault.params.find("unit"); unit != fault.params.end())
      add(fault.on, unit->second.text);
  if (scenario.attended)
    for (const OperatorStep& step : scenario.attended->steps)
      for (const std::string& part : step.run) add(step.on, part);
  return units;
}

void take_settings(const std::string& node, const std::string& out,
                   std::map<std::string, std::string>& settings) {
  for (const std::string& line : split(out, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::vector<std::string> words = split(line.substr(0, equals), ' ');
    const std::string value(trim(std::string_view(line).substr(equals + 1)));
    if (words.size() == 3 && words[0] == "unit")
      settings["unit: " + node + " " + words[1] + " " + words[2]] = value;
    else if (words.size() == 2 && words[0] == "kubernetes")
      settings["kubernetes: " + node + " " + words[1]] = value;
  }
}

std::map<std::string, std::string> read_settings(const NodeSet& nodes, const Scenario& scenario,
                                                 const std::set<std::string>& kubernetes,
                                                 Deadline deadline, const std::stop_token& stop) {
  std::map<std::string, std::string> settings;
  const auto units = units_of(nodes.cluster(), scenario);
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (const Node& node : nodes.cluster().nodes) {
      const auto named = units.find(node.name);
      const bool k3s = kubernetes.count(node.name) > 0;
      Remote* remote = nodes.remote(node.name);
      if ((named == units.end() && !k3s) || remote == nullptr) continue;
      Argv args{k3s ? "yes" : "no"};
      if (named != units.end()) args.insert(args.end(), named->second.begin(), named->second.end());
      threads.emplace_back([&, remote, args, name = node.name] {
        const auto result = exec_script(*remote, kScript, args, deadline, stop);
        if (!result || !result->ok()) return;
        const std::lock_guard lock(mutex);
        take_settings(name, result->out, settings);
      });
    }
  }
  return settings;
}

}  // namespace ernstfall
