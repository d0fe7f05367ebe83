// segment: one file of a history, written through a shared mapping.
//
//   u32 length | u32 CRC-32C | body      length | CRC | body      0 0 0 ... (allocated, not yet
//   used)
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "harness/core/files.h"
#include "harness/core/result.h"

namespace ernstfall {

class Segment {
 public:
  static constexpr std::size_t kMaxBytes = 64U << 20U;
  static constexpr std::size_t kFrameBytes = 8;  // length and CRC
  // Space is allocated in multiples of this; only a file of such a size may end with unused zeroes.
  static constexpr std::size_t kGrowBytes = 4U << 20U;

  static Result<std::unique_ptr<Segment>> create(const std::filesystem::path& path);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  bool has_room_for(std::size_t body_bytes) const {
    return used_ + kFrameBytes + body_bytes <= kMaxBytes;
  }
  // The caller asked has_room_for(). Errc::io when the disk is full: nothing is written then.
  Status append(std::string_view body);
  std::size_t used() const { return used_; }
  // The first `bytes`, which must have been appended, to the disk. The only function that may run
  // while another thread appends.
  Status sync_to(std::size_t bytes);
  Status close();  // everything to the disk, and the file cut to what is used

 private:
  Segment(std::filesystem::path path, Fd fd, char* map)
      : path_(std::move(path)), fd_(std::move(fd)), map_(map) {}
  Status grow_to(std::size_t bytes);
  void populate_to(std::size_t bytes);

  std::filesystem::path path_;
  Fd fd_;
  char* map_ = nullptr;
  std::size_t used_ = 0;
  std::atomic<std::size_t> synced_ = 0;
  std::size_t allocated_ = 0;
  std::size_t populated_ = 0;
};

}  // namespace ernstfall
