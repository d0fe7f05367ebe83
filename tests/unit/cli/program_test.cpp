// program_test: the program itself on files that are right and wrong: exit codes, messages, and
// that nothing is created anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/core/files.h"
#include "harness/history/history.h"
#include "harness/process/process.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using testing_support::TempFolder;

const fs::path kBad = fs::absolute("tests/golden/bad");
const fs::path kGoodCluster = fs::absolute("tests/golden/good/cluster.yaml");

const fs::path kFaultsPage = fs::absolute("docs/reference/faults.md");
const fs::path kRubricPage = fs::absolute("docs/reference/rubric.md");
const fs::path kScenarios = fs::absolute("scenarios");

// Runs in an empty folder that is also its home: whatever it creates is seen.
class Program : public ::testing::Test {
 protected:
  ProcessResult run(const Argv& arguments) {
    ProcessSpec spec;
    spec.argv = {ERNSTFALL_PROGRAM};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.working_folder = folder_.path().string();
    spec.extra_env = {{"HOME", folder_.path().string()},
                      {"XDG_CACHE_HOME", (folder_.path() / "cache").string()}};
    spec.max_output_bytes = 16U << 20U;
    auto result = run_process(spec, Deadline::after(std::chrono::seconds(60)), {});
    EXPECT_TRUE(result) << to_string(result.error());
    return result ? *result : ProcessResult{};
  }
  std::vector<std::string> created() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename().string());
    return names;
  }
  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = elsewhere_.path() / name;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(write_file_atomic(path, text));
    return path;
  }

  TempFolder folder_;
  TempFolder elsewhere_;
};

std::vector<fs::path> bad_files(const std::string& kind) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kBad))
    if (entry.path().extension() == ".yaml" &&
        entry.path().filename().string().rfind(kind + "-", 0) == 0)
      files.push_back(entry.path());
  return files;
}

TEST_F(Program, ValidateKnowsWhereABlockCanaryMayNotWrite) {
  const auto with = [this](const std::string& load) {
    const fs::path file =
        write("s.yaml", "title: t\nfaults: []\nprobes: []\nload:\n  - {" + load + "}\n");
    const ProcessResult result = run({"validate", file.string()});
    return std::pair{result.exit_code, result.out};
  };
  EXPECT_EQ(with("load: canary.block, with: {path: /srv/cloud}").first, 0);
  EXPECT_THAT(with("load: canary.block, with: {path: srv/cloud}"),
              Pair(64, HasSubstr("s.yaml:5:5: path: \"srv/cloud\" is no mount point")));
  EXPECT_THAT(with("load: canary.block, with: {path: /srv/cloud, file_size: 5MB}"),
              Pair(64, HasSubstr("s.yaml:5:5: file_size: expected 1MiB to 256MiB")));
  EXPECT_THAT(with("load: canary.block, size: 8KiB, with: {path: /srv/cloud}"),
              Pair(64, HasSubstr("s.yaml:5:5: size: ")));
  EXPECT_THAT(with("load: canary.block, rate: 200Hz, with: {path: /srv/cloud}"),
              Pair(64, HasSubstr("s.yaml:5:5: rate: expected above 0 and at most 100Hz")));
}

TEST_F(Program, ValidateRefusesEveryBrokenFileAndCreatesNothing) {
  for (const std::string kind : {"cluster", "scenario", "topology"}) {
    const std::vector<fs::path> files = bad_files(kind);
    ASSERT_GE(files.size(), 10U);
    for (const fs::path& file : files) {
      const ProcessResult result =
          run({"validate", file.string(), "--cluster", kGoodCluster.string(), "--as", kind});
      EXPECT_EQ(result.exit_code, 64) << file << result.out << result.err;
      EXPECT_THAT(result.out, ::testing::MatchesRegex("/.*\\.yaml:[0-9]+:[0-9]+: .+\n"));
      EXPECT_EQ(result.err, "");
    }
  }
  EXPECT_THAT(created(), IsEmpty());
}

// "--" ends the options here as everywhere; only `lab ssh` and `lab exec` pass on what is behind
// it.
TEST_F(Program, FilesMayStandBehindTwoDashes) {
  const ProcessResult good = run({"validate", "--", kGoodCluster.string()});
  const ProcessResult plain = run({"validate", kGoodCluster.string()});
  EXPECT_EQ(good.exit_code, plain.exit_code);
  EXPECT_EQ(good.out, plain.out);
  EXPECT_EQ(run({"heal", "--", "no-such-run"}).exit_code, 64);
}

TEST_F(Program, ValidateTellsFilesByTheirKeys) {
  const fs::path scenario = write("calm.yaml", "title: calm\nfaults: []\nprobes: []\n");
  const fs::path topology = write("small.yaml", "lab: small\nnodes:\n  a: {address: 10.77.0.11}\n");
  const ProcessResult result =
      run({"validate", scenario.string(), kGoodCluster.string(), topology.string()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("calm.yaml: a valid scenario"),
                                HasSubstr("cluster.yaml: a valid cluster"),
                                HasSubstr("small.yaml: a valid topology")));
  const ProcessResult unknown = run({"validate", write("x.yaml", "a: 1\n").string()});
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_THAT(unknown.out, HasSubstr("x.yaml:1:1: neither a cluster file"));
  EXPECT_THAT(created(), IsEmpty());
}

TEST_F(Program, ValidateFitsScenariosToTheClusterBesideThem) {
  const fs::path file = write("s.yaml",
                              "title: t\nfaults:\n  - {fault: node.power-off, on: mirror, "
                              "hold: 5s}\nprobes: []\n");
  EXPECT_EQ(run({"validate", file.string()}).exit_code, 0) << "fits some cluster";
  const ProcessResult beside = run({"validate", kGoodCluster.string(), file.string()});
  EXPECT_EQ(beside.exit_code, 64);
  EXPECT_THAT(beside.out, HasSubstr("s.yaml:3:33: mirror: node.power-off needs a power control"));
  const ProcessResult json =
      run({"validate", "--json", file.string(), "--cluster", kGoodCluster.string()});
  EXPECT_EQ(json.exit_code, 64);
  const Json document = Json::parse(json.out, nullptr, false);
  ASSERT_TRUE(document.is_object()) << json.out;
  EXPECT_EQ(document["files"][0]["valid"], false);
  EXPECT_EQ(document["files"][0]["kind"], "scenario");
  EXPECT_THAT(document["files"][0]["problems"], SizeIs(1));
}

// Who could cut a node's power, and where nobody can.
TEST_F(Program, ValidateSaysHowTheNodesAreSwitched) {
  const fs::path file = write("power.yaml", R"(cluster: home
nodes:
  prod: {address: 192.0.2.11, ssh: {transport: local}, power: {kind: redfish, url: "https://bmc.example", system: "1", user: u, password: {env: ERNSTFALL_NO_SUCH_VARIABLE}}}
  mirror: {address: 192.0.2.12, ssh: {transport: local}}
)");
  const ProcessResult text = run({"validate", file.string()});
  EXPECT_EQ(text.exit_code, 0) << text.out;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("  prod: power control: redfish at https://bmc.example, system 1\n"),
                    HasSubstr("  mirror: power control: none\n")));
  const Json document = Json::parse(run({"validate", "--json", file.string()}).out, nullptr, false);
  ASSERT_TRUE(document.is_object());
  EXPECT_EQ(document["files"][0]["power"], Json({{"prod", "redfish"}, {"mirror", "none"}}));
}

TEST_F(Program, ValidateRefusesAProbeThatHasNothingToWatch) {
  const auto scenario_on = [&](const std::string& on) {
    return write("s.yaml",
                 "title: t\nfaults: []\nprobes:\n  - {probe: drbd.state, on: " + on + "}\n");
  };
  const Argv fit{"--cluster", kGoodCluster.string()};
  EXPECT_EQ(run({"validate", scenario_on("'*'"), fit[0], fit[1]}).exit_code, 0);
  const ProcessResult refused = run({"validate", scenario_on("dash"), fit[0], fit[1]});
  EXPECT_EQ(refused.exit_code, 64);
  EXPECT_THAT(refused.out, HasSubstr("s.yaml:4:29: drbd.state has nothing to watch on dash"));
}

TEST_F(Program, RunRefusesBrokenScenariosBeforeItCreatesAnything) {
  const fs::path cluster = write("plain.yaml", R"(cluster: plain
nodes:
  prod: {address: 192.0.2.11, ssh: {transport: local}, power: {kind: command, "on": ["false"], "off": ["false"], status: ["false"]}}
  mirror: {address: 192.0.2.12, ssh: {transport: local}}
  dash: {address: 192.0.2.14, ssh: {transport: local}, protected: true}
drbd: {resource: r0, nodes: [prod, mirror]}
)");
  for (const fs::path& file : bad_files("scenario")) {
    const ProcessResult result =
        run({"run", file.string(), "--cluster", cluster.string(), "--yes"});
    EXPECT_EQ(result.exit_code, 64) << file << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(file.filename().string() + ":"));
  }
  for (const fs::path& file : bad_files("cluster")) {
    const ProcessResult result = run({"run", "none.yaml", "--cluster", file.string(), "--yes"});
    EXPECT_EQ(result.exit_code, 64) << file << result.out << result.err;
  }
  EXPECT_THAT(created(), IsEmpty());
}

TEST_F(Program, WrongArgumentsAreUsageErrors) {
  for (const Argv& arguments :
       {Argv{}, Argv{"validate"}, Argv{"validate", "/nonexistent.yaml"}, Argv{"list"},
        Argv{"list", "planets"}, Argv{"schema", "topology"}, Argv{"frobnicate"},
        Argv{"history", "/nonexistent"}, Argv{"history", "."}, Argv{"report", "/nonexistent"},
        Argv{"validate", "a", "--as", "poem"}})
    EXPECT_EQ(run(arguments).exit_code, 64) << shell_quote(arguments);
  EXPECT_EQ(run({"--version"}).exit_code, 0);
  EXPECT_EQ(run({"--help"}).exit_code, 0);
  EXPECT_THAT(created(), IsEmpty());
}

// Made by the program: ernstfall list faults --markdown > docs/reference/faults.md
TEST_F(Program, DeadManHasLimitsAndADefaultWithinThem) {
  const Argv inject{"inject", "no.such", "--on", "prod", "--cluster", kGoodCluster.string()};
  EXPECT_THAT(run(inject).err, AllOf(HasSubstr("golden"), Not(HasSubstr("--dead-man"))));
  for (const char* wrong : {"5s", "11min", "soon"}) {
    Argv with = inject;
    with.insert(with.end(), {"--dead-man", wrong});
    const ProcessResult result = run(with);
    EXPECT_EQ(result.exit_code, 64) << wrong;
    EXPECT_THAT(result.err, HasSubstr(std::string("--dead-man ") + wrong)) << wrong;
  }
}

TEST_F(Program, TheReferencePageOfTheFaultsIsWhatTheCatalogueSays) {
  const auto page = read_file(kFaultsPage);
  ASSERT_TRUE(page) << to_string(page.error());
  EXPECT_EQ(run({"list", "faults", "--markdown"}).out, *page);
  EXPECT_EQ(run({"list", "probes", "--markdown"}).exit_code, 64);
}

// ernstfall list rules --markdown > docs/reference/rubric.md
TEST_F(Program, TheRubricIsWhatTheRulesSay) {
  const auto page = read_file(kRubricPage);
  ASSERT_TRUE(page) << to_string(page.error());
  EXPECT_EQ(run({"list", "rules", "--markdown"}).out, *page);
}

TEST_F(Program, AssessNeedsRunsOrAClusterAndALanguageThatThereIs) {
  for (const Argv& arguments :
       {Argv{"assess"}, Argv{"assess", "/nonexistent"}, Argv{"assess", ".", "--lang", "fr"},
        Argv{"assess", ".", "--target", "60"}, Argv{"assess", ".", "--dry-run"}})
    EXPECT_EQ(run(arguments).exit_code, 64) << shell_quote(arguments);
}

TEST_F(Program, ShippedScenariosMakeEveryFaultThatAnAssessmentNeeds) {
  const fs::path homelab = write("homelab.yaml", R"(cluster: homelab
disposable: true
nodes:
  prod: {address: 192.0.2.11, roles: [drbd-primary, service], ssh: {transport: local}, power: {kind: command, "on": ["false"], "off": ["false"], status: ["false"]}}
  mirror: {address: 192.0.2.12, roles: [drbd-secondary], ssh: {transport: local}}
  load: {address: 192.0.2.13, roles: [ingress, control], ssh: {transport: local}}
drbd: {resource: r0, nodes: [prod, mirror]}
service: {url: "https://cloud.test/"}
)");
  const ProcessResult result = run(
      {"assess", "--cluster", homelab.string(), "--scenarios", kScenarios.string(), "--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("kill-prod-while-mirror-is-behind"),
                    HasSubstr("16 of 16 to run, at least "), Not(HasSubstr("no scenario"))));
  EXPECT_THAT(created(), IsEmpty());
}

TEST_F(Program, SchemasAndListsAreOneDocument) {
  for (const char* kind : {"scenario", "cluster"}) {
    const ProcessResult result = run({"schema", kind});
    EXPECT_EQ(result.exit_code, 0);
    const Json schema = Json::parse(result.out, nullptr, false);
    ASSERT_TRUE(schema.is_object());
    EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  }
  for (const std::string kind : {"scenarios", "faults", "probes", "checks", "loads", "rules"}) {
    const ProcessResult result = run({"list", kind, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Json document = Json::parse(result.out, nullptr, false);
    ASSERT_TRUE(document.is_object()) << result.out;
    EXPECT_EQ(document["schema_version"], 1);
    ASSERT_GE(document[kind].size(), 1U) << kind;
    const ProcessResult words = run({"list", kind});
    EXPECT_EQ(words.exit_code, 0);
    for (const Json& entry : document[kind])
      EXPECT_THAT(words.out, HasSubstr(entry["name"].get<std::string>()));
  }
  EXPECT_THAT(created(), IsEmpty());
}

// A run folder of which only the history matters.
class HistoryProgram : public Program {
 protected:
  void SetUp() override {
    auto writer = HistoryWriter::create(elsewhere_.path() / "history", "run-1", RunClock{});
    ASSERT_TRUE(writer) << to_string(writer.error());
    const SourceId run = *(*writer)->define_source({0, "run", "run", "", 0, 0});
    const SourceId probe = *(*writer)->define_source({0, "webdav.write", "webdav.write", "", 5, 6});
    ASSERT_TRUE((*writer)->append(Event{run, 10, "run.phase", R"({"phase":"baseline"})"}));
    ASSERT_TRUE((*writer)->append(Sample{probe, 1, 2, 30, Outcome::ok, 201, "caf\xE9"}));
    ASSERT_TRUE((*writer)->append(Sample{probe, 6, 7, 8, Outcome::timeout, -28, ""}));
    ASSERT_TRUE((*writer)->append(LedgerRecord{probe, 3, LedgerStep::acknowledged, 20, 201, ""}));
    ASSERT_TRUE((*writer)->close());
  }
  std::vector<Json> lines(const std::string& out) {
    std::vector<Json> all;
    for (const std::string& line : split(trim(out), '\n'))
      if (!line.empty()) all.push_back(Json::parse(line, nullptr, false));
    return all;
  }
  Argv command(const Argv& more = {}) {
    Argv argv{"history", elsewhere_.path().string()};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  }
  fs::path segment() {
    for (const auto& entry : fs::directory_iterator(elsewhere_.path() / "history"))
      return entry.path();
    return {};
  }
};

TEST_F(HistoryProgram, PrintsEverythingInOrderOfTime) {
  const ProcessResult result = run(command());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> all = lines(result.out);
  ASSERT_EQ(all.size(), 7U) << result.out;
  EXPECT_THAT(all, Each(::testing::Truly([](const Json& j) { return j.is_object(); })));
  EXPECT_EQ(all[0]["run_id"], "run-1");
  EXPECT_EQ(all[2]["name"], "webdav.write");
  EXPECT_EQ(all[2]["period_ns"], 5);
  EXPECT_EQ(all[3]["ended_ns"], 8);
  EXPECT_EQ(all[3]["outcome"], "timeout");
  EXPECT_EQ(all[3]["code"], -28);
  EXPECT_EQ(all[4]["kind"], "run.phase");
  EXPECT_EQ(all[4]["text"], R"({"phase":"baseline"})");
  EXPECT_EQ(all[5]["step"], "acknowledged");
  EXPECT_EQ(all[5]["seq"], 3);
  EXPECT_EQ(all[6]["ended_ns"], 30);
}

TEST_F(HistoryProgram, SelectsByKindAndSource) {
  EXPECT_THAT(lines(run(command({"--kind", "samples"})).out), SizeIs(2));
  EXPECT_THAT(lines(run(command({"--kind", "events"})).out), SizeIs(1));
  EXPECT_THAT(lines(run(command({"--kind", "ledger", "--source", "run"})).out), IsEmpty());
  EXPECT_THAT(lines(run(command({"--kind", "ledger", "--source", "webdav.write"})).out), SizeIs(1));
  const ProcessResult unknown = run(command({"--source", "webdav.wrote"}));
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"webdav.write\"?"));
}

TEST_F(HistoryProgram, ACutHistoryIsPrintedAsFarAsItGoes) {
  fs::resize_file(segment(), fs::file_size(segment()) - 3);
  const ProcessResult result = run(command());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(lines(result.out), SizeIs(6));
  EXPECT_THAT(result.err, AllOf(HasSubstr("cut inside a record"), HasSubstr("missing")));
}

TEST_F(HistoryProgram, ADamagedHistoryIsNeverPrintedAsWhole) {
  std::string bytes = *read_file(segment());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
  ASSERT_TRUE(write_file_atomic(segment(), bytes));
  const ProcessResult result = run(command());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_LT(lines(result.out).size(), 7U);
  EXPECT_THAT(result.err, HasSubstr("missing"));
  fs::resize_file(segment(), 5);
  const ProcessResult nothing = run(command());
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, Not(IsEmpty()));
}

TEST_F(Program, CompareNeverTakesWhatItCannotReadForAPass) {
  write("base/run/meta.json", R"({"scenario": "kill-prod"})");
  write("candidate/run/meta.json", R"({"scenario": "kill-prod"})");
  const std::string base = (elsewhere_.path() / "base").string();
  const std::string candidate = (elsewhere_.path() / "candidate").string();
  const ProcessResult result = run({"compare", base, candidate, "--json"});
  EXPECT_EQ(result.exit_code, 2) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["outcome"], "unknown");
  EXPECT_EQ(json["scenarios"][0]["scenario"], "kill-prod");
  EXPECT_THAT(json["scenarios"][0]["candidate_left_out"], SizeIs(1));
  EXPECT_EQ(run({"compare", base, candidate}).exit_code, 2);
  EXPECT_EQ(run({"compare", "--base", base, "--candidate", candidate}).exit_code, 2);
  EXPECT_EQ(run({"compare", base}).exit_code, 64);
  EXPECT_EQ(run({"compare", base, base}).exit_code, 64);
  // The same by another path, and as a copy.
  fs::create_directory_symlink(base, elsewhere_.path() / "link");
  EXPECT_EQ(run({"compare", base, (elsewhere_.path() / "link").string()}).exit_code, 64);
  const char* meta = R"({"scenario": "kill-prod", "cluster": "lab", "started": "2026-11-23"})";
  write("first/run/meta.json", meta);
  write("copy/run-2/meta.json", meta);
  const ProcessResult copy = run(
      {"compare", (elsewhere_.path() / "first").string(), (elsewhere_.path() / "copy").string()});
  EXPECT_EQ(copy.exit_code, 64);
  EXPECT_THAT(copy.err, HasSubstr("this run is on both sides"));
  EXPECT_EQ(run({"compare", base, "no-such-folder"}).exit_code, 64);
  EXPECT_EQ(run({"compare", base, candidate, "--tolerance", "10"}).exit_code, 64);
  // Planted: taken for a very large number, it would accept every loss.
  EXPECT_EQ(run({"compare", base, candidate, "--lost-tolerance", "-1"}).exit_code, 64);
  EXPECT_EQ(run({"compare", base, candidate, "--tolerance", "10%", "--rule-out", "5%"}).exit_code,
            64);
  EXPECT_THAT(created(), IsEmpty());
}

TEST_F(Program, SuitesAreRefusedWithAReasonWhenTheyCannotBe) {
  const std::string calm = write("calm.yaml", "title: t\nfaults: []\nprobes: []\n").string();
  const std::string search =
      write("search.yaml",
            "title: t\nfaults:\n  - {fault: net.delay, on: prod, hold: 1s}\nprobes: []\n"
            "threshold: {vary: delay, from: 10ms, to: 1s, resolution: 100ms}\n")
          .string();
  const std::string cluster = kGoodCluster.string();
  const auto refused = [this](const Argv& arguments, const std::string& why) {
    const ProcessResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 64) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refused({"run", calm, "--cluster", cluster, "--repeat", "20..5"}, "--repeat \"20..5\"");
  refused({"run", search, "--cluster", cluster, "--repeat", "5"}, "a repeat of its own");
  refused({"run"}, "which scenario?");
  refused({"run", "--resume", elsewhere_.path().string()}, "not the folder of a suite");
  refused({"run", calm, "--resume", elsewhere_.path().string()}, "from the suite's own folder");
  EXPECT_EQ(run({"validate", search}).exit_code, 0);
  EXPECT_THAT(created(), IsEmpty());
}

// Beyond what the fault can do, at the harmful end only.
TEST_F(Program, ValidateTriesBothEndsOfAThreshold) {
  const fs::path file =
      write("far.yaml",
            "title: t\nfaults:\n  - {fault: net.delay, on: prod, hold: 1s, with: {from: mirror}}\n"
            "probes: []\nthreshold: {vary: delay, from: 10ms, to: 20s, resolution: 100ms}\n");
  const ProcessResult result = run({"validate", file.string(), "--cluster", kGoodCluster.string()});
  EXPECT_EQ(result.exit_code, 64) << result.out;
  EXPECT_THAT(result.out, HasSubstr("far.yaml:5:12: net.delay: delay is 20s; expected 1ms to 5s"));
}

TEST_F(Program, ReportMakesTheFilesOfASuiteAgain) {
  const fs::path log =
      write("s/suite.jsonl",
            R"({"kind":"suite-begin","suite":"repeat","scenario":"calm","cluster":"c","seed":3})"
            "\n"
            R"({"kind":"run-begin","number":1})"
            "\n"
            R"({"kind":"run-end","number":1,"outcome":"unclear","why":"mirror: not UpToDate"})"
            "\n");
  write("s/scenario.yaml", "title: t\nrepeat: 2\nfaults: []\nprobes: []\n");
  const ProcessResult result = run({"report", log.parent_path().string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("INCONCLUSIVE"), HasSubstr("mirror: not UpToDate")));
  for (const char* name : {"suite.json", "suite.md", "suite.html"})
    EXPECT_TRUE(fs::exists(log.parent_path() / name)) << name;
  EXPECT_EQ(run({"recheck", log.parent_path().string()}).exit_code, 64);
  EXPECT_EQ(run({"report", log.parent_path().string(), "--format", "junit"}).exit_code, 64);
  const ProcessResult german = run({"report", log.parent_path().string(), "--lang", "de"});
  EXPECT_EQ(german.exit_code, 0) << german.err;
  EXPECT_THAT(german.out, AllOf(HasSubstr("OHNE AUSSAGE"), HasSubstr("mirror: not UpToDate"),
                                HasSubstr("Bericht: ")));
  const auto page = read_file(log.parent_path() / "suite.html");
  ASSERT_TRUE(page);
  EXPECT_THAT(*page, HasSubstr("<html lang=\"de\">"));
  for (const char* command : {"report", "run"})
    EXPECT_THAT(run({command, log.parent_path().string(), "--lang", "fr"}).err,
                HasSubstr("expected en or de"))
        << command;
}

// Runs that cannot be read are named, and no error.
TEST_F(Program, ReportOfSeveralRunsIsAnOverview) {
  const fs::path meta = write("n/a/meta.json", R"({"scenario":"calm","cluster":"c"})");
  write("n/b/journal.jsonl", "");
  const fs::path runs = meta.parent_path().parent_path();
  const ProcessResult result = run({"report", runs.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Overview of 2 runs"), HasSubstr("0 of 2 runs count"),
                                HasSubstr("a: not readable"), HasSubstr("b: not readable")));
  for (const char* name : {"overview.html", "overview.md", "overview.json"})
    EXPECT_TRUE(fs::exists(runs / name)) << name;
  const ProcessResult json = run({"report", runs.string(), "--format", "json", "--lang", "de"});
  EXPECT_EQ(Json::parse(json.out).at("schema_version"), 1) << json.err;
  EXPECT_THAT(created(), IsEmpty());
  const std::string a = (runs / "a").string();
  const ProcessResult german =
      run({"report", a, (runs / "b").string(), "--lang", "de", "--output", "out"});
  EXPECT_EQ(german.exit_code, 0) << german.err;
  EXPECT_THAT(german.out, HasSubstr("2 Läufe"));
  EXPECT_TRUE(fs::exists(folder_.path() / "out" / "overview.html"));
  for (const Argv& wrong :
       {Argv{"report", runs.string(), "--format", "junit"}, Argv{"report", runs.string(), a},
        Argv{"report", runs.string(), "--lang", "fr"}, Argv{"report", a, "--lang", "fr"},
        Argv{"report", a, "--output", "out"}})
    EXPECT_EQ(run(wrong).exit_code, 64) << wrong.back();
}

}  // namespace
}  // namespace ernstfall
