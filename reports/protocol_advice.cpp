// protocol_advice: reads the protocol of every connection from what drbdsetup showed.
#include "reports/protocol_advice.h"

#include <algorithm>

#include "harness/core/text.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

// "node: prod drbd-options resource "r0" connection net protocol"; DRBD 8.4 has no connections.
constexpr std::string_view kNode = "node: ";
constexpr std::string_view kOptions = " drbd-options resource ";
constexpr std::string_view kProtocol = " net protocol";

std::optional<EarlyProtocol> early_at(const std::string& key, const std::string& value) {
  if (!key.starts_with(kNode) || !key.ends_with(kProtocol)) return std::nullopt;
  const std::size_t options = key.find(kOptions);
  if (options == std::string::npos) return std::nullopt;
  const std::string rest = key.substr(options + kOptions.size());
  std::string resource = rest.substr(0, rest.find(' '));
  std::erase(resource, '"');
  // Of several connections the weakest counts.
  for (const char* protocol : {"A", "B"})
    for (const std::string& one : split(value, ','))
      if (trim(one) == protocol)
        return EarlyProtocol{
            resource, protocol, {key.substr(kNode.size(), options - kNode.size())}};
  return std::nullopt;
}

}  // namespace

std::vector<EarlyProtocol> early_protocols(const Environment& settings) {
  std::vector<EarlyProtocol> found;
  for (const auto& [key, value] : settings)
    if (const auto early = early_at(key, value)) add_protocols(found, {*early});
  return found;
}

void add_protocols(std::vector<EarlyProtocol>& to, const std::vector<EarlyProtocol>& more) {
  for (const EarlyProtocol& added : more) {
    const auto known = std::find_if(to.begin(), to.end(), [&added](const EarlyProtocol& have) {
      return have.resource == added.resource && have.protocol == added.protocol;
    });
    if (known == to.end()) {
      to.push_back(added);
      continue;
    }
    for (const std::string& node : added.nodes)
      if (std::find(known->nodes.begin(), known->nodes.end(), node) == known->nodes.end())
        known->nodes.push_back(node);
  }
}

bool lost_acknowledged_data(const RunReport& report) {
  return report.rpo.lost > 0 || (report.blocks && report.blocks->lost > 0);
}

Text protocol_advice(const EarlyProtocol& early) {
  std::vector<Text> nodes;
  for (const std::string& node : early.nodes) nodes.push_back({Msg::name_only, {node}});
  return {early.protocol == "A" ? Msg::next_protocol_a : Msg::next_protocol_b,
          {early.resource, std::move(nodes)}};
}

}  // namespace ernstfall
