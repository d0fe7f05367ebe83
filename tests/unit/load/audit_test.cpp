// audit_test: what each answer means, and what the audit makes of a sequence of them.
#include <map>

#include "harness/load/ledger_audit.h"
#include "tests/unit/load/ledger_testing.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

HttpResponse status(int code, std::string body = "") {
  HttpResponse response;
  response.status = code;
  response.maybe_sent = true;
  response.body = std::move(body);
  return response;
}

HttpResponse no_answer() {
  HttpResponse response;
  response.curl_error = 7;
  response.error = "no connection";
  return response;
}

TEST(AuditAnswer, Table) {
  EXPECT_EQ(audit_answer(status(200, "body"), "body"), AuditAnswer::found);
  EXPECT_EQ(audit_answer(status(200, "bodY"), "body"), AuditAnswer::wrong);
  EXPECT_EQ(audit_answer(status(200, ""), "body"), AuditAnswer::wrong);
  EXPECT_EQ(audit_answer(status(404), "body"), AuditAnswer::lost);
  EXPECT_EQ(audit_answer(status(410), "body"), AuditAnswer::lost);
  EXPECT_EQ(audit_answer(status(425), "body"), AuditAnswer::processing);
  EXPECT_EQ(audit_answer(status(500), "body"), AuditAnswer::broken);
  EXPECT_EQ(audit_answer(status(507), "body"), AuditAnswer::broken);
  // Nothing of this is about the file.
  for (const int away : {301, 401, 403, 429, 502, 503, 504})
    EXPECT_EQ(audit_answer(status(away), "body"), AuditAnswer::away) << away;
  HttpResponse broken_off = status(200, "bo");
  broken_off.curl_error = 18;
  EXPECT_EQ(audit_answer(broken_off, "body"), AuditAnswer::away);
}

// Answers at once with what the script says for the n-th question about an entry.
class ScriptedEngine final : public HttpEngine {
 public:
  using Script = std::function<HttpResponse(const std::string& url, int nth)>;
  ScriptedEngine(const RunClock& clock, Script script)
      : clock_(clock), script_(std::move(script)) {}

  bool submit(HttpRequest request, Done done) override {
    ++asked;
    if (is_full) return false;
    HttpResponse response = script_(request.url, ++count_[request.url]);
    response.started = response.ended = clock_.now();
    done(response);
    return true;
  }
  Result<HttpResponse> perform(HttpRequest, const std::stop_token&) override {
    return fail(Errc::refused, "not scripted");
  }
  void cancel_all() override {}

  bool is_full = false;
  int asked = 0;

 private:
  const RunClock clock_;
  const Script script_;
  std::map<std::string, int> count_;
};

class Audit : public testing::Test {
 protected:
  // One acknowledged entry, seq 7; the steps that were recorded.
  std::vector<LedgerStep> steps(const ScriptedEngine::Script& script, Nanos longest) {
    return steps(std::make_unique<ScriptedEngine>(clock_, script), longest);
  }
  std::vector<LedgerStep> steps(std::unique_ptr<ScriptedEngine> engine, Nanos longest) {
    const testing_support::TempFolder temp;
    const auto history = *HistoryWriter::create(temp.path(), "run", clock_);
    const SourceId source =
        *history->define_source({0, "ledger.webdav", "ledger.webdav", "", 0, 0});
    const auto request = [](std::uint64_t seq) {
      HttpRequest get;
      get.url = std::to_string(seq);
      return get;
    };
    LedgerAudit audit{*history,    *engine, source,
                      seconds(10), request, [](std::uint64_t) { return std::string("body"); }};
    // A tenth of the real pauses: only their order matters here.
    for (Nanos* pause :
         {&audit.second_look, &audit.away_pause, &audit.first_pause, &audit.longest_pause})
      *pause /= 10;
    result_ = audit.run({{7, true}}, Deadline::after(longest), std::stop_token());
    asked_ = engine->asked;
    std::vector<LedgerStep> found;
    const History recorded = *read_history(temp.path());
    for (const LedgerRecord& record : recorded.ledger) found.push_back(record.step);
    return found;
  }

  RunClock clock_;
  Status result_;
  int asked_ = 0;
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Audit, LostIsAskedAgainOnceAndTheLastWordCounts) {
  EXPECT_THAT(steps([](const std::string&, int) { return status(404); }, minutes(1)),
              ElementsAre(LedgerStep::lost, LedgerStep::lost));
  EXPECT_EQ(asked_, 2);
  EXPECT_TRUE(result_);
  EXPECT_THAT(
      steps([](const std::string&, int n) { return n == 1 ? status(404) : status(200, "body"); },
            minutes(1)),
      ElementsAre(LedgerStep::lost, LedgerStep::found));
}

TEST_F(Audit, WrongIsAskedAgainOnceAndTheLastWordCounts) {
  EXPECT_THAT(steps([](const std::string&, int) { return status(200, "bodY"); }, minutes(1)),
              ElementsAre(LedgerStep::wrong, LedgerStep::wrong));
  EXPECT_THAT(steps([](const std::string&, int n) { return status(200, n == 1 ? "bo" : "body"); },
                    minutes(1)),
              ElementsAre(LedgerStep::wrong, LedgerStep::found));
}

TEST_F(Audit, ProcessingBrokenAndAwayEndWithTheFirstRealAnswer) {
  const auto script = [](const std::string&, int n) {
    if (n == 1) return no_answer();
    if (n == 2) return status(425);
    if (n == 3) return status(500);
    if (n == 4) return status(401);
    return status(200, "body");
  };
  EXPECT_THAT(steps(script, minutes(1)), ElementsAre(LedgerStep::found));
}

TEST_F(Audit, OneErrorInsideTheServiceIsNotYetUnreadable) {
  EXPECT_THAT(steps([](const std::string&, int) { return status(500); }, milliseconds(20)),
              IsEmpty());
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().code, Errc::timeout);
  EXPECT_THAT(steps([](const std::string&, int) { return status(500); }, seconds(1)),
              ElementsAre(LedgerStep::unreadable));
  EXPECT_TRUE(result_);
}

TEST_F(Audit, ErrorsBeforeTheServiceWentAwayAccuseNobody) {
  EXPECT_THAT(steps([](const std::string&, int n) { return n < 5 ? status(500) : status(503); },
                    seconds(1)),
              IsEmpty());
  EXPECT_FALSE(result_);
}

TEST_F(Audit, AServiceThatIsAwayIsAskedNowAndThen) {
  EXPECT_THAT(steps([](const std::string&, int) { return no_answer(); }, milliseconds(200)),
              IsEmpty());
  EXPECT_GE(asked_, 2);
  EXPECT_LE(asked_, 5);
}

TEST_F(Audit, AnEngineThatIsFullIsNotAskedInALoop) {
  auto engine = std::make_unique<ScriptedEngine>(clock_, nullptr);
  engine->is_full = true;
  EXPECT_THAT(steps(std::move(engine), milliseconds(200)), IsEmpty());
  EXPECT_LE(asked_, 5);
}

}  // namespace
}  // namespace ernstfall
