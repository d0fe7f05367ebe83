// http_engine_test: every field of an answer, every way to get none, and the bounds.
#include "probes/http_engine.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "harness/core/files.h"
#include "tests/mocks/http_server.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using mocks::HttpServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Answer = HttpServer::Answer;
using Fault = HttpServer::Answer::Fault;

// Long enough that nothing but a hang reaches it.
constexpr Nanos kLong = seconds(30);
constexpr Nanos kShort = milliseconds(200);

HttpServer::Script always(Answer answer) {
  return [answer](const HttpServer::Received&) { return answer; };
}
Answer faulty(Fault fault) {
  Answer answer;
  answer.fault = fault;
  return answer;
}

class HttpEngineTest : public testing::Test {
 protected:
  HttpEngineTest() : engine_(std::move(*HttpEngine::start(clock_))) {}

  HttpResponse perform(HttpRequest request) {
    const auto response = engine_->perform(std::move(request), std::stop_token());
    EXPECT_TRUE(response.has_value());
    return response ? *response : HttpResponse();
  }
  static HttpRequest get(const std::string& url, Nanos timeout = kLong) {
    HttpRequest request;
    request.url = url;
    request.timeout = timeout;
    return request;
  }
  static HttpRequest put(const std::string& url, std::size_t size, Nanos timeout = kLong) {
    HttpRequest request = get(url, timeout);
    request.method = "PUT";
    request.body = std::string(size, 'x');
    return request;
  }

  const RunClock clock_;
  std::unique_ptr<HttpEngine> engine_;
};

TEST_F(HttpEngineTest, AnAnswerHasEveryField) {
  Answer answer{201, "hello", {}, {"X-One: first", "x-one: second", "ETag:  \"7\" "}};
  HttpServer server(always(answer));
  const TimeNs before = clock_.now();
  const HttpResponse response = perform(get(server.url("/a?b=c")));
  const TimeNs after = clock_.now();
  EXPECT_TRUE(response.completed());
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.error, "");
  EXPECT_FALSE(response.timed_out);
  EXPECT_FALSE(response.our_fault);
  EXPECT_TRUE(response.maybe_sent);
  EXPECT_EQ(response.header("X-ONE"), "first");
  EXPECT_EQ(response.header("etag"), "\"7\"");
  EXPECT_EQ(response.header("absent"), "");
  EXPECT_LE(before, response.started);
  EXPECT_LT(response.started, response.ended);
  EXPECT_LE(response.ended, after);
  ASSERT_EQ(server.received().size(), 1U);
  EXPECT_EQ(server.received()[0].method, "GET");
  EXPECT_EQ(server.received()[0].target, "/a?b=c");
}

TEST_F(HttpEngineTest, SendsMethodHeadersBodyAndCredentialsAtOnce) {
  HttpServer server(always({204}));
  HttpRequest request = put(server.url("/f"), 300'000);
  request.user = "ann";
  request.password = "pa:ss";
  request.headers = {"X-Extra: yes"};
  EXPECT_EQ(perform(request).status, 204);
  request.method = "MKCOL";
  request.body.clear();
  EXPECT_EQ(perform(request).status, 204);
  request.method = "PUT";
  EXPECT_EQ(perform(request).status, 204);
  const auto received = server.received();
  ASSERT_EQ(received.size(), 3U);
  EXPECT_EQ(received[0].method, "PUT");
  EXPECT_EQ(received[0].body, std::string(300'000, 'x'));
  EXPECT_EQ(received[0].header("authorization"), "Basic YW5uOnBhOnNz");
  EXPECT_EQ(received[0].header("x-extra"), "yes");
  EXPECT_EQ(received[0].header("expect"), "");
  EXPECT_EQ(received[1].method, "MKCOL");
  EXPECT_EQ(received[2].method, "PUT");
  EXPECT_EQ(received[2].header("content-length"), "0");
}

TEST_F(HttpEngineTest, ARefusalOfCredentialsIsNotAskedAgain) {
  HttpServer server(always({401, "", {}, {"WWW-Authenticate: Basic realm=\"x\""}}));
  HttpRequest request = get(server.url());
  request.user = "ann";
  request.password = "wrong";
  EXPECT_EQ(perform(request).status, 401);
  EXPECT_EQ(server.received().size(), 1U);
}

TEST_F(HttpEngineTest, RedirectsAreNotFollowed) {
  HttpServer server(always({302, "", {}, {"Location: /elsewhere"}}));
  EXPECT_EQ(perform(get(server.url())).status, 302);
  EXPECT_EQ(server.received().size(), 1U);
}

TEST_F(HttpEngineTest, AProxyOfTheEnvironmentIsNotAsked) {
  HttpServer server(always({200}));
  HttpServer proxy(always({502}));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const HttpResponse response = perform(get(server.url()));
  ::unsetenv("http_proxy");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(proxy.connections(), 0U);
}

// --- no answer: what may have been sent ---------------------------------------------------------

TEST_F(HttpEngineTest, RefusedIsSurelyNotSent) {
  HttpServer server(always({200}));
  (void)server.go_away();
  const HttpResponse response = perform(put(server.url(), 100));
  EXPECT_EQ(response.curl_error, CURLE_COULDNT_CONNECT);
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.maybe_sent);
  EXPECT_FALSE(response.timed_out);
  EXPECT_FALSE(response.our_fault);
  EXPECT_EQ(response.error, "no connection: Connection refused");
}

TEST_F(HttpEngineTest, UnknownNameIsSurelyNotSent) {
  const HttpResponse response = perform(put("http://no-such-host.invalid/", 100));
  EXPECT_EQ(response.curl_error, CURLE_COULDNT_RESOLVE_HOST);
  EXPECT_FALSE(response.maybe_sent);
}

TEST_F(HttpEngineTest, BadUrlIsSurelyNotSent) {
  const HttpResponse response = perform(put("http://a b/", 100));
  EXPECT_EQ(response.curl_error, CURLE_URL_MALFORMAT);
  EXPECT_FALSE(response.maybe_sent);
  EXPECT_NE(response.error, "");
}

TEST_F(HttpEngineTest, ConnectionThatDoesNotComeIsATimeoutAndNotSent) {
  // A listener whose queue is full lets further connections wait.
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, size), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  std::vector<Fd> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(fillers.back().get(), generic, size);
  }
  const HttpResponse response =
      perform(put(fmt::format("http://127.0.0.1:{}/", ntohs(address.sin_port)), 100, kShort));
  EXPECT_TRUE(response.timed_out);
  EXPECT_FALSE(response.maybe_sent);
  EXPECT_EQ(response.status, 0);
  EXPECT_GE(response.ended - response.started, kShort.count());
  EXPECT_THAT(response.error, HasSubstr("no connection within"));
}

TEST_F(HttpEngineTest, HangAfterTheBodyIsATimeoutThatMayBeSent) {
  HttpServer server(always(faulty(Fault::hang)));
  const HttpResponse response = perform(put(server.url(), 100, kShort));
  EXPECT_TRUE(response.timed_out);
  EXPECT_TRUE(response.maybe_sent);
  EXPECT_EQ(response.curl_error, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(response.status, 0);
  EXPECT_GE(response.ended - response.started, kShort.count());
  EXPECT_THAT(response.error, HasSubstr("no complete answer within"));
}

TEST_F(HttpEngineTest, ResetAndCloseAfterTheBodyMayBeSent) {
  for (const Fault fault : {Fault::reset, Fault::close, Fault::garbage}) {
    HttpServer server(always(faulty(fault)));
    const HttpResponse response = perform(put(server.url(), 100));
    EXPECT_FALSE(response.completed());
    EXPECT_TRUE(response.maybe_sent);
    EXPECT_FALSE(response.timed_out);
    EXPECT_FALSE(response.our_fault);
    EXPECT_NE(response.error, "");
    EXPECT_EQ(server.received().size(), 1U) << "asked once and never again";
  }
}

TEST_F(HttpEngineTest, ResetBeforeTheBodyIsReadMayBeSent) {
  HttpServer::Options options;
  options.reset_after_header = true;
  HttpServer server(always({200}), options);
  const HttpResponse response = perform(put(server.url(), 8U << 20U));
  EXPECT_FALSE(response.completed());
  EXPECT_TRUE(response.maybe_sent);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpEngineTest, AnswerThatIsCutIsNoAnswer) {
  Answer cut{200, "0123456789"};
  cut.fault = Fault::cut;
  HttpServer server(always(cut));
  const HttpResponse response = perform(get(server.url()));
  EXPECT_FALSE(response.completed());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "01234");
}

TEST_F(HttpEngineTest, AnAnswerThatIsTooLargeIsAnError) {
  HttpServer server(always({200, std::string(1000, 'x')}));
  HttpRequest request = get(server.url());
  request.max_body_bytes = 1000;
  EXPECT_TRUE(perform(request).completed());
  request.max_body_bytes = 999;
  const HttpResponse response = perform(request);
  EXPECT_FALSE(response.completed());
  EXPECT_LE(response.body.size(), 999U);
  EXPECT_EQ(response.error, "the answer is larger than 999 bytes");
}

TEST_F(HttpEngineTest, EndlessHeadersAreAnError) {
  Answer answer{200};
  for (int i = 0; i < 100; ++i) answer.headers.push_back("X-Pad: " + std::string(1000, 'x'));
  HttpServer server(always(answer));
  EXPECT_FALSE(perform(get(server.url())).completed());
}

TEST_F(HttpEngineTest, WithoutDescriptorsItIsOurFault) {
  HttpServer server(always({200}));
  ASSERT_TRUE(perform(get(server.url())).completed());  // what libcurl opens once is open
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const HttpResponse response = perform(get(server.url()));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_FALSE(response.completed());
  EXPECT_TRUE(response.our_fault);
  EXPECT_FALSE(response.maybe_sent);
  EXPECT_EQ(response.error, "no connection: Too many open files");
}

// --- connections
// ------------------------------------------------------------------------------------

TEST_F(HttpEngineTest, FreshConnectionsAreFreshAndKeptOnesAreKept) {
  Answer answer{200};
  answer.keep_alive = true;
  HttpServer server(always(answer));
  HttpRequest request = get(server.url());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(perform(request).status, 200);
  EXPECT_EQ(server.connections(), 3U);
  request.fresh_connection = false;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(perform(request).status, 200);
  EXPECT_EQ(server.connections(), 4U);
}

TEST_F(HttpEngineTest, ARequestOnAKeptConnectionIsNotRepeatedWhenThatBreaks) {
  HttpServer server([](const HttpServer::Received& received) {
    Answer answer{200};
    answer.keep_alive = true;
    if (received.target == "/break") answer.fault = Fault::close;
    return answer;
  });
  HttpRequest request = get(server.url());
  request.fresh_connection = false;
  ASSERT_EQ(perform(request).status, 200);
  request.url = server.url("/break");
  const HttpResponse response = perform(request);
  EXPECT_FALSE(response.completed());
  EXPECT_TRUE(response.maybe_sent);
  EXPECT_THAT(response.error, HasSubstr("had been closed"));
  EXPECT_EQ(server.received().size(), 2U);
}

TEST_F(HttpEngineTest, ResolveAddressReplacesDnsForThisRequestOnly) {
  HttpServer server(always({200}));
  HttpRequest request = get(fmt::format("http://cloud.invalid:{}/x", server.port()));
  request.resolve_address = "127.0.0.1";
  EXPECT_EQ(perform(request).status, 200);
  EXPECT_EQ(server.received().back().header("host"),
            fmt::format("cloud.invalid:{}", server.port()));
  request.resolve_address.clear();
  EXPECT_EQ(perform(request).curl_error, CURLE_COULDNT_RESOLVE_HOST);
}

TEST_F(HttpEngineTest, ResolveAddressMayBeIpv6) {
  HttpRequest request = get("http://cloud.invalid:1/");
  request.resolve_address = "::1";
  // Nothing listens there; that the address was understood is what counts.
  const HttpResponse response = perform(request);
  EXPECT_EQ(response.curl_error, CURLE_COULDNT_CONNECT) << response.error;
}

// --- TLS ----------------------------------------------------------------------------------------

class HttpEngineTlsTest : public HttpEngineTest {
 protected:
  HttpEngineTlsTest() {
    const mocks::TlsIdentity other = mocks::make_tls_identity("cloud.test");
    std::ofstream(good_ca()) << identity_.certificate_pem;
    std::ofstream(other_ca()) << other.certificate_pem;
    HttpServer::Options options;
    options.tls = identity_;
    server_.emplace(always({200, "secret"}), options);
  }
  std::string good_ca() const { return folder_.path() / "good.pem"; }
  std::string other_ca() const { return folder_.path() / "other.pem"; }
  HttpRequest pinned(const std::string& ca) const {
    HttpRequest request = put(fmt::format("https://cloud.test:{}/", server_->port()), 100);
    request.resolve_address = "127.0.0.1";
    request.ca_file = ca;
    return request;
  }

  const testing_support::TempFolder folder_;
  const mocks::TlsIdentity identity_ = mocks::make_tls_identity("cloud.test");
  std::optional<HttpServer> server_;
};

TEST_F(HttpEngineTlsTest, ThePinnedCaIsTrusted) {
  const HttpResponse response = perform(pinned(good_ca()));
  EXPECT_TRUE(response.completed()) << response.error;
  EXPECT_EQ(response.body, "secret");
}

TEST_F(HttpEngineTlsTest, AnotherCaTheSystemsAndAnotherNameAreNotAndNothingIsSent) {
  std::vector<HttpRequest> requests = {pinned(other_ca()), pinned(""), pinned(good_ca())};
  requests[2].url = fmt::format("https://other.test:{}/", server_->port());
  for (const HttpRequest& request : requests) {
    const HttpResponse response = perform(request);
    EXPECT_EQ(response.curl_error, CURLE_PEER_FAILED_VERIFICATION);
    EXPECT_FALSE(response.maybe_sent);
    EXPECT_NE(response.error, "");
  }
  // The same answer after a good one: what was trusted once is not remembered for another pin.
  EXPECT_TRUE(perform(pinned(good_ca())).completed());
  EXPECT_EQ(perform(pinned(other_ca())).curl_error, CURLE_PEER_FAILED_VERIFICATION);
  EXPECT_EQ(server_->received().size(), 1U);
}

TEST_F(HttpEngineTlsTest, ACaFileThatIsNotThereIsAnError) {
  const HttpResponse response = perform(pinned(folder_.path() / "absent.pem"));
  EXPECT_EQ(response.curl_error, CURLE_SSL_CACERT_BADFILE);
  EXPECT_FALSE(response.maybe_sent);
}

TEST_F(HttpEngineTest, ServerThatDiesInTheHandshakeGotNothing) {
  HttpServer::Options options;
  options.reset_on_accept = true;
  HttpServer server(always({200}), options);
  const HttpResponse response =
      perform(put(fmt::format("https://127.0.0.1:{}/", server.port()), 9));
  EXPECT_FALSE(response.completed());
  EXPECT_FALSE(response.maybe_sent);
}

// --- many at once, stop, cancel -----------------------------------------------------------------

TEST_F(HttpEngineTest, OneThatHangsHoldsUpNoOther) {
  HttpServer server([](const HttpServer::Received& received) {
    return received.target == "/hang" ? faulty(Fault::hang) : Answer{200};
  });
  std::atomic<int> hanging = 0;
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(engine_->submit(get(server.url("/hang")), [&](const HttpResponse&) { ++hanging; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(perform(get(server.url("/"))).status, 200);
  EXPECT_EQ(hanging, 0);
  engine_.reset();  // ends them
  EXPECT_EQ(hanging, 20);
}

TEST_F(HttpEngineTest, PerformEndsWhenStoppedAndTheRequestWithIt) {
  HttpServer server(always(faulty(Fault::hang)));
  std::stop_source stop;
  std::thread stopper([&] {
    while (server.received().empty()) std::this_thread::sleep_for(milliseconds(1));
    stop.request_stop();
  });
  const auto response = engine_->perform(get(server.url()), stop.get_token());
  stopper.join();
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code, Errc::cancelled);
}

TEST_F(HttpEngineTest, CancelAllEndsWhatIsInFlightAndNothingThatComesLater) {
  HttpServer server([](const HttpServer::Received& received) {
    return received.target == "/hang" ? faulty(Fault::hang) : Answer{200};
  });
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<HttpResponse> ended;
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(engine_->submit(get(server.url("/hang")), [&](const HttpResponse& response) {
      const std::lock_guard lock(mutex);
      ended.push_back(response);
      changed.notify_all();
    }));
  engine_->cancel_all();
  EXPECT_EQ(perform(get(server.url("/"))).status, 200);
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, kLong, [&] { return ended.size() == 5; }));
  for (const HttpResponse& response : ended) {
    EXPECT_EQ(response.error, "cancelled");
    EXPECT_TRUE(response.our_fault);
    EXPECT_FALSE(response.completed());
    EXPECT_LE(response.started, response.ended);
  }
}

TEST_F(HttpEngineTest, InFlightIsBoundedAndEveryAcceptedOneEnds) {
  std::atomic<std::size_t> ended = 0;
  std::size_t accepted = 0;
  std::mutex gate;
  {
    // The engine's thread stands in the first `done`, so that the others stay in flight.
    const std::lock_guard closed(gate);
    ASSERT_TRUE(engine_->submit(get("bad://"), [&](const HttpResponse&) {
      const std::lock_guard lock(gate);
      ++ended;
    }));
    accepted = 1;
    while (engine_->submit(get("bad://"), [&](const HttpResponse&) { ++ended; })) {
      ++accepted;
      ASSERT_LE(accepted, HttpEngine::kMaxInFlight);
    }
  }
  EXPECT_EQ(accepted, HttpEngine::kMaxInFlight);
  engine_.reset();
  EXPECT_EQ(ended, accepted);
}

TEST_F(HttpEngineTest, NoSecretInAnError) {
  HttpRequest request = get("http://user:hunter2@no-such-host-hunter2.invalid/");
  request.user = "user";
  request.password = "hunter2";
  const HttpResponse response = perform(request);
  EXPECT_FALSE(response.completed());
  EXPECT_EQ(response.error.find("hunter2"), std::string::npos) << response.error;
}

}  // namespace
}  // namespace ernstfall
