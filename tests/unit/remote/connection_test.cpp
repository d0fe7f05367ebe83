// connection_test: host keys, logins, algorithms, and servers that die or freeze.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <thread>

#include "tests/mocks/temp_folder.h"
#include "tests/unit/remote/sshd_fixture.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

Error failure(const SshAccess& access) {
  const auto remote = make_remote("node", access);
  if (!remote) return remote.error();
  const auto result = run(**remote, "echo must not run");
  EXPECT_FALSE(result) << "it ran";
  return result ? Error{} : result.error();
}

class Connection : public ::testing::TestWithParam<Transport> {
 protected:
  static void SetUpTestSuite() { sshd_ = new TestSshd; }
  static void TearDownTestSuite() {
    delete sshd_;
    sshd_ = nullptr;
  }
  SshAccess access() const { return sshd_->access(GetParam()); }
  std::string bracketed() const { return fmt::format("[127.0.0.1]:{}", sshd_->port()); }

  static inline TestSshd* sshd_ = nullptr;
};

TEST_P(Connection, Ed25519AndEcdsaKeysLogIn) {
  for (const char* type : {"ed25519", "ecdsa"}) {
    SshAccess with = access();
    with.identity_file = sshd_->user_key(type);
    const auto result = run(*connect_to(with), "echo in");
    ASSERT_TRUE(result) << type << ": " << to_string(result.error());
    EXPECT_EQ(result->out, "in\n");
  }
}

TEST_P(Connection, OtherHostKeyIsRefusedEachTimeBeforeAnythingRuns) {
  SshAccess with = access();
  with.known_hosts_file = sshd_->file("other_known_hosts");
  const TestSshd other;
  must_write(with.known_hosts_file, other.known_hosts_line(bracketed(), "ed25519"));
  const auto remote = connect_to(with);
  for (int i = 0; i < 2; ++i) {
    const auto result = run(*remote, "echo must not run");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::host_key);
    EXPECT_THAT(result.error().what, HasSubstr("another machine"));
    EXPECT_EQ(result.error().where, "node");
  }
}

TEST_P(Connection, UnknownHostKeyIsRefusedWithAHint) {
  SshAccess with = access();
  with.known_hosts_file = sshd_->file("empty_known_hosts");
  must_write(with.known_hosts_file, "# nobody\nexample.org ssh-ed25519 broken\n");
  const Error error = failure(with);
  EXPECT_EQ(error.code, Errc::host_key);
  EXPECT_THAT(error.what, HasSubstr(fmt::format("ssh-keyscan -p {} 127.0.0.1 >> {}", sshd_->port(),
                                                with.known_hosts_file)));
  with.known_hosts_file = sshd_->file("no_such_file");
  EXPECT_EQ(failure(with).code, Errc::host_key);
}

TEST_P(Connection, HashedHostNamesAreUnderstood) {
  SshAccess with = access();
  with.known_hosts_file = sshd_->file("hashed_known_hosts");
  must_write(with.known_hosts_file, sshd_->known_hosts_line(bracketed(), "ed25519"));
  ProcessSpec hash;
  hash.argv = {"ssh-keygen", "-q", "-H", "-f", with.known_hosts_file};
  ASSERT_TRUE(run_process_ok(hash, soon(), {}));
  ASSERT_THAT(read_file(with.known_hosts_file).value(), Not(HasSubstr("127.0.0.1")));
  EXPECT_TRUE(run(*connect_to(with), "true"));
}

TEST_P(Connection, ServerWithSeveralHostKeysIsAskedForTheOneOnFile) {
  const TestSshd server({.host_key_types = {"ecdsa", "rsa", "ed25519"}});
  for (const char* type : {"ed25519", "ecdsa"}) {
    SshAccess with = server.access(GetParam());
    with.known_hosts_file = server.file(std::string("only_") + type);
    must_write(with.known_hosts_file,
               server.known_hosts_line(fmt::format("[127.0.0.1]:{}", server.port()), type));
    const auto result = run(*connect_to(with), "true");
    EXPECT_TRUE(result) << type << ": " << to_string(result.error());
  }
}

TEST_P(Connection, KeyFileProblemsAreNamed) {
  SshAccess with = access();
  with.identity_file = sshd_->file("no_such_key");
  EXPECT_THAT(to_string(failure(with)), HasSubstr("no such private key file"));
  with.identity_file = sshd_->file("open_key");
  must_write(with.identity_file, read_file(access().identity_file).value(), 0644);
  EXPECT_THAT(to_string(failure(with)), HasSubstr("chmod 600"));
  with.identity_file = sshd_->file("not_a_key");
  must_write(with.identity_file, "hello\n", 0600);
  EXPECT_THAT(to_string(failure(with)), HasSubstr("not a private key"));
}

TEST_P(Connection, RefusedKeyIsAnAuthError) {
  SshAccess with = access();
  with.identity_file = sshd_->file("stranger_" + transport_name({GetParam(), 0}));
  ProcessSpec keygen;
  keygen.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", with.identity_file};
  ASSERT_TRUE(run_process_ok(keygen, soon(), {}));
  EXPECT_EQ(failure(with).code, Errc::auth);
}

TEST_P(Connection, NobodyListening) {
  SshAccess with = access();
  with.port = 1;
  const Error error = failure(with);
  // Nothing on file for that port either, but it does not come to that.
  EXPECT_EQ(error.code, Errc::unreachable);
  EXPECT_THAT(error.what, HasSubstr("refused"));
}

TEST_P(Connection, ServerKilledInMidExecIsUnreachableAndTheNextUseReconnects) {
  const testing_support::TempFolder folder;
  const auto begun = folder.path() / "begun";
  const auto remote = connect_to(access());
  ASSERT_TRUE(run(*remote, "true"));
  // Not when a connection is there, which may be the one before, or one that is not set up yet.
  std::jthread killer([&begun] {
    eventually([&begun] { return std::filesystem::exists(begun); });
    sshd_->signal_connections(SIGKILL);
  });
  const auto result = run(*remote, "touch " + begun.string() + "; sleep 600");
  killer.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unreachable) << to_string(result.error());
  const auto again = run(*remote, "echo back");
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->out, "back\n");
}

TEST_P(Connection, ServerKilledInMidStreamIsUnreachableNotTheEnd) {
  const auto remote = connect_to(access());
  const auto stream = remote->stream({.argv = {"sh", "-c", "echo go; sleep 600"}}, soon(), {});
  ASSERT_TRUE(stream) << to_string(stream.error());
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), "go");
  sshd_->signal_connections(SIGKILL);
  const auto line = (*stream)->next_line(soon(), {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::unreachable) << to_string(line.error());
}

TEST_P(Connection, ServerKilledWhileIdleCostsNothing) {
  const auto remote = connect_to(access());
  ASSERT_TRUE(run(*remote, "true"));
  sshd_->signal_connections(SIGKILL);
  ASSERT_TRUE(eventually([] { return sshd_->connections().empty(); }));
  const auto again = run(*remote, "echo back");
  ASSERT_TRUE(again) << to_string(again.error());
}

TEST_P(Connection, PortThatAcceptsButSaysNothingEndsAtTheConnectTimeout) {
  SshAccess with = access();
  with.connect_timeout = 1s;
  ::kill(sshd_->pid(), SIGSTOP);  // the kernel still accepts
  const auto remote = connect_to(with);
  const auto result = run(*remote, "true");
  ::kill(sshd_->pid(), SIGCONT);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unreachable) << to_string(result.error());
}

INSTANTIATE_TEST_SUITE_P(Transports, Connection,
                         ::testing::Values(Transport::libssh2, Transport::openssh), transport_name);

struct SilentStream {
  std::unique_ptr<Remote> remote;
  std::unique_ptr<LineStream> stream;
};

SilentStream open_silent(const TestSshd& server, Transport transport, const std::string& script) {
  SshAccess access = server.access(transport);
  access.keepalive = 2s;
  auto remote = connect_to(access);
  auto stream = remote->stream({.argv = {"sh", "-c", "echo go; " + script}}, soon(), {});
  if (!stream) throw std::runtime_error(to_string(stream.error()));
  EXPECT_EQ((*stream)->next_line(soon(), {}).value(), "go");
  return {std::move(remote), std::move(*stream)};
}

// All waits run side by side, because a sign of life is asked for every 2 s at most.
TEST(KeepAlive, ConnectionThatNobodyUsedForLongIsNotTakenForDead) {
  const TestSshd sshd;
  SshAccess access = sshd.access(Transport::libssh2);
  access.keepalive = 2s;
  const auto remote = connect_to(access);
  const auto first = run(*remote, "echo $SSH_CONNECTION");
  ASSERT_TRUE(first) << to_string(first.error());
  std::this_thread::sleep_for(7s);   // the time is what is tested: beyond the allowed silence
  sshd.signal_connections(SIGSTOP);  // a slow node: no answer when we look first
  const std::jthread later_alive([&sshd] {
    std::this_thread::sleep_for(1500ms);
    sshd.signal_connections(SIGCONT);
  });
  const auto later = run(*remote, "echo $SSH_CONNECTION");
  ASSERT_TRUE(later) << to_string(later.error());
  EXPECT_EQ(later->out, first->out) << "it was connected anew";
}

TEST(KeepAlive, FrozenServerIsNoticedAndASilentOneIsLeftAlone) {
  const TestSshd frozen;
  const TestSshd healthy;
  std::vector<SilentStream> lost;
  std::vector<SilentStream> alive;
  for (const Transport transport : {Transport::libssh2, Transport::openssh}) {
    lost.push_back(open_silent(frozen, transport, "sleep 600"));
    alive.push_back(open_silent(healthy, transport, "sleep 7; echo late"));
  }
  frozen.signal_connections(SIGSTOP);
  for (const SilentStream& silent : lost) {
    const auto result = run(*silent.remote, "echo hi", Deadline::after(300ms));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::timeout);
  }
  for (const SilentStream& silent : lost) {
    const auto line = silent.stream->next_line(soon(), {});
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, Errc::unreachable) << to_string(line.error());
  }
  frozen.signal_connections(SIGKILL);
  for (const SilentStream& silent : alive) {
    const auto line = silent.stream->next_line(soon(), {});
    ASSERT_TRUE(line) << to_string(line.error());
    EXPECT_EQ(*line, "late");
  }
}

// A hardened server: libssh2 says what is missing, the ssh client can do it.
TEST(Algorithms, HardenedServerNeedsTheOpensshTransport) {
  const TestSshd server(
      {.extra_config = "Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com\n"});
  const Error error = failure(server.access(Transport::libssh2));
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_THAT(error.what, HasSubstr("no common cipher"));
  EXPECT_THAT(error.what, HasSubstr("chacha20-poly1305@openssh.com"));
  EXPECT_THAT(error.what, HasSubstr("aes256-ctr"));
  EXPECT_THAT(error.what, HasSubstr("transport: openssh"));
  EXPECT_TRUE(run(*connect_to(server.access(Transport::openssh)), "true"));
}

TEST(Algorithms, EachKindThatIsMissingIsNamed) {
  const TestSshd server({.extra_config = "MACs hmac-sha2-256-etm@openssh.com\n"
                                         "KexAlgorithms sntrup761x25519-sha512@openssh.com\n"
                                         "HostKeyAlgorithms rsa-sha2-512\n",
                         .host_key_types = {"rsa"}});
  const Error error = failure(server.access(Transport::libssh2));
  EXPECT_EQ(error.code, Errc::unsupported);
  for (const char* kind : {"no common key exchange", "no common host key type", "no common MAC"})
    EXPECT_THAT(error.what, HasSubstr(kind));
  EXPECT_THAT(error.what, Not(HasSubstr("no common cipher")));
  EXPECT_TRUE(run(*connect_to(server.access(Transport::openssh)), "true"));
}

TEST(Algorithms, RsaUserKeyIsRefusedWithTheReason) {
  const TestSshd server;
  SshAccess access = server.access(Transport::libssh2);
  access.identity_file = server.user_key("rsa");
  const Error error = failure(access);
  EXPECT_EQ(error.code, Errc::auth);
  EXPECT_THAT(error.what, HasSubstr("RSA"));
  EXPECT_THAT(error.what, HasSubstr("ed25519"));
  access = server.access(Transport::openssh);
  access.identity_file = server.user_key("rsa");
  EXPECT_TRUE(run(*connect_to(access), "true"));
}

TEST(Algorithms, KeyWithAPassphraseIsNamed) {
  const TestSshd server;
  SshAccess access = server.access(Transport::libssh2);
  access.identity_file = server.file("locked");
  ProcessSpec keygen;
  keygen.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", access.identity_file};
  ASSERT_TRUE(run_process_ok(keygen, soon(), {}));
  const Error error = failure(access);
  EXPECT_EQ(error.code, Errc::auth);
  EXPECT_THAT(error.what, HasSubstr("passphrase"));
}

TEST(Algorithms, ServerWithFewSessionsIsServedInTurn) {
  const TestSshd server({.extra_config = "MaxSessions 2\n"});
  const auto remote = connect_to(server.access(Transport::libssh2));
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      const auto result = run(*remote, "sleep 0.05; echo x");
      EXPECT_TRUE(result) << to_string(result.error());
      if (result && result->ok()) ++good;
    });
  threads.clear();
  EXPECT_EQ(good, 6);
}

}  // namespace
}  // namespace ernstfall
