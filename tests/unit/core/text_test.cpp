// text_test: quoting is compared with a real shell, because a wrong quote runs as root on a node.
#include "harness/core/text.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <random>

namespace ernstfall {
namespace {

std::string shell_output(const std::string& line) {
  FILE* pipe = ::popen(("exec 2>&1; " + line).c_str(), "r");
  std::string text;
  char buffer[4096];
  for (std::size_t got = 0; (got = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    text.append(buffer, got);
  ::pclose(pipe);
  return text;
}

// What printf in /bin/sh makes of the quoted words, with a byte between that no word has.
std::string through_shell(const Argv& words) {
  Argv argv{"printf", "%s\\001"};
  argv.insert(argv.end(), words.begin(), words.end());
  return shell_output(shell_quote(argv));
}

std::string expected(const Argv& words) {
  std::string text;
  for (const std::string& word : words) text += word + '\1';
  return text;
}

TEST(ShellQuote, KnownHardWordsSurviveARealShell) {
  const Argv words{"",      " ",   "'",     "''",    "\"",     "\\",  "\\\\",     "$HOME", "`id`",
                   "$(id)", "a b", "a\nb",  "\n",    "*",      "?",   "[a]",      "~",     "~root",
                   "-n",    "--",  "!",     "!!",    "#",      "a#b", "&&",       ";",     "|",
                   ">x",    "<x",  "{a,b}", "x=y",   "PATH=/", "ä€𝄞", "\xff\xfe", "\t",    "$'a'",
                   "a'b",   "'a'", "\\'",   "'\\''", "%s",     "=ls", "^",        "\r",    "$"};
  EXPECT_EQ(through_shell(words), expected(words));
}

TEST(ShellQuote, RandomBytesSurviveARealShell) {
  std::mt19937 random(20261123);
  static const std::string kNasty = "'\"\\$`!*?[]{}()<>|&;#~ \t\n=%-";
  std::uniform_int_distribution<int> byte(2, 255);  // 0 cannot be in argv, 1 separates here
  std::uniform_int_distribution<std::size_t> nasty(0, kNasty.size() - 1);
  std::uniform_int_distribution<int> coin(0, 1);
  std::uniform_int_distribution<int> length(0, 40);
  for (int round = 0; round < 60; ++round) {
    Argv words;
    for (int i = 0; i < 60; ++i) {
      std::string word;
      for (int left = length(random); left > 0; --left)
        word += coin(random) != 0 ? kNasty[nasty(random)] : static_cast<char>(byte(random));
      words.push_back(word);
    }
    ASSERT_EQ(through_shell(words), expected(words)) << "round " << round;
  }
}

// As on a node: sshd gives the line to a shell, and our wrapper to one more.
TEST(ShellQuote, SurvivesTwoShells) {
  const Argv words{"it's", "$(id)", "a\nb", "\\", ""};
  Argv inner{"printf", "%s\\001"};
  inner.insert(inner.end(), words.begin(), words.end());
  EXPECT_EQ(shell_output(shell_quote({"sh", "-c", shell_quote(inner)})), expected(words));
}

TEST(ShellQuote, PlainWordsStayReadable) {
  EXPECT_EQ(shell_quote({"drbdadm", "primary", "r0", "/dev/drbd0", "--force"}),
            "drbdadm primary r0 /dev/drbd0 --force");
}

TEST(NearestName, FindsTyposAndNothingElse) {
  const std::vector<std::string> names{"node.power-off", "node.power-cycle", "node.crash",
                                       "net.loss"};
  EXPECT_EQ(nearest_name("node.poweroff", names), "node.power-off");
  EXPECT_EQ(nearest_name("node.crsh", names), "node.crash");
  EXPECT_EQ(nearest_name("completely-else", names), std::nullopt);
  EXPECT_EQ(nearest_name("x", {}), std::nullopt);
}

TEST(Split, KeepsEmptyPartsAndJoinsBack) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  for (const char* text : {"", ",", "a", "a,b", ",,a"})
    EXPECT_EQ(join(split(text, ','), ","), text);
}

TEST(Trim, TakesWhiteSpaceOfBothEndsOnly) {
  EXPECT_EQ(trim(" \t\r\na b\n "), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Elide, NeverCutsACharacterInTwo) {
  EXPECT_EQ(elide("short", 5), "short");
  EXPECT_EQ(elide("abcdef", 3), "abc…");
  EXPECT_EQ(elide("aä€", 2), "a…");  // ä is two bytes
  EXPECT_EQ(elide("aä€", 3), "aä…");
  EXPECT_EQ(elide("aä€", 5), "aä…");  // € is three
}

}  // namespace
}  // namespace ernstfall
