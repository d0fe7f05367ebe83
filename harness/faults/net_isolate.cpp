// net.isolate: the node is alone: no packet passes between it and anyone, except our own SSH.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetIsolate;

namespace net_isolate {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetIsolate, target, step));
  ERNSTFALL_TRY(const ParamValue mode, param_of(kNetIsolate, step, "mode"));
  if (mode.text != "drop" && mode.text != "reject")
    return fail(Errc::usage, "net.isolate: mode is \"{}\"; expected drop or reject", mode.text);
  NetFilter filter;
  filter.reject = mode.text == "reject";
  return plan_net_filter(target, scope, filter);
}

constexpr std::array kParams{ParamSpec{"mode", ParamValue::Kind::text, "drop", false,
                                       "drop (silence) or reject (the sender is told)"}};

}  // namespace
}  // namespace net_isolate

const FaultType kNetIsolate{"net.isolate",
                            "let no packet pass between a node and anyone",
                            net_isolate::kParams,
                            kNetFilterNeeds,
                            "the rules' counters have counted packets, and we do not answer a ping",
                            kNetFilterUndoneBy,
                            false,
                            net_isolate::plan,
                            Takes::copy};

}  // namespace ernstfall
