// spawn: starts one program with its own process group and pipes. Private to harness/process.
#pragma once

#include <string>

#include "harness/core/files.h"
#include "harness/process/process.h"

namespace ernstfall {

// The parent's ends, all non-blocking and closed on exec.
struct Pipes {
  Fd in, out, err;
};

struct Spawned {
  int pid = -1;
  Fd exit_fd;  // readable once the child has ended (pidfd)
  Pipes pipes;
};

// The child leads its own process group, inherits no other descriptor and no blocked signal, and is
// killed when this process ends. It stays a zombie until the caller reaps it: as long as it does,
// its pid and with it the group's number cannot be given to a stranger.
Result<Spawned> spawn_attached(const ProcessSpec& spec);

}  // namespace ernstfall
