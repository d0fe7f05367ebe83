// console_progress: draws the live view by overprinting a few lines, four times a second.
#include "harness/cli/console_progress.h"

#include <fmt/color.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "harness/cli/signals.h"
#include "harness/cli/terminal.h"
#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/run/live_board.h"

namespace ernstfall::cli {
namespace {

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// "webdav.write      DOWN 41.2 s   HTTP 503" for one source.
std::string source_line(const SourceView& view, TimeNs now, bool colour) {
  const bool good = view.good_since.has_value();
  const bool known = good || view.bad_since.has_value();
  const TimeNs since = good ? *view.good_since : view.bad_since.value_or(now);
  std::string state = !known ? "?" : good ? "up  " : "DOWN";
  if (colour && known)
    state = fmt::format(
        fmt::fg(good ? fmt::terminal_color::green : fmt::terminal_color::red) | fmt::emphasis::bold,
        "{}", state);
  std::string line = fmt::format("  {:<22} {} {:<14}", view.source.name, state,
                                 known ? format_duration(Nanos(now - since)) : "");
  if (good)
    line +=
        fmt::format(" {:>9}", format_duration(Nanos(std::max<TimeNs>(0, view.last_latency_ns))));
  else
    line += " " + elide(view.last_detail, 34);
  return line;
}

class ConsoleProgress final : public Progress {
 public:
  ConsoleProgress() : smart_(smart_terminal(STDERR_FILENO)), colour_(smart_ && colour_wanted()) {
    if (smart_)
      drawer_ = std::jthread([this](const std::stop_token& stop) {
        while (sleep_until(Deadline::after(std::chrono::milliseconds(250)), stop)) {
          const std::lock_guard lock(mutex_);
          redraw();
        }
      });
  }
  ~ConsoleProgress() override {
    if (drawer_.joinable()) {
      drawer_.request_stop();
      drawer_.join();
    }
    const std::lock_guard lock(mutex_);
    erase();
  }

  void folder(std::string_view path) override {
    set_heal_hint("ernstfall heal " + shell_quote_word(path));
  }
  void phase(std::string_view name, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    print_line(fmt::format("{:<10}{}", name, text));
  }
  void note(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    print_line(fmt::format("{:<10}{}", "", text));
  }
  void warn(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    print_line(fmt::format("{:<10}{}", "!", text));
  }
  void watch(const LiveBoard* board) override {
    const std::lock_guard lock(mutex_);
    erase();
    board_ = board;
  }

 private:
  void print_line(const std::string& text) {
    erase();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    fmt::print(stderr, "{:7.1f} s  {}\n", seconds, text);
  }
  void erase() {
    for (; drawn_ > 0; --drawn_) fmt::print(stderr, "\x1b[1A\x1b[2K");
    std::fflush(stderr);
  }
  void redraw() {
    if (board_ == nullptr) return;
    erase();
    const TimeNs now = board_->clock().now();
    const std::size_t columns = terminal_columns();
    std::vector<std::string> lines;
    for (const SourceView& view : board_->views())
      if (view.source.period_ns > 0)
        lines.push_back(source_line(view, now, colour_ && columns >= 80));
    if (board_->acknowledged_writes() > 0)
      lines.push_back("  writes acknowledged    " + format_count(board_->acknowledged_writes()));
    constexpr std::size_t kMaxLines = 20;
    if (lines.size() > kMaxLines) lines.resize(kMaxLines);
    for (const std::string& line : lines) fmt::print(stderr, "{}\n", line);
    drawn_ = lines.size();
    std::fflush(stderr);
  }

  bool smart_;
  bool colour_;
  std::mutex mutex_;
  const LiveBoard* board_ = nullptr;
  std::size_t drawn_ = 0;
  SteadyTime begin_ = std::chrono::steady_clock::now();
  std::jthread drawer_;
};

}  // namespace

std::unique_ptr<Progress> make_console_progress() {
  return std::make_unique<ConsoleProgress>();
}

}  // namespace ernstfall::cli
