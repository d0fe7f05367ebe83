// shipped_catalogue: the test catalogue with the program's real faults: for scenarios as they are
// shipped.
#pragma once

#include "harness/faults/fault.h"
#include "tests/mocks/test_catalogue.h"

namespace ernstfall::testing_support {

inline const Catalogue& shipped_catalogue() {
  static const Catalogue kShipped = [] {
    Catalogue catalogue = test_catalogue();
    catalogue.faults.clear();
    for (const FaultType* fault : all_faults())
      catalogue.faults.push_back({fault->name,
                                  fault->summary,
                                  {fault->params.begin(), fault->params.end()},
                                  true,
                                  fault->destructive});
    return catalogue;
  }();
  return kShipped;
}

}  // namespace ernstfall::testing_support
