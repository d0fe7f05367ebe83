// language_test: both languages are whole, and a German report holds no English sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/render.h"
#include "reports/text_width.h"
#include "tests/mocks/marked_words.h"
#include "tests/mocks/message_pieces.h"
#include "tests/mocks/synthetic_assessment.h"
#include "tests/mocks/synthetic_runs.h"

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
  EXPECT_EQ(duration_in(Language::german, 341'200), "5\u00a0min\u00a041,2\u00a0s");
  EXPECT_EQ(count_in(Language::german, 1'204), "1.204");
  EXPECT_EQ(outage_in(Language::german, {103'900, 104'100, true}),
            "1\u00a0min\u00a044,0\u00a0s\u00a0±\u00a00,1\u00a0s");
  EXPECT_EQ(outage_in(Language::english, {103'900, 104'100, true}), "1 min 44.0 s ± 0.1 s");
  EXPECT_EQ(outage_in(Language::german, {30'000, std::nullopt, true}),
            "mindestens 30,0\u00a0s, nicht wiederhergestellt");
  EXPECT_EQ(outage_in(Language::german, {}), "unbekannt");
  EXPECT_FALSE(parse_language("fr"));
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
    const std::string piece = longest_piece_of(entry.english);
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

// Every report of a run, as a reader gets it.
std::vector<std::string> run_reports(const mocks::RunWithSettings& run, Language language) {
  AssembleInput input{run.history, run.cluster, run.scenario, 71, false, "", mocks::sibling()};
  input.settings = run.settings;
  const RunReport report = assemble(input);
  return {render_console(report, false, language), render_markdown(report, language),
          render_html(report, run.history, language)};
}

TEST(Messages, AReportOfARunSaysNothingThatCannotBeSaidInGerman) {
  for (const auto& [name, run] : mocks::runs_of_every_kind())
    for (const std::string& text : run_reports(run, Language::marked))
      EXPECT_THAT(mocks::unmarked_words(text), testing::IsEmpty()) << name;
}

// Planted: one sentence that is not in the catalogue.
TEST(Messages, ASentenceThatNobodyTranslatedIsFound) {
  mocks::SyntheticRun run = mocks::kill_prod();
  AssembleInput input{run.history, run.cluster, run.scenario, 71, false, "", {}};
  RunReport report = assemble(input);
  report.why = "Somebody forgot to translate this.";
  for (const std::string& text :
       {render_console(report, false, Language::marked), render_markdown(report, Language::marked),
        render_html(report, run.history, Language::marked)})
    EXPECT_THAT(mocks::unmarked_words(text), testing::Contains("forgot"));
}

TEST(Messages, GermanReportOfARunHoldsNoEnglishSentence) {
  for (const auto& [name, run] : mocks::runs_of_every_kind()) {
    EXPECT_GE(english_in(run_reports(run, Language::english)[1]).size(), 5U) << name;
    for (const std::string& text : run_reports(run, Language::german))
      EXPECT_THAT(english_in(mocks::own_text(text)), testing::IsEmpty()) << name;
  }
}

TEST(Messages, TheLanguageOfThePageIsStated) {
  const mocks::RunWithSettings run{mocks::kill_prod(), {}};
  EXPECT_THAT(run_reports(run, Language::german)[2], testing::HasSubstr("<html lang=\"de\">"));
  EXPECT_THAT(run_reports(run, Language::english)[2], testing::HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(run_reports(run, Language::english)[2],
              testing::Not(testing::HasSubstr("\"words\"")));
}

TEST(Messages, FitsEightyColumnsInGermanToo) {
  for (const auto& [name, run] : mocks::runs_of_every_kind())
    for (const std::string& line : split(run_reports(run, Language::german)[0], '\n'))
      EXPECT_LE(display_width(line), 80U) << name << line;
}

TEST(Recorded, KnownSentencesAreSaidInGermanAndAllElseIsQuoted) {
  const auto german = [](const std::string& text) { return say(Language::german, recorded(text)); };
  EXPECT_EQ(german("stopped by the user"), "vom Benutzer angehalten");
  EXPECT_EQ(
      german("stopped by a guard: service_down_for: no service probe was answered for 20.5 s"),
      "von einer Abbruchbedingung angehalten: service_down_for: 20,5\u00a0s lang wurde "
      "keine Dienst-Probe beantwortet");
  EXPECT_EQ(german("no answer in 2 s"), "keine Antwort in 2\u00a0s");
  EXPECT_EQ(german("reset 10.0.0.1 from inside"), "10.0.0.1 von innen zurücksetzen");
  EXPECT_EQ(german("no answer in "), "no answer in ");
  EXPECT_EQ(german("dd: No space left on device"), "dd: No space left on device");
  EXPECT_EQ(german(""), "");
  for (const MessageEntry& entry : all_messages())
    EXPECT_EQ(recorded(std::string(entry.english)).english(), entry.english);
}

}  // namespace
}  // namespace ernstfall
