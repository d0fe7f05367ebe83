// damage_test: a history that is cut at any byte, or has any bit flipped, never lies and never
// crashes the reader.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/unit/history/history_testing.h"

namespace ernstfall {
namespace {

using testing_support::append_every_kind;
using testing_support::create_history;
using testing_support::record_bounds;
using testing_support::record_count;
using testing_support::TempFolder;

class HistoryDamage : public testing::Test {
 protected:
  void SetUp() override {
    const TempFolder original;
    const auto writer = create_history(original.path());
    append_every_kind(*writer);
    ASSERT_TRUE(writer->close());
    bytes_ = *read_file(original.path() / "000001.efh");
    bounds_ = record_bounds(bytes_);
    ASSERT_EQ(bounds_.size(), 10U);  // 9 records
    ASSERT_EQ(bounds_.back(), bytes_.size());
  }
  Result<History> read(const std::string& bytes) {
    // Not write_file_atomic(): thousands of fsyncs take minutes.
    std::ofstream(folder_.path() / "000001.efh", std::ios::binary) << bytes;
    return read_history(folder_.path());
  }
  // Records that are whole within the first `size` bytes.
  std::size_t whole(std::size_t size) const {
    return static_cast<std::size_t>(
        std::count_if(bounds_.begin() + 1, bounds_.end(), [=](auto end) { return end <= size; }));
  }

  TempFolder folder_;
  std::string bytes_;
  std::vector<std::size_t> bounds_;
};

TEST_F(HistoryDamage, CutAtEveryByte) {
  for (std::size_t size = 0; size <= bytes_.size(); ++size) {
    SCOPED_TRACE(size);
    const auto history = read(bytes_.substr(0, size));
    if (size < bounds_[1]) {
      ASSERT_FALSE(history);
      EXPECT_EQ(history.error().code, Errc::corrupt);
      continue;
    }
    ASSERT_TRUE(history);
    EXPECT_EQ(record_count(*history), whole(size));
    const bool at_bound = std::find(bounds_.begin(), bounds_.end(), size) != bounds_.end();
    EXPECT_EQ(history->truncated, !at_bound) << history->damage;
    EXPECT_EQ(history->damage.empty(), at_bound);
  }
}

TEST_F(HistoryDamage, EveryFlippedBitIsNoticed) {
  ASSERT_TRUE(read(bytes_));
  const Fd file(::open((folder_.path() / "000001.efh").c_str(), O_RDWR | O_CLOEXEC));
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    const auto put = [&](char byte) {
      ASSERT_EQ(::pwrite(file.get(), &byte, 1, static_cast<off_t>(at)), 1);
    };
    for (unsigned bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(fmt::format("byte {} bit {}", at, bit));
      put(static_cast<char>(static_cast<unsigned char>(bytes_[at]) ^ (1U << bit)));
      const auto history = read_history(folder_.path());
      ASSERT_EQ(history.has_value(), at >= bounds_[1]);
      if (!history) continue;
      EXPECT_TRUE(history->truncated);
      EXPECT_NE(history->damage.find("000001.efh"), std::string::npos) << history->damage;
      EXPECT_EQ(record_count(*history), whole(at));  // all before it, nothing after
    }
    put(bytes_[at]);
  }
}

// After a crash the file ends with the zeroes that were allocated in advance.
TEST_F(HistoryDamage, UnusedSpaceIsNoDamageAndABitInItIs) {
  std::string bytes = bytes_;
  bytes.resize(4U << 20U, '\0');
  const auto clean = read(bytes);
  ASSERT_TRUE(clean);
  EXPECT_FALSE(clean->truncated) << clean->damage;
  for (const std::size_t at :
       {bytes_.size(), bytes_.size() + 5, bytes.size() / 2, bytes.size() - 1}) {
    SCOPED_TRACE(at);
    std::string flipped = bytes;
    flipped[at] = 1;
    const auto history = read(flipped);
    ASSERT_TRUE(history);
    EXPECT_TRUE(history->truncated);
    EXPECT_EQ(record_count(*history), whole(bytes_.size()));
  }
}

// A page that never reached the disk before a power cut.
TEST_F(HistoryDamage, AHoleInTheMiddleIsDamage) {
  std::string bytes = bytes_;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(bounds_[3]),
            bytes.begin() + static_cast<std::ptrdiff_t>(bounds_[5]), '\0');
  const auto history = read(bytes);
  ASSERT_TRUE(history);
  EXPECT_TRUE(history->truncated);
  EXPECT_EQ(record_count(*history), 3U);
}

TEST_F(HistoryDamage, RecordsWithoutAHeaderAreNoHistory) {
  const auto history = read(bytes_.substr(bounds_[1]));
  ASSERT_FALSE(history);
  EXPECT_EQ(history.error().code, Errc::corrupt);
}

TEST_F(HistoryDamage, NoFolderNoFilesAndOtherFiles) {
  EXPECT_EQ(read_history(folder_.path() / "none").error().code, Errc::io);
  EXPECT_EQ(read_history(folder_.path()).error().code, Errc::corrupt);
  ASSERT_TRUE(write_file_atomic(folder_.path() / "notes.txt", "hello"));
  EXPECT_EQ(read_history(folder_.path()).error().code, Errc::corrupt);
  EXPECT_TRUE(read(bytes_));
}

}  // namespace
}  // namespace ernstfall
