// protocol_advice: where the recorded settings of DRBD let it acknowledge a write too early to keep
// it, and what to set instead. Only protocol C keeps what it acknowledged when a node is lost.
#pragma once

#include <string>
#include <vector>

#include "harness/lang/text.h"
#include "reports/environment.h"
#include "reports/model.h"

namespace ernstfall {

// Protocol A or B of some connection of a resource, and the nodes whose settings say so.
struct EarlyProtocol {
  std::string resource;
  std::string protocol;
  std::vector<std::string> nodes;
};

// Empty also where no settings were recorded.
std::vector<EarlyProtocol> early_protocols(const Environment& settings);
// The same once, with the nodes of both.
void add_protocols(std::vector<EarlyProtocol>& to, const std::vector<EarlyProtocol>& more);

// Of the service or below it.
bool lost_acknowledged_data(const RunReport& report);
Text protocol_advice(const EarlyProtocol& early);

}  // namespace ernstfall
