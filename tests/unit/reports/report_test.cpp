// report_test: verdict, class and words of whole runs, and what every renderer makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/compare_results.h"
#include "reports/html_data.h"
#include "reports/render.h"
#include "reports/text_width.h"
#include "reports/words.h"
#include "tests/mocks/page_scripts.h"
#include "tests/mocks/synthetic_canary.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

RunReport report_of(const mocks::SyntheticRun& run, bool journal_dirty = false) {
  AssembleInput input{run.history, run.cluster, run.scenario, 71, journal_dirty, "", {}};
  if (journal_dirty) input.journal_problem = "not proven undone: node.power-off on prod";
  return assemble(input);
}

const CheckResult& check_of(const RunReport& report, std::string_view name) {
  for (const CheckResult& check : report.checks)
    if (check.name == name) return check;
  throw std::runtime_error("no such check");
}

void drop_events(mocks::SyntheticRun& run, std::string_view kind) {
  std::erase_if(run.history.events, [kind](const Event& event) { return event.kind == kind; });
}

TEST(Assemble, UnattendedKillProdIsBackupLikeAndSaysWhy) {
  const RunReport report = report_of(mocks::kill_prod());
  EXPECT_EQ(report.verdict, RunVerdict::violated);
  EXPECT_EQ(report.cluster_class, ClusterClass::backup_like);
  EXPECT_EQ(report.rto.recovered_by, RecoveredBy::undo);
  EXPECT_EQ(report.rto.probe, "webdav.write");
  EXPECT_LE(*report.rto.lower_ms, 104'300);
  EXPECT_GE(*report.rto.upper_ms, 104'300);
  EXPECT_EQ(report.rpo.lost, 0U);
  EXPECT_EQ(report.evidence_level, "E5");
  EXPECT_THAT(report.why, HasSubstr("Nobody promotes mirror while prod is away"));
  EXPECT_THAT(report.why, HasSubstr("waiting for power"));
  EXPECT_FALSE(report.next_steps.empty());
}

// A cluster that was sick before, and was left alone: its outage is nobody's recovery time.
TEST(Assemble, AnOutageOfARunThatInjectedNothingIsNoRecoveryTime) {
  mocks::SyntheticRun run = mocks::kill_prod();
  for (const std::string_view kind :
       {kinds::kFaultIntended, kinds::kFaultApplied, kinds::kFaultConfirmed, kinds::kFaultUndone})
    drop_events(run, kind);
  const RunReport report = report_of(run);
  EXPECT_EQ(report.rto.lower_ms, std::nullopt);
  EXPECT_EQ(report.rto.upper_ms, std::nullopt);
  EXPECT_EQ(report.rto.recovered_by, RecoveredBy::nobody);
  EXPECT_EQ(report.rto.redundancy_ms, std::nullopt);
  EXPECT_THAT(report.rto.problem, HasSubstr("nothing was injected"));
  EXPECT_THAT(render_console(report, false), testing::ContainsRegex("users cut off +unknown"));
}

TEST(Assemble, WithoutReplicationThereIsNoRedundancyToTime) {
  mocks::SyntheticRun run = mocks::kill_prod();
  run.cluster.drbd.reset();
  EXPECT_EQ(report_of(run).rto.redundancy_ms, std::nullopt);
}

// Our look comes after the line that says so, and both are told.
TEST(Assemble, RedundancyLiesBetweenDrbdsLineAndOurLook) {
  const RunReport report = report_of(mocks::kill_prod());
  ASSERT_TRUE(report.rto.redundancy_ms);
  EXPECT_NEAR(report.rto.redundancy_ms->upper, 111'420, 1);
  EXPECT_GT(report.rto.redundancy_ms->lower, 97'000);  // mirror was Connected again, and not whole
  EXPECT_LE(report.rto.redundancy_ms->lower, 111'220);
  EXPECT_THAT(render_console(report, false),
              testing::ContainsRegex("redundancy restored +after [^ ]+ min [0-9.]+ s ± "));
}

// A node that is still there is not replaced by promoting another one.
TEST(Assemble, AFullDiskIsNotANodeThatIsAway) {
  mocks::SyntheticRun run = mocks::kill_prod();
  for (Event& event : run.history.events)
    if (const auto at = event.text.find("node.power-off"); at != std::string::npos)
      event.text.replace(at, std::string("node.power-off").size(), "disk.fill");
  const RunReport report = report_of(run);
  EXPECT_THAT(report.why, Not(HasSubstr("Nobody promotes")));
  EXPECT_THAT(report.why, HasSubstr("came back only after the fault was taken away"));
  std::string steps;
  for (const Text& step : report.next_steps) steps += step.english() + "\n";
  EXPECT_THAT(steps, HasSubstr("full on every replica"));
  EXPECT_THAT(steps, Not(HasSubstr("promotes mirror")));
}

TEST(Assemble, AttendedKillProdIsDataHa) {
  const RunReport report = report_of(mocks::kill_prod({.attended = true}));
  EXPECT_EQ(report.verdict, RunVerdict::pass);
  EXPECT_EQ(report.cluster_class, ClusterClass::data_ha);
  EXPECT_EQ(report.rto.recovered_by, RecoveredBy::operator_steps);
  EXPECT_EQ(report.rto.outages, 2U);  // the second one is the switch back, which does not count
  EXPECT_NEAR(*report.rto.upper_ms, 26'300, 300);
}

TEST(Assemble, RecoveryBeforeUndoWithoutAnOperatorIsHa) {
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  drop_events(run, kinds::kOperatorStep);
  const RunReport report = report_of(run);
  EXPECT_EQ(report.rto.recovered_by, RecoveredBy::itself);
  EXPECT_EQ(report.cluster_class, ClusterClass::ha);
}

TEST(Assemble, LostWritesAreBackupLikeWhoeverRecovered) {
  const RunReport report = report_of(mocks::kill_prod({.attended = true, .lost_writes = 3}));
  EXPECT_EQ(report.verdict, RunVerdict::violated);
  EXPECT_EQ(report.cluster_class, ClusterClass::backup_like);
  EXPECT_EQ(report.rpo.lost, 3U);
  EXPECT_THAT(report.why, HasSubstr("all 3 lost writes were acknowledged"));
}

// Planted: a loss under protocol A and B, on DRBD 9 and 8.4; and what must not be accused.
class Protocol : public testing::Test {
 protected:
  static constexpr const char* kNine =
      "node: prod drbd-options resource \"r0\" connection net protocol";
  static constexpr const char* kEight = "node: mirror drbd-options resource r0 net protocol";
  static RunReport with(const mocks::SyntheticRun& run,
                        const std::map<std::string, std::string>& settings) {
    AssembleInput input{run.history, run.cluster, run.scenario, 71, false, "", {}};
    input.settings = settings;
    return assemble(input);
  }
  static std::string advice(const RunReport& report) {
    for (const Text& step : report.next_steps)
      if (step.english().find("set protocol C") != std::string::npos) return step.english();
    return "";
  }
  const mocks::SyntheticRun lost_ = mocks::kill_prod({.attended = true, .lost_writes = 3});
};

TEST_F(Protocol, ThatAcknowledgesTooEarlyIsNamedWhereDataWasLost) {
  EXPECT_THAT(advice(with(lost_, {{kNine, "A"}})),
              testing::AllOf(HasSubstr("resource r0 "), HasSubstr("net"),
                             HasSubstr("protocol A was recorded on prod)"),
                             HasSubstr("drbdadm adjust r0")));
  EXPECT_THAT(advice(with(lost_, {{kEight, "B"}})),
              HasSubstr("protocol B was recorded on mirror)"));
  EXPECT_THAT(advice(with(lost_, {{kNine, "A"}, {kEight, "A"}})),
              HasSubstr("protocol A was recorded on mirror, prod)"));
  EXPECT_THAT(advice(with(lost_, {{kNine, "C, A"}})), HasSubstr("protocol A was recorded on prod"))
      << "one connection of several";
  EXPECT_THAT(render_markdown(with(lost_, {{kNine, "A"}}), Language::german),
              HasSubstr("für die DRBD-Ressource r0 Protokoll C einstellen (Abschnitt net; auf prod "
                        "war Protokoll A eingestellt)"));
}

TEST_F(Protocol, IsNotAccusedWithoutALossNorWhereItIsRight) {
  EXPECT_EQ(advice(with(mocks::kill_prod({.attended = true}), {{kNine, "A"}})), "");
  EXPECT_EQ(advice(with(lost_, {{kNine, "C"}, {kEight, "C"}})), "");
  EXPECT_EQ(advice(with(lost_, {{"node: prod sysctl net.ipv4.net protocol", "A"}})), "");
  EXPECT_EQ(advice(with(lost_, {})), "");
}

TEST_F(Protocol, ExplainsLostBlocksBetterThanASecondPromotion) {
  mocks::SyntheticRun run = mocks::kill_prod();
  mocks::add_canary(run, R"([["whole",0,139],["gone",140,149]])");
  const auto second = [](const RunReport& report) {
    return std::any_of(report.next_steps.begin(), report.next_steps.end(), [](const Text& step) {
      return step.english().find("promoted the second node") != std::string::npos;
    });
  };
  const RunReport early = with(run, {{kNine, "A"}});
  ASSERT_EQ(early.cluster_class, ClusterClass::unsafe);
  EXPECT_NE(advice(early), "");
  EXPECT_FALSE(second(early));
  EXPECT_TRUE(second(with(run, {{kNine, "C"}})));
}

TEST(Blocks, ThatAreAllThereSayWhoLostTheWrites) {
  mocks::SyntheticRun run = mocks::kill_prod({.lost_writes = 3});
  mocks::add_canary(run, R"([["whole",0,150],["empty",151,199]])");
  const RunReport report = report_of(run);
  ASSERT_TRUE(report.blocks);
  EXPECT_EQ(report.blocks->acknowledged, 150U);
  EXPECT_EQ(report.blocks->lost, 0U);
  EXPECT_EQ(report.blocks->indeterminate, 1U);
  EXPECT_EQ(report.rpo.lost, 3U);  // the service's, and no block among its writes
  EXPECT_EQ(check_of(report, "block-loss").verdict, Verdict::pass);
  EXPECT_EQ(check_of(report, "write-order").verdict, Verdict::pass);
  EXPECT_EQ(report.cluster_class, ClusterClass::backup_like);
  EXPECT_THAT(report.why, HasSubstr("DRBD did not lose them: all 150 blocks"));
  EXPECT_THAT(report.next_steps, ::testing::Contains(HasSubstr("make the service flush")));
  EXPECT_THAT(report.not_measured, Not(::testing::Contains(HasSubstr("block canary"))));
  EXPECT_THAT(render_console(report, false),
              HasSubstr("acknowledged blocks lost   0 of 150, order intact (E5)"));
  EXPECT_THAT(render_markdown(report), HasSubstr("below the service) | 0 of 150, order intact"));
  EXPECT_THAT(render_html(report, run.history), HasSubstr("acknowledged blocks lost"));
  EXPECT_THAT(render_html(report, run.history), HasSubstr("write order intact"));
  const json blocks = json::parse(render_json(report))["blocks"];
  EXPECT_EQ(blocks["lost"], 0);
  EXPECT_EQ(blocks["indeterminate"], 1);
  EXPECT_NEAR(blocks["last_before_ms"].get<double>(), 1100, 300);
  EXPECT_EQ(blocks["longest_write_ms"], 2.5);
}

TEST(Blocks, ThatAreLostAreUnsafeAndViolatedWhateverElseHolds) {
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  mocks::add_canary(run,
                    R"([["whole",0,99],["torn",100,100],["whole",101,149],["empty",150,199]])");
  const RunReport report = report_of(run);
  EXPECT_EQ(report.verdict, RunVerdict::violated);
  EXPECT_EQ(report.cluster_class, ClusterClass::unsafe);
  EXPECT_THAT(report.why, HasSubstr("what is on the volume never was its state"));
  EXPECT_THAT(render_console(report, false), HasSubstr("1 of 150 (1 torn), order violated"));
}

// A stale replica was promoted: what is missing is the end of what the first writer was told.
TEST(Blocks, OfALaterWriterDoNotMakeALostEndADisorder) {
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  mocks::add_canary(run, R"([["whole",0,139],["empty",140,199]])");
  mocks::add_later_writer(run);
  const RunReport report = report_of(run);
  EXPECT_EQ(report.blocks->lost, 10U);
  EXPECT_EQ(check_of(report, "write-order").verdict, Verdict::fail);
  EXPECT_THAT(report.why, HasSubstr("lost the last 10 of 151 acknowledged blocks, and the volume "
                                    "went on without them"));
}

TEST(Blocks, ThatNobodyReadBackKeepTheClassUnknown) {
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  mocks::add_canary(run, "[]");
  const RunReport report = report_of(run);
  EXPECT_EQ(report.verdict, RunVerdict::inconclusive);
  EXPECT_EQ(report.cluster_class, ClusterClass::unknown);
  EXPECT_THAT(render_console(report, false), HasSubstr("0 of 150 (150 not read back)"));
}

TEST(Blocks, ARunWithoutACanaryIsJudgedAsBefore) {
  const RunReport report = report_of(mocks::kill_prod({.attended = true}));
  EXPECT_FALSE(report.blocks);
  EXPECT_EQ(report.cluster_class, ClusterClass::data_ha);
  EXPECT_TRUE(json::parse(render_json(report))["blocks"].is_null());
  EXPECT_THAT(render_console(report, false), Not(HasSubstr("blocks lost")));
}

TEST(Assemble, SplitBrainIsUnsafeWhateverElseHolds) {
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  for (const Source& source : run.history.sources)
    if (source.name == "drbd.state@mirror")
      run.history.events.push_back(
          {source.id, mocks::seconds_ns(117.5), std::string(kinds::kDrbdLine),
           "call helper name:r0 peer-node-id:0 conn-name:peer helper:split-brain"});
  const RunReport report = report_of(run);
  EXPECT_EQ(report.verdict, RunVerdict::violated);
  EXPECT_EQ(report.cluster_class, ClusterClass::unsafe);
}

TEST(Assemble, UnconfirmedFaultIsInconclusiveNotViolated) {
  mocks::SyntheticRun run = mocks::kill_prod();
  drop_events(run, kinds::kFaultConfirmed);
  const RunReport report = report_of(run);
  EXPECT_EQ(report.verdict, RunVerdict::inconclusive);
  EXPECT_EQ(report.cluster_class, ClusterClass::unknown);
  EXPECT_THAT(report.why, HasSubstr("not seen to take effect"));
}

TEST(Assemble, BadBaselineIsInconclusive) {
  mocks::SyntheticRun run = mocks::kill_prod();
  for (Event& event : run.history.events)
    if (event.kind == kinds::kBaseline) event.text = R"({"ok":false,"why":"12 bad answers"})";
  const RunReport report = report_of(run);
  EXPECT_EQ(report.verdict, RunVerdict::inconclusive);
  EXPECT_THAT(report.why, HasSubstr("12 bad answers"));
}

TEST(Assemble, DirtyBeatsEverything) {
  EXPECT_EQ(report_of(mocks::kill_prod(), true).verdict, RunVerdict::dirty);
  EXPECT_EQ(exit_code_for(RunVerdict::dirty), ExitCode::dirty);
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  run.history.events.push_back({0, mocks::seconds_ns(119), std::string(kinds::kFaultDirty),
                                R"({"index":0,"why":"prod does not answer"})"});
  EXPECT_EQ(report_of(run).verdict, RunVerdict::dirty);
}

TEST(Assemble, NothingRecordedIsInconclusiveAndUnknown) {
  mocks::SyntheticRun run = mocks::kill_prod();
  run.history = History{};
  const RunReport report = report_of(run);
  EXPECT_EQ(report.verdict, RunVerdict::inconclusive);
  EXPECT_EQ(report.cluster_class, ClusterClass::unknown);
  EXPECT_FALSE(render_console(report, false).empty());
  EXPECT_FALSE(render_html(report, run.history).empty());
}

TEST(Assemble, PhasesAreContiguousAndProven) {
  for (const bool attended : {false, true}) {
    const RunReport report = report_of(mocks::kill_prod({.attended = attended}));
    ASSERT_GT(report.phases.size(), 6U);
    for (std::size_t i = 0; i < report.phases.size(); ++i) {
      EXPECT_FALSE(report.phases[i].proof.empty());
      EXPECT_LE(report.phases[i].begin, report.phases[i].end);
      if (i > 0) {
        EXPECT_EQ(report.phases[i].begin, report.phases[i - 1].end);
      }
    }
  }
}

TEST(Assemble, MarksOfAFlappingLaneAreBounded) {
  mocks::SyntheticRun run = mocks::kill_prod();
  for (Sample& sample : run.history.samples)
    if (run.history.sources[sample.source].name == "node.reach@dash")
      sample.outcome =
          (sample.scheduled / mocks::seconds_ns(0.5)) % 2 == 0 ? Outcome::ok : Outcome::timeout;
  const RunReport report = report_of(run);
  const auto in_lane = std::count_if(report.marks.begin(), report.marks.end(),
                                     [](const TimelineMark& m) { return m.lane == "node dash"; });
  EXPECT_EQ(in_lane, 60);
}

std::string outage_in_english(std::optional<double> lower_ms, std::optional<double> upper_ms,
                              bool observed) {
  return outage_in(Language::english, {lower_ms, upper_ms, observed});
}

TEST(Words, MarginNeverPromisesMoreThanTheInterval) {
  EXPECT_EQ(outage_in_english(104'112, 104'310, true), "1 min 44.2 s ± 0.2 s");
  EXPECT_EQ(outage_in_english(104'101, 104'299, true), "1 min 44.2 s ± 0.1 s");
  EXPECT_EQ(outage_in_english(104'100, 104'390, true), "1 min 44.2 s ± 0.2 s");
  EXPECT_EQ(outage_in_english(0, 0, false), "not at all");
  EXPECT_EQ(outage_in_english(5000, std::nullopt, true), "at least 5.0 s, not recovered");
  EXPECT_EQ(outage_in_english(std::nullopt, std::nullopt, false), "unknown");
}

TEST(Console, FitsEightyColumnsAndAnswersFirst) {
  for (const bool attended : {false, true}) {
    const std::string text =
        render_console(report_of(mocks::kill_prod({.attended = attended})), false);
    for (const std::string& line : split(text, '\n')) EXPECT_LE(display_width(line), 80U) << line;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_LT(text.find("users cut off"), text.find("why:"));
  }
}

TEST(Console, ColourOnlyWhenAsked) {
  EXPECT_THAT(render_console(report_of(mocks::kill_prod()), true), HasSubstr("\x1b[1;31mVIOLATED"));
}

TEST(ResultJson, HoldsEverythingThatTheSchemaPromises) {
  const json result = json::parse(render_json(report_of(mocks::kill_prod())));
  EXPECT_EQ(result["schema_version"], 1);
  EXPECT_EQ(result["verdict"], "violated");
  EXPECT_EQ(result["class"], "backup-like");
  EXPECT_EQ(result["seed"], 71);
  EXPECT_EQ(result["versions"]["drbd@prod"], "8.4.11");
  for (const char* key : {"intended", "confirmed_at", "undone_at"})
    EXPECT_TRUE(result["fault"].contains(key));
  for (const char* key : {"lower_ms", "upper_ms", "probe_period_ms", "redundancy_restored_ms"})
    EXPECT_TRUE(result["rto"][key].is_number()) << key;
  for (const char* key : {"acknowledged", "lost", "indeterminate", "seconds"})
    EXPECT_TRUE(result["rpo"][key].is_number()) << key;
  ASSERT_EQ(result["checks"].size(), 6U);
  for (const json& check : result["checks"]) {
    EXPECT_TRUE(check["name"].is_string() && check["verdict"].is_string() &&
                check["message"].is_string());
    EXPECT_TRUE(check["evidence"].is_array());
  }
}

// A node that nobody can fence is named, in every form of the report.
TEST(PowerControl, OfEveryNodeIsInTheReport) {
  mocks::SyntheticRun run = mocks::kill_prod();
  run.cluster.nodes[0].power.kind = PowerConfig::Kind::redfish;
  const RunReport report = report_of(run);
  ASSERT_EQ(report.power.size(), run.cluster.nodes.size());
  const json result = json::parse(render_json(report));
  EXPECT_EQ(result["power"][run.cluster.nodes[0].name], "redfish");
  EXPECT_EQ(result["power"]["mirror"], "none");
  const std::string words = "prod redfish; none: mirror, load";
  EXPECT_THAT(render_markdown(report), HasSubstr("* power control: " + words));
  EXPECT_THAT(render_html(report, run.history), HasSubstr(words));
}

TEST(PowerControl, AVictimWithoutOneCannotBeFencedByAClusterManager) {
  mocks::SyntheticRun run = mocks::kill_prod();
  const auto fencing_step = [&] {
    const RunReport report = report_of(run);
    for (const Text& step : report.next_steps)
      if (step.english().find("power first") != std::string::npos) return step.english();
    return std::string("no such step");
  };
  EXPECT_THAT(fencing_step(), HasSubstr("power first (the cluster file names no power control"));
  run.cluster.nodes[0].power.kind = PowerConfig::Kind::netcup;
  EXPECT_THAT(fencing_step(), testing::EndsWith("power first"));
}

TEST(ResultJson, NotRecoveredIsNull) {
  const json result = json::parse(render_json(report_of(mocks::kill_prod({.service_up_s = 1000}))));
  EXPECT_TRUE(result["rto"]["upper_ms"].is_null());
  EXPECT_TRUE(result["rto"]["lower_ms"].is_number());
  EXPECT_EQ(result["rto"]["recovered_by"], "nobody");
}

TEST(ResultJson, TheSameHistoryGivesTheSameBytes) {
  const mocks::SyntheticRun run = mocks::kill_prod();
  EXPECT_EQ(render_json(report_of(run)), render_json(report_of(run)));
  EXPECT_EQ(render_html(report_of(run), run.history), render_html(report_of(run), run.history));
}

TEST(ReportHtml, ItsScriptsDrawInEveryLanguage) {
  const mocks::SyntheticRun run = mocks::kill_prod();
  for (const Language language : {Language::english, Language::german})
    EXPECT_THAT(mocks::run_page_scripts(render_html(report_of(run), run.history, language)),
                MatchesRegex("1 charts, [1-9][0-9]* points, [0-9]+ alone, 6 gaps"));
}

// One that failed lies between the good ones: no line leads over it, however the buckets fall. The
// other gaps are the outage: of three probes, each with its smallest and its largest.
TEST(ReportHtml, ALineOfLatencyDoesNotLeadOverAFailure) {
  for (const double rate_hz : {0.7, 1.0, 3.0, 5.0}) {
    mocks::SyntheticRun run = mocks::kill_prod({.rate_hz = rate_hz});
    const auto of_writes = [&](const Sample& sample) {
      return run.history.sources[sample.source].name == "webdav.write" &&
             sample.scheduled > mocks::seconds_ns(10);
    };
    std::find_if(run.history.samples.begin(), run.history.samples.end(), of_writes)->outcome =
        Outcome::failed;
    EXPECT_THAT(mocks::run_page_scripts(render_html(report_of(run), run.history)),
                HasSubstr(" 8 gaps"))
        << rate_hz;
  }
}

// A question a second falls into every other bucket or less: its line must not vanish.
TEST(ReportHtml, TheLatencyOfASlowProbeIsDrawnAsALine) {
  const mocks::SyntheticRun run = mocks::kill_prod({.rate_hz = 1});
  EXPECT_THAT(mocks::run_page_scripts(render_html(report_of(run), run.history)),
              MatchesRegex("1 charts, [1-9][0-9]* points, 0 alone, 6 gaps"));
}

// Texts from nodes may hold anything.
mocks::SyntheticRun hostile_run() {
  mocks::SyntheticRun run = mocks::kill_prod();
  run.scenario.title = "</script><script>alert(1)</script> & \"quotes\" ]]> \x01";
  for (Sample& sample : run.history.samples)
    if (sample.outcome != Outcome::ok)
      sample.detail = "<img src=x onerror=alert(2)> ]]> \xff\xfe \x02|*_`";
  return run;
}

TEST(Junit, IsWellFormedCountsRightAndEscapes) {
  const RunReport report = report_of(hostile_run());
  const std::string xml = render_junit(report);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(xml.c_str()));
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  EXPECT_EQ(suite.attribute("tests").as_int(), 7);
  EXPECT_EQ(suite.attribute("failures").as_int(), 2);
  EXPECT_EQ(static_cast<int>(document.select_nodes("//failure").size()), 2);
  EXPECT_EQ(static_cast<int>(document.select_nodes("//testcase").size()), 7);
  EXPECT_EQ(xml.find('\x01'), std::string::npos);
  EXPECT_EQ(xml.find('\xff'), std::string::npos);
}

TEST(Junit, UnknownIsAnErrorNeverASuccess) {
  mocks::SyntheticRun run = mocks::kill_prod();
  std::erase_if(run.history.ledger,
                [](const LedgerRecord& r) { return r.step == LedgerStep::found; });
  const RunReport report = report_of(run);
  EXPECT_EQ(check_of(report, "rpo").verdict, Verdict::unknown);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(render_junit(report).c_str()));
  EXPECT_TRUE(document.select_node("//testcase[@name='rpo']/error"));
}

TEST(Markdown, EscapesWhatWouldBecomeMarkup) {
  const std::string text = render_markdown(report_of(hostile_run()));
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
  EXPECT_THAT(text, Not(HasSubstr("<img")));
}

TEST(Html, EscapesEverythingAndLoadsNothing) {
  const mocks::SyntheticRun run = hostile_run();
  const std::string html = render_html(report_of(run), run.history);
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* loads :
       {"src=\"http", "href=\"http", "url(http", "@import", "fetch(", "XMLHttpRequest"})
    EXPECT_THAT(html, Not(HasSubstr(loads)));
  EXPECT_THAT(html, HasSubstr("uPlot"));
}

TEST(Html, VerdictAndNumbersComeBeforeTheTimeline) {
  const mocks::SyntheticRun run = mocks::kill_prod();
  const std::string html = render_html(report_of(run), run.history);
  const std::size_t timeline = html.find("id=\"timeline\"");
  for (const char* first : {"VIOLATED</span>", "BACKUP-LIKE</b>", "users cut off",
                            "acknowledged writes lost", "redundancy restored"})
    EXPECT_LT(html.find(first), timeline) << first;
}

TEST(TimelineData, KeepsEveryChangeOfOutcomeAndEveryExtreme) {
  mocks::SyntheticRun run = mocks::kill_prod({.rate_hz = 100});
  SourceId write = 0;
  for (const Source& source : run.history.sources)
    if (source.name == "webdav.write") write = source.id;
  for (Sample& sample : run.history.samples) {
    if (sample.source != write) continue;
    if (sample.scheduled == mocks::seconds_ns(5))
      sample.outcome = Outcome::failed;  // one of 15,000
    if (sample.scheduled == mocks::seconds_ns(7))
      sample.ended = sample.scheduled + mocks::seconds_ns(1.5);
  }
  const json data = json::parse(timeline_json(report_of(run), run.history));
  for (const json& probe : data["probes"]) {
    if (probe["name"] != "webdav.write") continue;
    bool found = false;
    for (const json& span : probe["spans"])
      found = found || (span[0] == 5000.0 && span[2] == 2 && span[3] == 1);
    EXPECT_TRUE(found);
    double highest = 0;
    for (const json& value : probe["high"])
      if (value.is_number()) highest = std::max(highest, value.get<double>());
    EXPECT_EQ(highest, 1500);
    EXPECT_LE(probe["high"].size(), kMaxBuckets + 1);
  }
}

TEST(TimelineData, EndlessFlappingStaysBoundedAndKeepsTheFailures) {
  mocks::SyntheticRun run = mocks::kill_prod({.rate_hz = 200});
  std::size_t i = 0;
  for (Sample& sample : run.history.samples)
    sample.outcome = ++i % 2 == 0 ? Outcome::ok : Outcome::failed;
  const json data = json::parse(timeline_json(report_of(run), run.history));
  for (const json& probe : data["probes"]) {
    EXPECT_LE(probe["spans"].size(), kMaxSpansPerProbe);
    bool bad = false;
    for (const json& span : probe["spans"]) bad = bad || span[2] == 2;
    EXPECT_TRUE(bad);
  }
}

// Two faults beside each other, and a third that a guard refused.
mocks::SyntheticRun soak_run(double metric_blind_at_s = -1) {
  mocks::SyntheticRun run = mocks::kill_prod();
  run.scenario.soak.emplace();
  run.scenario.expect.rto_max.reset();
  run.scenario.faults.clear();
  SourceId source = run.history.find_source("run")->id;
  const auto event = [&](double at_s, std::string_view kind, const json& text) {
    run.history.events.push_back({source, mocks::seconds_ns(at_s), std::string(kind), text.dump()});
  };
  for (int i = 0; i < 2; ++i) {
    json text{{"fault", "net.loss"}, {"node", i == 0 ? "prod" : "mirror"}, {"index", 10 + i}};
    event(50, kinds::kFaultIntended, text);
    json applied = text;
    applied.update({{"step", 4},
                    {"begun_from_ns", mocks::seconds_ns(50.1 + 0.03 * i)},
                    {"begun_until_ns", mocks::seconds_ns(50.102 + 0.03 * i)},
                    {"begun_by", "node"}});
    event(50.3, kinds::kFaultApplied, applied);
    event(50.4, kinds::kFaultConfirmed, text);
    event(60, kinds::kFaultUndone, text);
  }
  event(70, kinds::kFaultSkipped,
        {{"fault", "net.loss"}, {"node", "load"}, {"index", 12}, {"why", "max-nodes: too many"}});
  if (metric_blind_at_s >= 0)
    event(metric_blind_at_s, kinds::kMetric, {{"known", false}, {"why", "HTTP 500"}});
  return run;
}

TEST(StartSkewReport, SaysHowFarApartTheTargetsOfAStepBegan) {
  const mocks::SyntheticRun run = soak_run();
  const RunReport report = report_of(run);
  const json result = json::parse(render_json(report));
  ASSERT_EQ(result["start_skew"].size(), 1U);
  EXPECT_EQ(result["start_skew"][0]["step"], 4);
  EXPECT_EQ(result["start_skew"][0]["nodes"], json({"prod", "mirror"}));
  EXPECT_NEAR(result["start_skew"][0]["skew_ms"].get<double>(), 30, 0.01);
  EXPECT_NEAR(result["start_skew"][0]["uncertainty_ms"].get<double>(), 2, 0.01);
  EXPECT_EQ(result["start_skew"][0]["by_nodes_clocks"], true);
  const std::string line = "net.loss on prod, mirror: began 30.0 ms ± 2.0 ms apart";
  EXPECT_THAT(render_markdown(report), HasSubstr(line));
  EXPECT_THAT(render_html(report, run.history), HasSubstr(line));
  EXPECT_TRUE(json::parse(render_json(report_of(mocks::kill_prod())))["start_skew"].empty());
}

TEST(SoakReport, ListsEveryFaultWithItsOutcome) {
  const RunReport report = report_of(soak_run());
  const json faults = json::parse(render_json(report))["faults"];
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_EQ(faults[1]["outcome"], "held");
  EXPECT_EQ(faults[3]["outcome"], "skipped");
  EXPECT_EQ(faults[3]["problem"], "max-nodes: too many");
  EXPECT_THAT(report.why, HasSubstr("Of 4 faults 3 held for their whole time, 1 skipped"));
  EXPECT_THAT(render_markdown(report), HasSubstr("| net.loss | load | skipped | max-nodes"));
  for (const CheckResult& check : report.checks) EXPECT_NE(check.name, "rto");
  EXPECT_FALSE(report.rto.lower_ms);
  mocks::SyntheticRun limited = soak_run();
  limited.scenario.expect.rto_max = std::chrono::seconds(60);
  EXPECT_EQ(check_of(report_of(limited), "rto").verdict, Verdict::fail) << "the longest outage";
}

TEST(SoakReport, ABlindStopConditionIsAmongWhatWasNotMeasured) {
  EXPECT_THAT(report_of(soak_run(65)).not_measured, ::testing::Contains(HasSubstr("HTTP 500")));
  EXPECT_THAT(report_of(soak_run()).not_measured,
              ::testing::Not(::testing::Contains(HasSubstr("stop condition"))));
}

TEST(CompareResults, NamesWhatDiffersAndIgnoresTheSibling) {
  const std::string stored = render_json(report_of(mocks::kill_prod()));
  EXPECT_TRUE(compare_results(stored, stored).empty());
  json other = json::parse(stored);
  other["rto"]["upper_ms"] = 1.5;
  other["checks"][2]["verdict"] = "fail";
  other["sibling"] = {{"scenario", "x"}};
  const std::vector<std::string> differences = compare_results(stored, other.dump());
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_THAT(differences[0], HasSubstr("checks[2].verdict: stored \"pass\", now \"fail\""));
  EXPECT_THAT(differences[1], HasSubstr("rto.upper_ms"));
  EXPECT_EQ(compare_results("not json", stored).size(), 1U);
}

}  // namespace
}  // namespace ernstfall
