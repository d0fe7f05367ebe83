// canary_testing: nodes of one machine with a volume each, on which the real scripts run. Only
// what the kernel says about mounts is the test's own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "harness/history/kinds.h"
#include "harness/load/canary.h"
#include "harness/remote/transports.h"
#include "probes/checks/canary.h"
#include "probes/checks/check.h"
#include "tests/mocks/synthetic_run.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::load_testing {

inline constexpr const char* kCanaryRun = "20261123T031205Z-test";

// Runs everything on this machine, with a list of mounts of its own, until its power is cut.
class VolumeNode final : public Remote {
 public:
  VolumeNode(std::string name, std::filesystem::path mounts)
      : name_(std::move(name)), mounts_(std::move(mounts)), inner_(make_local_remote(name_)) {
    mount("");
  }

  // As in /proc/self/mountinfo; empty: nothing is mounted.
  void mount(const std::string& line) { std::ofstream(mounts_) << line << "\n"; }
  void mount_drbd(const std::filesystem::path& path) { mount(line_for(path, "/dev/drbd0")); }
  static std::string line_for(const std::filesystem::path& path, const std::string& source,
                              const std::string& options = "rw,relatime",
                              const std::string& of_fs = "rw") {
    struct stat st {};
    EXPECT_EQ(::lstat(path.c_str(), &st), 0);
    return fmt::format("99 1 {}:{} / {} {} shared:1 - ext4 {} {}", major(st.st_dev),
                       minor(st.st_dev), path.string(), options, source, of_fs);
  }
  void cut_power() { *on_ = false; }
  // With its own list of mounts.
  RemoteCommand own(RemoteCommand command) const {
    for (std::string& word : command.argv)
      if (word == kCanaryMounts) word = mounts_.string();
    return command;
  }

  Result<ExecResult> exec(const RemoteCommand& command, Deadline deadline,
                          const std::stop_token& stop) override {
    if (!*on_) return fail_at(Errc::unreachable, name_, "no route");
    return inner_->exec(own(command), deadline, stop);
  }
  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand& command, Deadline deadline,
                                             const std::stop_token& stop) override {
    if (!*on_) return fail_at(Errc::unreachable, name_, "no route");
    ERNSTFALL_TRY(auto stream, inner_->stream(own(command), deadline, stop));
    return std::make_unique<Stream>(std::move(stream), on_);
  }
  std::string describe() const override { return name_; }
  Result<std::string> control_path_source(Deadline, const std::stop_token&) override {
    return std::string("127.0.0.1");
  }

 private:
  class Stream final : public LineStream {
   public:
    Stream(std::unique_ptr<LineStream> inner, std::shared_ptr<std::atomic<bool>> on)
        : inner_(std::move(inner)), on_(std::move(on)) {}
    Result<std::optional<std::string>> next_line(Deadline deadline,
                                                 const std::stop_token& stop) override {
      if (!*on_) return fail(Errc::unreachable, "connection lost");
      return inner_->next_line(deadline, stop);
    }
    std::string summary() const override { return inner_->summary(); }

   private:
    std::unique_ptr<LineStream> inner_;
    std::shared_ptr<std::atomic<bool>> on_;
  };

  const std::string name_;
  const std::filesystem::path mounts_;
  const std::unique_ptr<Remote> inner_;
  const std::shared_ptr<std::atomic<bool>> on_ = std::make_shared<std::atomic<bool>>(true);
};

class CanaryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(volume_);
    spec_.load = "canary.block";
    spec_.rate_hz = 100;
    spec_.on_volume = true;
    spec_.params["path"] = {ParamValue::Kind::text, volume_.string(), 0};
    set_file_size("1MiB", 1U << 20U);
    spec_.place = "kill-prod.yaml:34:5";
    settings_.again = std::chrono::milliseconds(20);
    settings_.begin = std::chrono::seconds(30);
    settings_.find = std::chrono::milliseconds(200);
    history_ = *HistoryWriter::create(temp_.path() / "history", kCanaryRun, clock_);
    run_source_ = *history_->define_source({0, "run", "run", "", 0, 0});
    prod_.mount_drbd(volume_);
  }
  void set_file_size(const std::string& text, double bytes) {
    spec_.params["file_size"] = {ParamValue::Kind::bytes, text, bytes};
  }

  static bool eventually(const std::function<bool()>& condition) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(60));
    while (!condition()) {
      if (deadline.expired()) return false;
      (void)sleep_until(Deadline::after(Millis(2)), std::stop_token());
    }
    return true;
  }

  std::vector<CanaryNode> nodes() { return {{"prod", &prod_}, {"mirror", &mirror_}}; }
  Status start() {
    auto canary = BlockCanary::start(*history_, nodes(), kCanaryRun, "canary.block", spec_,
                                     settings_, std::stop_token());
    if (!canary) return tl::unexpected(canary.error());
    canary_ = std::move(*canary);
    return {};
  }
  Status audit() {
    return canary_->audit(Deadline::after(std::chrono::seconds(60)), std::stop_token());
  }

  History recorded() const { return *read_history(temp_.path() / "history"); }
  CanaryMeasurement measured() const {
    const History history = recorded();
    return measure_canary(history, read_facts(history));
  }
  std::uint64_t acknowledged() const { return measured().acknowledged; }
  bool wait_for(std::uint64_t count) {
    return eventually([&] { return acknowledged() >= count; });
  }
  void fault_takes_effect() {
    const std::string text =
        R"({"fault":"node.power-off","node":"prod","index":0,"by":"test","effect_from_ns":)" +
        std::to_string(clock_.now()) + "}";
    ASSERT_TRUE(history_->append(
        Event{run_source_, clock_.now(), std::string(kinds::kFaultConfirmed), text}));
  }
  CheckResult judged(const std::string& check) const {
    const History history = recorded();
    Scenario scenario = mocks::kill_prod_scenario(false);
    scenario.loads.push_back(spec_);
    const Cluster cluster = mocks::two_node_cluster();
    return run_check(*find_check(check), {history, cluster, scenario});
  }

  std::filesystem::path folder() const { return volume_ / canary_folder(kCanaryRun); }
  // Changes bytes of a file of the canary, as a disk would that lies.
  void overwrite(int file, std::uint64_t offset, const std::string& bytes) const {
    std::fstream out(folder() / fmt::format("blocks-{}", file),
                     std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(out.is_open());
    out.seekp(static_cast<std::streamoff>(offset));
    out << bytes;
  }
  static std::string zeros(std::uint64_t count) { return std::string(count, '\0'); }

  testing_support::TempFolder temp_;
  const std::filesystem::path volume_ = temp_.path() / "volume";
  VolumeNode prod_{"prod", temp_.path() / "mounts-prod"};
  VolumeNode mirror_{"mirror", temp_.path() / "mounts-mirror"};
  LoadSpec spec_;
  CanarySettings settings_;
  RunClock clock_;
  std::unique_ptr<HistoryWriter> history_;
  SourceId run_source_ = 0;
  std::unique_ptr<BlockCanary> canary_;
};

}  // namespace ernstfall::load_testing
