// http_probes_test: http.get, webdav.read and webdav.write against a server, through the runner.
#include <curl/curl.h>
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <set>

#include "probes/service_request.h"
#include "tests/mocks/http_server.h"
#include "tests/unit/probes/probe_testing.h"

namespace ernstfall {
namespace {

using mocks::HttpServer;
using probe_testing::ProbeBench;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Answer = HttpServer::Answer;
using Fault = HttpServer::Answer::Fault;

constexpr Nanos kProbeTimeout = milliseconds(250);
constexpr const char* kFolder = "/remote.php/dav/files/ann%20b/ernstfall-run-1";

// Stores what is put, until a test plants something else for GET or PUT.
class FakeFiles {
 public:
  Answer operator()(const HttpServer::Received& received) {
    const std::lock_guard lock(mutex_);
    if (received.header("authorization") != "Basic YW5uIGI6aHVudGVyMg==") return Answer{401};
    if (const auto planted = planted_.find(received.method); planted != planted_.end())
      return planted->second;
    if (received.method == "MKCOL")
      return Answer{received.target != std::string(kFolder) + "/" ? 409
                    : folders_++ == 0                             ? 201
                                                                  : 405};
    if (received.method == "PUT") {
      if (folders_ == 0) return Answer{409};
      return Answer{files_.insert_or_assign(received.target, received.body).second ? 201 : 204};
    }
    const auto file = files_.find(received.target);
    return file == files_.end() ? Answer{404} : Answer{200, file->second};
  }
  void plant(const std::string& method, Answer answer) {
    const std::lock_guard lock(mutex_);
    planted_[method] = std::move(answer);
  }
  std::map<std::string, std::string> files() {
    const std::lock_guard lock(mutex_);
    return files_;
  }
  // A power cut at a service that acknowledged without flushing.
  void forget_everything() {
    const std::lock_guard lock(mutex_);
    files_.clear();
    folders_ = 0;
  }
  void truncate_everything() {
    const std::lock_guard lock(mutex_);
    for (auto& [name, body] : files_) body.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Answer> planted_;
  std::map<std::string, std::string> files_;
  int folders_ = 0;
};

Answer answer_with(Fault fault) {
  Answer answer;
  answer.fault = fault;
  return answer;
}

class HttpProbesTest : public ProbeBench {
 protected:
  HttpProbesTest() : server_([this](const HttpServer::Received& r) { return files_(r); }) {
    cluster_.service->url = server_.url();
  }

  // Runs one probe, plants `answer` for `method`, and gives the first sample that shows `code`.
  Sample sample_after(ProbeSpec spec, const std::string& method, Answer answer, int code) {
    const auto runner = start({std::move(spec)});
    EXPECT_TRUE(runner.has_value()) << (runner ? "" : to_string(runner.error()));
    if (!runner) return {};
    files_.plant(method, std::move(answer));
    Sample found;
    EXPECT_TRUE(history_.wait_for([&](const std::vector<Sample>& samples) {
      for (const Sample& sample : samples)
        if (sample.code == code && sample.outcome != Outcome::missed) return found = sample, true;
      return false;
    })) << "no sample with code "
        << code;
    (*runner)->stop();
    return found;
  }

  FakeFiles files_;
  HttpServer server_;
};

// --- http.get -----------------------------------------------------------------------------------

class HttpGetTest : public ProbeBench {
 protected:
  void serve(Answer answer) {
    server_.emplace([answer](const HttpServer::Received&) { return answer; });
    cluster_.service->url = server_->url();
  }
  Sample first_sample(const ProbeSpec& spec) {
    const auto runner = start({spec});
    EXPECT_TRUE(runner.has_value());
    Sample found;
    EXPECT_TRUE(history_.wait_for([&](const std::vector<Sample>& samples) {
      for (const Sample& sample : samples)
        if (sample.outcome != Outcome::missed) return found = sample, true;
      return false;
    }));
    (*runner)->stop();
    return found;
  }
  std::optional<HttpServer> server_;
};

TEST_F(HttpGetTest, AGoodPage) {
  serve({200, R"({"installed":true})"});
  const Sample sample =
      first_sample(spec("http.get", 20, seconds(5), {{"contains", text("\"installed\":true")}}));
  EXPECT_EQ(sample.outcome, Outcome::ok);
  EXPECT_EQ(sample.code, 200);
  EXPECT_EQ(sample.detail, "");
  EXPECT_LE(sample.scheduled, sample.started);
  EXPECT_LT(sample.started, sample.ended);
  const HttpServer::Received received = server_->received().front();
  EXPECT_EQ(received.target, "/status.php");
  EXPECT_EQ(received.header("authorization"), "") << "a page needs no credentials";
  EXPECT_EQ(server_->connections(), server_->received().size()) << "a connection for each";
  const History history = recorded();
  ASSERT_EQ(history.sources.size(), 1U);
  EXPECT_EQ(history.sources[0].kind, "http.get");
  EXPECT_EQ(history.sources[0].node, "");
  EXPECT_EQ(history.sources[0].period_ns, 50 * kNsPerMs);
}

TEST_F(HttpGetTest, EveryWrongAnswer) {
  serve({503});
  Sample sample = first_sample(spec("http.get", 20, seconds(5)));
  EXPECT_EQ(sample.outcome, Outcome::failed);
  EXPECT_EQ(sample.code, 503);
  EXPECT_EQ(sample.detail, "unavailable");
}

TEST_F(HttpGetTest, Refused) {
  serve({200});
  (void)server_->go_away();
  const Sample sample = first_sample(spec("http.get", 20, seconds(5)));
  EXPECT_EQ(sample.outcome, Outcome::failed);
  EXPECT_EQ(sample.code, -CURLE_COULDNT_CONNECT);
  EXPECT_EQ(sample.detail, "no connection: Connection refused");
}

TEST_F(HttpGetTest, Timeout) {
  serve(answer_with(Fault::hang));
  const Sample sample = first_sample(spec("http.get", 20, kProbeTimeout));
  EXPECT_EQ(sample.outcome, Outcome::timeout);
  EXPECT_EQ(sample.code, -CURLE_OPERATION_TIMEDOUT);
  EXPECT_GE(sample.ended - sample.scheduled, kProbeTimeout.count());
}

TEST_F(HttpGetTest, DirectAsksTheNodeAndIsAboutTheNode) {
  serve({200});
  cluster_.nodes.resize(1);
  cluster_.nodes[0].name = "prod";
  cluster_.service->direct_urls["prod"] = server_->url("/base/");
  cluster_.service->url = "http://ingress.invalid/";
  cluster_.service->resolve_address = "192.0.2.1";
  const Sample sample = first_sample(spec("http.get", 20, seconds(5), {{"direct", text("prod")}}));
  EXPECT_EQ(sample.outcome, Outcome::ok) << sample.detail;
  EXPECT_EQ(server_->received().front().target, "/base/status.php");
  EXPECT_EQ(recorded().sources[0].node, "prod");
}

TEST_F(HttpGetTest, WhatCannotBeAskedIsSaidAtOnce) {
  serve({200});
  cluster_.service->direct_urls["prod"] = server_->url();
  const auto unknown = start({spec("http.get", 20, kProbeTimeout, {{"direct", text("prdo")}})});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::usage);
  EXPECT_THAT(unknown.error().what, HasSubstr("did you mean \"prod\"?"));
  cluster_.service.reset();
  const auto none = start({spec("http.get", 20, kProbeTimeout)});
  ASSERT_FALSE(none.has_value());
  EXPECT_THAT(none.error().what, HasSubstr("needs a `service:`"));
}

TEST_F(HttpGetTest, SlotsThatWouldPileUpAreMissed) {
  serve(answer_with(Fault::hang));
  cluster_.service->url = server_->url();
  // At most 200 Hz * 50 ms + margin are in flight while the engine ends each one in time. A `done`
  // that stands still keeps it from that.
  std::mutex gate;
  std::unique_lock closed(gate);
  HttpRequest stopper;
  stopper.url = "bad://";
  ASSERT_TRUE(
      http_->submit(stopper, [&](const HttpResponse&) { const std::lock_guard lock(gate); }));
  const auto runner = start({spec("http.get", 200, milliseconds(50))});
  ASSERT_TRUE(runner.has_value());
  EXPECT_TRUE(history_.wait_for([](const std::vector<Sample>& samples) {
    return !samples.empty() &&
           samples.back().detail == "too many requests of this probe are in flight";
  }));
  closed.unlock();
  (*runner)->stop();
}

TEST_F(HttpGetTest, WhatWeCancelIsMissedAndNotAnOutage) {
  serve(answer_with(Fault::hang));
  const auto runner = start({spec("http.get", 20, seconds(30))});
  ASSERT_TRUE(runner.has_value());
  while (server_->received().empty()) std::this_thread::yield();
  http_->cancel_all();
  EXPECT_TRUE(history_.wait_for([](const std::vector<Sample>& samples) {
    for (const Sample& sample : samples)
      if (sample.detail == "cancelled") return true;
    return false;
  }));
  http_->cancel_all();
  (void)server_->go_away();  // ends what was asked since
  (*runner)->stop();
  const History history = recorded();
  for (const Sample& sample : history.samples) {
    if (sample.detail == "cancelled") {
      EXPECT_EQ(sample.outcome, Outcome::missed);
    }
  }
}

// --- webdav.read --------------------------------------------------------------------------------

TEST_F(HttpProbesTest, ReadStoresItsFileAndFindsIt) {
  const Sample sample = sample_after(spec("webdav.read", 20, seconds(5)), "-", {}, 200);
  EXPECT_EQ(sample.outcome, Outcome::ok);
  ASSERT_EQ(files_.files().size(), 1U);
  EXPECT_EQ(files_.files().begin()->first, std::string(kFolder) + "/known0");
  EXPECT_EQ(files_.files().begin()->second.size(), 4096U);
}

struct PlantedAnswer {
  const char* name;
  Answer answer;
  int code;
  Outcome outcome;
  const char* detail;
};
void PrintTo(const PlantedAnswer& planted, std::ostream* out) {
  *out << planted.name;
}
std::string name_of(const testing::TestParamInfo<PlantedAnswer>& info) {
  return info.param.name;
}

class ReadAnswers : public HttpProbesTest, public testing::WithParamInterface<PlantedAnswer> {};

TEST_P(ReadAnswers, AreJudged) {
  const PlantedAnswer& planted = GetParam();
  const Sample sample =
      sample_after(spec("webdav.read", 20, milliseconds(500)), "GET", planted.answer, planted.code);
  EXPECT_EQ(sample.outcome, planted.outcome);
  EXPECT_THAT(sample.detail, HasSubstr(planted.detail));
}

INSTANTIATE_TEST_SUITE_P(
    All, ReadAnswers,
    testing::Values(PlantedAnswer{"Gone", Answer{404}, 404, Outcome::failed, "file is gone"},
                    PlantedAnswer{"Processing", Answer{425}, 425, Outcome::degraded, "processed"},
                    PlantedAnswer{"Refused", Answer{401}, 401, Outcome::failed, "credentials"},
                    PlantedAnswer{"Error", Answer{500}, 500, Outcome::failed, "inside the service"},
                    PlantedAnswer{"Huge", Answer{200, std::string(1U << 20U, 'x')},
                                  -CURLE_WRITE_ERROR, Outcome::failed, "larger than"},
                    PlantedAnswer{"Cut",
                                  {200, "0123456789", {}, {}, Fault::cut},
                                  -CURLE_PARTIAL_FILE,
                                  Outcome::failed,
                                  ""},
                    PlantedAnswer{"Garbage", answer_with(Fault::garbage),
                                  -CURLE_UNSUPPORTED_PROTOCOL, Outcome::failed, ""},
                    PlantedAnswer{"Reset", answer_with(Fault::reset), -CURLE_RECV_ERROR,
                                  Outcome::failed, ""},
                    PlantedAnswer{"Hang", answer_with(Fault::hang), -CURLE_OPERATION_TIMEDOUT,
                                  Outcome::timeout, "no complete answer"}),
    name_of);

TEST_F(HttpProbesTest, ReadSeesOtherBytes) {
  const auto runner = start({spec("webdav.read", 20, seconds(5))});
  ASSERT_TRUE(runner.has_value());
  std::string body = files_.files().begin()->second;
  body[body.size() / 2] ^= 1;
  files_.plant("GET", Answer{200, body});
  EXPECT_TRUE(history_.wait_for([](const std::vector<Sample>& samples) {
    return !samples.empty() && samples.back().outcome == Outcome::failed &&
           samples.back().detail == "the known file differs: other bytes";
  }));
  (*runner)->stop();
}

// The service works again, but forgot the file: the loss is a failed sample, and the outage ends.
class ForgottenFile : public HttpProbesTest, public testing::WithParamInterface<bool> {};

TEST_P(ForgottenFile, IsSaidAndIsNoOutageForEver) {
  const bool truncated = GetParam();
  const auto runner = start({spec("webdav.read", 20, seconds(5))});
  ASSERT_TRUE(runner.has_value());
  if (truncated)
    files_.truncate_everything();
  else
    files_.forget_everything();
  const std::string said = truncated ? "differs" : "gone";
  EXPECT_TRUE(history_.wait_for([&](const std::vector<Sample>& samples) {
    bool lost = false;
    for (const Sample& sample : samples)
      lost = lost ||
             (sample.outcome == Outcome::failed && sample.detail.find(said) != std::string::npos);
    return lost && samples.back().outcome == Outcome::ok;
  }));
  (*runner)->stop();
}

INSTANTIATE_TEST_SUITE_P(All, ForgottenFile, testing::Bool());

// --- webdav.write -------------------------------------------------------------------------------

TEST_F(HttpProbesTest, WriteStoresANewFileForEverySlot) {
  const auto runner = start({spec("webdav.write", 50, seconds(5))});
  ASSERT_TRUE(runner.has_value());
  ASSERT_TRUE(history_.wait_for([](const std::vector<Sample>& s) { return s.size() >= 10; }));
  (*runner)->stop();
  std::size_t stored = 0;
  const History history = recorded();
  for (const Sample& sample : history.samples) {
    if (sample.outcome == Outcome::missed) continue;
    EXPECT_EQ(sample.outcome, Outcome::ok) << sample.detail;
    EXPECT_EQ(sample.code, 201) << "204 would be a name that was used before";
    ++stored;
  }
  // And the one of start().
  EXPECT_EQ(files_.files().size(), stored + 1);
  std::set<std::string> bodies;
  for (const auto& [name, body] : files_.files()) {
    EXPECT_EQ(name.rfind(std::string(kFolder) + "/w0-", 0), 0U) << name;
    EXPECT_EQ(body.size(), 4096U);
    EXPECT_TRUE(bodies.insert(body).second);
  }
}

class WriteAnswers : public HttpProbesTest, public testing::WithParamInterface<PlantedAnswer> {};

TEST_P(WriteAnswers, AreJudged) {
  const PlantedAnswer& planted = GetParam();
  const Sample sample = sample_after(spec("webdav.write", 20, milliseconds(500)), "PUT",
                                     planted.answer, planted.code);
  EXPECT_EQ(sample.outcome, planted.outcome);
  EXPECT_THAT(sample.detail, HasSubstr(planted.detail));
}

INSTANTIATE_TEST_SUITE_P(
    All, WriteAnswers,
    testing::Values(PlantedAnswer{"Overwritten", Answer{204}, 204, Outcome::ok, ""},
                    PlantedAnswer{"Refused", Answer{401}, 401, Outcome::failed, "credentials"},
                    PlantedAnswer{"Locked", Answer{423}, 423, Outcome::failed, "locked"},
                    PlantedAnswer{"Error", Answer{500}, 500, Outcome::failed, "inside the service"},
                    PlantedAnswer{"Unavailable", Answer{503}, 503, Outcome::failed, "unavailable"},
                    PlantedAnswer{"Full", Answer{507}, 507, Outcome::failed, "no space left"},
                    PlantedAnswer{"Reset", answer_with(Fault::reset), -CURLE_RECV_ERROR,
                                  Outcome::indeterminate, ""},
                    PlantedAnswer{"Closed", answer_with(Fault::close), -CURLE_GOT_NOTHING,
                                  Outcome::indeterminate, "closed without an answer"},
                    PlantedAnswer{"Hang", answer_with(Fault::hang), -CURLE_OPERATION_TIMEDOUT,
                                  Outcome::indeterminate, "no complete answer"}),
    name_of);

TEST_F(HttpProbesTest, AWriteThatIsRefusedIsNotIndeterminate) {
  const auto runner = start({spec("webdav.write", 20, seconds(5))});
  ASSERT_TRUE(runner.has_value());
  (void)server_.go_away();
  EXPECT_TRUE(history_.wait_for([](const std::vector<Sample>& samples) {
    return !samples.empty() && samples.back().outcome == Outcome::failed &&
           samples.back().code == -CURLE_COULDNT_CONNECT;
  }));
  (*runner)->stop();
}

// --- both ---------------------------------------------------------------------------------------

TEST_F(HttpProbesTest, StartWaitsForAServiceThatBoots) {
  files_.plant("MKCOL", Answer{401});
  std::thread boot([this] {
    while (server_.received().size() < 2) std::this_thread::yield();
    files_.plant("MKCOL", Answer{201});
    files_.plant("PUT", Answer{201});
  });
  const auto runner = start({spec("webdav.write", 20, seconds(5))});
  boot.join();
  EXPECT_TRUE(runner.has_value());
}

TEST_F(HttpProbesTest, StartSaysWhyItCannotAndEndsInTime) {
  cluster_.time_scale = 0.02;  // of 15 s
  const auto refusal = [this](const std::string& probe) {
    const auto runner = start({spec(probe, 20, seconds(5))});
    EXPECT_FALSE(runner.has_value());
    return runner ? std::string() : to_string(runner.error());
  };
  files_.plant("PUT", Answer{507});
  EXPECT_THAT(refusal("webdav.read"), HasSubstr("storing the known file does not work (HTTP 507: "
                                                "no space left)"));
  EXPECT_THAT(refusal("webdav.write"), HasSubstr("storing a file does not work (HTTP 507"));
  files_.plant("PUT", answer_with(Fault::hang));
  EXPECT_THAT(refusal("webdav.read"), HasSubstr("storing the known file does not work (no answer"));
  files_.plant("MKCOL", Answer{403});
  EXPECT_THAT(refusal("webdav.write"),
              HasSubstr("ernstfall-run-1/: MKCOL does not work (HTTP 403"));
  ::setenv("ERNSTFALL_TEST_SECRET", "wrong", 1);
  EXPECT_THAT(refusal("webdav.write"), HasSubstr("credentials were refused"));
  ::unsetenv("ERNSTFALL_TEST_SECRET");
  EXPECT_THAT(refusal("webdav.read"), HasSubstr("ERNSTFALL_TEST_SECRET is not set"));
}

TEST_F(HttpProbesTest, AKnownFileThatCannotBeReadBackIsAnErrorOfStart) {
  cluster_.time_scale = 0.02;
  files_.plant("GET", Answer{425});
  const auto runner = start({spec("webdav.read", 20, seconds(5))});
  ASSERT_FALSE(runner.has_value());
  EXPECT_THAT(runner.error().what, HasSubstr("reading the known file does not work (HTTP 425"));
}

TEST_F(HttpProbesTest, SizesThatMakeNoSenseAreRefused) {
  for (const double size : {0.0, 63.0, 2.0 * (1U << 20U)}) {
    const ParamValue value{ParamValue::Kind::bytes, "x", size};
    EXPECT_FALSE(start({spec("webdav.write", 20, seconds(5), {{"size", value}})}).has_value());
    EXPECT_FALSE(start({spec("webdav.read", 20, seconds(5), {{"size", value}})}).has_value());
  }
}

TEST(ServiceRequest, Urls) {
  ServiceConfig service;
  service.url = "https://cloud.test/base/";
  service.user = "a/b@c";
  service.resolve_address = "192.0.2.7";
  service.ca_file = "/ca.pem";
  const HttpRequest page = service_request(service, "/status.php?x=1");
  EXPECT_EQ(page.url, "https://cloud.test/base/status.php?x=1");
  EXPECT_EQ(page.resolve_address, "192.0.2.7");
  EXPECT_EQ(page.ca_file, "/ca.pem");
  EXPECT_EQ(page.user, "");
  const auto file = webdav_request(service, "PUT", "/f/x y%.txt");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->method, "PUT");
  EXPECT_EQ(file->url, "https://cloud.test/base/remote.php/dav/files/a%2Fb%40c/f/x%20y%25.txt");
  EXPECT_EQ(file->user, "a/b@c");
  EXPECT_EQ(file->resolve_address, "192.0.2.7");
}

}  // namespace
}  // namespace ernstfall
