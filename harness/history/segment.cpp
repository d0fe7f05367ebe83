// segment: allocation in advance, framing, and flushing of a mapped file.
#include "harness/history/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/core/hash.h"

namespace ernstfall {
namespace {

constexpr std::size_t kPageBytes = 4096;
// One call for 16 pages costs far less than 16 page faults, and holds nobody up for long.
constexpr std::size_t kPopulateBytes = 16 * kPageBytes;

}  // namespace

Result<std::unique_ptr<Segment>> Segment::create(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.valid()) return tl::unexpected(errno_error(path, "cannot create"));
  // The whole range is mapped once; only what is allocated is ever touched, so that a full disk is
  // an error of posix_fallocate and never a bus error.
  void* map = ::mmap(nullptr, kMaxBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) return tl::unexpected(errno_error(path, "cannot map"));
  std::unique_ptr<Segment> segment(new Segment(path, std::move(fd), static_cast<char*>(map)));
  if (const Status grown = segment->grow_to(1); !grown) {
    (void)::unlink(path.c_str());  // an empty file is no history
    return tl::unexpected(grown.error());
  }
  return segment;
}

Segment::~Segment() {
  if (map_ != nullptr) ::munmap(map_, kMaxBytes);
}

Status Segment::grow_to(std::size_t bytes) {
  if (bytes <= allocated_) return {};
  const std::size_t wanted =
      std::min(kMaxBytes, (bytes + kGrowBytes - 1) / kGrowBytes * kGrowBytes);
  int error = EINTR;
  while (error == EINTR)
    error = ::posix_fallocate(fd_.get(), static_cast<off_t>(allocated_),
                              static_cast<off_t>(wanted - allocated_));
  if (error != 0) {
    errno = error;
    return tl::unexpected(errno_error(path_, "cannot allocate space for the history"));
  }
  allocated_ = wanted;
  return {};
}

Status Segment::append(std::string_view body) {
  const std::size_t end = used_ + kFrameBytes + body.size();
  ERNSTFALL_CHECK(grow_to(end));
  if (end > populated_) populate_to(end);
  const auto length = static_cast<std::uint32_t>(body.size());
  const std::uint32_t crc = crc32c(body.data(), body.size());
  std::memcpy(map_ + used_, &length, 4);
  std::memcpy(map_ + used_ + 4, &crc, 4);
  std::memcpy(map_ + used_ + kFrameBytes, body.data(), body.size());
  used_ = end;
  return {};
}

// Only for speed: a kernel that cannot (before 5.14) takes the page faults instead.
void Segment::populate_to(std::size_t bytes) {
  const std::size_t wanted =
      std::min(allocated_, (bytes + kPopulateBytes - 1) / kPopulateBytes * kPopulateBytes);
  (void)::madvise(map_ + populated_, wanted - populated_, MADV_POPULATE_WRITE);
  populated_ = wanted;
}

Status Segment::sync_to(std::size_t bytes) {
  const std::size_t synced = synced_.load();
  if (synced >= bytes) return {};
  const std::size_t begin = synced / kPageBytes * kPageBytes;
  if (::msync(map_ + begin, bytes - begin, MS_SYNC) != 0)
    return tl::unexpected(errno_error(path_, "cannot flush the history"));
  // Two that flush at once may set it back, and what is flushed twice does no harm.
  synced_ = bytes;
  return {};
}

Status Segment::close() {
  ERNSTFALL_CHECK(sync_to(used_));
  if (::ftruncate(fd_.get(), static_cast<off_t>(used_)) != 0 || ::fsync(fd_.get()) != 0)
    return tl::unexpected(errno_error(path_, "cannot close the history"));
  allocated_ = used_;
  return {};
}

}  // namespace ernstfall
