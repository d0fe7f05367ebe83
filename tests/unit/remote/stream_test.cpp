// stream_test: commands that go on, with slow readers and readers that leave, on a real sshd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/unit/remote/sshd_fixture.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Stream : public ::testing::TestWithParam<Transport> {
 protected:
  static void SetUpTestSuite() { sshd_ = new TestSshd; }
  static void TearDownTestSuite() {
    delete sshd_;
    sshd_ = nullptr;
  }

  std::unique_ptr<LineStream> open(const std::string& script) {
    auto stream = remote_->stream({.argv = {"sh", "-c", script}}, soon(), {});
    if (!stream) throw std::runtime_error(to_string(stream.error()));
    return std::move(*stream);
  }

  static inline TestSshd* sshd_ = nullptr;
  std::unique_ptr<Remote> remote_ = connect_to(sshd_->access(GetParam()));
};

std::int64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stoll(line.substr(6));
  return -1;
}

TEST_P(Stream, GivesLinesThenTheEndAndHowItEnded) {
  const auto stream = open("echo one; echo; printf last; echo why >&2; exit 3");
  for (const char* expected : {"one", "", "last"})
    EXPECT_EQ(stream->next_line(soon(), {}).value(), expected);
  EXPECT_EQ(stream->next_line(soon(), {}).value(), std::nullopt);
  EXPECT_EQ(stream->next_line(soon(), {}).value(), std::nullopt);
  EXPECT_EQ(stream->summary(), "exit 3: why");
}

TEST_P(Stream, CommandThatIsMissingDoesNotLookLikeAQuietOne) {
  if (GetParam() == Transport::local) {
    EXPECT_FALSE(remote_->stream({.argv = {"ernstfall-no-such-program"}}, soon(), {}));
    return;
  }
  const auto stream = remote_->stream({.argv = {"ernstfall-no-such-program"}}, soon(), {});
  ASSERT_TRUE(stream) << to_string(stream.error());
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), std::nullopt);
  EXPECT_THAT((*stream)->summary(), HasSubstr("exit 127"));
  EXPECT_THAT((*stream)->summary(), HasSubstr("not found"));
}

TEST_P(Stream, TimeoutAndStopLeaveItUsable) {
  TempFolder folder;
  const std::string gate = (folder.path() / "gate").string();
  const auto stream = open("while [ ! -e " + gate + " ]; do sleep 0.02; done; echo opened");
  EXPECT_EQ(stream->next_line(Deadline::after(20ms), {}).error().code, Errc::timeout);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(stream->next_line(soon(), source.get_token()).error().code, Errc::cancelled);
  must_write(gate, "");
  EXPECT_EQ(stream->next_line(soon(), {}).value(), "opened");
}

TEST_P(Stream, FeedsItsInput) {
  RemoteCommand command{.argv = {"cat"}};
  command.stdin_text = "first\nsecond\n";
  const auto stream = remote_->stream(command, soon(), {});
  ASSERT_TRUE(stream) << to_string(stream.error());
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), "first");
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), "second");
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), std::nullopt);
}

// 200,000 lines of 100 bytes: far more than is held, and than fits into pipes and windows.
TEST_P(Stream, TalksAsLongAsItsInputIsOpen) {
  const auto stream = remote_->stream({.argv = {"cat"}, .keep_stdin = true}, soon(), {});
  ASSERT_TRUE(stream) << to_string(stream.error());
  for (const char* text : {"one", "two"}) {
    ASSERT_TRUE((*stream)->write(std::string(text) + "\n"));
    EXPECT_EQ((*stream)->next_line(soon(), {}).value(), text);
  }
  const std::string long_line(40'000, 'x');  // more than one packet
  ASSERT_TRUE((*stream)->write(long_line + "\n"));
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), long_line);
  EXPECT_EQ((*stream)->next_line(Deadline::after(50ms), {}).error().code, Errc::timeout);
}

TEST_P(Stream, WithoutBeingAskedToItsInputIsNotOpen) {
  const auto stream = open("sleep 600");
  const Status written = stream->write("text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::unsupported);
}

TEST_P(Stream, SlowReaderLosesNothingAndMemoryStaysBounded) {
  constexpr int kLines = 200'000;
  const auto stream = open(fmt::format("seq -f '%0100.0f' 1 {}", kLines));
  ASSERT_TRUE(stream->next_line(soon(), {}));
  const std::int64_t before_kib = resident_kib();
  ASSERT_TRUE(run(*remote_, "sleep 0.4"));  // others go on while this one is not read
  EXPECT_LT(resident_kib() - before_kib, 16'384);
  for (int i = 2; i <= kLines; ++i) {
    const auto line = stream->next_line(soon(), {});
    ASSERT_TRUE(line && line->has_value()) << i;
    ASSERT_EQ(**line, fmt::format("{:0100}", i));
  }
  EXPECT_EQ(stream->next_line(soon(), {}).value(), std::nullopt);
}

TEST_P(Stream, DestroyingItEndsASilentCommandOnTheNode) {
  int pid = 0;
  int child = 0;
  {
    const auto stream = open("sleep 600 & echo $$ $!; wait");
    const std::string line = stream->next_line(soon(), {}).value().value();
    pid = std::stoi(line);
    child = std::stoi(line.substr(line.find(' ')));
    EXPECT_TRUE(still_runs(child));
  }
  EXPECT_TRUE(ends_soon(pid));
  EXPECT_TRUE(ends_soon(child));
  EXPECT_TRUE(run(*remote_, "true"));
}

TEST_P(Stream, RemoteAndStreamMayGoInAnyOrder) {
  auto stream = open("echo $$; exec sleep 600");
  const int pid = std::stoi(stream->next_line(soon(), {}).value().value());
  remote_.reset();
  EXPECT_TRUE(still_runs(pid));
  stream.reset();
  EXPECT_TRUE(ends_soon(pid));
}

TEST_P(Stream, SeveralStreamsAndCommandsSideBySide) {
  std::vector<std::unique_ptr<LineStream>> streams;
  for (int i = 0; i < 4; ++i)
    streams.push_back(open(fmt::format("seq {} {}", (i + 1) * 100000, (i + 1) * 100000 + 20000)));
  std::vector<std::jthread> readers;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&, i] {
      int expected = (i + 1) * 100000;
      while (true) {
        const auto line = streams[static_cast<std::size_t>(i)]->next_line(soon(), {});
        if (!line || (line->has_value() && **line != std::to_string(expected))) return;
        if (!line->has_value()) break;
        ++expected;
      }
      if (expected == (i + 1) * 100000 + 20001) ++good;
    });
  for (int i = 0; i < 10; ++i) {
    const auto result = run(*remote_, "echo x");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->out, "x\n");
  }
  readers.clear();
  EXPECT_EQ(good, 4);
}

INSTANTIATE_TEST_SUITE_P(Transports, Stream,
                         ::testing::Values(Transport::libssh2, Transport::openssh,
                                           Transport::local),
                         transport_name);

}  // namespace
}  // namespace ernstfall
