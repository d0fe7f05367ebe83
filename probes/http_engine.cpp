// http_engine: the thread that owns libcurl's multi handle; others only leave orders and wake it.
#include "probes/http_engine.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "probes/http_exchange.h"

namespace ernstfall {
namespace {

// Only a safeguard: submit() and libcurl's own timeouts wake the poll.
constexpr int kPollMs = 1000;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

class MultiEngine final : public HttpEngine {
 public:
  MultiEngine(const RunClock& clock, CURLM* multi) : clock_(clock), multi_(multi) {}
  MultiEngine(const MultiEngine&) = delete;
  MultiEngine& operator=(const MultiEngine&) = delete;

  ~MultiEngine() override {
    {
      const std::lock_guard lock(mutex_);
      orders_.end = true;
    }
    (void)curl_multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

  Status start_thread() {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      return fail(Errc::io, "no thread for HTTP: {}", error.what());
    }
    return {};
  }

  bool submit(HttpRequest request, Done done) override {
    return submit_with_id(std::move(request), std::move(done)).has_value();
  }

  Result<HttpResponse> perform(HttpRequest request, const std::stop_token& stop) override {
    // Shared: the answer may come after this has given up.
    struct Slot {
      std::mutex mutex;
      std::condition_variable_any arrived;
      std::optional<HttpResponse> response;
    };
    const auto slot = std::make_shared<Slot>();
    const auto id = submit_with_id(std::move(request), [slot](const HttpResponse& response) {
      const std::lock_guard lock(slot->mutex);
      slot->response = response;
      slot->arrived.notify_all();
    });
    if (!id) return fail(Errc::refused, "too many HTTP requests are in flight");
    std::unique_lock lock(slot->mutex);
    if (slot->arrived.wait(lock, stop, [&] { return slot->response.has_value(); }))
      return std::move(*slot->response);
    lock.unlock();
    abandon(*id);
    return fail(Errc::cancelled, "stopped while waiting for an answer");
  }

  void cancel_all() override {
    {
      const std::lock_guard lock(mutex_);
      orders_.cancel_running = true;
      for (auto& exchange : orders_.begin) orders_.doomed.push_back(std::move(exchange));
      orders_.begin.clear();
    }
    (void)curl_multi_wakeup(multi_.get());
  }

 private:
  using Exchange = std::unique_ptr<HttpExchange>;
  // What others want done, in the order in which run() does it.
  struct Orders {
    bool cancel_running = false;
    std::vector<Exchange> doomed;  // accepted, not begun, and to be cancelled
    std::vector<Exchange> begin;
    std::vector<std::uint64_t> abandon;
    bool end = false;
  };

  std::optional<std::uint64_t> submit_with_id(HttpRequest request, Done done) {
    std::uint64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      if (orders_.end || in_flight_ >= kMaxInFlight) return std::nullopt;
      ++in_flight_;
      id = ++last_id_;
      orders_.begin.push_back(
          std::make_unique<HttpExchange>(id, std::move(request), std::move(done)));
    }
    (void)curl_multi_wakeup(multi_.get());
    return id;
  }

  void abandon(std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      orders_.abandon.push_back(id);
    }
    (void)curl_multi_wakeup(multi_.get());
  }

  // --- the engine's thread
  // ------------------------------------------------------------------------

  void run() {
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    // With CURLOPT_NOSIGNAL libcurl leaves a broken pipe to us; every write is in this thread.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (true) {
      Orders orders = take_orders();
      if (orders.cancel_running || orders.end) cancel_running();
      for (Exchange& exchange : orders.doomed) cancel(std::move(exchange));
      if (orders.end) {
        for (Exchange& exchange : orders.begin) cancel(std::move(exchange));
        return;
      }
      for (Exchange& exchange : orders.begin) begin(std::move(exchange));
      for (const std::uint64_t id : orders.abandon) cancel_running(id);
      int running = 0;
      (void)curl_multi_perform(multi_.get(), &running);
      collect();
      if (curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr) != CURLM_OK)
        std::this_thread::sleep_for(Millis(1));  // out of memory: do not spin
    }
  }

  Orders take_orders() {
    const std::lock_guard lock(mutex_);
    Orders taken = std::exchange(orders_, {});
    orders_.end = taken.end;  // for submit(), for ever
    return taken;
  }

  void begin(Exchange exchange) {
    CURLcode code = exchange->prepare(clock_.now());
    if (code == CURLE_OK && curl_multi_add_handle(multi_.get(), exchange->handle()) != CURLM_OK)
      code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK) {
      const std::uint64_t id = exchange->id();
      running_.emplace(id, std::move(exchange));
    } else {
      exchange->complete(code, clock_.now());
      settle();
    }
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // gone with the handle
      const TimeNs ended = clock_.now();
      char* self = nullptr;
      (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
      const Exchange exchange = withdraw(reinterpret_cast<HttpExchange*>(self)->id());
      exchange->complete(code, ended);
      settle();
    }
  }

  Exchange withdraw(std::uint64_t id) {
    auto node = running_.extract(id);
    if (node.empty()) return nullptr;
    (void)curl_multi_remove_handle(multi_.get(), node.mapped()->handle());
    return std::move(node.mapped());
  }

  void cancel_running() {
    while (!running_.empty()) cancel_running(running_.begin()->first);
  }
  void cancel_running(std::uint64_t id) {
    if (Exchange exchange = withdraw(id)) cancel(std::move(exchange));
  }
  void cancel(Exchange exchange) {
    exchange->cancel(clock_.now());
    settle();
  }

  // After `done` of one that was accepted has returned.
  void settle() {
    const std::lock_guard lock(mutex_);
    --in_flight_;
  }

  const RunClock clock_;
  const std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::unordered_map<std::uint64_t, Exchange> running_;  // of the engine's thread

  std::mutex mutex_;
  Orders orders_;
  std::size_t in_flight_ = 0;  // accepted, and `done` not yet returned
  std::uint64_t last_id_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpEngine>> HttpEngine::start(const RunClock& clock) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return fail(Errc::internal, "libcurl: {}", curl_easy_strerror(global));
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) return fail(Errc::internal, "libcurl gives no multi handle");
  auto engine = std::make_unique<MultiEngine>(clock, multi);
  ERNSTFALL_CHECK(engine->start_thread());
  return engine;
}

}  // namespace ernstfall
