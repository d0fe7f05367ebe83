// threshold_decode: the keys `threshold` and `repeat` of a scenario file.
#pragma once

#include "harness/cluster/yaml_decoder.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Which parameter of which fault will be varied: known before the faults are read, because it may
// not be given there, even when it is required. Problems are reported by decode_threshold().
struct Varied {
  int fault = 0;  // from 1; 0: none
  std::string param;
};
Varied find_varied(const YAML::Node& yaml);

// After the faults: sets the varied parameter of its fault to the harmless end.
Threshold decode_threshold(const YAML::Node& yaml, Scenario& scenario, const Catalogue& catalogue,
                           yaml::Problems& problems);

}  // namespace ernstfall
