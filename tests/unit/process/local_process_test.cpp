// local_process_test: children that go on, detached children, and telling pids apart.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "harness/process/process.h"
#include "tests/unit/process/process_testing.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

Deadline shortly() {
  return Deadline::after(20s);
}

std::unique_ptr<LocalProcess> start(const ProcessSpec& spec) {
  auto process = LocalProcess::start(spec);
  EXPECT_TRUE(process) << to_string(process.error());
  return process ? std::move(*process) : nullptr;
}

TEST(LocalProcess, ReadsLinesIncludingAnUnfinishedLastOne) {
  const auto process = start(shell("echo one; echo; printf last"));
  for (const char* expected : {"one", "", "last"}) {
    const auto line = process->next_line(shortly(), {});
    ASSERT_TRUE(line);
    ASSERT_TRUE(line->has_value());
    EXPECT_EQ(**line, expected);
  }
  EXPECT_EQ(process->next_line(shortly(), {}).value(), std::nullopt);
  EXPECT_EQ(process->next_line(shortly(), {}).value(), std::nullopt);
  const auto result = process->wait(shortly(), {});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->ok());
}

TEST(LocalProcess, TalksBothWays) {
  const auto process = start({.argv = {"cat"}});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(process->write(fmt::format("line {}\n", i)));
    EXPECT_EQ(process->next_line(shortly(), {}).value(), fmt::format("line {}", i));
  }
}

TEST(LocalProcess, TimeoutLeavesItRunning) {
  const auto process = start({.argv = {"cat"}});
  const auto line = process->next_line(Deadline::after(20ms), {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::timeout);
  const auto waited = process->wait(Deadline::after(20ms), {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Errc::timeout);
  ASSERT_TRUE(process->write("still here\n"));
  EXPECT_EQ(process->next_line(shortly(), {}).value(), "still here");
}

TEST(LocalProcess, StopTokenEndsTheWaitNotTheProcess) {
  const auto process = start({.argv = {"cat"}});
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto line = process->next_line(shortly(), source.get_token());
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::cancelled);
  EXPECT_TRUE(still_runs(process->pid()));
}

TEST(LocalProcess, EndOfTheChildIsTheEndThoughAGrandchildHoldsThePipe) {
  const auto process = start(shell("sleep 600 & echo $!; printf rest"));
  const auto line = process->next_line(shortly(), {});
  ASSERT_TRUE(line);
  const int grandchild = std::stoi(line->value());
  EXPECT_EQ(process->next_line(shortly(), {}).value(), "rest");
  EXPECT_EQ(process->next_line(shortly(), {}).value(), std::nullopt);
  ::kill(grandchild, SIGKILL);
}

TEST(LocalProcess, DestroyingKillsTheGroupEvenAfterTheLeaderEnded) {
  int leader = 0;
  int grandchild = 0;
  {
    const auto process = start(shell("sleep 600 & echo $!; exec sleep 600"));
    leader = process->pid();
    grandchild = std::stoi(process->next_line(shortly(), {}).value().value());
    EXPECT_TRUE(still_runs(grandchild));
  }
  EXPECT_TRUE(ends_soon(leader));
  EXPECT_TRUE(ends_soon(grandchild));
  {
    const auto process = start(shell("sleep 600 & echo $!"));
    grandchild = std::stoi(process->next_line(shortly(), {}).value().value());
    ASSERT_TRUE(process->wait(shortly(), {}));
    EXPECT_TRUE(still_runs(grandchild));
  }
  EXPECT_TRUE(ends_soon(grandchild));
}

TEST(LocalProcess, SurvivesTheThreadThatStartedIt) {
  std::unique_ptr<LocalProcess> process;
  std::jthread([&] { process = start({.argv = {"cat"}}); }).join();
  // PR_SET_PDEATHSIG is tied to the thread that forked: it must not be that one.
  EXPECT_FALSE(process->wait(Deadline::after(50ms), {}));
  ASSERT_TRUE(process->write("alive\n"));
  EXPECT_EQ(process->next_line(shortly(), {}).value(), "alive");
}

TEST(LocalProcess, MuchUnreadStderrDoesNotBlockIt) {
  ProcessSpec spec = shell("head -c 2000000 /dev/zero | tr '\\0' e >&2; echo done");
  spec.max_output_bytes = 5000;
  const auto process = start(spec);
  EXPECT_EQ(process->next_line(shortly(), {}).value(), "done");
  const auto result = process->wait(shortly(), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->err, std::string(5000, 'e'));
  EXPECT_TRUE(result->truncated);
}

TEST(LocalProcess, UnreadStdoutMakesItWaitAndLosesNothing) {
  const auto process =
      start(shell("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done"));
  EXPECT_FALSE(process->wait(Deadline::after(0ms), {}));
  for (int i = 0; i < 30000; ++i) {
    const auto line = process->next_line(shortly(), {});
    ASSERT_TRUE(line && line->has_value());
    ASSERT_EQ(**line, fmt::format("line {}", i));
  }
  EXPECT_EQ(process->next_line(shortly(), {}).value(), std::nullopt);
}

TEST(LocalProcess, WaitCollectsTheRestOfTheOutput) {
  const auto process = start(shell("echo first; head -c 300000 /dev/zero | tr '\\0' x; exit 5"));
  EXPECT_EQ(process->next_line(shortly(), {}).value(), "first");
  const auto result = process->wait(shortly(), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 5);
  EXPECT_EQ(result->out.size(), 300000U);
}

TEST(LocalProcess, FeedsStdinTextAndThenEndsIt) {
  ProcessSpec spec{.argv = {"wc", "-c"}};
  spec.stdin_text = std::string(1'000'000, 'y');
  const auto process = start(spec);
  EXPECT_EQ(trim(process->next_line(shortly(), {}).value().value()), "1000000");
  EXPECT_FALSE(process->write("more"));
}

TEST(LocalProcess, OverlongLineIsAnError) {
  const auto process = start(shell("head -c 1200000 /dev/zero | tr '\\0' x; sleep 600"));
  const auto line = process->next_line(shortly(), {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::protocol);
}

TEST(LocalProcess, WriteToAnEndedProcessIsAnError) {
  const auto process = start({.argv = {"true"}});
  ASSERT_TRUE(process->wait(shortly(), {}));
  const Status written = process->write("too late\n");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
}

TEST(LocalProcess, KillGroupShowsAsSignal) {
  const auto process = start({.argv = {"sleep", "600"}});
  process->kill_group();
  const auto result = process->wait(shortly(), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, SIGKILL);
}

// In a process of its own, because only its death can show what its children do then.
TEST(Children, DetachedOutliveUsAndAttachedDoNot) {
  TempFolder folder;
  const std::string log = (folder.path() / "log").string();
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const pid_t harness = ::fork();
  if (harness == 0) {
    const auto detached = spawn_detached(shell("echo started; exec sleep 600"), log);
    const auto attached = LocalProcess::start({.argv = {"sleep", "600"}});
    const int pids[2] = {detached.value_or(-1), attached ? (*attached)->pid() : -1};
    if (::write(report[1], pids, sizeof pids) != sizeof pids) ::_exit(1);
    while (true) ::pause();
  }
  ::close(report[1]);  // else the read would not end when the other side dies
  int pids[2] = {-1, -1};
  ASSERT_EQ(::read(report[0], pids, sizeof pids), static_cast<ssize_t>(sizeof pids));
  ::close(report[0]);
  ASSERT_GT(pids[0], 0);
  ASSERT_GT(pids[1], 0);
  ASSERT_TRUE(wait_for_lines(log, 1));
  EXPECT_EQ(::getsid(pids[0]), pids[0]);
  EXPECT_TRUE(still_runs(pids[1]));
  ::kill(harness, SIGKILL);
  ASSERT_EQ(::waitpid(harness, nullptr, 0), harness);
  EXPECT_TRUE(ends_soon(pids[1]));
  EXPECT_TRUE(still_runs(pids[0]));
  ::kill(pids[0], SIGKILL);
  EXPECT_TRUE(ends_soon(pids[0]));
}

TEST(Children, DetachedAppendsToItsLog) {
  TempFolder folder;
  const std::string log = (folder.path() / "log").string();
  ASSERT_TRUE(write_file_atomic(log, "before\n"));
  const auto pid = spawn_detached(shell("echo out; echo err >&2; cat"), log);  // stdin: no input
  ASSERT_TRUE(pid);
  ASSERT_TRUE(ends_soon(*pid));
  EXPECT_EQ(read_file(log).value(), "before\nout\nerr\n");
  ::waitpid(*pid, nullptr, 0);
}

TEST(ProcessTable, APidIsOnlyAliveWithItsOwnStartTime) {
  const auto ticks = process_start_ticks(::getpid());
  ASSERT_TRUE(ticks);
  EXPECT_TRUE(process_alive(::getpid(), *ticks));
  EXPECT_FALSE(process_alive(::getpid(), *ticks + 1));
  EXPECT_FALSE(process_start_ticks(0));
}

// A killed process ends thread by thread, and the first one is not the last: until then it holds
// its locks.
TEST(ProcessTable, AProcessWhoseFirstThreadEndedIsAlive) {
  const int pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    pthread_t other{};
    const auto run = [](void*) -> void* {
      while (true) ::pause();
    };
    if (::pthread_create(&other, nullptr, run, nullptr) == 0) ::syscall(SYS_exit, 0);
    ::_exit(1);
  }
  const auto ticks = process_start_ticks(pid);
  ASSERT_TRUE(ticks);
  const auto looks_like_a_zombie = [&] {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
    return stat && stat->find(") Z ") != std::string::npos;
  };
  EXPECT_TRUE(eventually(looks_like_a_zombie));
  EXPECT_TRUE(process_alive(pid, *ticks));
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(eventually([&] { return !process_alive(pid, *ticks); }));
  ::waitpid(pid, nullptr, 0);
}

TEST(ProcessTable, ReadsPastAProgramNameWithParenthesesAndSpaces) {
  TempFolder folder;
  const auto program = folder.path() / "a) R (b c";
  std::filesystem::copy_file("/bin/sleep", program);
  const auto process = start({.argv = {program.string(), "600"}});
  const auto ticks = process_start_ticks(process->pid());
  ASSERT_TRUE(ticks) << to_string(ticks.error());
  EXPECT_GT(*ticks, 1000U);
  EXPECT_TRUE(process_alive(process->pid(), *ticks));
  process->kill_group();
  EXPECT_TRUE(eventually([&] { return !process_alive(process->pid(), *ticks); }));  // a zombie
}

}  // namespace
}  // namespace ernstfall
