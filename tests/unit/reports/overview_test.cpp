// overview_test: what several nights left on one page: what counts, what is said first, and that
// nothing that is not known is shown as 0.
#include "reports/overview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <regex>
#include <set>

#include "reports/overview_words.h"
#include "tests/mocks/marked_words.h"
#include "tests/mocks/message_pieces.h"
#include "tests/mocks/synthetic_nights.h"
#include "tests/mocks/synthetic_reports.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const fs::path kGolden = fs::absolute("tests/golden/overview");

class Nights : public testing::Test {
 protected:
  void SetUp() override { mocks::write_nights(root()); }

  fs::path root() const { return folder_.path() / "runs"; }
  Overview read(std::vector<fs::path> paths = {}) const {
    if (paths.empty()) paths = {root()};
    const auto input = read_overview(paths, mocks::nights_catalogue());
    EXPECT_TRUE(input) << to_string(input.error());
    return input ? overview_of(*input, mocks::nights_catalogue()) : Overview{};
  }
  // The folder's own name is another one each time.
  Overview golden() const {
    auto input = read_overview({root()}, mocks::nights_catalogue());
    EXPECT_TRUE(input) << to_string(input.error());
    const std::string name = fs::canonical(root()).string();
    const auto rename = [&name](std::string& text) {
      for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at))
        text.replace(at, name.size(), "/runs");
    };
    std::set<std::string> without_page;
    for (std::string folder : input->without_page) {
      rename(folder);
      without_page.insert(folder);
    }
    input->without_page = without_page;
    for (ComparedRun& run : input->runs) {
      rename(run.folder);
      rename(run.problem);
    }
    for (OverviewSuite& suite : input->suites) rename(suite.folder);
    return overview_of(*input, mocks::nights_catalogue());
  }
  static const OverviewScenario& row(const Overview& overview, const std::string& scenario,
                                     std::size_t version = 1,
                                     const std::string& cluster = "homelab") {
    for (const OverviewScenario& row : overview.scenarios)
      if (row.scenario == scenario && row.version == version && row.cluster == cluster) return row;
    throw std::runtime_error("no row " + scenario);
  }

  testing_support::TempFolder folder_;
};

void expect_golden(const std::string& name, const std::string& text) {
  const fs::path path = kGolden / name;
  if (std::getenv("ERNSTFALL_WRITE_GOLDEN") != nullptr) {
    fs::create_directories(kGolden);
    ASSERT_TRUE(write_file_atomic(path, text));
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << "ERNSTFALL_WRITE_GOLDEN=1 writes it: " << to_string(golden.error());
  EXPECT_EQ(*golden, text) << name;
}

TEST_F(Nights, AreTheGoldenOverview) {
  const Overview overview = golden();
  expect_golden("overview.md", render_overview_markdown(overview, Language::english, "/runs"));
  expect_golden("overview.de.md", render_overview_markdown(overview, Language::german, "/runs"));
  expect_golden("overview.json", render_overview_json(overview, "/runs") + "\n");
  expect_golden("overview.txt", render_overview_console(overview, Language::english, false));
}

TEST_F(Nights, WorstComesFirstAndEqualsAreInTheOrderOfTheCatalogue) {
  const Overview overview = read();
  std::vector<std::string> order;
  for (const OverviewScenario& row : overview.scenarios)
    order.push_back(std::string(run_verdict_name(row.outcome)) + " " + row.scenario + " " +
                    std::to_string(row.version) + " " + row.cluster);
  EXPECT_THAT(
      order,
      ElementsAre("dirty isolate-mirror 1 homelab", "violated kill-prod 1 homelab",
                  "violated kill-prod 2 homelab", "inconclusive delay-home-link 1 homelab",
                  "inconclusive kill-prod-attended 1 homelab", "pass delay-home-link 1 spare"));
  EXPECT_EQ(overview.outcome, RunVerdict::dirty);
  EXPECT_EQ(overview.runs, 13U);
  EXPECT_EQ(overview.counted, 8U);
}

TEST_F(Nights, RunsThatDoNotCountMakeNoNumberAndSayWhy) {
  const Overview overview = read();
  const OverviewScenario& delay = row(overview, "delay-home-link");
  EXPECT_EQ(delay.runs.size(), 4U);
  EXPECT_EQ(delay.counted, 2U);
  EXPECT_EQ(delay.outage.n, 2U);
  EXPECT_EQ(delay.counts.passed, 2U);
  EXPECT_EQ(delay.counts.inconclusive, 2U);
  std::vector<std::string> why;
  for (const OverviewLeftOut& run : overview.left_out)
    why.push_back(run.run_id + " " + run.scenario + ": " + say(Language::english, run.why));
  EXPECT_THAT(why, testing::UnorderedElementsAre(
                       AllOf(HasSubstr("isolate-dirty isolate-mirror: dirty: "),
                             HasSubstr("net.isolate on mirror (mirror does not answer)")),
                       HasSubstr("delay-2-cut delay-home-link: its history is cut"),
                       AllOf(HasSubstr("delay-3-not-seen delay-home-link: inconclusive: net.delay"),
                             HasSubstr("no packet was late")),
                       AllOf(HasSubstr("attended-1-broken kill-prod-attended: not readable: "),
                             HasSubstr("cluster.yaml")),
                       AllOf(HasSubstr("no-meta : not readable: "), HasSubstr("meta.json"))));
  // The same without the planted ones: nothing is left out.
  const Overview whole = read({root() / "delay-0", root() / "kill-prod-0"});
  EXPECT_TRUE(whole.left_out.empty());
  EXPECT_EQ(whole.counted, 2U);
}

TEST_F(Nights, TwoVersionsAndTwoClustersAreNeverCountedTogether) {
  const Overview overview = read();
  const OverviewScenario& first = row(overview, "kill-prod", 1);
  const OverviewScenario& second = row(overview, "kill-prod", 2);
  EXPECT_EQ(first.runs.size(), 3U);
  EXPECT_EQ(second.runs.size(), 1U);
  EXPECT_EQ(first.versions, 2U);
  ASSERT_EQ(second.version_differences.size(), 1U);
  EXPECT_EQ(second.version_differences.front().key, "scenario: faults.0.hold");
  EXPECT_EQ(second.version_differences.front().candidate, "90s");
  EXPECT_EQ(row(overview, "delay-home-link", 1, "spare").runs.size(), 1U);
  const std::string mixed = join(mixed_in(Language::english, overview), "\n");
  EXPECT_THAT(mixed, AllOf(HasSubstr("2 clusters: homelab, spare"), HasSubstr("8.4.11 | 8.4.12"),
                           HasSubstr("kill-prod: the runs are of 2")));
  EXPECT_THAT(mixed_in(Language::english, read({root() / "delay-0", root() / "kill-prod-0"})),
              testing::IsEmpty());
}

TEST_F(Nights, NumbersAreThoseOfTheRuns) {
  const Overview overview = read();
  const OverviewScenario& kill = row(overview, "kill-prod", 1);
  EXPECT_NEAR(kill.outage.min->middle(), 104'300, 300);
  EXPECT_NEAR(kill.outage.median->middle(), 106'300, 300);
  EXPECT_NEAR(kill.outage.max->middle(), 108'300, 300);
  EXPECT_EQ(kill.lost, 3U);
  EXPECT_GT(kill.acknowledged, 300U);
  EXPECT_EQ(kill.at_most, ClusterClass::backup_like);
  ASSERT_TRUE(kill.largest);
  EXPECT_FALSE(kill.phases.empty());
  const auto rto = std::find_if(kill.checks.begin(), kill.checks.end(),
                                [](const OverviewCheck& check) { return check.name == "rto"; });
  ASSERT_NE(rto, kill.checks.end());
  EXPECT_EQ(rto->failed, 3U);
  // The newest says it first.
  EXPECT_EQ(kill.runs[rto->findings.front().run].run_id, "kill-prod-2");
  EXPECT_EQ(newest_of(kill).run_id, "kill-prod-2");
}

TEST_F(Nights, FilesAreTheSameEachTimeAndLinkToTheRuns) {
  const Overview overview = read();
  ASSERT_TRUE(write_overview(root(), overview, Language::english));
  const auto first = read_file(root() / "overview.html");
  ASSERT_TRUE(first);
  // Written beside the runs, and read again with its own files there.
  ASSERT_TRUE(write_overview(root(), read(), Language::english));
  EXPECT_EQ(*read_file(root() / "overview.html"), *first);
  EXPECT_THAT(*first, AllOf(HasSubstr("href=\"kill-prod-2/report.html\""),
                            HasSubstr("href=\"threshold-home-delay\""),
                            HasSubstr("href=\"delay-2-cut\""), Not(HasSubstr("<script"))));
  ASSERT_TRUE(write_overview(folder_.path() / "elsewhere", overview, Language::english));
  EXPECT_THAT(*read_file(folder_.path() / "elsewhere" / "overview.html"),
              HasSubstr("href=\"../runs/kill-prod-2/report.html\""));
  // Every link inside the page has its target.
  const std::regex inside("href=\"#([^\"]+)\"");
  for (std::sregex_iterator it(first->begin(), first->end(), inside), end; it != end; ++it)
    EXPECT_THAT(*first, HasSubstr("id=\"" + (*it)[1].str() + "\""));
}

TEST_F(Nights, WhatIsNoRunIsAnErrorAndOnlyBrokenRunsAreNone) {
  const auto code = [](const std::vector<fs::path>& paths) {
    const auto input = read_overview(paths, mocks::nights_catalogue());
    return input ? std::string("read") : std::to_string(static_cast<int>(input.error().code));
  };
  const std::string usage = std::to_string(static_cast<int>(Errc::usage));
  EXPECT_EQ(code({root() / "none"}), usage);
  fs::create_directories(root() / "empty");
  EXPECT_EQ(code({root() / "empty"}), usage);
  EXPECT_EQ(code({root(), root() / "delay-0"}), usage);  // twice
  EXPECT_TRUE(is_folder_of_runs(root()));
  EXPECT_FALSE(is_folder_of_runs(root() / "delay-0"));
  EXPECT_FALSE(is_folder_of_runs(root() / "no-meta"));
  EXPECT_FALSE(is_folder_of_runs(root() / "empty"));
  const Overview broken = read({root() / "no-meta"});
  EXPECT_EQ(broken.runs, 1U);
  EXPECT_EQ(broken.counted, 0U);
  EXPECT_EQ(broken.outcome, RunVerdict::inconclusive);
  EXPECT_THAT(render_overview_html(broken, Language::english), HasSubstr("no-meta"));
}

// --- on reports in memory ---

ComparedRun measured_run(int number) {
  std::mt19937_64 random(static_cast<std::uint64_t>(number) + 1);
  ComparedRun run = mocks::recovery_run({}, random, number);
  run.report.cluster = "homelab";
  run.report.started_utc = "2026-11-" + std::to_string(10 + number) + "T03:12:05Z";
  return run;
}

Overview overview_of_runs(std::vector<ComparedRun> runs) {
  return overview_of({std::move(runs), {}, {}}, mocks::nights_catalogue());
}

TEST(Overview, WhatIsNotMeasuredIsUnknownAndNeverZero) {
  ComparedRun run = measured_run(0);
  run.report.rto.lower_ms = run.report.rto.upper_ms = std::nullopt;
  run.report.rto.redundancy_ms = std::nullopt;
  run.report.rpo = {};
  run.report.phases.clear();
  const Overview overview = overview_of_runs({run});
  const OverviewScenario& row = overview.scenarios.front();
  for (const auto& [language, unknown] :
       {std::pair{Language::english, "unknown"}, std::pair{Language::german, "unbekannt"}}) {
    EXPECT_EQ(outage_in(language, row).main, unknown);
    EXPECT_EQ(lost_in(language, row).main, unknown);
    EXPECT_EQ(largest_in(language, row).main, unknown);
    EXPECT_EQ(class_in(language, row).main, unknown);
  }
  EXPECT_EQ(redundancy_in(Language::english, row).main, "not seen");
  const auto json = nlohmann::json::parse(render_overview_json(overview));
  const auto& scenario = json["scenarios"][0];
  EXPECT_TRUE(scenario["writes"]["lost"].is_null());
  EXPECT_TRUE(scenario["outage_ms"]["median"].is_null());
  EXPECT_TRUE(scenario["runs"][0]["outage_ms"]["lower"].is_null());
  EXPECT_TRUE(scenario["runs"][0]["lost"].is_null());
  // Measured, it is there.
  EXPECT_EQ(overview_of_runs({measured_run(0)}).scenarios.front().outage.n, 1U);
}

TEST(Overview, RedundancyThatWasNeverLostIsSaidToBe) {
  std::vector<ComparedRun> runs{measured_run(0), measured_run(1), measured_run(2)};
  for (ComparedRun& run : runs) run.report.rto.redundancy_ms = Bounds{0, 0};
  runs[1].report.rto.redundancy_ms = Bounds{8'000, 9'000};
  Overview overview = overview_of_runs(runs);
  const OverviewCell cell = redundancy_in(Language::english, overview.scenarios.front());
  EXPECT_EQ(cell.main, "never lost");
  EXPECT_THAT(cell.notes.front(),
              AllOf(HasSubstr("never lost"), HasSubstr("8.5 s"), Not(HasSubstr("not at all"))));

  // A soak has no such time, and is not unseen for that.
  for (ComparedRun& run : runs) {
    run.report.soak = true;
    run.report.rto.redundancy_ms.reset();
    run.report.checks.push_back({"converged", Verdict::pass, "", {}});
  }
  overview = overview_of_runs(runs);
  EXPECT_EQ(redundancy_in(Language::english, overview.scenarios.front()).main,
            "whole at the end");
  runs[2].report.checks.back().verdict = Verdict::unknown;
  overview = overview_of_runs(runs);
  EXPECT_EQ(redundancy_in(Language::english, overview.scenarios.front()).main, "not seen");
}

TEST(Overview, APhaseWithoutLengthIsNotSaidToBeNoOutage) {
  EXPECT_EQ(phase_in(Language::english, Bounds{0, 0}), "0.0 ms");
  EXPECT_EQ(phase_in(Language::english, Bounds{0, 200}),
            bounds_in(Language::english, Bounds{0, 200}));
  EXPECT_EQ(bounds_in(Language::english, Bounds{0, 0}), "not at all");
}

TEST(Overview, OneRunWithoutAnEndIsTheWorst) {
  std::vector<ComparedRun> runs{measured_run(0), measured_run(1), measured_run(2)};
  runs[1].report.rto.upper_ms = std::nullopt;
  const Overview overview = overview_of_runs(runs);
  EXPECT_THAT(outage_in(Language::english, overview.scenarios.front()).notes.front(),
              HasSubstr("not recovered"));
  const std::string html = render_overview_html(overview, Language::english);
  EXPECT_THAT(html, AllOf(HasSubstr("↑"), HasSubstr("role=\"img\"")));
  EXPECT_THAT(render_overview_json(overview), Not(HasSubstr("inf")));
}

// A run that ended before its fault began says nothing; one that ended after it hides something.
TEST(Overview, OutcomeIsTheWorstOfWhatRunsSay) {
  const auto outcome = [](const std::vector<ComparedRun>& runs) {
    return overview_of_runs(runs).scenarios.front().outcome;
  };
  const ComparedRun good = measured_run(0);
  ComparedRun bad = measured_run(1);
  EXPECT_EQ(outcome({good}), RunVerdict::pass);
  bad.report.verdict = RunVerdict::inconclusive;
  EXPECT_EQ(outcome({good, bad}), RunVerdict::inconclusive);
  bad.report.faults.front().effect_at = std::nullopt;
  EXPECT_EQ(outcome({good, bad}), RunVerdict::pass);
  EXPECT_EQ(outcome({bad}), RunVerdict::inconclusive);
  bad = measured_run(1);
  bad.report.history_truncated = true;
  EXPECT_EQ(outcome({good, bad}), RunVerdict::inconclusive);
  bad.report.verdict = RunVerdict::violated;  // found before the history ends
  EXPECT_EQ(outcome({good, bad}), RunVerdict::violated);
  bad.report.verdict = RunVerdict::dirty;
  EXPECT_EQ(outcome({good, bad}), RunVerdict::dirty);
  ComparedRun unclear = measured_run(2);
  unclear.report.verdict = RunVerdict::inconclusive;
  bad.report.verdict = RunVerdict::violated;
  EXPECT_EQ(outcome({bad, unclear}), RunVerdict::violated);
  EXPECT_EQ(outcome({unclear, bad}), RunVerdict::violated);
  bad = measured_run(1);
  bad.problem = "history: not readable";
  EXPECT_EQ(outcome({good, bad}), RunVerdict::inconclusive);
}

// Two versions, and one that cannot tell of which it is.
TEST(Overview, RunOfAnUnknownVersionIsAddedToTheOnlyOne) {
  ComparedRun lost = measured_run(2);
  lost.problem = "scenario.yaml: not readable";
  lost.environment.clear();
  ComparedRun other = measured_run(1);
  other.environment["scenario: faults.0.hold"] = "90s";
  EXPECT_EQ(overview_of_runs({measured_run(0), lost}).scenarios.size(), 1U);
  const Overview overview = overview_of_runs({measured_run(0), other, lost});
  ASSERT_EQ(overview.scenarios.size(), 3U);
  const auto unknown = std::find_if(overview.scenarios.begin(), overview.scenarios.end(),
                                    [](const OverviewScenario& row) { return !row.version_known; });
  ASSERT_NE(unknown, overview.scenarios.end());
  EXPECT_EQ(unknown->counted, 0U);
  EXPECT_EQ(unknown->versions, 2U);
  // A limit is not another test.
  other.environment = measured_run(1).environment;
  other.environment["scenario: expect.rto_max"] = "90s";
  const Overview limits = overview_of_runs({measured_run(0), other});
  ASSERT_EQ(limits.scenarios.size(), 1U);
  EXPECT_EQ(limits.scenarios.front().differences.front().key, "scenario: expect.rto_max");
}

TEST(Overview, WhatNodesSaidIsEscaped) {
  ComparedRun run = measured_run(0);
  run.report.title = "<img src=x onerror=alert(1)> | [a](b)";
  run.report.scenario = "a\" onmouseover=\"b";
  run.report.checks = {{"rto", Verdict::fail, "<b>late</b>", {{0, "<i>", "</section>"}}}};
  const Overview overview = overview_of_runs({run});
  const std::string html = render_overview_html(overview, Language::english);
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<img")), Not(HasSubstr("<b>late")), Not(HasSubstr("<i>")),
                          Not(HasSubstr("a\" onmouseover"))));
  EXPECT_THAT(render_overview_markdown(overview, Language::english), Not(HasSubstr("<img")));
}

TEST_F(Nights, GermanOverviewHoldsNoEnglishSentenceOfOurs) {
  const Overview overview = read();
  const auto english_in = [](const std::string& text) {
    const std::string line = std::regex_replace(text, std::regex("[ \\n]+"), " ");
    std::vector<std::string> found;
    for (const MessageEntry& entry : all_messages()) {
      const std::string piece = longest_piece_of(entry.english);
      if (piece.size() < 10 || entry.german.find(piece) != std::string_view::npos) continue;
      if (piece == "inconclusive") continue;  // a name of settings
      if (line.find(piece) != std::string::npos) found.emplace_back(entry.name);
    }
    return found;
  };
  // The search finds what it has to find.
  EXPECT_GE(english_in(render_overview_html(overview, Language::english)).size(), 40U);
  EXPECT_THAT(english_in(mocks::own_text(render_overview_markdown(overview, Language::german))),
              testing::IsEmpty());
  EXPECT_THAT(
      english_in(mocks::own_text(render_overview_console(overview, Language::german, false))),
      testing::IsEmpty());
  for (const std::string& text : {render_overview_console(overview, Language::marked, false),
                                  render_overview_markdown(overview, Language::marked),
                                  render_overview_html(overview, Language::marked)})
    EXPECT_THAT(mocks::unmarked_words(text), testing::IsEmpty());
}

}  // namespace
}  // namespace ernstfall
