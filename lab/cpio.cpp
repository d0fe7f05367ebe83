// cpio: newc headers are 110 bytes of ASCII hex; names and contents are padded to 4 bytes.
#include "lab/cpio.h"

#include <fmt/core.h>

#include <utility>

namespace ernstfall {
namespace {

constexpr unsigned kFolder = 0040000;
constexpr unsigned kRegular = 0100000;

void pad(std::string& archive) {
  archive.resize((archive.size() + 3) / 4 * 4, '\0');
}

}  // namespace

void CpioWriter::entry(const std::string& path, std::string_view content, unsigned mode_and_type) {
  archive_ += fmt::format(
      "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
      inode_++, mode_and_type, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, path.size() + 1, 0);
  archive_ += path;
  archive_ += '\0';
  pad(archive_);
  archive_ += content;
  pad(archive_);
}

void CpioWriter::folders_of(const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (added_folders_.find("\n" + folder + "\n") != std::string::npos) continue;
    added_folders_ += folder + "\n";
    // What only root may enter on a real system stays so.
    const bool is_private = folder == "seed/root" || folder == "seed/root/.ssh";
    entry(folder, {}, kFolder | (is_private ? 0700U : 0755U));
  }
}

void CpioWriter::file(const std::string& path, std::string_view content, unsigned mode) {
  folders_of(path);
  entry(path, content, kRegular | mode);
}

std::string CpioWriter::finish() {
  entry("TRAILER!!!", {}, 0);
  added_folders_ = "\n";
  inode_ = 1;
  return std::exchange(archive_, {});
}

}  // namespace ernstfall
