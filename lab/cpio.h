// cpio: writes a newc archive, the format of a Linux initial RAM disk; several can be concatenated.
#pragma once

#include <string>
#include <string_view>

namespace ernstfall {

class CpioWriter {
 public:
  // Adds the file and every folder above it that was not added yet. Path without a leading slash.
  void file(const std::string& path, std::string_view content, unsigned mode = 0644);
  // The archive, closed; the writer is empty afterwards.
  std::string finish();

 private:
  void folders_of(const std::string& path);
  void entry(const std::string& path, std::string_view content, unsigned mode_and_type);
  std::string archive_;
  std::string added_folders_ = "\n";
  unsigned inode_ = 1;
};

}  // namespace ernstfall
