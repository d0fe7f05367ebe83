// files_test: bounded reading and writing that never leaves half a file.
#include "harness/core/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using testing_support::TempFolder;

TEST(ReadFile, WholeOrAnError) {
  TempFolder folder;
  const auto path = folder.path() / "file";
  const std::string content("a\0b", 3);
  ASSERT_TRUE(write_file_atomic(path, content));
  EXPECT_EQ(read_file(path).value(), content);
  EXPECT_TRUE(read_file(path, 3));
  EXPECT_FALSE(read_file(path, 2));
  const auto missing = read_file(folder.path() / "missing");
  EXPECT_EQ(missing.error().code, Errc::io);
  EXPECT_THAT(missing.error().where, HasSubstr("missing"));
  EXPECT_FALSE(read_file(folder.path()));
}

TEST(ReadFile, EndlessFilesAreCutOff) {
  EXPECT_FALSE(read_file("/dev/zero", 1U << 20U));
}

TEST(WriteFileAtomic, ReplacesAndSetsTheMode) {
  TempFolder folder;
  const auto path = folder.path() / "file";
  ASSERT_TRUE(write_file_atomic(path, "old"));
  ASSERT_TRUE(write_file_atomic(path, "new", 0600));
  EXPECT_EQ(read_file(path).value(), "new");
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path).permissions()), 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

// A full disk, as near as a test can have it: the file size limit.
TEST(WriteFileAtomic, FullDiskLeavesTheOldFileAndNoRest) {
  TempFolder folder;
  const auto path = folder.path() / "file";
  ASSERT_TRUE(write_file_atomic(path, "old"));
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status written = write_file_atomic(path, std::string(100'000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, previous);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
  EXPECT_EQ(read_file(path).value(), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(WriteFileAtomic, MissingFolderIsAnError) {
  EXPECT_FALSE(write_file_atomic("/no/such/folder/file", "x"));
  TempFolder folder;
  const auto deep = folder.path() / "a" / "b";
  ASSERT_TRUE(make_directories(deep));
  EXPECT_TRUE(write_file_atomic(deep / "file", "x"));
  EXPECT_FALSE(make_directories(deep / "file" / "c"));
}

TEST(FdOwner, ClosesOnceAndMoves) {
  const int raw = ::dup(STDOUT_FILENO);
  {
    Fd first(raw);
    Fd second(std::move(first));
    EXPECT_FALSE(first.valid());  // NOLINT: the moved-from state is what is tested
    EXPECT_EQ(second.get(), raw);
    EXPECT_NE(::fcntl(raw, F_GETFD), -1);
  }
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

}  // namespace
}  // namespace ernstfall
