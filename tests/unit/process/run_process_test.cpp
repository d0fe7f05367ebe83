// run_process_test: bounded output, deadlines that take the whole group, and how children end.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "harness/core/files.h"
#include "harness/process/process.h"
#include "tests/unit/process/process_testing.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

Deadline soon() {
  return Deadline::after(20s);
}

TEST(RunProcess, ReturnsExitCodeAndBothOutputs) {
  const auto result = run_process(shell("echo out; echo err >&2; exit 7"), soon(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_FALSE(result->ok());
  EXPECT_EQ(result->summary(), "exit 7: err");
}

TEST(RunProcess, PassesEveryArgumentUnchanged) {
  const auto result =
      run_process({.argv = {"printf", "%s|", "a b", "", "$HOME", "'\"\\", "ä\n"}}, soon(), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "a b||$HOME|'\"\\|ä\n|");
}

TEST(RunProcess, ChildKilledByASignalIsNeverOk) {
  const auto result = run_process(shell("kill -TERM $$"), soon(), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, SIGTERM);
  EXPECT_FALSE(result->ok());
  EXPECT_THAT(result->summary(), HasSubstr("signal 15"));
}

TEST(RunProcess, MissingProgramIsAnErrorThatNamesIt) {
  for (const char* name : {"ernstfall-no-such-program", "/no/such/program", "/etc/passwd"}) {
    const auto result = run_process({.argv = {name}}, soon(), {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::io);
    EXPECT_THAT(to_string(result.error()), HasSubstr(name));
  }
}

TEST(RunProcess, FileThatIsNoProgramFailsToStart) {
  TempFolder folder;
  const auto path = folder.path() / "script";
  ASSERT_TRUE(write_file_atomic(path, "no interpreter line", 0755));
  const auto result = run_process({.argv = {path.string()}}, soon(), {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().what, HasSubstr("cannot start"));
}

TEST(RunProcess, MissingWorkingFolderFailsToStart) {
  const auto result =
      run_process({.argv = {"true"}, .working_folder = "/no/such/folder"}, soon(), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::io);
}

TEST(RunProcess, UsesWorkingFolderAndExtraEnvironment) {
  ::setenv("ERNSTFALL_TEST_VALUE", "ours", 1);
  ProcessSpec spec = shell("pwd; echo $ERNSTFALL_TEST_VALUE; env | grep -c ERNSTFALL_TEST_VALUE");
  spec.working_folder = "/";
  spec.extra_env = {{"ERNSTFALL_TEST_VALUE", "theirs"}};
  const auto result = run_process(spec, soon(), {});
  ::unsetenv("ERNSTFALL_TEST_VALUE");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "/\ntheirs\n1\n");
}

TEST(RunProcess, GrandchildHoldingStdoutDoesNotDelayTheResult) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  const auto result = run_process(shell("sleep 600 & echo $!; exit 7"), soon(), {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  // A grandchild is left alone when its parent ends well: this is how daemons are started.
  const int grandchild = std::stoi(result->out);
  EXPECT_TRUE(still_runs(grandchild));
  ::kill(grandchild, SIGKILL);
}

TEST(RunProcess, OutputOverTheCapIsReadDroppedAndSaid) {
  ProcessSpec spec = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2");
  spec.max_output_bytes = 1000;
  const auto result = run_process(spec, soon(), {});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->truncated);
  EXPECT_EQ(result->out, std::string(1000, 'x'));
  EXPECT_EQ(result->err, "end\n");
  EXPECT_TRUE(result->ok());  // it was not blocked by a full pipe
  spec = shell("printf %01000d 0");
  spec.max_output_bytes = 1000;
  const auto exact = run_process(spec, soon(), {});
  ASSERT_TRUE(exact);
  EXPECT_FALSE(exact->truncated);
  EXPECT_EQ(exact->out.size(), 1000U);
}

TEST(RunProcess, InputLargerThanAPipeWhileTheChildWrites) {
  std::string input;
  while (input.size() < 5'000'000) input += std::to_string(input.size()) + "\n";
  const auto result = run_process(
      {.argv = {"cat"}, .stdin_text = input, .max_output_bytes = 16U << 20U}, soon(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->out.size(), input.size());
  EXPECT_TRUE(result->out == input);
}

TEST(RunProcess, ChildThatDoesNotReadItsInputIsNoError) {
  ProcessSpec spec = shell("exec <&-; sleep 0.05; exit 3");
  spec.stdin_text = std::string(5'000'000, 'x');
  const auto result = run_process(spec, soon(), {});  // SIGPIPE would end this test program
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 3);
}

TEST(RunProcess, DeadlineKillsTheWholeGroup) {
  TempFolder folder;
  const std::string pids = (folder.path() / "pids").string();
  const auto result =
      run_process(shell("(trap '' TERM; sh -c 'sleep 600 & echo $! >> " + pids + "; echo $$ >> " +
                        pids + "; echo ready; wait') & echo $$ >> " + pids + "; wait"),
                  Deadline::after(500ms), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::timeout);
  const auto text = read_file(pids);
  ASSERT_TRUE(text);
  const auto lines = split(trim(*text), '\n');
  ASSERT_EQ(lines.size(), 3U);
  for (const std::string& line : lines) EXPECT_TRUE(ends_soon(std::stoi(line))) << line;
}

TEST(RunProcess, StopTokenKillsTheWholeGroup) {
  TempFolder folder;
  const std::string pids = (folder.path() / "pids").string();
  std::stop_source source;
  std::jthread stopper([&] {
    wait_for_lines(pids, 2);
    source.request_stop();
  });
  const auto result =
      run_process(shell("sleep 600 & echo $! >> " + pids + "; echo $$ >> " + pids + "; wait"),
                  soon(), source.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
  for (const std::string& line : split(trim(*read_file(pids)), '\n'))
    EXPECT_TRUE(ends_soon(std::stoi(line))) << line;
}

TEST(RunProcess, ChildInheritsNoDescriptorAndNoBlockedSignal) {
  const Fd low(::dup(STDOUT_FILENO));  // without close-on-exec, as a careless library leaves it
  const Fd high(::fcntl(low.get(), F_DUPFD, 500));
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
  const auto previous = ::signal(SIGPIPE, SIG_IGN);
  const auto result = run_process(
      // Not `ls | tr`: the shell's own ends of that pipe may still be open when ls looks.
      shell("ls /proc/$$/fd; grep -E 'SigBlk|SigIgn' /proc/$$/status | cut -f2"),
      soon(), {});
  ::signal(SIGPIPE, previous);
  ::pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "0\n1\n2\n0000000000000000\n0000000000000000\n");
}

TEST(RunProcess, LeavesNoZombieAndNoDescriptor) {
  const auto count_fds = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  ASSERT_TRUE(run_process(shell("true"), soon(), {}));
  const auto before = count_fds();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(run_process(shell("echo x"), soon(), {}));
    ASSERT_FALSE(run_process({.argv = {"sleep", "600"}}, Deadline::after(5ms), {}));
    ASSERT_FALSE(run_process({.argv = {"/no/such"}}, soon(), {}));
  }
  EXPECT_EQ(count_fds(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
}

TEST(RunProcess, ManyAtOnceFromManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&good, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string text = fmt::format("{}-{}", t, i);
        const auto result = run_process({.argv = {"cat"}, .stdin_text = text}, soon(), {});
        if (result && result->out == text) ++good;
      }
    });
  threads.clear();
  EXPECT_EQ(good, 80);
}

TEST(RunProcessOk, TurnsAFailureIntoAnErrorThatQuotesIt) {
  const auto good = run_process_ok(shell("echo fine"), soon(), {});
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "fine\n");
  const auto bad = run_process_ok(shell("echo first >&2; echo last >&2; exit 4"), soon(), {});
  ASSERT_FALSE(bad);
  EXPECT_EQ(to_string(bad.error()), "sh: exit 4: last");
}

}  // namespace
}  // namespace ernstfall
