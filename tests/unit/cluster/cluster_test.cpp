// cluster_test: cluster files: defaults, every key, what dump_cluster() writes, and where secrets
// are.
#include "harness/cluster/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "harness/core/files.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using testing_support::TempFolder;

constexpr const char* kSmall = R"(cluster: home
nodes:
  prod: {address: 192.0.2.11}
)";

constexpr const char* kFull = R"(cluster: home
disposable: true
time_scale: 2.5
nodes:
  prod:
    address: 192.0.2.11
    roles: [drbd-primary, service]
    labels: {fenceable: "false", "no": "012"}
    protected: true
    ssh: {transport: openssh, host: alias, port: 2222, user: admin, identity: keys/id,
          known_hosts: /etc/known, ssh_config: conf, connect_timeout: 1500ms}
    power: {kind: command, "on": [./power, "on", ""], "off": [./power, "off"], status: [./power, status]}
  "no": {address: 2001:db8::1, power: {kind: lab, lab: homelab}}
  mirror: {address: mirror.example, ssh: {transport: local}, power: {kind: none}}
drbd: {resource: r0, nodes: [prod, mirror]}
service:
  url: https://cloud.example.org:8443/base?x=1
  resolve: 192.0.2.13
  ca: ca.pem
  user: probe
  password: {file: secret}
  direct: {prod: https://192.0.2.11/}
  units: [apache2.service, php-fpm@cloud.service]
)";

Result<Cluster> parse(const std::string& text, const std::string& path = "/etc/e/home.yaml") {
  return parse_cluster(text, path);
}

TEST(ClusterFile, LeavesOutWhatHasADefault) {
  const auto cluster = parse(kSmall);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(cluster->name, "home");
  EXPECT_FALSE(cluster->disposable);
  EXPECT_EQ(cluster->time_scale, 1.0);
  EXPECT_FALSE(cluster->drbd);
  EXPECT_FALSE(cluster->service);
  const Node& prod = cluster->nodes.at(0);
  EXPECT_EQ(prod.ssh.host, "192.0.2.11");
  EXPECT_EQ(prod.ssh.transport, Transport::libssh2);
  EXPECT_EQ(prod.ssh.port, 22);
  EXPECT_EQ(prod.ssh.user, "root");
  EXPECT_EQ(prod.ssh.connect_timeout, std::chrono::seconds(10));
  EXPECT_EQ(prod.power.kind, PowerConfig::Kind::none);
  EXPECT_FALSE(prod.is_protected);
  EXPECT_EQ(prod.place, "/etc/e/home.yaml:3:3");
}

TEST(ClusterFile, EveryKeyIsRead) {
  const auto cluster = parse(kFull);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_TRUE(cluster->disposable);
  EXPECT_EQ(cluster->time_scale, 2.5);
  ASSERT_EQ(cluster->nodes.size(), 3U);
  const Node& prod = cluster->nodes[0];
  EXPECT_THAT(prod.roles, ElementsAre("drbd-primary", "service"));
  EXPECT_THAT(prod.labels, ElementsAre(Pair("fenceable", "false"), Pair("no", "012")));
  EXPECT_TRUE(prod.is_protected);
  EXPECT_EQ(prod.ssh.transport, Transport::openssh);
  EXPECT_EQ(prod.ssh.host, "alias");
  EXPECT_EQ(prod.ssh.port, 2222);
  EXPECT_EQ(prod.ssh.user, "admin");
  EXPECT_EQ(prod.ssh.identity_file, "/etc/e/keys/id") << "relative to the cluster file";
  EXPECT_EQ(prod.ssh.known_hosts_file, "/etc/known");
  EXPECT_EQ(prod.ssh.ssh_config_file, "/etc/e/conf");
  EXPECT_EQ(prod.ssh.connect_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(prod.power.kind, PowerConfig::Kind::command);
  EXPECT_THAT(prod.power.on, ElementsAre("./power", "on", ""));
  EXPECT_THAT(prod.power.off, ElementsAre("./power", "off"));
  EXPECT_THAT(prod.power.status, ElementsAre("./power", "status"));
  EXPECT_EQ(cluster->nodes[1].name, "no");
  EXPECT_EQ(cluster->nodes[1].power.kind, PowerConfig::Kind::lab);
  EXPECT_EQ(cluster->nodes[1].power.lab, "homelab");
  EXPECT_EQ(cluster->nodes[2].ssh.transport, Transport::local);
  ASSERT_TRUE(cluster->drbd);
  EXPECT_EQ(cluster->drbd->resource, "r0");
  EXPECT_THAT(cluster->drbd->nodes, ElementsAre("prod", "mirror"));
  ASSERT_TRUE(cluster->service);
  EXPECT_EQ(cluster->service->url, "https://cloud.example.org:8443/base?x=1");
  EXPECT_EQ(cluster->service->resolve_address, "192.0.2.13");
  EXPECT_EQ(cluster->service->ca_file, "/etc/e/ca.pem");
  EXPECT_EQ(cluster->service->user, "probe");
  EXPECT_EQ(cluster->service->password.kind, SecretRef::Kind::file);
  EXPECT_EQ(cluster->service->password.name, "/etc/e/secret");
  EXPECT_THAT(cluster->service->direct_urls, ElementsAre(Pair("prod", "https://192.0.2.11/")));
  EXPECT_THAT(cluster->service->units, ElementsAre("apache2.service", "php-fpm@cloud.service"));
}

TEST(ClusterFile, WhatIsDumpedReadsBackToTheSame) {
  for (const char* text : {kSmall, kFull}) {
    const auto cluster = parse(text);
    ASSERT_TRUE(cluster);
    const std::string dumped = dump_cluster(*cluster);
    // Elsewhere: the paths in it are absolute, so that a run folder may be anywhere.
    const auto again = parse(dumped, "/elsewhere/cluster.yaml");
    ASSERT_TRUE(again) << to_string(again.error()) << "\n" << dumped;
    EXPECT_EQ(dump_cluster(*again), dumped);
    EXPECT_EQ(again->nodes.size(), cluster->nodes.size());
    EXPECT_EQ(again->nodes[0].labels, cluster->nodes[0].labels);
    EXPECT_EQ(again->nodes[0].power.on, cluster->nodes[0].power.on);
    EXPECT_EQ(again->nodes[0].ssh.identity_file, cluster->nodes[0].ssh.identity_file);
    EXPECT_EQ(again->service.has_value(), cluster->service.has_value());
  }
}

constexpr const char* kPowers = R"(cluster: home
nodes:
  a: {address: a, power: {kind: libvirt, uri: "qemu+ssh://root@host/system", domain: vm}}
  b: {address: b, power: {kind: netcup, server: 123, refresh_token: {file: token}}}
  c: {address: c, power: {kind: amt, url: "http://c:16992", password: {env: AMT}}}
  d: {address: d, power: {kind: redfish, url: "https://d", system: 1, user: u, password: {env: BMC}, ca: ca.pem}}
  e: {address: e, power: {kind: amt, url: "https://e:16993", user: u, password: {env: AMT}, pinned_certificate: e.pem}}
  f: {address: f, power: {kind: ipmi, host: 192.0.2.9, port: 6230, cipher_suite: 17, user: u, password: {file: /p}}}
)";

TEST(ClusterFile, EveryKindOfPowerControlIsReadAndDumped) {
  using Kind = PowerConfig::Kind;
  const auto read = parse(kPowers);
  ASSERT_TRUE(read) << to_string(read.error());
  const std::string dumped = dump_cluster(*read);
  const auto again = parse(dumped, "/elsewhere/cluster.yaml");
  ASSERT_TRUE(again) << to_string(again.error()) << "\n" << dumped;
  EXPECT_EQ(dump_cluster(*again), dumped);
  for (const Cluster* cluster : {&*read, &*again}) {
    std::vector<PowerConfig> power;
    for (const Node& node : cluster->nodes) power.push_back(node.power);
    EXPECT_EQ(power[0].kind, Kind::libvirt);
    EXPECT_EQ(power[0].uri, "qemu+ssh://root@host/system");
    EXPECT_EQ(power[0].domain, "vm");
    EXPECT_EQ(power[1].kind, Kind::netcup);
    EXPECT_EQ(power[1].server, "123");
    EXPECT_EQ(power[1].url, "https://www.servercontrolpanel.de");
    EXPECT_EQ(power[1].secret.kind, SecretRef::Kind::file);
    EXPECT_EQ(power[1].secret.name, "/etc/e/token");
    EXPECT_EQ(power[2].kind, Kind::amt);
    EXPECT_EQ(power[2].url, "http://c:16992");
    EXPECT_EQ(power[2].user, "admin");
    EXPECT_EQ(power[2].secret.name, "AMT");
    EXPECT_EQ(power[3].kind, Kind::redfish);
    EXPECT_EQ(power[3].system, "1");
    EXPECT_EQ(power[3].user, "u");
    EXPECT_EQ(power[3].ca_file, "/etc/e/ca.pem");
    EXPECT_EQ(power[4].pinned_certificate_file, "/etc/e/e.pem");
    EXPECT_EQ(power[5].kind, Kind::ipmi);
    EXPECT_EQ(power[5].host, "192.0.2.9");
    EXPECT_EQ(power[5].port, 6230);
    EXPECT_EQ(power[5].cipher_suite, 17);
    EXPECT_EQ(power[5].secret.kind, SecretRef::Kind::file);
  }
}

TEST(ClusterFile, TheKindsOfPowerControlHaveTheirNamesInTheOrderOfTheEnum) {
  const std::vector<std::string> names = power_kind_names();
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(power_kind_name(static_cast<PowerConfig::Kind>(i)), names[i]);
  EXPECT_EQ(names.back(), power_kind_name(PowerConfig::Kind::ipmi));
}

TEST(ClusterFile, HomeAndParentFoldersAreResolved) {
  ASSERT_EQ(::setenv("HOME", "/home/me", 1), 0);
  const auto cluster = parse(R"(cluster: home
nodes:
  a: {address: a, ssh: {identity: ~/.ssh/id}}
  b: {address: b, ssh: {identity: ../id}}
)");
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(cluster->nodes[0].ssh.identity_file, "/home/me/.ssh/id");
  EXPECT_EQ(cluster->nodes[1].ssh.identity_file, "/etc/id");
}

TEST(ClusterFile, WindowsLineEndsAndByteOrderMarkAreFine) {
  std::string text = "\xEF\xBB\xBF";
  for (const char* c = kSmall; *c != '\0'; ++c)
    text += *c == '\n' ? std::string("\r\n") : std::string(1, *c);
  const auto cluster = parse(text);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(cluster->nodes.at(0).address, "192.0.2.11");
}

TEST(ClusterFile, LargeAndDeepFilesAreRefusedAtOnce) {
  const TempFolder folder;
  const auto huge = folder.path() / "huge.yaml";
  ASSERT_TRUE(write_file_atomic(huge, std::string(3U << 20U, '#')));
  const auto refused = load_cluster(huge);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::usage);
  EXPECT_THAT(to_string(refused.error()), HasSubstr("huge.yaml: larger than"));
  EXPECT_FALSE(parse("cluster: " + std::string(200'000, '[')));
  EXPECT_FALSE(parse("cluster: " + std::string(200'000, '{')));
  std::string maps = "cluster: ";
  for (int i = 0; i < 100'000; ++i) maps += "{a: ";
  EXPECT_FALSE(parse(maps));
}

TEST(ClusterFile, AMissingFileAndAFolderAreNamed) {
  const TempFolder folder;
  for (const auto& path : {folder.path() / "none.yaml", folder.path()}) {
    const auto refused = load_cluster(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_THAT(to_string(refused.error()), HasSubstr(path.string()));
  }
}

TEST(ClusterFile, ManyProblemsAreCutAndCounted) {
  std::string text = "cluster: home\nnodes:\n";
  for (int i = 0; i < 50; ++i) text += fmt::format("  n{}: {{adress: x}}\n", i);
  const auto refused = parse(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(split(refused.error().what, '\n'), ::testing::SizeIs(21));
  EXPECT_THAT(refused.error().what, HasSubstr("and 80 more"));
}

TEST(ClusterFile, TwoNodesAtOnePlaceAreReadButNotRun) {
  const auto cluster = parse(R"(cluster: home
nodes:
  a: {address: h, ssh: {transport: openssh}}
  b: {address: h, ssh: {transport: openssh}}
  c: {address: h, ssh: {transport: openssh, port: 23}}
)");
  ASSERT_TRUE(cluster) << "heal must be able to read what an older version ran on";
  const Status status = check_cluster(*cluster);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what,
            "/etc/e/home.yaml:4:3: node b is reached at the same place as node a: h:22");
}

TEST(ClusterValue, DeadlinesAreScaledWithoutOverflow) {
  const auto cluster = parse(std::string(kSmall) + "time_scale: 1000\n");
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->scaled(std::chrono::hours(1000)), std::chrono::hours(1'000'000));
  EXPECT_FALSE(parse(std::string(kSmall) + "time_scale: 1001\n"));
  EXPECT_FALSE(parse(std::string(kSmall) + "time_scale: nan\n"));
}

class Secrets : public ::testing::Test {
 protected:
  SecretRef file(mode_t mode, std::string_view content) {
    const auto path = folder_.path() / "secret";
    EXPECT_TRUE(write_file_atomic(path, content));
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return {SecretRef::Kind::file, path.string()};
  }
  TempFolder folder_;
};

TEST_F(Secrets, AreReadFromFilesThatNobodyElseMayRead) {
  EXPECT_EQ(read_secret(file(0600, "hunter2\n")).value(), "hunter2");
  EXPECT_EQ(read_secret(file(0400, "hunter2")).value(), "hunter2");
  for (const mode_t mode : {0644U, 0640U, 0604U, 0660U, 0602U, 0610U}) {
    const auto refused = read_secret(file(mode, "hunter2"));
    ASSERT_FALSE(refused) << mode;
    EXPECT_THAT(to_string(refused.error()), HasSubstr(fmt::format("this has {:04o}", mode)));
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("hunter2")));
  }
}

TEST_F(Secrets, AnEmptyFileAFolderOrNoFileIsNoSecret) {
  EXPECT_FALSE(read_secret(file(0600, " \n")));
  EXPECT_FALSE(read_secret({SecretRef::Kind::file, folder_.path().string()}));
  EXPECT_FALSE(read_secret({SecretRef::Kind::file, "/nonexistent/secret"}));
  EXPECT_THAT(read_secret({}).value(), IsEmpty());
}

TEST_F(Secrets, AreReadFromTheEnvironment) {
  ASSERT_EQ(::setenv("ERNSTFALL_TEST_SECRET", "hunter2", 1), 0);
  const SecretRef secret{SecretRef::Kind::environment, "ERNSTFALL_TEST_SECRET", "home.yaml:5:3"};
  EXPECT_EQ(read_secret(secret).value(), "hunter2");
  ASSERT_EQ(::unsetenv("ERNSTFALL_TEST_SECRET"), 0);
  EXPECT_THAT(
      to_string(read_secret(secret).error()),
      HasSubstr("home.yaml:5:3: the environment variable ERNSTFALL_TEST_SECRET is not set"));
}

TEST_F(Secrets, AreNeverInAMessageOrADump) {
  const auto refused =
      parse(std::string(kSmall) + "service: {url: 'https://c/', user: u, password: hunter2}\n");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, Not(HasSubstr("hunter2")));
  const SecretRef secret = file(0600, "hunter2");
  const auto cluster = parse(std::string(kSmall) +
                             "service: {url: 'https://c/', user: u, password: "
                             "{file: " +
                             secret.name + "}}\n");
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_THAT(dump_cluster(*cluster), Not(HasSubstr("hunter2")));
  EXPECT_THAT(dump_cluster(*cluster), HasSubstr(secret.name));
}

TEST_F(Secrets, FilesOfAClusterAreLookedAtTogether) {
  const SecretRef secret = file(0644, "x");
  auto cluster = parse(R"(cluster: home
nodes:
  a: {address: a, ssh: {identity: /nonexistent/key}}
  b: {address: b, ssh: {transport: local}}
service: {url: "https://c/", user: u, ca: /nonexistent/ca.pem, password: {file: )" +
                       secret.name + "}}\n");
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  const Status status = check_cluster(*cluster);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().what, HasSubstr("home.yaml:3:3: node a: /nonexistent/key"));
  EXPECT_THAT(status.error().what, HasSubstr("home.yaml:5:10: ca: /nonexistent/ca.pem"));
  EXPECT_THAT(status.error().what, HasSubstr("must have mode 0600"));
  cluster->nodes.erase(cluster->nodes.begin());
  cluster->service.reset();
  EXPECT_TRUE(check_cluster(*cluster));
}

}  // namespace
}  // namespace ernstfall
