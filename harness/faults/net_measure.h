// net_measure: the part of the network scripts that looks at the effect: asks the peers for
// answers, and reads the counters of net_shape's device.
#pragma once

#include <string_view>

namespace ernstfall {

// asked: the addresses to ask for packets; wants $control and $peers.
extern const std::string_view kNetAsked;
extern const std::string_view kNetMeasure;         // functions; behind those of net_shape
extern const std::string_view kNetWatch;           // functions; behind those of kNetMeasure
extern const std::string_view kNetMeasureConfirm;  // the confirm script's body

}  // namespace ernstfall
