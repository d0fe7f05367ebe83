// book_test: what a ledger promises about its records: before the write, on the disk soon, none
// without a trace.
#include <atomic>

#include "harness/load/ledger_book.h"
#include "tests/unit/load/ledger_testing.h"

namespace ernstfall {
namespace {

using load_testing::eventually;
using load_testing::kRunId;
using load_testing::kWriter;
using std::chrono::seconds;

HttpResponse answer(int status, int curl_error = 0, bool maybe_sent = true) {
  HttpResponse response;
  response.status = status;
  response.curl_error = curl_error;
  response.maybe_sent = maybe_sent;
  return response;
}

TEST(StepOfAnswer, Table) {
  for (const int status : {201, 204})
    EXPECT_EQ(step_of_answer(answer(status)), LedgerStep::acknowledged) << status;
  for (const int status : {400, 401, 403, 409, 413, 423, 425, 429, 507})
    EXPECT_EQ(step_of_answer(answer(status)), LedgerStep::refused) << status;
  // 200 may be an ingress's own page.
  for (const int status : {200, 202, 302, 408, 500, 502, 503, 504})
    EXPECT_EQ(step_of_answer(answer(status)), LedgerStep::indeterminate) << status;
  EXPECT_EQ(step_of_answer(answer(0, 7, false)), LedgerStep::refused);
  EXPECT_EQ(step_of_answer(answer(0, 28)), LedgerStep::indeterminate);
  EXPECT_EQ(step_of_answer(answer(201, 56)), LedgerStep::indeterminate);  // broke off
  EXPECT_EQ(step_of_answer(answer(404, 56)), LedgerStep::indeterminate);
}

TEST(LedgerBody, HasItsSizeAndIsLikeNoOther) {
  for (const std::uint64_t size : {128U, 129U, 4096U, 100000U})
    EXPECT_EQ(ledger_body("run", "w", 1, size).size(), size);
  EXPECT_EQ(ledger_body("run", "w", 1, 1).size(), 128U);
  EXPECT_EQ(ledger_body("run", "w", 1, 4096), ledger_body("run", "w", 1, 4096));
  std::set<std::string> bodies;
  for (const std::string& run : {std::string("run"), std::string(300, 'r')})
    for (const char* writer : {"w", "v"})
      for (std::uint64_t seq = 0; seq < 20; ++seq)
        bodies.insert(ledger_body(run, writer, seq, 128));
  EXPECT_EQ(bodies.size(), 80U);
  EXPECT_EQ(ledger_body("run", "w", 5, 4096).rfind("ernstfall run=run writer=w seq=5\n", 0), 0U);
}

// Passes on to a real history; flushes are counted, and appends may fail.
class WatchedHistory final : public HistoryWriter {
 public:
  explicit WatchedHistory(HistoryWriter& inner) : inner_(inner) {}
  const RunClock& clock() const override { return inner_.clock(); }
  Result<SourceId> define_source(Source source) override { return inner_.define_source(source); }
  Status append(const Sample& sample) override { return inner_.append(sample); }
  Status append(const Event& event) override { return inner_.append(event); }
  Status append(const LedgerRecord& record) override {
    if (is_full) return fail(Errc::io, "no space left");
    return inner_.append(record);
  }
  Status sync() override {
    ++syncs;
    if (is_full) return fail(Errc::io, "no space left");
    return inner_.sync();
  }
  Status close() override { return inner_.close(); }

  std::atomic<int> syncs = 0;
  std::atomic<bool> is_full = false;

 private:
  HistoryWriter& inner_;
};

class BookTest : public testing::Test {
 protected:
  History recorded() const { return *read_history(temp_.path()); }

  testing_support::TempFolder temp_;
  RunClock clock_;
  std::unique_ptr<HistoryWriter> inner_ = *HistoryWriter::create(temp_.path(), kRunId, clock_);
  WatchedHistory history_{*inner_};
  SourceId source_ = *history_.define_source({0, kWriter, "ledger.webdav", "", 0, 0});
};

TEST_F(BookTest, FlushesSoonAndManyRecordsAtOnce) {
  LedgerBook book(history_, source_, 1000);
  ASSERT_TRUE(book.start());
  const SteadyTime begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i) {
    const auto seq = book.begin();
    ASSERT_TRUE(seq);
    book.end(*seq, LedgerStep::acknowledged, clock_.now(), 201, "");
  }
  ASSERT_TRUE(eventually([&] { return history_.syncs >= 1; }));
  ASSERT_TRUE(book.close());
  const auto windows = (std::chrono::steady_clock::now() - begun) / GroupSync::kWindow;
  EXPECT_LE(history_.syncs, windows + 2);
  const int before = history_.syncs;
  LedgerBook silent(history_, source_, 10);
  ASSERT_TRUE(silent.start());
  ASSERT_TRUE(silent.begin());
  ASSERT_TRUE(silent.close());
  EXPECT_EQ(history_.syncs, before);  // only acknowledgements are worth a flush
}

TEST_F(BookTest, BoundsWhatIsInFlight) {
  LedgerBook book(history_, source_, 2);
  ASSERT_TRUE(book.begin());
  ASSERT_TRUE(book.begin());
  const auto third = book.begin();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::refused);
  EXPECT_FALSE(book.wait_until_idle(Deadline::after(Millis(1))));
  book.end(0, LedgerStep::refused, 1, 409, "");
  EXPECT_TRUE(book.begin());
}

TEST_F(BookTest, SendsNothingThatItCannotRecordAndSaysSo) {
  LedgerBook book(history_, source_, 10);
  ASSERT_TRUE(book.start());
  const auto first = book.begin();
  ASSERT_TRUE(first);
  history_.is_full = true;
  EXPECT_FALSE(book.begin());
  book.end(*first, LedgerStep::acknowledged, clock_.now(), 201, "");
  EXPECT_TRUE(book.wait_until_idle(Deadline::after(seconds(1))));
  const auto entries = book.entries_to_audit();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_FALSE(entries[0].acknowledged);  // no record, no promise
  const auto closed = book.close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, Errc::io);
}

// Takes every request and answers none, or takes none.
class SilentEngine final : public HttpEngine {
 public:
  using Look = std::function<void(const HttpRequest&)>;
  explicit SilentEngine(Look look) : look_(std::move(look)) {}
  bool submit(HttpRequest request, Done) override {
    look_(request);
    return !is_full;
  }
  Result<HttpResponse> perform(HttpRequest, const std::stop_token&) override { return answer(201); }
  void cancel_all() override {}
  std::atomic<bool> is_full = false;

 private:
  const Look look_;
};

class LedgerSlots : public BookTest {
 protected:
  std::unique_ptr<Ledger> start(HttpEngine& engine) {
    cluster_.service.emplace();
    cluster_.service->url = "http://127.0.0.1:1/";
    LoadSpec spec;
    spec.rate_hz = 100;
    spec.timeout = Millis(50);  // so 5 and the margin in flight
    return *Ledger::start(history_, engine, cluster_, kRunId, kWriter, spec, std::stop_token());
  }
  Cluster cluster_;
};

TEST_F(LedgerSlots, EveryWriteIsInTheHistoryBeforeItIsSent) {
  std::atomic<int> sent = 0;
  std::atomic<int> announced = 0;
  SilentEngine engine([&](const HttpRequest& request) {
    const History history = recorded();  // as it is on the disk now
    const std::uint64_t seq = history.ledger.empty() ? 99 : history.ledger.back().seq;
    const std::string expected = fmt::format("/{}-{}", kWriter, seq);
    announced += request.url.find(expected) != std::string::npos ? 1 : 0;
    ++sent;
  });
  auto ledger = start(engine);
  ASSERT_TRUE(eventually([&] { return sent >= 5; }));
  ledger.reset();
  EXPECT_EQ(announced, sent);
}

TEST_F(LedgerSlots, SlotsThatCannotBeSentAreMissedAndNotInvented) {
  for (const bool full : {false, true}) {
    std::atomic<int> submitted = 0;
    SilentEngine engine([&](const HttpRequest&) { ++submitted; });
    engine.is_full = full;
    const std::size_t before = recorded().samples.size();
    const std::size_t records_before = recorded().ledger.size();
    const auto ledger = start(engine);
    ASSERT_TRUE(eventually([&] { return recorded().samples.size() >= before + 10; }));
    const History history = recorded();
    for (const Sample& sample : history.samples) {
      EXPECT_EQ(sample.outcome, Outcome::missed);
      EXPECT_EQ(history.sources[sample.source].kind, "ledger.webdav");
    }
    std::size_t refused = 0;
    for (std::size_t i = records_before; i < history.ledger.size(); ++i)
      refused += history.ledger[i].step == LedgerStep::refused ? 1 : 0;
    if (full) {
      EXPECT_GE(refused, 9U);
    } else {
      EXPECT_EQ(refused, 0U);
      EXPECT_EQ(submitted, 13);
    }
  }
}

}  // namespace
}  // namespace ernstfall
