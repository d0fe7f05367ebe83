// power_watch: a thread per node that mostly sleeps.
#include "harness/run/power_watch.h"

#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

constexpr Nanos kAskPowerMax = std::chrono::seconds(10);

}  // namespace

Result<std::map<std::string, std::unique_ptr<Power>>> powers_to_watch(const Cluster& cluster) {
  std::map<std::string, std::unique_ptr<Power>> powers;
  if (!cluster.drbd) return powers;
  for (const std::string& name : cluster.drbd->nodes) {
    const Node* node = cluster.find_node(name);
    if (node == nullptr || node->power.kind == PowerConfig::Kind::none) continue;
    ERNSTFALL_TRY(powers[name], make_power(*node));
  }
  return powers;
}

PowerWatch::PowerWatch(std::map<std::string, std::unique_ptr<Power>> powers, LiveBoard& board,
                       SourceId source, Nanos period)
    : board_(board), source_(source), period_(period), powers_(std::move(powers)) {
  for (auto& [name, power] : powers_)
    threads_.emplace_back([this, node = name, asked = power.get()](const std::stop_token& stop) {
      watch(node, *asked, stop);
    });
}

PowerWatch::~PowerWatch() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

bool PowerWatch::silent(const std::string& node) const {
  for (const SourceView& view : board_.views())
    if (view.source.kind == "node.reach" && view.source.node == node && view.bad_since) return true;
  return false;
}

// What cannot be asked is not recorded: nothing follows from it.
void PowerWatch::watch(const std::string& node, Power& power, const std::stop_token& stop) {
  while (sleep_until(Deadline::after(period_), stop)) {
    if (!silent(node)) continue;
    const TimeNs asked = board_.clock().now();
    const auto on = power.is_on(Deadline::after(kAskPowerMax), stop);
    if (!on) continue;
    const nlohmann::json text{{"node", node}, {"on", *on}, {"asked_ns", asked}};
    (void)board_.append(
        Event{source_, board_.clock().now(), std::string(kinds::kPowerSeen), text.dump()});
  }
}

}  // namespace ernstfall
