// canary_script: the one script of a block canary, for a node's perl-base, and what it says.
//
//   check                 whether the volume is mounted here, and how much room it has
//   write FILE FIRST ...  makes a file of zeros, then writes block after block, one at a time
//   read FILE:FIRST:N ... compares every byte of every block with what its number says
//   remove                deletes the folder
//
// Everything is below `path`, which must be where a DRBD device is mounted at this moment; a path
// that is not is refused before anything is opened. A block is 8 sectors of 512 bytes, and each is
// the line "ernstfall-canary RUN SEQ SECTOR/8" again and again: run id and number say all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/clock.h"
#include "harness/remote/remote.h"

namespace ernstfall {

inline constexpr std::uint64_t kCanaryBlockBytes = 4096;
// What the kernel says about mounts: an argument of the script, which a test's node may replace.
inline constexpr const char* kCanaryMounts = "/proc/self/mountinfo";

struct CanaryPlace {
  std::string path;    // mount point of the replicated volume, without a slash at its end
  std::string run_id;  // letters, digits, "-", "_", "." only
};

// A file of the canary: the blocks `first` to `first` + `blocks` - 1, in order.
struct CanaryFile {
  int number = 0;
  std::uint64_t first = 0;
  std::uint64_t blocks = 0;
};

// Name of the folder below `path`; `heal` finds such folders by their begin.
std::string canary_folder(const std::string& run_id);

// The script travels on stdin. With half of it (a lost connection) nothing is done: what does
// things is its end.
RemoteCommand canary_check(const CanaryPlace& place);
// Ends by itself when the file is full, when its output is closed, or after `lifetime`.
RemoteCommand canary_write(const CanaryPlace& place, const CanaryFile& file, Nanos period,
                           Nanos lifetime);
RemoteCommand canary_read(const CanaryPlace& place, const std::vector<CanaryFile>& files);
RemoteCommand canary_remove(const CanaryPlace& place);

// --- what it says ---

// Exit codes, beside 0.
inline constexpr int kCanaryRefused = 3;  // "refused WHY" on stdout
inline constexpr int kCanaryNowhere = 4;  // nothing is mounted at `path` here

// "refused WHY" in the output; empty: it says no such thing.
std::string canary_refusal(std::string_view output);

// "mounted DEVICE FSTYPE FREE_BYTES", the answer to check.
struct CanaryMount {
  std::string device;
  std::string fs_type;
  std::uint64_t free_bytes = 0;
};
std::optional<CanaryMount> parse_canary_mount(std::string_view output);

// "ack SEQ ISSUED_US TOOK_US"
struct CanaryAck {
  std::uint64_t seq = 0;
  std::int64_t issued_us = 0;  // since 1970, by the node's wall clock
  std::int64_t took_us = 0;
};
std::optional<CanaryAck> parse_canary_ack(std::string_view line);

struct CanaryRun {
  std::string state;  // whole, empty (zeros), torn (whole sectors and zeros), wrong, gone
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
// What was found of one file.
struct CanaryFound {
  int number = 0;
  std::string how;  // direct, cached (the file system has no direct reads), absent
  std::vector<CanaryRun> runs;
  bool complete = false;  // the runs are all, and nothing failed
  std::string saw;        // begin of the first wrong block
  std::string problem;
};
std::vector<CanaryFound> parse_canary_found(std::string_view output);

}  // namespace ernstfall
