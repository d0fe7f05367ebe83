// exit_code: what ernstfall says to the shell. The table in docs/reference/cli.md is this enum.
#pragma once

#include "harness/core/result.h"

namespace ernstfall {

enum class ExitCode : int {
  pass = 0,
  violated = 1,
  inconclusive = 2,
  dirty = 3,  // something may still be broken on a node: wins over all
  usage = 64,
  unreachable = 69,
  internal = 70,
  interrupted = 130,  // SIGINT, after healing
  terminated = 143,   // SIGTERM, after healing
};

// The exit code for an error that ends a command before there is a verdict.
ExitCode exit_code_for(const Error& error);

}  // namespace ernstfall
