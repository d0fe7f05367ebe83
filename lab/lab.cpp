// lab: bringing a lab up and down, its power, its snapshot.
#include "lab/lab.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/process/process.h"
#include "lab/bmc.h"
#include "lab/guest.h"
#include "lab/identity.h"
#include "lab/machine.h"
#include "lab/network.h"
#include "lab/qmp.h"

namespace ernstfall {

namespace fs = std::filesystem;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr Nanos kImageMax = minutes(20);
constexpr Nanos kBootMax = minutes(8);
constexpr Nanos kSetupMax = minutes(5);
constexpr Nanos kSnapshotMax = minutes(3);

// One `up`, `down`, snapshot or reset of a lab at a time. Released when the process ends.
Result<Fd> lock_lab(const std::string& lab, const std::string& what) {
  ERNSTFALL_TRY(const fs::path folder, lab_folder(lab));
  ERNSTFALL_CHECK(make_directories(folder.parent_path()));
  const fs::path path = folder.parent_path() / ("." + lab + "." + what + ".lock");
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return tl::unexpected(errno_error(path, "cannot open the lock"));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::refused, "another command works on lab {} right now", lab);
  return fd;
}

Result<std::string> ensure_image(const Topology& topology, const LabSay& say,
                                 const std::stop_token& stop) {
  ProcessSpec spec;
  spec.argv = {(data_folder() / "lab/images/ensure-image").string()};
  if (!topology.packages.empty())
    spec.argv.insert(spec.argv.end(), {"--packages", join(topology.packages, ",")});
  for (const fs::path& overlay : topology.overlays) spec.argv.push_back(overlay.string());
  say("image");
  ERNSTFALL_TRY(const ProcessResult result, run_process(spec, Deadline::after(kImageMax), stop));
  if (!result.ok()) return fail(Errc::unsupported, "step image: {}", trim(result.err));
  if (!trim(result.err).empty()) say(trim(result.err));
  return std::string(trim(result.out));
}

// What `up` works with. Each step is safe to repeat, so that `up` resumes by doing all of them
// again.
class BringUp {
 public:
  BringUp(LabStore store, Topology topology, const LabUpOptions& options,
          const std::stop_token& stop)
      : store_(std::move(store)), topology_(std::move(topology)), options_(options), stop_(stop) {}

  Status execute() {
    ERNSTFALL_TRY(state_, store_.state());
    ERNSTFALL_TRY(const std::string image, ensure_image(topology_, options_.say, stop_));
    if (!state_.image.empty() && state_.image != image && !options_.fresh)
      return fail(Errc::refused,
                  "the image of lab {} has changed; make it anew: ernstfall lab up --fresh",
                  store_.name());
    if (state_.image != image || options_.fresh) {
      if (options_.fresh) ERNSTFALL_CHECK(stop_all());
      state_ = LabState{};
      state_.image = image;
    }
    if (state_.accelerator.empty()) state_.accelerator = choose_accelerator(image, stop_);
    options_.say("accelerator: " + state_.accelerator +
                 (state_.accelerator == "tcg" ? " (emulated: real, but slow)" : ""));
    ERNSTFALL_CHECK(make_secrets(store_, topology_, stop_));
    ERNSTFALL_CHECK(prepare_disks());
    ERNSTFALL_CHECK(store_.save(state_));
    ERNSTFALL_CHECK(ensure_network(store_, topology_, stop_));
    ERNSTFALL_CHECK(enter_lab_namespace(store_.name()));
    ERNSTFALL_CHECK(ensure_bmcs(store_, topology_, stop_));
    ERNSTFALL_CHECK(machines());
    ERNSTFALL_CHECK(first_start());
    return finish();
  }

 private:
  bool done(const std::string& step) const { return state_.done.count(step) > 0; }
  Status mark(const std::string& step) {
    state_.done.insert(step);
    return store_.save(state_);
  }

  Status stop_all() {
    for (const LabNode& node : topology_.nodes)
      ERNSTFALL_CHECK(stop_machine(store_, node.name, Deadline::after(seconds(10))));
    return {};
  }

  Status prepare_disks() {
    const bool all_new = !done("disks");
    for (const LabNode& node : topology_.nodes) {
      if (store_.process(node.name + ".qemu")) {
        if (!all_new) continue;
        ERNSTFALL_CHECK(stop_machine(store_, node.name, Deadline::after(seconds(10))));
      }
      ERNSTFALL_CHECK(make_disks(store_, topology_, state_, node, all_new, stop_));
      ERNSTFALL_TRY(const std::string seed, node_seed(store_, topology_, node));
      ERNSTFALL_TRY(const std::string initrd, read_file(fs::path(state_.image) / "initrd.img"));
      // Concatenated archives: the first one's padding ends at a multiple of 512.
      ERNSTFALL_CHECK(
          write_file_atomic(store_.node_file(node.name, "initrd"), initrd + seed, 0600));
    }
    return mark("disks");
  }

  Status machines() {
    std::size_t running = 0;
    for (const LabNode& node : topology_.nodes)
      if (store_.process(node.name + ".qemu")) ++running;
    if (running == 0 && state_.has_snapshot) return resume();
    const auto began = std::chrono::steady_clock::now();
    for (const LabNode& node : topology_.nodes)
      ERNSTFALL_CHECK(start_machine(store_, topology_, state_, node, {}, stop_));
    options_.say(running == topology_.nodes.size()
                     ? "machines: running"
                     : fmt::format("machines: {} booting", topology_.nodes.size() - running));
    ERNSTFALL_TRY(Guests guests, Guests::open(store_, topology_));
    ERNSTFALL_CHECK(guests.wait_for_ssh(Deadline::after(kBootMax), stop_));
    const double boot_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (running == 0) {
      state_.boot_seconds = boot_seconds;
      ERNSTFALL_CHECK(store_.save(state_));
      options_.say(fmt::format("machines: all answer over SSH after {:.1f} s", boot_seconds));
    }
    return {};
  }

  Status resume();

  Status first_start() {
    ERNSTFALL_TRY(Guests guests, Guests::open(store_, topology_));
    if (!done("drbd")) {
      options_.say("DRBD: first start");
      ERNSTFALL_CHECK(guests.make_drbd(Deadline::after(kSetupMax), stop_));
      ERNSTFALL_CHECK(mark("drbd"));
    }
    if (!done("service")) {
      options_.say("service: first start");
      ERNSTFALL_CHECK(guests.make_service(Deadline::after(kSetupMax), stop_));
      ERNSTFALL_CHECK(mark("service"));
    }
    return guests.wait_until_healthy(Deadline::after(kSetupMax), stop_);
  }

  Status finish() {
    // A machine with KVM boots in some five seconds; deadlines are written for that.
    const double time_scale = std::clamp(state_.boot_seconds / 10, 1.0, 10.0);
    ERNSTFALL_CHECK(write_cluster_files(store_, topology_, time_scale));
    return {};
  }

  LabStore store_;
  Topology topology_;
  LabUpOptions options_;
  std::stop_token stop_;
  LabState state_;
};

// Runs `what` for every machine at once; returns the first error.
template <typename What>
Status for_each_machine(const Topology& topology, const What& what) {
  std::vector<Status> results(topology.nodes.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < topology.nodes.size(); ++i)
      threads.emplace_back([&, i] { results[i] = what(topology.nodes[i]); });
  }
  for (const Status& result : results)
    if (!result) return result;
  return {};
}

// Starts every machine paused from the snapshot, lets them go together, and steps their clocks.
Status resume_all(const LabStore& store, const Topology& topology, const LabState& state,
                  const std::stop_token& stop) {
  const Deadline deadline = Deadline::after(kSnapshotMax);
  for (const LabNode& node : topology.nodes)
    ERNSTFALL_CHECK(start_machine(store, topology, state, node, {true}, stop));
  // Monitors first, then the word to go on: connections between the machines were alive at the
  // snapshot, and stay so when all of them go on within a moment.
  std::vector<Qmp> monitors;
  for (const LabNode& node : topology.nodes) {
    ERNSTFALL_TRY(Qmp qmp, machine_monitor(store, node.name, deadline, stop));
    monitors.push_back(std::move(qmp));
  }
  for (Qmp& qmp : monitors)
    ERNSTFALL_CHECK(qmp.execute("cont", nlohmann::json::object(), deadline, stop));
  ERNSTFALL_TRY(Guests guests, Guests::open(store, topology));
  ERNSTFALL_CHECK(guests.wait_for_ssh(deadline, stop));
  ERNSTFALL_CHECK(guests.set_clocks(deadline, stop));
  return guests.wait_until_healthy(deadline, stop);
}

Status BringUp::resume() {
  const auto began = std::chrono::steady_clock::now();
  options_.say("machines: from the snapshot");
  if (const auto resumed = resume_all(store_, topology_, state_, stop_); !resumed) {
    if (resumed.error().code == Errc::cancelled) return resumed;
    return fail(resumed.error().code,
                "{}\nthe snapshot cannot be used; make the lab anew: ernstfall lab up --fresh",
                to_string(resumed.error()));
  }
  options_.say(
      fmt::format("machines: all answer over SSH after {:.1f} s",
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()));
  return {};
}

Result<fs::path> topology_file(const LabUpOptions& options) {
  if (!options.topology.empty()) return options.topology;
  // A lab that exists knows its topology.
  if (!options.name.empty())
    if (const auto store = LabStore::open(options.name)) return store->file("topology.yaml");
  return data_folder() / "lab/topologies/homelab.yaml";
}

}  // namespace

Status lab_up(const LabUpOptions& options, const std::stop_token& stop) {
  ERNSTFALL_TRY(const fs::path file, topology_file(options));
  ERNSTFALL_TRY(Topology topology, load_topology(file));
  const std::string name = options.name.empty() ? topology.name : options.name;
  ERNSTFALL_TRY(const Fd lock, lock_lab(name, "up"));
  ERNSTFALL_TRY(const std::string text, read_file(file));
  if (const auto existing = LabStore::open(name)) {
    const auto known = existing->topology();
    const auto known_text = read_file(existing->file("topology.yaml"));
    if (!options.fresh && known && known_text && *known_text != text)
      return fail(
          Errc::refused,
          "lab {} was made from another topology; first: ernstfall lab down --purge --lab {}", name,
          name);
  }
  ERNSTFALL_TRY(LabStore store, LabStore::create(name, text));
  ERNSTFALL_CHECK(BringUp(store, topology, options, stop).execute());
  ERNSTFALL_TRY(const LabState state, store.state());
  if (state.has_snapshot) return {};
  return lab_snapshot(name, stop, options.say);
}

Status lab_down(const std::string& lab, bool purge) {
  ERNSTFALL_TRY(const fs::path folder, lab_folder(lab));
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  const Deadline deadline = Deadline::after(seconds(30));
  for (const ProcessId& process : marked_processes(folder))
    ERNSTFALL_CHECK(kill_process(process, deadline));
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder, ec))
    if (entry.path().extension() == ".process" || entry.path().extension() == ".qmp")
      fs::remove(entry.path(), ec);
  if (!purge) return {};
  fs::remove_all(folder, ec);
  if (ec) return fail_at(Errc::io, folder.string(), "cannot remove: {}", ec.message());
  return {};
}

Status lab_snapshot(const std::string& lab, const std::stop_token& stop, const LabSay& say) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  ERNSTFALL_TRY(const Topology topology, store.topology());
  ERNSTFALL_TRY(LabState state, store.state());
  ERNSTFALL_TRY(const Fd lock, lock_lab(lab, "snapshot"));
  const Deadline deadline = Deadline::after(kSnapshotMax);
  const auto began = std::chrono::steady_clock::now();
  std::vector<Qmp> monitors;
  for (const LabNode& node : topology.nodes) {
    ERNSTFALL_TRY(Qmp qmp, machine_monitor(store, node.name, deadline, stop));
    monitors.push_back(std::move(qmp));
  }
  // Half a snapshot is none: only when all machines were saved it counts.
  state.has_snapshot = false;
  ERNSTFALL_CHECK(store.save(state));
  Status result;
  for (Qmp& qmp : monitors)
    if (auto status = qmp.execute("stop", nlohmann::json::object(), deadline, stop); !status)
      result = tl::unexpected(status.error());
  for (std::size_t i = 0; i < monitors.size() && result; ++i)
    result = monitors[i].human(fmt::format("savevm {}", kSnapshotTag), deadline, stop);
  // Whatever happened: nobody stays frozen.
  for (Qmp& qmp : monitors) (void)qmp.execute("cont", nlohmann::json::object(), deadline, stop);
  if (!result) return result;
  state.has_snapshot = true;
  ERNSTFALL_CHECK(store.save(state));
  say(fmt::format("snapshot of {} machines in {:.1f} s", monitors.size(),
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()));
  return {};
}

Status lab_reset(const std::string& lab, const std::stop_token& stop, const LabSay& say) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  ERNSTFALL_TRY(const Topology topology, store.topology());
  ERNSTFALL_TRY(const LabState state, store.state());
  if (!state.has_snapshot)
    return fail(Errc::usage, "lab {} has no snapshot; first: ernstfall lab snapshot", lab);
  ERNSTFALL_TRY(const Fd lock, lock_lab(lab, "snapshot"));
  const auto began = std::chrono::steady_clock::now();
  ERNSTFALL_CHECK(ensure_network(store, topology, stop));
  ERNSTFALL_CHECK(enter_lab_namespace(lab));
  ERNSTFALL_CHECK(for_each_machine(topology, [&](const LabNode& node) {
    return stop_machine(store, node.name, Deadline::after(seconds(10)));
  }));
  ERNSTFALL_CHECK(resume_all(store, topology, state, stop));
  say(fmt::format("reset in {:.1f} s",
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()));
  return {};
}

Result<LabStatus> lab_status(const std::string& lab) {
  LabStatus status;
  status.name = lab;
  const auto store = LabStore::open(lab);
  if (!store) return status;
  status.exists = true;
  status.folder = store->folder();
  ERNSTFALL_TRY(const Topology topology, store->topology());
  ERNSTFALL_TRY(const LabState state, store->state());
  status.accelerator = state.accelerator;
  status.boot_seconds = state.boot_seconds;
  status.has_snapshot = state.has_snapshot;
  const bool namespace_there = store->process("namespace").has_value();
  status.up = namespace_there && state.done.count("service") > 0;
  for (const LabNode& node : topology.nodes) {
    LabNodeStatus one;
    one.name = node.name;
    one.address = node.address;
    if (const auto process = store->process(node.name + ".qemu")) {
      one.powered = true;
      one.pid = process->pid;
    }
    status.up = status.up && one.powered;
    status.nodes.push_back(one);
  }
  return status;
}

Result<fs::path> lab_cluster_file(const std::string& lab) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  std::error_code ec;
  if (!fs::exists(store.file("cluster.yaml"), ec))
    return fail(Errc::unreachable, "lab {} never came up completely; first: ernstfall lab up", lab);
  return store.file("cluster.yaml");
}

Result<std::vector<std::string>> lab_ssh_argv(const std::string& lab, const std::string& node) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  ERNSTFALL_TRY(const Topology topology, store.topology());
  const LabNode* found = topology.find(node);
  if (found == nullptr) return fail(Errc::usage, "lab {} has no node \"{}\"", lab, node);
  return Argv{"ssh",
              "-i",
              store.file("id").string(),
              "-o",
              "IdentitiesOnly=yes",
              "-o",
              "UserKnownHostsFile=" + store.file("known_hosts").string(),
              "-o",
              "StrictHostKeyChecking=yes",
              "-o",
              "ConnectTimeout=10",
              "root@" + found->address};
}

Status lab_power(const std::string& lab, const std::string& node, LabPower what, Deadline deadline,
                 const std::stop_token& stop) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  ERNSTFALL_TRY(const Topology topology, store.topology());
  const LabNode* found = topology.find(node);
  if (found == nullptr) return fail(Errc::usage, "lab {} has no node \"{}\"", lab, node);
  // One switch, one hand.
  ERNSTFALL_TRY(const Fd lock, lock_lab(lab, "power-" + node));
  if (what != LabPower::on) ERNSTFALL_CHECK(stop_machine(store, node, deadline));
  if (what == LabPower::off) return {};
  ERNSTFALL_TRY(const LabState state, store.state());
  return start_machine(store, topology, state, *found, {}, stop);
}

Result<bool> lab_power_status(const std::string& lab, const std::string& node) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  return store.process(node + ".qemu").has_value();
}

}  // namespace ernstfall
