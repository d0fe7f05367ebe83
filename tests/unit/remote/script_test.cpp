// script_test: the parts of remote that need no server: markers, key files, algorithms, messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/remote/openssh_error.h"
#include "harness/remote/remote_script.h"
#include "harness/remote/ssh2_diagnosis.h"
#include "harness/remote/ssh_key_file.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

// However the bytes are cut into reads, output and status come out the same.
TEST(MarkedOutput, FindsTheMarkerAcrossAnyCut) {
  const std::string bytes = "some text\nTOKE\n\nTOKEN 17\nof a grandchild";
  for (std::size_t first = 0; first <= bytes.size(); ++first)
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      MarkedOutput output("TOKEN", 1000);
      output.feed(bytes.substr(0, first));
      output.feed(bytes.substr(first, second - first));
      output.feed(bytes.substr(second));
      ASSERT_EQ(output.status(), 17) << first << " " << second;
      ASSERT_EQ(output.text(), "some text\nTOKE\n");
    }
}

TEST(MarkedOutput, WithoutAMarkerAllIsOutput) {
  MarkedOutput output("TOKEN", 1000);
  output.feed("text\nTOKEN 1");
  EXPECT_FALSE(output.complete());
  output.end();
  EXPECT_EQ(output.text(), "text\nTOKEN 1");
}

TEST(MarkedOutput, KeepsWatchingForTheMarkerBeyondTheCap) {
  MarkedOutput output("TOKEN", 10);
  for (int i = 0; i < 1000; ++i) output.feed("0123456789");
  output.feed("\nTOKEN 0\n");
  EXPECT_EQ(output.status(), 0);
  EXPECT_TRUE(output.truncated());
  EXPECT_EQ(output.text(), "0123456789");
}

TEST(Tokens, AreNotGuessable) {
  EXPECT_NE(random_token(), random_token());
}

TEST(KeyFiles, AreClassifiedWithoutDecryption) {
  EXPECT_EQ(classify_private_key("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n").type, "ssh-rsa");
  EXPECT_TRUE(classify_private_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").encrypted);
  EXPECT_TRUE(
      classify_private_key("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n").encrypted);
  for (const char* junk : {"", "-----BEGIN ", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAA",
                           "-----BEGIN OPENSSH PRIVATE KEY-----\n!!!!\n-----END"})
    EXPECT_EQ(classify_private_key(junk).type, "") << junk;
}

std::string name_list(const std::string& names) {
  std::string bytes{'\0', '\0', '\0', static_cast<char>(names.size())};
  return bytes + names;
}

TEST(Diagnosis, ReadsTheServersOfferAndSurvivesAnyTruncation) {
  std::string bytes = "notice\r\nSSH-2.0-test\r\n";
  bytes += std::string("\0\0\1\0\4", 5) + '\x14' + std::string(16, 'c');
  for (const char* names : {"kex-a", "host-a,host-b", "c1,c2", "c1,c2", "mac", "mac"})
    bytes += name_list(names);
  const auto offer = parse_server_offer(bytes);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->host_key, (std::vector<std::string>{"host-a", "host-b"}));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_server_offer(std::string_view(bytes).substr(0, size))) << size;
  const SshAlgorithms ours{{"kex-a"}, {"host-b"}, {"c9"}, {"mac"}};
  const std::string text = missing_algorithms(*offer, ours, "we");
  EXPECT_EQ(text, "no common cipher: the node offers c1, c2; we knows c9");
}

TEST(OpensshErrors, AreSortedByTheClientsMessage) {
  SshAccess access;
  access.host = "10.0.0.1";
  const auto code = [&](std::string_view text) { return openssh_error(text, "n", access).code; };
  EXPECT_EQ(code("Host key verification failed.\n"), Errc::host_key);
  EXPECT_EQ(code("root@h: Permission denied (publickey).\n"), Errc::auth);
  EXPECT_EQ(code("ssh: connect to host h port 22: Connection refused\n"), Errc::unreachable);
  EXPECT_EQ(code("Unable to negotiate with h: no matching cipher found\n"), Errc::unsupported);
  EXPECT_EQ(code(""), Errc::unreachable);
  const Error changed = openssh_error(
      "@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
      "n", access);
  EXPECT_THAT(changed.what, HasSubstr("another machine"));
}

TEST(MakeRemote, RefusesWhatCannotWork) {
  SshAccess access;
  EXPECT_EQ(make_remote("n", access).error().code, Errc::usage);
  access.host = "-oProxyCommand=touch";
  EXPECT_THAT(make_remote("n", access).error().what, HasSubstr("dash"));
  access.host = "10.0.0.1";
  EXPECT_THAT(make_remote("n", access).error().what, HasSubstr("no private key file"));
  access.port = 70000;
  EXPECT_THAT(make_remote("n", access).error().what, HasSubstr("70000"));
}

}  // namespace
}  // namespace ernstfall
