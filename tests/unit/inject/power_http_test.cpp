// power_http_test: the power controls that speak HTTP, against servers that do what they should,
// and against every way in which they do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "harness/core/files.h"
#include "harness/inject/power.h"
#include "tests/mocks/fake_power.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using mocks::FakeMachine;
using mocks::FakePowerServer;
using mocks::HttpServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Answer = HttpServer::Answer;
using Fault = HttpServer::Answer::Fault;
using Kind = PowerConfig::Kind;

constexpr Nanos kPatience = seconds(60);     // only so that a test does not hang for ever
constexpr Nanos kShort = milliseconds(400);  // what must fail, whatever happened until then
constexpr Nanos kEnough = seconds(2);        // for an order, and a question after it

struct Protocol {
  Kind kind;
  FakePowerServer::Dialect dialect;
  std::string off;  // how a power cut is ordered
  std::string on;
};

const std::vector<Protocol>& protocols() {
  static const std::vector<Protocol> kAll{
      {Kind::redfish, mocks::speak_redfish, "ForceOff", "On"},
      {Kind::netcup, mocks::speak_netcup, "OFF?stateOption=POWEROFF", "ON"},
      {Kind::amt, mocks::speak_amt, "8", "2"}};
  return kAll;
}

class HttpPowerTest : public testing::Test {
 protected:
  void serve(const Protocol& protocol, const std::string& host = "127.0.0.1") {
    identity_ = mocks::make_tls_identity(host);
    HttpServer::Options options;
    options.tls = identity_;
    server_ = std::make_unique<FakePowerServer>(protocol.dialect, options);
    node_.name = "prod";
    PowerConfig& power = node_.power;
    power = {};
    power.kind = protocol.kind;
    power.url = server_->http().url("");
    power.server = "4711";
    power.system = "1";
    power.user = FakePowerServer::kUser;
    power.secret = secret(FakePowerServer::kSecret);
    power.ca_file = file("ca.pem", identity_.certificate_pem);
  }

  std::string file(const std::string& name, const std::string& content) {
    const auto path = folder_.path() / name;
    EXPECT_TRUE(write_file_atomic(path, content, 0600));
    return path.string();
  }
  SecretRef secret(const std::string& value) {
    return {SecretRef::Kind::file, file("secret", value + "\n")};
  }
  std::unique_ptr<Power> power() {
    auto made = make_power(node_);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  static Deadline soon() { return Deadline::after(kShort); }
  static Deadline enough() { return Deadline::after(kEnough); }
  static Deadline patience() { return Deadline::after(kPatience); }

  std::vector<std::string> orders() {
    return server_->with([](FakeMachine& m) { return m.orders; });
  }

  testing_support::TempFolder folder_;
  mocks::TlsIdentity identity_;
  std::unique_ptr<FakePowerServer> server_;
  Node node_;
};

class EveryHttpPower : public HttpPowerTest, public testing::WithParamInterface<Protocol> {
 protected:
  void SetUp() override { serve(GetParam()); }

  // Neither as it is, nor as it travels.
  void expect_no_secret(const Error& error) {
    const std::string text = to_string(error);
    for (const char* form : {FakePowerServer::kSecret, "a%20secret", "access-token-",
                             "ZmVuY2U6YSBzZWNyZXQrb2YvdGhlIHRlc3Rz"})
      EXPECT_THAT(text, Not(HasSubstr(form)));
    EXPECT_THAT(text, HasSubstr("prod: power control "));
  }
};

TEST_P(EveryHttpPower, StateIsSetAndReadBack) {
  const auto control = power();
  EXPECT_TRUE(control->is_on(patience(), {}).value());
  server_->with([](FakeMachine& m) { m.questions_until_done = 2; });
  const Status off = control->off(patience(), {});
  ASSERT_TRUE(off) << to_string(off.error());
  EXPECT_FALSE(server_->with([](FakeMachine& m) { return m.on; })) << "returned too early";
  EXPECT_FALSE(control->is_on(patience(), {}).value());
  server_->with([](FakeMachine& m) { m.questions_until_done = 2; });
  ASSERT_TRUE(control->on(patience(), {}));
  EXPECT_TRUE(server_->with([](FakeMachine& m) { return m.on; }));
  EXPECT_THAT(orders(), ElementsAre(GetParam().off, GetParam().on));
}

TEST_P(EveryHttpPower, NothingIsOrderedThatIsSoAlready) {
  const auto control = power();
  ASSERT_TRUE(control->on(patience(), {}));
  EXPECT_THAT(orders(), IsEmpty());
  ASSERT_TRUE(control->off(patience(), {}));
  ASSERT_TRUE(control->off(patience(), {}));
  EXPECT_THAT(orders(), ElementsAre(GetParam().off));
}

// Planted defect: it says ok and does nothing.
TEST_P(EveryHttpPower, AnOrderWithoutEffectIsATimeout) {
  server_->with([](FakeMachine& m) { m.stuck = true; });
  const Status off = power()->off(enough(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::timeout);
  EXPECT_THAT(off.error().what, HasSubstr("accepted, but the power is still not off"));
  EXPECT_THAT(orders(), ElementsAre(GetParam().off)) << "ordered once";
}

TEST_P(EveryHttpPower, WrongCredentialsAreSaidAtOnce) {
  node_.power.secret = secret("wrong password");
  const Deadline deadline = patience();
  for (const Status& status : {power()->off(deadline, {}), power()->on(deadline, {})}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::auth) << to_string(status.error());
    EXPECT_THAT(to_string(status.error()), Not(HasSubstr("wrong password")));
  }
  EXPECT_FALSE(deadline.expired()) << "a second try could lock the account";
  EXPECT_THAT(orders(), IsEmpty());
  EXPECT_LE(server_->http().received().size(), 4U);
}

TEST_P(EveryHttpPower, ASecretThatCannotBeReadIsNamed) {
  node_.power.secret = {SecretRef::Kind::file, (folder_.path() / "none").string()};
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::usage);
  EXPECT_THAT(on.error().what, HasSubstr("none"));
  EXPECT_THAT(server_->http().received(), IsEmpty());
}

TEST_P(EveryHttpPower, DroppedConnectionsAreTriedAgain) {
  for (const Fault fault : {Fault::close, Fault::reset, Fault::cut, Fault::garbage}) {
    server_->with([](FakeMachine& m) { m.on = true; });
    Answer dropped{200, "{\"a\": \"long enough to be cut\"}"};
    dropped.fault = fault;
    server_->plant([dropped](const auto&) { return dropped; }, 2);
    const Status off = power()->off(patience(), {});
    EXPECT_TRUE(off) << to_string(off.error());
  }
}

TEST_P(EveryHttpPower, NeverAnythingButDroppedConnectionsIsUnreachable) {
  for (const Fault fault : {Fault::close, Fault::reset, Fault::cut, Fault::garbage}) {
    Answer dropped{200, "{\"a\": \"long enough to be cut\"}"};
    dropped.fault = fault;
    server_->plant([dropped](const auto&) { return dropped; });
    const Status off = power()->off(soon(), {});
    ASSERT_FALSE(off);
    // The last try may have been cut short by the deadline.
    EXPECT_THAT(off.error().code, testing::AnyOf(Errc::unreachable, Errc::timeout));
    EXPECT_FALSE(power()->is_on(soon(), {}));
    expect_no_secret(off.error());
  }
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_P(EveryHttpPower, NobodyThereIsUnreachableAndSilenceATimeout) {
  (void)server_->http().go_away();
  const Status off = power()->off(soon(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::unreachable);
  EXPECT_THAT(off.error().what, HasSubstr("does not answer"));
  (void)server_->http().come_back();
  Answer silent;
  silent.fault = Fault::hang;
  server_->plant([silent](const auto&) { return silent; });
  const auto on = power()->is_on(soon(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::timeout);
}

TEST_P(EveryHttpPower, GarbageIsQuotedAndNeverTakenForAState) {
  for (const char* body : {"<html>hello</html>", "", "[]", "\x01\xff\xfe", "{\"PowerState\":7}",
                           "null", "<a><PowerState>two</PowerState></a>"}) {
    server_->plant([body](const auto&) { return Answer{200, body}; });
    const auto on = power()->is_on(patience(), {});
    ASSERT_FALSE(on) << body;
    EXPECT_EQ(on.error().code, Errc::protocol) << to_string(on.error());
    EXPECT_EQ(to_string(on.error()).find_first_of("\x01\n"), std::string::npos);
    EXPECT_FALSE(power()->off(Deadline::after(milliseconds(50)), {}));
  }
  EXPECT_THAT(orders(), IsEmpty()) << "never switched blindly";
}

TEST_P(EveryHttpPower, AnUnknownStateIsAnErrorAndNotOff) {
  server_->with([](FakeMachine& m) { m.told_state = "77"; });
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::protocol);
  EXPECT_THAT(on.error().what, HasSubstr("77"));
  EXPECT_FALSE(power()->off(soon(), {}));
}

TEST_P(EveryHttpPower, AChangingStateIsNeitherOnNorOff) {
  server_->with([this](FakeMachine& m) {
    m.told_state = GetParam().kind == Kind::redfish  ? "PoweringOn"
                   : GetParam().kind == Kind::netcup ? "SHUTDOWN"
                                                     : "10";
  });
  const auto on = power()->is_on(soon(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::timeout);
  const Status off = power()->off(soon(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::timeout);
}

TEST_P(EveryHttpPower, ARefusalThatPassesIsTriedAgain) {
  server_->with([](FakeMachine& m) { m.locked_orders = 2; });
  const Status off = power()->off(patience(), {});
  EXPECT_TRUE(off) << to_string(off.error());
  EXPECT_THAT(orders(), ElementsAre(GetParam().off));
}

// Planted defect: an error page that repeats the request.
TEST_P(EveryHttpPower, NoErrorHoldsASecretThatIsSentBack) {
  ASSERT_TRUE(power()->is_on(patience(), {}));
  for (const int status : {200, 302, 400, 401, 403, 404, 500, 503}) {
    server_->plant([status, this](const HttpServer::Received& r) {
      // Netcup's access tokens are given as ever: what is repeated then is the bearer.
      std::string all = FakePowerServer::kSecret + (" " + r.body);
      for (const std::string& header : r.headers)
        if (header.rfind("Authorization", 0) == 0) all = header + " " + all;
      if (GetParam().kind == Kind::netcup && r.target.rfind("/realms", 0) == 0 && status != 400)
        return Answer{200, R"({"access_token":"access-token-9","expires_in":300})"};
      const bool has_token = GetParam().kind == Kind::netcup;
      return Answer{status,
                    all,
                    {},
                    {std::string("Location: https://x/") +
                     (has_token ? "access-token-9" : FakePowerServer::kSecret)}};
    });
    const auto on = power()->is_on(patience(), {});
    ASSERT_FALSE(on) << status;
    expect_no_secret(on.error());
  }
}

TEST_P(EveryHttpPower, StopEndsTheWait) {
  server_->with([](FakeMachine& m) { m.stuck = true; });
  const auto control = power();
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(150));
    stop.request_stop();
  });
  const Status off = control->off(patience(), stop.get_token());
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::cancelled);
}

TEST_P(EveryHttpPower, ACertificateOfAnybodyElseIsRefusedBeforeAnythingIsSent) {
  node_.power.ca_file.clear();
  const auto refuses = [&](const std::string& why) {
    const Deadline deadline = patience();
    const Status off = power()->off(deadline, {});
    ASSERT_FALSE(off) << why;
    EXPECT_EQ(off.error().code, Errc::host_key) << why << ": " << to_string(off.error());
    EXPECT_THAT(off.error().what, HasSubstr("pinned_certificate"));
    EXPECT_FALSE(deadline.expired());
  };
  refuses("signed by itself");
  const mocks::TlsIdentity other = mocks::make_tls_identity("127.0.0.1");
  node_.power.ca_file = file("other.pem", other.certificate_pem);
  refuses("of another CA");
  node_.power.ca_file.clear();
  node_.power.pinned_certificate_file = file("other.pem", other.certificate_pem);
  refuses("another certificate is pinned");
  EXPECT_THAT(server_->http().received(), IsEmpty());
}

TEST_P(EveryHttpPower, ThePinnedCertificateIsTrustedWithoutACa) {
  node_.power.ca_file.clear();
  node_.power.pinned_certificate_file = file("pin.pem", identity_.certificate_pem);
  const Status off = power()->off(patience(), {});
  EXPECT_TRUE(off) << to_string(off.error());
  node_.power.pinned_certificate_file = file("pin.pem", "no certificate");
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::usage);
}

TEST_P(EveryHttpPower, DescribesItselfWithoutASecret) {
  const std::string text = power()->describe();
  EXPECT_THAT(text, HasSubstr(power_kind_name(GetParam().kind)));
  EXPECT_THAT(text, Not(HasSubstr(FakePowerServer::kSecret)));
  EXPECT_THAT(server_->http().received(), IsEmpty()) << "nothing is reached to describe it";
}

INSTANTIATE_TEST_SUITE_P(Protocols, EveryHttpPower, testing::ValuesIn(protocols()),
                         [](const auto& test) {
                           return std::string(power_kind_name(test.param.kind));
                         });

class Redfish : public HttpPowerTest {
 protected:
  void SetUp() override { serve(protocols()[0]); }
};

TEST_F(Redfish, AWrongSystemIsRefusedWithTheRightOnes) {
  node_.power.system = "2";
  const Status off = power()->off(patience(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::usage);
  EXPECT_THAT(off.error().what, HasSubstr("there is no system \"2\" here; there is 1"));
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_F(Redfish, AShutdownIsNeverTakenForAPowerCut) {
  server_->with([](FakeMachine& m) { m.allowed_resets = "On,GracefulShutdown"; });
  const Status off = power()->off(patience(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::unsupported);
  EXPECT_THAT(off.error().what, HasSubstr("GracefulShutdown"));
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_F(Redfish, ForceOnIsUsedWhereOnIsNotAllowed) {
  server_->with([](FakeMachine& m) {
    m.allowed_resets = "ForceOn,ForceOff";
    m.on = false;
  });
  ASSERT_TRUE(power()->on(patience(), {}));
  EXPECT_THAT(orders(), ElementsAre("ForceOn"));
}

TEST_F(Redfish, CredentialsGoToNoOtherHost) {
  HttpServer thief([](const auto&) { return Answer{200, "{}"}; });
  for (const std::string& target :
       {thief.url("/x"), std::string("//127.0.0.1/x"), std::string("x")}) {
    server_->with([&](FakeMachine& m) { m.reset_target = target; });
    EXPECT_FALSE(power()->off(soon(), {})) << target;
  }
  EXPECT_THAT(thief.received(), IsEmpty());
  Answer redirect{302, "", {}, {"Location: " + thief.url("/y")}};
  server_->plant([redirect](const auto&) { return redirect; });
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_THAT(on.error().what, HasSubstr("redirects to"));
  EXPECT_THAT(thief.received(), IsEmpty());
}

TEST_F(Redfish, TheReasonOfARefusalIsQuoted) {
  server_->with([](FakeMachine& m) { m.refuse_orders = "The fan is on fire"; });
  const Status off = power()->off(enough(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::protocol);
  EXPECT_THAT(off.error().what, HasSubstr("The fan is on fire"));
}

TEST_F(HttpPowerTest, APinnedCertificateMayBeForAnotherName) {
  // The mock's certificates are for 127.0.0.1 too: "localhost" is the name that they do not have.
  serve(protocols()[0], "bmc.example");
  node_.power.url = "https://localhost:" + std::to_string(server_->http().port());
  const auto by_ca = power()->is_on(patience(), {});
  ASSERT_FALSE(by_ca) << "the name must be right";
  EXPECT_EQ(by_ca.error().code, Errc::host_key);
  node_.power.ca_file.clear();
  node_.power.pinned_certificate_file = file("pin.pem", identity_.certificate_pem);
  const auto by_pin = power()->is_on(patience(), {});
  EXPECT_TRUE(by_pin) << to_string(by_pin.error());
}

class Netcup : public HttpPowerTest {
 protected:
  void SetUp() override { serve(protocols()[1]); }
};

TEST_F(Netcup, AWrongServerIsRefused) {
  node_.power.server = "4712";
  const Status off = power()->off(patience(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::usage);
  EXPECT_THAT(off.error().what, HasSubstr("this account has no server 4712: Server not found"));
}

// Planted defect: it speaks of another machine.
TEST_F(Netcup, AnAnswerAboutAnotherServerIsNotBelieved) {
  server_->with([](FakeMachine& m) { m.other_id = "4712"; });
  EXPECT_FALSE(power()->is_on(patience(), {}));
  EXPECT_FALSE(power()->off(soon(), {}));
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_F(Netcup, OneAccessTokenServesManyQuestionsUntilItIsRevoked) {
  const auto control = power();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(control->is_on(patience(), {}));
  EXPECT_EQ(server_->with([](FakeMachine& m) { return m.tokens_given; }), 1);
  server_->with([](FakeMachine& m) { m.token_is_revoked = true; });
  ASSERT_TRUE(control->off(patience(), {}));
  EXPECT_EQ(server_->with([](FakeMachine& m) { return m.tokens_given; }), 2);
}

TEST_F(Netcup, ATokenThatIsNeverAcceptedEndsAfterTwo) {
  const auto control = power();
  server_->plant([](const HttpServer::Received& r) {
    return r.target.rfind("/realms", 0) == 0
               ? Answer{200, R"({"access_token":"x","expires_in":300})"}
               : Answer{401, R"({"message":"no"})"};
  });
  const auto on = control->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::auth);
  EXPECT_EQ(server_->http().received().size(), 4U);
}

TEST_F(Netcup, ATaskThatFailedSaysWhy) {
  server_->with([](FakeMachine& m) {
    m.stuck = true;
    m.task_state = "ERROR";
  });
  const Status off = power()->off(patience(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::refused);
  EXPECT_THAT(off.error().what, HasSubstr("ERROR: The node is broken"));
  // What failed once is not held against the next order.
  server_->with([](FakeMachine& m) {
    m.stuck = false;
    m.task_state = "FINISHED";
  });
  EXPECT_TRUE(power()->off(patience(), {}));
}

TEST_F(Netcup, ATaskThatIsStillRunningIsWaitedForAndTheStateDecides) {
  server_->with([](FakeMachine& m) { m.task_state = "RUNNING"; });
  const Status off = power()->off(Deadline::after(seconds(2)), {});
  EXPECT_TRUE(off) << to_string(off.error());
}

TEST_F(Netcup, AnAddressThatIsNotAllowedIsSuspected) {
  server_->plant([](const HttpServer::Received& r) {
    return r.target.rfind("/realms", 0) == 0
               ? Answer{200, R"({"access_token":"x","expires_in":300})"}
               : Answer{403, R"({"message":"no"})"};
  });
  const auto on = power()->is_on(patience(), {});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::auth);
  EXPECT_THAT(on.error().what, HasSubstr("is this machine's address allowed"));
}

class Amt : public HttpPowerTest {
 protected:
  void SetUp() override { serve(protocols()[2]); }
};

TEST_F(Amt, ThePasswordIsNeverSentAndTheFirstRequestHasNoBody) {
  ASSERT_TRUE(power()->is_on(patience(), {}));
  const auto received = server_->http().received();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(received[0].header("authorization"), "");
  EXPECT_EQ(received[0].body, "");
  EXPECT_THAT(received[1].header("authorization"), HasSubstr("Digest username=\"fence\""));
  EXPECT_THAT(received[1].header("authorization"), Not(HasSubstr(FakePowerServer::kSecret)));
  EXPECT_THAT(received[1].body, HasSubstr("CIM_AssociatedPowerManagementService"));
  EXPECT_EQ(server_->with([](FakeMachine& m) { return m.digests_checked; }), 1);
}

TEST_F(Amt, WhatItDoesNotSupportIsSaidAtOnce) {
  server_->with([](FakeMachine& m) { m.refuse_orders = "1"; });
  const Status off = power()->off(patience(), {});
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::unsupported);
  server_->with([](FakeMachine& m) { m.refuse_orders = "2"; });
  const Status again = power()->off(enough(), {});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().what, HasSubstr("gave 2"));
}

TEST_F(Amt, FaultsAreQuotedAndAnotherServerIsSuspected) {
  server_->plant([](const HttpServer::Received&) {
    return Answer{400, "<e><Fault><Reason><Text>Bad selector</Text></Reason></Fault></e>"};
  });
  const auto fault = power()->is_on(patience(), {});
  ASSERT_FALSE(fault);
  EXPECT_THAT(fault.error().what, HasSubstr("400: Bad selector"));
  server_->plant([](const HttpServer::Received&) { return Answer{404, "nothing"}; });
  const auto none = power()->is_on(patience(), {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::usage);
}

TEST_F(Amt, AnAsleepMachineIsOnAndAHibernatingOneIsOff) {
  for (const auto& [state, is_on] :
       {std::pair("2", true), std::pair("3", true), std::pair("4", true), std::pair("6", false),
        std::pair("7", false), std::pair("8", false)}) {
    server_->with([state = state](FakeMachine& m) { m.told_state = state; });
    EXPECT_EQ(power()->is_on(patience(), {}).value(), is_on) << state;
  }
}

}  // namespace
}  // namespace ernstfall
