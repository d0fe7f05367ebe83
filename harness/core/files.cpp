// files: bounded reads and atomic writes.
#include "harness/core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace ernstfall {

Error errno_error(const std::filesystem::path& path, std::string_view action) {
  const int number = errno;
  return Error{Errc::io, fmt::format("{}: {}", action, std::generic_category().message(number)),
               path.string()};
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() {
  return std::exchange(fd_, -1);
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return tl::unexpected(errno_error(path, "cannot open"));
  std::string content;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return tl::unexpected(errno_error(path, "cannot read"));
    }
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > max_bytes)
      return fail_at(Errc::io, path.string(), "larger than the {} bytes that are read at most",
                     max_bytes);
  }
}

std::filesystem::path own_program() {
  std::error_code ec;
  return std::filesystem::read_symlink("/proc/self/exe", ec);
}

Status fsync_directory(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0)
    return tl::unexpected(errno_error(path, "cannot flush the folder"));
  return {};
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view content,
                         unsigned mode) {
  const std::filesystem::path temporary =
      path.string() + fmt::format(".tmp-{}", static_cast<int>(::getpid()));
  {
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd.valid()) return tl::unexpected(errno_error(temporary, "cannot create"));
    std::string_view rest = content;
    while (!rest.empty()) {
      const ssize_t put = ::write(fd.get(), rest.data(), rest.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) {
        const Error error = errno_error(path, "cannot write");
        ::unlink(temporary.c_str());
        return tl::unexpected(error);
      }
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(fd.get()) != 0) return tl::unexpected(errno_error(path, "cannot flush"));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return tl::unexpected(errno_error(path, "cannot rename into place"));
  return fsync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

Status make_directories(const std::filesystem::path& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (ec) return fail_at(Errc::io, path.string(), "cannot create the folder: {}", ec.message());
  return {};
}

Result<std::filesystem::path> make_unique_folder(const std::filesystem::path& root,
                                                 const std::string& stem) {
  const std::filesystem::path parent = std::filesystem::absolute(root);
  ERNSTFALL_CHECK(make_directories(parent));
  for (int n = 1; n < 1000; ++n) {
    std::filesystem::path folder = parent / (n == 1 ? stem : fmt::format("{}-{}", stem, n));
    std::error_code ec;
    if (std::filesystem::create_directory(folder, ec)) return folder;
    if (ec) return fail_at(Errc::io, folder.string(), "cannot create the folder: {}", ec.message());
  }
  return fail_at(Errc::io, parent.string(), "1000 runs within one second");
}

Status point_latest(const std::filesystem::path& folder) {
  const std::filesystem::path root = folder.parent_path();
  const std::filesystem::path temporary = root / fmt::format(".latest-{}", ::getpid());
  std::error_code ec;
  std::filesystem::remove(temporary, ec);
  std::filesystem::create_directory_symlink(folder.filename(), temporary, ec);
  if (!ec) std::filesystem::rename(temporary, root / "latest", ec);
  if (ec) return fail_at(Errc::io, root.string(), "cannot set `latest`: {}", ec.message());
  return {};
}

}  // namespace ernstfall
