// exec_test: commands on a real sshd, the same expectations for both SSH transports and locally.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "tests/unit/remote/sshd_fixture.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Exec : public ::testing::TestWithParam<Transport> {
 protected:
  static void SetUpTestSuite() { sshd_ = new TestSshd; }
  static void TearDownTestSuite() {
    remotes_.clear();
    delete sshd_;
    sshd_ = nullptr;
  }
  bool over_ssh() const { return GetParam() != Transport::local; }

  static inline TestSshd* sshd_ = nullptr;
  // One connection for all tests of a transport: none of them may harm it.
  static inline std::map<Transport, std::unique_ptr<Remote>> remotes_;
  Remote* remote_ = [] {
    std::unique_ptr<Remote>& remote = remotes_[GetParam()];
    if (!remote) remote = connect_to(sshd_->access(GetParam()));
    return remote.get();
  }();
};

TEST_P(Exec, ReturnsStatusAndBothOutputsUnchanged) {
  const auto result = run(*remote_, "printf 'no newline'; printf ' \\n\\nerr' >&2; exit 7");
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->signal, "");
  EXPECT_EQ(result->out, "no newline");
  EXPECT_EQ(result->err, " \n\nerr");
  EXPECT_FALSE(result->ok());
  EXPECT_EQ(result->summary(), "exit 7: err");
  const auto good = run(*remote_, "true");
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->ok());
  EXPECT_EQ(good->out + good->err, "");
}

TEST_P(Exec, KeepsArgumentsAsTheyAre) {
  const auto result = remote_->exec(
      {.argv = {"printf", "%s|", "a b", "", "$HOME", "'\"\\", "ä\n", "*", "-n", "!x"}}, soon(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->out, "a b||$HOME|'\"\\|ä\n|*|-n|!x|");
}

TEST_P(Exec, CommandKilledByASignalIsNotSuccess) {
  const auto result = run(*remote_, "kill -KILL $$");
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->signal, "KILL");
  EXPECT_FALSE(result->ok());
}

TEST_P(Exec, EveryExitStatusArrivesAlsoThe255OfTheSshClient) {
  for (const int status : {0, 1, 2, 126, 255}) {
    const auto result = run(*remote_, fmt::format("exit {}", status));
    ASSERT_TRUE(result) << status << ": " << to_string(result.error());
    EXPECT_EQ(result->exit_code, status);
    EXPECT_EQ(result->signal, "");
  }
}

TEST_P(Exec, MissingProgramFails) {
  const auto result = remote_->exec({.argv = {"ernstfall-no-such-program"}}, soon(), {});
  if (over_ssh()) {
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->exit_code, 127);
  } else {
    EXPECT_FALSE(result);
  }
}

TEST_P(Exec, GrandchildHoldingTheOutputDoesNotDelayTheResult) {
  const auto result = run(*remote_, "sleep 600 & echo $!; exit 3");
  ASSERT_TRUE(result) << to_string(result.error());  // the deadline is 20 s
  EXPECT_EQ(result->exit_code, 3);
  const int grandchild = std::stoi(result->out);
  EXPECT_TRUE(still_runs(grandchild));
  ::kill(grandchild, SIGKILL);
}

TEST_P(Exec, InputArrivesWhole) {
  std::string input;
  while (input.size() < 3'000'000) input += std::to_string(input.size()) + "\n";
  RemoteCommand command{.argv = {"cat"}, .stdin_text = input, .max_output_bytes = 8U << 20U};
  const auto result = remote_->exec(command, soon(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_TRUE(result->ok());
  EXPECT_TRUE(result->out == input) << result->out.size() << " of " << input.size();
}

TEST_P(Exec, CommandThatDoesNotReadItsInputIsFine) {
  RemoteCommand command{.argv = {"sh", "-c", "exec <&-; exit 4"}};
  command.stdin_text = std::string(3'000'000, 'x');
  const auto result = remote_->exec(command, soon(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->exit_code, 4);
}

TEST_P(Exec, OutputOverTheCapIsDroppedAndSaid) {
  RemoteCommand command{.argv = {"sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; exit 2"}};
  command.max_output_bytes = 5000;
  const auto result = remote_->exec(command, soon(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_TRUE(result->truncated);
  EXPECT_EQ(result->out, std::string(5000, 'x'));
  EXPECT_EQ(result->exit_code, 2);
}

TEST_P(Exec, DeadlineEndsTheWaitAndHarmsNoOther) {
  std::jthread other([this] {
    const auto result = run(*remote_, "sleep 0.6; echo fine");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->out, "fine\n");
  });
  ASSERT_TRUE(run(*remote_, "true"));
  const SteadyTime begin = std::chrono::steady_clock::now();
  const auto result = run(*remote_, "exec sleep 30", Deadline::after(200ms));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::timeout);
  EXPECT_TRUE(run(*remote_, "true"));
}

TEST_P(Exec, StopTokenEndsTheWait) {
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto result = remote_->exec({.argv = {"sleep", "30"}}, soon(), source.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
}

TEST_P(Exec, ManyAtOnceOnOneNode) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 12; ++t)  // more than sshd's MaxSessions of 10
    threads.emplace_back([this, &good, t] {
      for (int i = 0; i < 4; ++i) {
        const std::string text = fmt::format("{}-{}", t, i);
        const auto result = remote_->exec({.argv = {"cat"}, .stdin_text = text}, soon(), {});
        if (result && result->ok() && result->out == text) ++good;
      }
    });
  threads.clear();
  EXPECT_EQ(good, 48);
}

TEST_P(Exec, PutFileReplacesAtomicallyAndKeepsTheModeAsked) {
  TempFolder folder;
  const std::string path = (folder.path() / "it's a file").string();
  std::string content("a\0b\n", 4);
  content += std::string(300'000, 'z');
  ASSERT_TRUE(write_file_atomic(path, "old"));
  const Status put = put_file(*remote_, path, content, "0640", soon(), {});
  ASSERT_TRUE(put) << to_string(put.error());
  EXPECT_TRUE(read_file(path).value() == content);
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path).permissions()), 0640U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_FALSE(put_file(*remote_, "/no/such/folder/file", content, "0640", soon(), {}));
  EXPECT_FALSE(put_file(*remote_, "relative", content, "0640", soon(), {}));
}

TEST_P(Exec, ExecOkQuotesTheFailure) {
  EXPECT_EQ(exec_ok(*remote_, {"echo", "fine"}, soon(), {}).value(), "fine\n");
  const auto bad = exec_ok(*remote_, {"sh", "-c", "echo why >&2; exit 9"}, soon(), {});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().what, HasSubstr("exit 9: why"));
  EXPECT_EQ(bad.error().where, remote_->describe());
}

TEST_P(Exec, ControlPathSourceIsOurAddressAsTheNodeSeesIt) {
  const auto source = remote_->control_path_source(soon(), {});
  if (over_ssh())
    EXPECT_EQ(source.value(), "127.0.0.1");
  else
    EXPECT_EQ(source.error().code, Errc::unsupported);
}

INSTANTIATE_TEST_SUITE_P(Transports, Exec,
                         ::testing::Values(Transport::libssh2, Transport::openssh,
                                           Transport::local),
                         transport_name);

}  // namespace
}  // namespace ernstfall
