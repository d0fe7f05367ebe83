// levels_test: every level can be written, read back, and is no further from its neighbour than
// asked for.
#include "harness/suite/levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ernstfall {
namespace {

using Kind = ParamValue::Kind;
using ::testing::ElementsAre;

std::vector<ParamValue> levels_of(Kind kind, const std::string& from, const std::string& to,
                                  const std::string& resolution, bool log, bool more = true) {
  Threshold threshold;
  threshold.from = parse_param(kind, from).value();
  threshold.to = parse_param(kind, to).value();
  threshold.step = parse_param(log ? Kind::percent : kind, resolution).value().number;
  if (log) threshold.step /= 100;
  threshold.log = log;
  threshold.more_is_worse = more;
  const auto levels = threshold_levels(threshold);
  EXPECT_TRUE(levels) << to_string(levels.error());
  return levels.value_or(std::vector<ParamValue>{});
}

std::vector<std::string> texts(const std::vector<ParamValue>& levels) {
  std::vector<std::string> all;
  for (const ParamValue& level : levels) all.push_back(level.text);
  return all;
}

TEST(Levels, LinearOnesAreOneStepApart) {
  EXPECT_THAT(texts(levels_of(Kind::percent, "70%", "90%", "5%", false)),
              ElementsAre("70%", "75%", "80%", "85%", "90%"));
  EXPECT_THAT(texts(levels_of(Kind::duration, "0ms", "1s", "300ms", false)),
              ElementsAre("0ms", "300ms", "600ms", "900ms", "1s"));
}

TEST(Levels, LogOnesAreRoundedAsPeopleWriteThem) {
  EXPECT_THAT(texts(levels_of(Kind::duration, "10ms", "1s", "100%", true)),
              ElementsAre("10ms", "20ms", "40ms", "80ms", "160ms", "320ms", "640ms", "1s"));
  EXPECT_THAT(
      texts(levels_of(Kind::bitrate, "100kbit", "1Mbit", "50%", true)),
      ElementsAre("100kbit", "150kbit", "225kbit", "338kbit", "506kbit", "759kbit", "1Mbit"));
}

TEST(Levels, LessIsWorseBeginsAtTheLargestValue) {
  EXPECT_THAT(texts(levels_of(Kind::bytes, "1MiB", "8MiB", "100%", true, false)),
              ElementsAre("8MiB", "4MiB", "2MiB", "1MiB"));
}

TEST(Levels, WholeNumbersAreNotTriedTwice) {
  EXPECT_THAT(texts(levels_of(Kind::integer, "1", "8", "20%", true)),
              ElementsAre("1", "2", "3", "4", "5", "6", "7", "8"));
}

TEST(Levels, EveryKindIsReadBackAndStepsAreNoLargerThanAsked) {
  struct Range {
    Kind kind;
    const char* from;
    const char* to;
  };
  for (const Range& range :
       {Range{Kind::duration, "1ms", "5s"}, Range{Kind::bytes, "1MiB", "10GiB"},
        Range{Kind::bitrate, "8kbit", "10Gbit"}, Range{Kind::frequency, "0.5Hz", "1kHz"},
        Range{Kind::percent, "1%", "90%"}}) {
    const auto levels = levels_of(range.kind, range.from, range.to, "10%", true);
    for (std::size_t i = 1; i < levels.size(); ++i) {
      EXPECT_GT(levels[i].number, levels[i - 1].number);
      EXPECT_LE(levels[i].number, levels[i - 1].number * 1.12) << levels[i].text;
      EXPECT_EQ(parse_param(range.kind, levels[i].text).value().number, levels[i].number);
    }
    EXPECT_EQ(levels.back().text, range.to);
  }
}

}  // namespace
}  // namespace ernstfall
