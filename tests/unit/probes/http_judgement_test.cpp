// http_judgement_test: the whole table of outcomes.
#include "probes/http_judgement.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include "harness/core/hash.h"

namespace ernstfall {
namespace {

HttpResponse answered(int status, std::string body = {}) {
  HttpResponse response;
  response.ended = kNsPerMs;
  response.status = status;
  response.maybe_sent = true;
  response.body = std::move(body);
  return response;
}

HttpResponse broken(CURLcode code, bool maybe_sent) {
  HttpResponse response;
  response.ended = kNsPerMs;
  response.curl_error = code;
  response.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  response.maybe_sent = maybe_sent;
  response.error = "broken";
  return response;
}

HttpResponse ours(bool maybe_sent) {
  HttpResponse response = broken(CURLE_ABORTED_BY_CALLBACK, maybe_sent);
  response.our_fault = true;
  return response;
}

Judgement read_as(const HttpResponse& response) {
  return judge_known_file(response, 5, sha256_hex("known"));
}

TEST(JudgePage, StatusAndText) {
  EXPECT_EQ(judge_page(answered(200, "a \"installed\":true b"), "\"installed\":true").outcome,
            Outcome::ok);
  EXPECT_EQ(judge_page(answered(200), "").outcome, Outcome::ok);
  const Judgement other = judge_page(answered(200, "installed: false"), "true");
  EXPECT_EQ(other.outcome, Outcome::failed);
  EXPECT_EQ(other.detail, "the page does not contain true");
  for (const int status : {201, 204, 301, 302, 401, 404, 425, 500, 502, 503, 504})
    EXPECT_EQ(judge_page(answered(status, "true"), "true").outcome, Outcome::failed) << status;
}

TEST(JudgeKnownFile, SameBytesOrNot) {
  EXPECT_EQ(read_as(answered(200, "known")).outcome, Outcome::ok);
  EXPECT_EQ(read_as(answered(200, "other")).detail, "the known file differs: other bytes");
  EXPECT_EQ(read_as(answered(200, "know")).detail, "the known file differs: 4 bytes instead of 5");
  EXPECT_EQ(read_as(answered(200)).outcome, Outcome::failed);
  EXPECT_EQ(read_as(answered(404)).detail, "the known file is gone");
  EXPECT_EQ(read_as(answered(425)).outcome, Outcome::degraded);
  for (const int status : {204, 206, 401, 404, 423, 500, 502, 503, 504, 507})
    EXPECT_EQ(read_as(answered(status, "known")).outcome, Outcome::failed) << status;
}

TEST(JudgeKnownFile, SlowIsDegradedAndWrongStaysWrong) {
  HttpResponse response = answered(200, "known");
  response.started = kNsPerSecond;
  response.ended = response.started + kSlowRead.count();
  EXPECT_EQ(read_as(response).outcome, Outcome::ok);
  ++response.ended;
  EXPECT_EQ(read_as(response).outcome, Outcome::degraded);
  EXPECT_EQ(read_as(response).detail, "slow: 2.0 s");
  response.body = "wrong";
  EXPECT_EQ(read_as(response).outcome, Outcome::failed);
}

TEST(JudgeStored, Statuses) {
  EXPECT_EQ(judge_stored(answered(201)).outcome, Outcome::ok);
  EXPECT_EQ(judge_stored(answered(204)).outcome, Outcome::ok);
  for (const int status : {200, 202, 302, 401, 403, 404, 409, 423, 425, 500, 502, 503, 504, 507}) {
    EXPECT_EQ(judge_stored(answered(status)).outcome, Outcome::failed) << status;
    EXPECT_NE(judge_stored(answered(status)).detail, "") << status;
  }
}

TEST(JudgeWithoutAnswer, OnlyAWriteThatMayBeSentIsIndeterminate) {
  for (const bool sent : {false, true}) {
    const HttpResponse late = broken(CURLE_OPERATION_TIMEDOUT, sent);
    const HttpResponse reset = broken(CURLE_RECV_ERROR, sent);
    EXPECT_EQ(judge_page(late, "").outcome, Outcome::timeout);
    EXPECT_EQ(judge_page(reset, "").outcome, Outcome::failed);
    EXPECT_EQ(read_as(late).outcome, Outcome::timeout);
    EXPECT_EQ(read_as(reset).outcome, Outcome::failed);
    EXPECT_EQ(judge_stored(late).outcome, sent ? Outcome::indeterminate : Outcome::timeout);
    EXPECT_EQ(judge_stored(reset).outcome, sent ? Outcome::indeterminate : Outcome::failed);
    EXPECT_EQ(judge_stored(reset).detail, "broken");
  }
  // An acknowledgement that was cut off is none.
  HttpResponse cut = broken(CURLE_PARTIAL_FILE, true);
  cut.status = 201;
  EXPECT_EQ(judge_stored(cut).outcome, Outcome::indeterminate);
  cut.status = 200;
  cut.body = "known";
  EXPECT_EQ(read_as(cut).outcome, Outcome::failed);
}

TEST(JudgeWithoutAnswer, OurFaultIsMissed) {
  for (const bool sent : {false, true}) {
    EXPECT_EQ(judge_page(ours(sent), "").outcome, Outcome::missed);
    EXPECT_EQ(read_as(ours(sent)).outcome, Outcome::missed);
    EXPECT_EQ(judge_stored(ours(sent)).outcome, Outcome::missed);
  }
}

TEST(CodeOf, StatusOrNegativeError) {
  EXPECT_EQ(code_of(answered(503)), 503);
  EXPECT_EQ(code_of(broken(CURLE_COULDNT_CONNECT, false)), -7);
  HttpResponse cut = broken(CURLE_PARTIAL_FILE, true);
  cut.status = 200;
  EXPECT_EQ(code_of(cut), -18);
}

}  // namespace
}  // namespace ernstfall
