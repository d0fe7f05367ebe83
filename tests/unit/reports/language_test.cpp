// language_test: both languages are whole, and a German report holds no English sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "reports/lang/messages.h"
#include "tests/mocks/synthetic_assessment.h"

namespace ernstfall {
namespace {

std::multiset<std::string> places_of(std::string_view text) {
  static const std::regex kPlace(R"(\{[^}]*\})");
  std::multiset<std::string> places;
  const std::string owned(text);
  for (std::sregex_iterator it(owned.begin(), owned.end(), kPlace), end; it != end; ++it)
    places.insert(it->str());
  return places;
}

TEST(Messages, BothLanguagesHaveEverySentenceWithTheSamePlaces) {
  std::set<std::string_view> names;
  for (const MessageEntry& entry : all_messages()) {
    EXPECT_FALSE(entry.english.empty()) << entry.name;
    EXPECT_FALSE(entry.german.empty()) << entry.name;
    const auto english = places_of(entry.english);
    EXPECT_EQ(english, places_of(entry.german)) << entry.name;
    for (const std::string& place : english)
      EXPECT_TRUE(std::regex_match(place, std::regex(R"(\{[0-9]\})"))) << entry.name << place;
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
  }
}

TEST(Messages, NumbersAreWrittenAsTheLanguageDoes) {
  EXPECT_EQ(duration_in(Language::german, 341'200), "5 min 41,2 s");
  EXPECT_EQ(count_in(Language::german, 1'204), "1.204");
  EXPECT_EQ(outage_in(Language::german, {103'900, 104'100, true}), "1 min 44,0 s ± 0,1 s");
  EXPECT_EQ(outage_in(Language::english, {103'900, 104'100, true}), "1 min 44.0 s ± 0.1 s");
  EXPECT_EQ(outage_in(Language::german, {30'000, std::nullopt, true}),
            "mindestens 30,0 s, nicht wiederhergestellt");
  EXPECT_EQ(outage_in(Language::german, {}), "unbekannt");
  EXPECT_FALSE(parse_language("fr"));
}

// The longest piece between two places: what a reader would recognise.
std::string longest_piece(std::string_view text) {
  std::string best;
  std::string piece;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '{') {
      if (piece.size() > best.size()) best = piece;
      piece.clear();
      while (i < text.size() && text[i] != '}') ++i;
      continue;
    }
    piece += text[i];
  }
  return best;
}

// As one line: the console wraps.
std::string flat(const std::string& text) {
  static const std::regex kSpace("[ \\n]+");
  return std::regex_replace(text, kSpace, " ");
}

std::vector<std::string> english_in(const std::string& text) {
  std::vector<std::string> found;
  const std::string line = flat(text);
  for (const MessageEntry& entry : all_messages()) {
    const std::string piece = longest_piece(entry.english);
    if (piece.size() < 12 || entry.german.find(piece) != std::string_view::npos) continue;
    if (line.find(piece) != std::string::npos) found.push_back(std::string(entry.name));
  }
  return found;
}

TEST(Messages, GermanAssessmentHoldsNoEnglishSentence) {
  const std::vector<AssessedRun> homelab = mocks::homelab_runs();
  std::vector<AssessedRun> broken = mocks::recovering_runs();
  broken[0].run.report.verdict = RunVerdict::inconclusive;
  broken[1].run.report.rpo.lost = 3;
  broken.erase(broken.begin() + 2);
  for (const auto& runs : {homelab, broken}) {
    const auto assessment = assess_runs(runs, {30'000.0});
    ASSERT_TRUE(assessment);
    // The search finds what it has to find.
    EXPECT_GE(english_in(render_assessment_markdown(*assessment, Language::english)).size(), 20U);
    for (const std::string& text : {render_assessment_console(*assessment, Language::german, false),
                                    render_assessment_markdown(*assessment, Language::german),
                                    render_assessment_html(*assessment, Language::german)}) {
      EXPECT_THAT(english_in(text), testing::IsEmpty());
    }
  }
}

}  // namespace
}  // namespace ernstfall
