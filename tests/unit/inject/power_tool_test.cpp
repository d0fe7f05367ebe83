// power_tool_test: the power controls that are programs (virsh, ipmitool), with scripts in their
// place that note how they were called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "harness/core/files.h"
#include "harness/inject/power.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = PowerConfig::Kind;

constexpr const char* kToolSecret = "hunter2 of the tests";

// One line per call in `argv`, the environment of the last one in `env`. `state` is what it prints;
// with `stuck` an order changes nothing; `fail` is printed to stderr and the call fails.
constexpr const char* kScript = R"sh(#!/bin/sh
here=${0%/*}
printf '%s\n' "$*" >> "$here/argv"
env > "$here/env"
if [ -e "$here/hang" ]; then exec sleep 60; fi
if [ -e "$here/fail" ]; then cat "$here/fail" >&2; exit 1; fi
case " $* " in
  *" domstate "*|*" power status "*) cat "$here/state"; exit ;;
  *" destroy "*) new='shut off' ;;
  *" start "*) new=running ;;
  *" power off "*) new='Chassis Power is off' ;;
  *" power on "*) new='Chassis Power is on' ;;
  *) echo "not a command of these tests" >&2; exit 2 ;;
esac
if ! [ -e "$here/stuck" ]; then echo "$new" > "$here/state"; fi
)sh";

struct Tool {
  Kind kind;
  std::string program;
  std::string on;  // what it prints
  std::string off;
  std::string call;  // everything before the last words
  std::string ask, order_off, order_on;
};

const std::vector<Tool>& tools() {
  static const std::vector<Tool> kAll{
      {Kind::libvirt, "virsh", "running", "shut off",
       "--connect qemu+ssh://root@host.example/system?no_tty=1 --quiet ", "domstate --domain vm",
       "destroy --domain vm", "start --domain vm"},
      {Kind::ipmi, "ipmitool", "Chassis Power is on", "Chassis Power is off",
       "-I lanplus -H 192.0.2.9 -p 6230 -U fence -C 3 -E chassis power ", "status", "off", "on"}};
  return kAll;
}

class ToolPowerTest : public testing::Test {
 protected:
  void install(const Tool& tool) {
    tool_ = tool;
    put(tool.program, kScript);
    EXPECT_EQ(::chmod((folder_.path() / tool.program).c_str(), 0700), 0);
    put("secret", std::string(kToolSecret) + "\n");
    put("state", tool.on + "\n");
    old_path_ = std::getenv("PATH");
    EXPECT_EQ(::setenv("PATH", (folder_.path().string() + ":" + old_path_).c_str(), 1), 0);
    node_.name = "prod";
    node_.power.kind = tool.kind;
    node_.power.uri = "qemu+ssh://root@host.example/system";
    node_.power.domain = "vm";
    node_.power.host = "192.0.2.9";
    node_.power.port = 6230;
    node_.power.cipher_suite = 3;
    node_.power.user = "fence";
    node_.power.secret = {SecretRef::Kind::file, (folder_.path() / "secret").string()};
  }
  void TearDown() override { EXPECT_EQ(::setenv("PATH", old_path_.c_str(), 1), 0); }

  void put(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / name, text, 0600));
  }
  void take(const std::string& name) { fs::remove(folder_.path() / name); }
  std::string read(const std::string& name) {
    return read_file(folder_.path() / name).value_or("");
  }
  std::vector<std::string> calls() {
    const std::string text = read("argv");
    return text.empty() ? std::vector<std::string>() : split(trim(text), '\n');
  }
  std::vector<std::string> orders() {
    std::vector<std::string> all = calls();
    std::erase_if(all, [this](const std::string& call) { return call == tool_.call + tool_.ask; });
    return all;
  }
  std::unique_ptr<Power> power() { return std::move(*make_power(node_)); }
  static Deadline soon() { return Deadline::after(milliseconds(500)); }
  static Deadline enough() { return Deadline::after(seconds(2)); }
  static Deadline patience() { return Deadline::after(seconds(60)); }

  testing_support::TempFolder folder_;
  Tool tool_;
  Node node_;
  std::string old_path_;
};

class EveryToolPower : public ToolPowerTest, public testing::WithParamInterface<Tool> {
 protected:
  void SetUp() override { install(GetParam()); }
};

TEST_P(EveryToolPower, StateIsSetAndReadBack) {
  EXPECT_TRUE(power()->is_on(patience(), {}).value());
  ASSERT_TRUE(power()->off(patience(), {}));
  EXPECT_FALSE(power()->is_on(patience(), {}).value());
  ASSERT_TRUE(power()->off(patience(), {})) << "again";
  ASSERT_TRUE(power()->on(patience(), {}));
  EXPECT_TRUE(power()->is_on(patience(), {}).value());
  EXPECT_THAT(orders(), ElementsAre(tool_.call + tool_.order_off, tool_.call + tool_.order_on));
}

TEST_P(EveryToolPower, AnOrderWithoutEffectIsATimeout) {
  put("stuck", "");
  const Status off = power()->off(enough(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::timeout);
  EXPECT_THAT(off.error().what, HasSubstr("accepted, but the power is still not off"));
  EXPECT_THAT(orders(), ElementsAre(tool_.call + tool_.order_off)) << "ordered once";
}

TEST_P(EveryToolPower, AProgramThatHangsIsEnded) {
  put("hang", "");
  const auto on = power()->is_on(soon(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::timeout);
  EXPECT_THAT(on.error().what, HasSubstr("does not answer"));
}

TEST_P(EveryToolPower, GarbageIsQuotedAndNeverTakenForAState) {
  for (const char* text : {"", "off", "on and off", "\n\n"}) {
    put("state", text);
    const auto on = power()->is_on(patience(), {});
    ASSERT_FALSE(on) << text;
    EXPECT_EQ(on.error().code, Errc::protocol);
    EXPECT_THAT(on.error().what, HasSubstr("expected"));
  }
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_P(EveryToolPower, AMissingProgramNamesItsPackage) {
  ASSERT_EQ(::setenv("PATH", "/nonexistent", 1), 0);
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::io);
  EXPECT_THAT(to_string(on.error()), HasSubstr("no such program in PATH (Debian package "));
}

TEST_P(EveryToolPower, WordsAreAskedForInEnglish) {
  ASSERT_TRUE(power()->is_on(patience(), {}));
  EXPECT_THAT(split(read("env"), '\n'), testing::Contains("LC_ALL=C"));
}

TEST_P(EveryToolPower, AFailureThatIsNotKnownIsQuotedAndTriedAgain) {
  put("fail", "something odd\nthe last line\n");
  const Status off = power()->off(enough(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::protocol);
  EXPECT_THAT(to_string(off.error()), HasSubstr("prod: power control "));
  EXPECT_THAT(off.error().what, HasSubstr("exit 1: the last line"));
  EXPECT_GT(calls().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Tools, EveryToolPower, testing::ValuesIn(tools()), [](const auto& test) {
  return std::string(power_kind_name(test.param.kind));
});

struct Failure {
  std::size_t tool;
  std::string printed;
  Errc code;
};
class KnownToolFailure : public ToolPowerTest, public testing::WithParamInterface<Failure> {};

TEST_P(KnownToolFailure, HasItsMeaningAndIsQuoted) {
  install(tools()[GetParam().tool]);
  put("fail", GetParam().printed + "\n");
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, GetParam().code) << to_string(on.error());
  EXPECT_THAT(on.error().what, HasSubstr("exit 1"));
}

// As the programs print them.
INSTANTIATE_TEST_SUITE_P(
    Known, KnownToolFailure,
    testing::Values(
        Failure{0, "error: failed to get domain 'vm'", Errc::usage},
        Failure{0,
                "error: failed to connect to the hypervisor\nerror: Cannot recv data: Host key "
                "verification failed.: Connection reset by peer",
                Errc::host_key},
        Failure{0,
                "error: failed to connect to the hypervisor\nerror: Cannot recv data: "
                "root@host.example: Permission denied (publickey).: Connection reset by peer",
                Errc::auth},
        Failure{0,
                "error: failed to connect to the hypervisor\nerror: authentication failed: "
                "authentication failed",
                Errc::auth},
        Failure{0,
                "error: failed to connect to the hypervisor\nerror: Cannot recv data: ssh: connect "
                "to host host.example port 22: No route to host: Connection reset by peer",
                Errc::unreachable},
        Failure{1,
                "RAKP 2 message indicates an error : unauthorized name\nError: Unable to establish "
                "IPMI v2 / RMCP+ session",
                Errc::auth},
        Failure{1, "RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session",
                Errc::auth},
        Failure{1, "Set Session Privilege Level to ADMINISTRATOR failed", Errc::auth},
        Failure{1, "Error: Unable to establish IPMI v2 / RMCP+ session", Errc::unreachable},
        Failure{1, "Address lookup for 192.0.2.9 failed", Errc::usage}));

class Libvirt : public ToolPowerTest {
 protected:
  void SetUp() override { install(tools()[0]); }
};

TEST_F(Libvirt, OnlyShutOffIsOff) {
  for (const char* state : {"running", "idle", "paused", "in shutdown", "crashed", "pmsuspended"}) {
    put("state", std::string(state) + "\n\n");
    EXPECT_TRUE(power()->is_on(patience(), {}).value_or(false)) << state;
  }
}

TEST_F(Libvirt, NothingThatIsNotSshIsChangedInTheUri) {
  for (const auto& [uri, called] :
       {std::pair("qemu:///system", "qemu:///system"),
        std::pair("qemu+ssh://h/system?keyfile=/k", "qemu+ssh://h/system?keyfile=/k&no_tty=1"),
        std::pair("qemu+ssh://h/system?no_tty=0", "qemu+ssh://h/system?no_tty=0"),
        std::pair("qemu+tls://h/system", "qemu+tls://h/system")}) {
    take("argv");
    node_.power.uri = uri;
    ASSERT_TRUE(power()->is_on(patience(), {}));
    EXPECT_THAT(calls(), ElementsAre(HasSubstr(std::string("--connect ") + called + " ")));
  }
}

class Ipmi : public ToolPowerTest {
 protected:
  void SetUp() override { install(tools()[1]); }
};

TEST_F(Ipmi, ThePasswordIsInTheEnvironmentAndNeverInArgv) {
  ASSERT_EQ(::setenv("IPMITOOL_PASSWORD", "of another controller", 1), 0);
  ASSERT_TRUE(power()->off(patience(), {}));
  ASSERT_EQ(::unsetenv("IPMITOOL_PASSWORD"), 0);
  EXPECT_THAT(calls(), Each(Not(HasSubstr(kToolSecret))));
  const std::vector<std::string> env = split(read("env"), '\n');
  for (const char* name : {"IPMITOOL_PASSWORD=", "IPMI_PASSWORD="})
    EXPECT_THAT(env, testing::Contains(std::string(name) + kToolSecret));
  EXPECT_THAT(env, Not(testing::Contains(HasSubstr("of another controller"))));
}

// Planted defect: a program that prints what it should not.
TEST_F(Ipmi, NoErrorHoldsThePassword) {
  put("fail", std::string("login with ") + kToolSecret + " failed\n");
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_THAT(to_string(on.error()), Not(HasSubstr(kToolSecret)));
  EXPECT_THAT(to_string(on.error()), HasSubstr("login with *** failed"));
  EXPECT_THAT(power()->describe(), Not(HasSubstr(kToolSecret)));
}

TEST_F(Ipmi, ASecretThatOthersMayReadIsRefused) {
  ASSERT_EQ(::chmod((folder_.path() / "secret").c_str(), 0644), 0);
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::usage);
  EXPECT_THAT(calls(), IsEmpty());
}

TEST(MakePower, ANodeWithoutOneIsUnsupported) {
  Node node;
  node.name = "mirror";
  const auto none = make_power(node);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace ernstfall
