// schema_test: the JSON Schemas and the decoders know the same keys at every place, and an
// independent validator (python3-jsonschema) accepts what we ship and refuses what is broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"
#include "harness/process/process.h"
#include "harness/scenario/scenario.h"
#include "tests/mocks/shipped_catalogue.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing_support::TempFolder;
using testing_support::test_catalogue;

// A key that is near no other: the decoder answers with all that it knows.
constexpr const char* kStranger = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

Json scenario_schema() {
  return Json::parse(scenario_json_schema(test_catalogue()));
}
Json cluster_schema() {
  return Json::parse(cluster_json_schema());
}

std::set<std::string> keys_of(const Json& object) {
  EXPECT_EQ(object.at("additionalProperties"), false) << object.dump();
  std::set<std::string> keys;
  for (const auto& [key, value] : object.at("properties").items()) keys.insert(key);
  return keys;
}

// What the decoder expects in place of the stranger.
std::set<std::string> known_to_decoder(const std::string& message) {
  std::set<std::string> keys;
  for (const std::string& line : split(message, '\n')) {
    if (line.find(std::string("unknown key \"") + kStranger) == std::string::npos) continue;
    static constexpr std::string_view kBefore = "expected one of ";
    const std::size_t at = line.find(kBefore);
    if (at == std::string::npos) return keys;
    for (const std::string& key : split(line.substr(at + kBefore.size()), ','))
      keys.insert(std::string(trim(key)));
  }
  return keys;
}

std::string with_stranger(const std::string& text) {
  return std::regex_replace(text, std::regex("@"), std::string(kStranger) + ": 1");
}

std::set<std::string> scenario_keys(const std::string& text) {
  const auto refused = parse_scenario(with_stranger(text), "s.yaml", test_catalogue());
  EXPECT_FALSE(refused) << text;
  return refused ? std::set<std::string>{} : known_to_decoder(refused.error().what);
}
std::set<std::string> cluster_keys(const std::string& text) {
  const auto refused = parse_cluster(with_stranger(text), "c.yaml");
  EXPECT_FALSE(refused) << text;
  return refused ? std::set<std::string>{} : known_to_decoder(refused.error().what);
}

TEST(ScenarioSchema, KnowsTheKeysThatTheDecoderKnows) {
  const Json schema = scenario_schema();
  const Json& top = schema.at("properties");
  EXPECT_EQ(keys_of(schema), scenario_keys("@\n"));
  EXPECT_EQ(keys_of(top["faults"]["items"]), scenario_keys("faults: [{@}]"));
  EXPECT_EQ(keys_of(top["probes"]["items"]), scenario_keys("probes: [{@}]"));
  EXPECT_EQ(keys_of(top["load"]["items"]), scenario_keys("load: [{@}]"));
  EXPECT_EQ(keys_of(top["operator"]), scenario_keys("operator: {@}"));
  const Json& attended = top["operator"]["properties"];
  EXPECT_EQ(keys_of(attended["steps"]["items"]), scenario_keys("operator: {steps: [{@}]}"));
  EXPECT_EQ(keys_of(attended["restore"]["items"]), scenario_keys("operator: {restore: [{@}]}"));
  EXPECT_EQ(keys_of(top["expect"]), scenario_keys("expect: {@}"));
  EXPECT_EQ(keys_of(top["soak"]), scenario_keys("soak: {@}"));
  EXPECT_EQ(keys_of(top["soak"]["properties"]["pick"]["items"]["anyOf"][1]),
            scenario_keys("soak: {pick: [{@}]}"));
  EXPECT_EQ(keys_of(top["stop_when"]), scenario_keys("stop_when: {@}"));
  const Json& stop = top["stop_when"]["properties"];
  EXPECT_EQ(keys_of(stop["metric"]), scenario_keys("stop_when: {metric: {@}}"));
  EXPECT_EQ(keys_of(stop["service_error_rate"]),
            scenario_keys("stop_when: {service_error_rate: {@}}"));
}

TEST(ScenarioSchema, KnowsTheParametersOfEveryFaultAndProbe) {
  const Json schema = scenario_schema();
  for (const char* list : {"faults", "probes"}) {
    const std::string key = std::string(list).substr(0, 5);
    const auto& entries = key == "fault" ? test_catalogue().faults : test_catalogue().probes;
    const Json& rules = schema["properties"][list]["items"]["allOf"];
    ASSERT_EQ(rules.size(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string name(entries[i].name);
      EXPECT_EQ(rules[i]["if"]["properties"][key]["const"], name);
      EXPECT_EQ(keys_of(rules[i]["then"]["properties"]["with"]),
                scenario_keys(fmt::format("{}: [{{{}: {}, with: {{@}}}}]", list, key, name)))
          << name;
    }
  }
}

TEST(ClusterSchema, KnowsTheKeysThatTheDecoderKnows) {
  const Json schema = cluster_schema();
  const Json& top = schema.at("properties");
  const Json& node = top["nodes"]["additionalProperties"];
  EXPECT_EQ(keys_of(schema), cluster_keys("@\n"));
  EXPECT_EQ(keys_of(node), cluster_keys("nodes: {a: {@}}"));
  EXPECT_EQ(keys_of(node["properties"]["ssh"]), cluster_keys("nodes: {a: {ssh: {@}}}"));
  for (const Json& power : node["properties"]["power"]["oneOf"]) {
    const std::string kind = power["properties"]["kind"]["const"];
    EXPECT_EQ(keys_of(power), cluster_keys("nodes: {a: {power: {kind: " + kind + ", @}}}")) << kind;
  }
  EXPECT_EQ(keys_of(top["drbd"]), cluster_keys("drbd: {@}"));
  EXPECT_EQ(keys_of(top["service"]), cluster_keys("service: {@}"));
  EXPECT_EQ(keys_of(top["prometheus"]), cluster_keys("prometheus: {@}"));
  std::set<std::string> secret;
  for (const Json& kind : top["service"]["properties"]["password"]["oneOf"])
    secret.merge(keys_of(kind));
  EXPECT_EQ(secret, cluster_keys("service: {password: {@}}"));
}

// As an editor reads YAML: quoted is text; plain may be a boolean or a number.
Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& pair : node) object[pair.first.Scalar()] = to_json(pair.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const YAML::Node& element : node) array.push_back(to_json(element));
    return array;
  }
  if (!node.IsScalar()) return nullptr;
  static const std::regex kNumber("-?(0|[1-9][0-9]*)(\\.[0-9]+)?");
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (std::regex_match(text, kNumber)) return Json::parse(text);
  return text;
}

// One line per document: "ok" or what the validator says; the schema itself is checked first.
class Validator : public ::testing::Test {
 protected:
  static constexpr const char* kProgram = R"py(
import json, sys
from jsonschema import Draft202012Validator as V
schema = json.load(open(sys.argv[1]))
V.check_schema(schema)
for name in sys.argv[2:]:
    errors = sorted(V(schema).iter_errors(json.load(open(name))), key=str)
    print("ok" if not errors else json.dumps(errors[0].message))
)py";

  std::vector<std::string> validate(const Json& schema, const std::vector<std::string>& yaml) {
    ProcessSpec process;
    process.argv = {"/usr/bin/python3", "-c", kProgram, save("schema", schema)};
    for (std::size_t i = 0; i < yaml.size(); ++i)
      process.argv.push_back(save(std::to_string(i), to_json(YAML::Load(yaml[i]))));
    const auto out = run_process_ok(process, Deadline::after(std::chrono::seconds(60)), {});
    EXPECT_TRUE(out) << to_string(out.error()) << " (package python3-jsonschema)";
    if (!out) return std::vector<std::string>(yaml.size());
    return split(trim(*out), '\n');
  }

 private:
  std::string save(const std::string& name, const Json& json) {
    const fs::path path = folder_.path() / (name + ".json");
    EXPECT_TRUE(write_file_atomic(path, json.dump()));
    return path.string();
  }
  TempFolder folder_;
};

std::string text_of(const fs::path& path) {
  return read_file(path).value_or("");
}

TEST_F(Validator, AcceptsTheShippedScenariosAsWrittenAndAsResolved) {
  std::vector<std::string> documents;
  for (const auto& entry : fs::directory_iterator("scenarios")) {
    documents.push_back(text_of(entry.path()));
    const auto scenario = load_scenario(entry.path(), testing_support::shipped_catalogue());
    ASSERT_TRUE(scenario) << to_string(scenario.error());
    documents.push_back(dump_scenario(*scenario));
  }
  ASSERT_GE(documents.size(), 6U);
  const auto answers =
      validate(Json::parse(scenario_json_schema(testing_support::shipped_catalogue())), documents);
  ASSERT_EQ(answers.size(), documents.size());
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "ok") << documents[i];
}

TEST_F(Validator, AcceptsClusterFilesAsWrittenAndAsResolved) {
  std::vector<std::string> documents{text_of("tests/golden/good/cluster.yaml"), R"(
cluster: home
disposable: true
time_scale: 1.5
nodes:
  prod: {address: 192.0.2.11, roles: [service], labels: {a: "b"}, protected: false,
         ssh: {transport: openssh, host: a, port: 2222, user: u, identity: i, known_hosts: k, ssh_config: c,
               connect_timeout: 5s},
         power: {kind: command, "on": [p, "on"], "off": [p, "off"], status: [p, s]}}
  mirror: {address: 192.0.2.12, power: {kind: none}}
  a: {address: a, power: {kind: libvirt, uri: "qemu+ssh://root@host/system", domain: vm}}
  b: {address: b, power: {kind: netcup, server: 123, refresh_token: {env: T}, url: "https://n.example", ca: ca.pem}}
  c: {address: c, power: {kind: amt, url: "http://c:16992", password: {file: /p}}}
  d: {address: d, power: {kind: amt, url: "https://d:16993", user: u, password: {env: P}, pinned_certificate: d.pem}}
  e: {address: e, power: {kind: redfish, url: "https://e", system: 1, user: u, password: {env: P}}}
  f: {address: f, power: {kind: ipmi, host: 192.0.2.9, port: 6230, cipher_suite: 0, user: u, password: {env: P}}}
drbd: {resource: r0, nodes: [prod, mirror]}
service: {url: https://c.example/, resolve: 192.0.2.13, ca: ca.pem, user: u, password: {env: P},
          direct: {prod: "http://192.0.2.11:8080"}, units: [apache2.service]}
)"};
  for (std::size_t i = 0, written = documents.size(); i < written; ++i) {
    const auto cluster = parse_cluster(documents[i], "/c/home.yaml");
    ASSERT_TRUE(cluster) << to_string(cluster.error());
    documents.push_back(dump_cluster(*cluster));
  }
  const auto answers = validate(cluster_schema(), documents);
  ASSERT_EQ(answers.size(), documents.size());
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "ok") << documents[i];
}

// What a schema cannot know: other files, the order of keys, relations between values.
bool beyond_a_schema(const std::string& name) {
  static const std::set<std::string> kBeyond{"cluster-direct-unknown-node",
                                             "cluster-duplicate-key",
                                             "cluster-duplicate-node",
                                             "cluster-missing-identity",
                                             "cluster-missing-known-hosts",
                                             "cluster-password-without-user",
                                             "cluster-power-amt-ca-over-http",
                                             "cluster-power-ipmi-missing-secret",
                                             "cluster-power-libvirt-password-in-uri",
                                             "cluster-power-ipmi-host-an-option",
                                             "cluster-power-redfish-missing-certificate",
                                             "cluster-power-redfish-two-trusts",
                                             "cluster-same-address",
                                             "cluster-secret-missing-file",
                                             "cluster-secret-readable-by-all",
                                             "cluster-ssh-config-ignored",
                                             "cluster-unknown-drbd-node",
                                             "cluster-octal-port",
                                             "cluster-address-with-prefix",
                                             "scenario-baseline-zero",
                                             "scenario-drbd-node-missing",
                                             "scenario-duplicate-key",
                                             "scenario-duplicate-probe-id",
                                             "scenario-hold-too-long",
                                             "scenario-no-power-control",
                                             "scenario-other-name",
                                             "scenario-panic-without-power-control",
                                             "scenario-parameter-value",
                                             "scenario-protected-target",
                                             "scenario-rate-too-high",
                                             "scenario-repeat-range",
                                             "scenario-threshold-ends",
                                             "scenario-threshold-given-too",
                                             "scenario-threshold-log-from-zero",
                                             "scenario-threshold-parameter-typo",
                                             "scenario-threshold-resolution",
                                             "scenario-threshold-text",
                                             "scenario-rate-zero",
                                             "scenario-metric-no-prometheus",
                                             "scenario-soak-pattern-fits-nothing",
                                             "scenario-soak-pattern-with",
                                             "scenario-soak-too-many",
                                             "scenario-soak-unknown-node",
                                             "scenario-timeout-zero",
                                             "scenario-unknown-node",
                                             "scenario-unknown-role"};
  return kBeyond.count(name) > 0;
}

TEST_F(Validator, RefusesWhatTheDecoderRefuses) {
  for (const std::string kind : {"cluster", "scenario"}) {
    std::vector<std::string> names;
    std::vector<std::string> documents;
    for (const auto& entry : fs::directory_iterator("tests/golden/bad")) {
      const std::string name = entry.path().stem().string();
      if (entry.path().extension() != ".yaml" || name.rfind(kind, 0) != 0 || beyond_a_schema(name))
        continue;
      // What is no YAML of ours at all is not for a schema to judge.
      if (!yaml::parse_document(text_of(entry.path()), name)) continue;
      names.push_back(name);
      documents.push_back(text_of(entry.path()));
    }
    ASSERT_GE(names.size(), 20U);
    const auto answers =
        validate(kind == "cluster" ? cluster_schema() : scenario_schema(), documents);
    ASSERT_EQ(answers.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_NE(answers[i], "ok") << names[i];
  }
}

}  // namespace
}  // namespace ernstfall
