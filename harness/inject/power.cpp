// power: chooses the implementation for a node's kind of power control.
#include "harness/inject/power.h"

namespace ernstfall {

Result<std::unique_ptr<Power>> make_power(const Node& node) {
  switch (node.power.kind) {
    case PowerConfig::Kind::lab:
      return make_lab_power(node.power.lab, node.name);
    case PowerConfig::Kind::command:
      return make_command_power(node);
    case PowerConfig::Kind::libvirt:
      return confirm_power(node.name, make_libvirt_switch(node.power));
    case PowerConfig::Kind::netcup:
      return confirm_power(node.name, make_netcup_switch(node.power));
    case PowerConfig::Kind::amt:
      return confirm_power(node.name, make_amt_switch(node.power));
    case PowerConfig::Kind::redfish:
      return confirm_power(node.name, make_redfish_switch(node.power));
    case PowerConfig::Kind::ipmi:
      return confirm_power(node.name, make_ipmi_switch(node.power));
    case PowerConfig::Kind::none:
      break;
  }
  return fail_at(Errc::unsupported, node.name, "this node has no power control");
}

}  // namespace ernstfall
