// files: reading with a bound, writing so that a crash leaves the old or the new file, never half.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "harness/core/result.h"

namespace ernstfall {

constexpr std::uint64_t kDefaultMaxFileBytes = 64ULL << 20;

Result<std::string> read_file(const std::filesystem::path& path,
                              std::uint64_t max_bytes = kDefaultMaxFileBytes);
// Temporary file in the same folder, fsync, rename, fsync of the folder.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content,
                         unsigned mode = 0644);
Status make_directories(const std::filesystem::path& path);
// Creates root/STEM, or root/STEM-2 ... when that is there already. The path is absolute.
Result<std::filesystem::path> make_unique_folder(const std::filesystem::path& root,
                                                 const std::string& stem);
// Makes the link `latest` beside a folder point to it.
Status point_latest(const std::filesystem::path& folder);
// The file that this process runs; empty when the system does not say.
std::filesystem::path own_program();
Status fsync_directory(const std::filesystem::path& path);

// "io error with errno's text", with the path as place.
Error errno_error(const std::filesystem::path& path, std::string_view action);

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

}  // namespace ernstfall
