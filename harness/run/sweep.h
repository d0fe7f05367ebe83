// sweep: finds our marks on a node and undoes what they stand for, without any journal of ours.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/remote/remote.h"

namespace ernstfall {

struct SweepResult {
  std::vector<std::string> done;      // "fault 0123abcd undone"
  std::vector<std::string> problems;  // marks that could not be removed
};

// Every fault whose dead-man's files are there is undone by them. Marks without such files (someone
// deleted them) are removed by their names: nft tables, links and the filters that point to them,
// units, files at the root of a mount. Idempotent.
Result<SweepResult> sweep_marks(Remote& remote, Deadline deadline, const std::stop_token& stop);

}  // namespace ernstfall
