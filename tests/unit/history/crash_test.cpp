// crash_test: SIGKILL in the middle of appends, and a disk that is full.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "tests/unit/history/history_testing.h"

namespace ernstfall {
namespace {

using testing_support::create_history;
using testing_support::TempFolder;

// Counts that a killed child leaves behind.
class SharedCounters {
 public:
  static constexpr std::size_t kCount = 4;
  SharedCounters()
      : memory_(::mmap(nullptr, sizeof(std::atomic<int>) * kCount, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    EXPECT_NE(memory_, MAP_FAILED);
  }
  ~SharedCounters() { ::munmap(memory_, sizeof(std::atomic<int>) * kCount); }
  SharedCounters(const SharedCounters&) = delete;
  SharedCounters& operator=(const SharedCounters&) = delete;
  std::atomic<int>& operator[](std::size_t i) { return static_cast<std::atomic<int>*>(memory_)[i]; }

 private:
  void* memory_;
};

// Appends for ever, on several threads; each says how many calls have returned.
[[noreturn]] void append_until_killed(const std::filesystem::path& folder,
                                      SharedCounters& counters) {
  auto writer = HistoryWriter::create(folder, "crash", RunClock{});
  if (!writer) ::_exit(1);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < SharedCounters::kCount; ++t)
    threads.emplace_back([&, t] {
      const auto id = (*writer)->define_source({0, fmt::format("t{}", t), "t", "", 0, 0});
      if (!id) ::_exit(2);
      for (int i = 0;; ++i) {
        const std::string detail(static_cast<std::size_t>(i % 3000), 'x');
        if (!(*writer)->append(Sample{*id, i, i, i, Outcome::ok, 0, detail})) ::_exit(3);
        counters[t].store(i + 1, std::memory_order_release);
      }
    });
  for (std::thread& thread : threads) thread.join();
  ::_exit(4);
}

TEST(HistoryCrash, SigkillLosesNothingThatAppendReturnedFrom) {
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    const TempFolder folder;
    SharedCounters counters;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) append_until_killed(folder.path(), counters);
    const int enough = 50 + 400 * round;
    const Deadline deadline = Deadline::after(std::chrono::seconds(60));
    while (counters[0] < enough && !deadline.expired()) std::this_thread::yield();
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
    ASSERT_GE(counters[0], enough);

    const auto history = read_history(folder.path());
    ASSERT_TRUE(history);
    std::map<std::string, int> read;
    for (const Sample& sample : history->samples) {
      EXPECT_EQ(sample.scheduled, read[history->sources[sample.source].name]++);
      EXPECT_EQ(sample.detail.size(), static_cast<std::size_t>(sample.scheduled % 3000));
    }
    for (std::size_t t = 0; t < SharedCounters::kCount; ++t)
      EXPECT_GE(read[fmt::format("t{}", t)], counters[t]);
  }
}

// Runs `body` on a thread that sees a file system of `bytes` at `folder`. False: not allowed here.
bool on_small_disk(const std::filesystem::path& folder, const std::string& bytes,
                   const std::function<void()>& body) {
  bool ready = false;
  std::thread([&] {
    if (::unshare(CLONE_NEWNS) != 0) return;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    if (::mount("small", folder.c_str(), "tmpfs", 0, ("size=" + bytes).c_str()) != 0) return;
    ready = true;
    body();
    (void)::umount(folder.c_str());
  }).join();
  return ready;
}

TEST(HistoryCrash, AFullDiskIsAnErrorAndWhatIsThereStays) {
  const TempFolder folder;
  const bool ran = on_small_disk(folder.path(), "10m", [&] {
    const auto writer = create_history(folder.path() / "h");
    const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
    int appended = 0;
    Status status;
    while ((status = writer->append(Event{id, appended, "k", std::string(1000, 'x')}))) {
      ++appended;
      ASSERT_LT(appended, 20'000);
    }
    EXPECT_EQ(status.error().code, Errc::io);
    EXPECT_GT(appended, 5000);
    EXPECT_FALSE(writer->append(Event{id, appended, "k", std::string(1000, 'x')}));
    EXPECT_TRUE(writer->sync());
    EXPECT_TRUE(writer->close());
    const auto history = read_history(folder.path() / "h");
    ASSERT_TRUE(history);
    EXPECT_EQ(history->damage, "");
    EXPECT_EQ(history->events.size(), static_cast<std::size_t>(appended));
  });
  if (!ran) GTEST_SKIP() << "needs a mount namespace";
}

// The disk is full when the next file is begun, and has room again later: no gap, no empty file.
TEST(HistoryCrash, AFullDiskAtTheNextFileIsAnErrorUntilThereIsRoom) {
  const TempFolder folder;
  const bool ran = on_small_disk(folder.path(), "72m", [&] {
    const std::filesystem::path ballast = folder.path() / "ballast";
    {
      const Fd fd(::open(ballast.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      ASSERT_EQ(::posix_fallocate(fd.get(), 0, 7 << 20), 0);
    }
    const auto writer = create_history(folder.path() / "h");
    const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
    const std::string text(60'000, 'x');
    int appended = 0;
    while (writer->append(Event{id, appended, "k", text})) {
      ++appended;
      ASSERT_LT(appended, 2000);
    }
    EXPECT_GT(appended, 1000);
    EXPECT_FALSE(writer->append(Event{id, appended, "k", text}));
    std::filesystem::remove(ballast);
    EXPECT_TRUE(writer->append(Event{id, appended, "k", text}));
    EXPECT_TRUE(writer->close());
    const auto history = read_history(folder.path() / "h");
    ASSERT_TRUE(history);
    EXPECT_EQ(history->damage, "");
    EXPECT_EQ(history->events.size(), static_cast<std::size_t>(appended) + 1);
  });
  if (!ran) GTEST_SKIP() << "needs a mount namespace";
}

TEST(HistoryCrash, NoRoomAtAllOrNoPermissionIsAnError) {
  const TempFolder folder;
  const bool ran = on_small_disk(folder.path(), "1m", [&] {
    const auto writer = HistoryWriter::create(folder.path() / "h", "full", RunClock{});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, Errc::io);
  });
  if (!ran) GTEST_SKIP() << "needs a mount namespace";
}

}  // namespace
}  // namespace ernstfall
