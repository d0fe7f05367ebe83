// console_progress: a live view on a terminal, plain lines elsewhere. Both on stderr.
#pragma once

#include <memory>

#include "harness/run/progress.h"

namespace ernstfall::cli {

std::unique_ptr<Progress> make_console_progress();

}  // namespace ernstfall::cli
