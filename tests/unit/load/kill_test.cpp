// kill_test: a process that keeps a ledger is killed; what the service acknowledged is recorded.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "tests/unit/load/ledger_testing.h"

namespace ernstfall {
namespace {

using load_testing::eventually;
using load_testing::kRunId;
using load_testing::LedgerTest;
using load_testing::path_of;
using std::chrono::seconds;

// More than the ledger promises (an answer is recorded microseconds after it was read), because the
// killed process may have been waiting for a processor when the answer came.
constexpr Nanos kWindow = seconds(1);

pid_t start_writer(const std::filesystem::path& history, const std::string& url,
                   const std::string& secret) {
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ledger_writer").string();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(program.c_str(), program.c_str(), history.c_str(), url.c_str(), secret.c_str(), kRunId,
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  return pid;
}

TEST_F(LedgerTest, AcknowledgementsSurviveSigkill) {
  const std::filesystem::path folder = temp_.path() / "killed";
  const pid_t pid = start_writer(folder, service_.url(), (temp_.path() / "secret").string());
  ASSERT_GT(pid, 0);
  const bool lived = eventually([&] {
    const auto acknowledged = service_.acknowledged();
    return acknowledged.size() >= 50 && acknowledged[acknowledged.size() / 2].at + 2 * kWindow <
                                            std::chrono::steady_clock::now();
  });
  const SteadyTime killed_at = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  int how = 0;
  ASSERT_EQ(::waitpid(pid, &how, 0), pid);
  ASSERT_TRUE(lived);
  ASSERT_TRUE(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);

  const auto history = read_history(folder);
  ASSERT_TRUE(history) << to_string(history.error());
  std::map<std::string, int> invoked;
  std::map<std::string, int> acknowledged;
  for (const LedgerRecord& record : history->ledger) {
    if (record.step == LedgerStep::invoked) ++invoked[path_of(record.seq)];
    if (record.step == LedgerStep::acknowledged) ++acknowledged[path_of(record.seq)];
  }
  std::size_t checked = 0;
  for (const auto& entry : service_.acknowledged()) {
    EXPECT_EQ(invoked[entry.path], 1) << entry.path;  // whatever reached the service was announced
    if (entry.at + kWindow > killed_at) continue;
    EXPECT_EQ(acknowledged[entry.path], 1) << entry.path;
    ++checked;
  }
  EXPECT_GE(checked, 20U);
}

}  // namespace
}  // namespace ernstfall
