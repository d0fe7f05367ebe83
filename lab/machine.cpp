// machine: qemu's command line and life.
#include "lab/machine.h"

#include <fcntl.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>

#include <chrono>
#include <thread>
#endif

#include "harness/process/process.h"
#include "lab/lab.h"
#include "lab/network.h"

namespace ernstfall {

namespace fs = std::filesystem;

namespace {

std::string mac_address(const Topology& topology, const LabNode& node) {
  for (std::size_t i = 0; i < topology.nodes.size(); ++i)
    if (topology.nodes[i].name == node.name) return fmt::format("52:54:00:ef:00:{:02x}", i + 1);
  return "52:54:00:ef:00:ff";
}

// What emulation is bad at is left out: with AVX and carry-less multiplication on offer, libraries
// choose code for them, and a TLS handshake takes several times as long as with the plain one.
constexpr const char* kEmulatedCpu = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand";

// The rate of an emulated machine's time stamp counter: that of this machine's own, which qemu hands
// on. A guest measures it at boot against an emulated timer, and where this machine is busy just
// then, gets it wrong for good: one came out with a clock, and every kernel timer, that ran 2.9
// times too fast. Empty: the guest measures.
std::string emulated_tsc() {
#if defined(__x86_64__)
  static const std::string kArgument = [] {
    using Clock = std::chrono::steady_clock;
    struct Reading {
      Clock::time_point at;
      Clock::duration within;
      unsigned long long ticks;
    };
    // Of several readings the one whose two looks at the clock are closest together.
    const auto read = [] {
      Reading best{{}, Clock::duration::max(), 0};
      for (int i = 0; i < 20; ++i) {
        const auto before = Clock::now();
        const unsigned long long ticks = __rdtsc();
        const auto after = Clock::now();
        if (after - before < best.within) best = {before, after - before, ticks};
      }
      return best;
    };
    const Reading first = read();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const Reading last = read();
    const double ms = std::chrono::duration<double, std::milli>(last.at - first.at).count();
    const double khz = static_cast<double>(last.ticks - first.ticks) / ms;
    return khz > 100e3 && khz < 20e6 ? fmt::format("tsc_early_khz={:.0f} ", khz) : std::string();
  }();
  return kArgument;
#else
  return {};
#endif
}

// O_DIRECT for the replicated disk: nothing that the guest flushed may be lost with the process.
// Not every file system can (tmpfs); then the page cache of this machine stands in, which survives
// SIGKILL.
std::string cache_mode(const fs::path& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  return fd.valid() ? "none" : "writeback";
}

}  // namespace

Argv qemu_argv(const LabStore& store, const Topology& topology, const LabState& state,
               const LabNode& node, const MachineStart& start) {
  const std::string name = node.name;
  const std::string image = state.image;
  Argv argv{
      "qemu-system-x86_64",
      "-name",
      fmt::format("ernstfall-{}-{}", store.name(), name),
      "-machine",
      "pc",
      "-accel",
      state.accelerator == "kvm" ? "kvm" : "tcg,thread=multi",
      "-cpu",
      state.accelerator == "kvm" ? "host" : kEmulatedCpu,
      "-smp",
      "1",
      "-m",
      fmt::format("{}M", node.memory_bytes >> 20U),
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-kernel",
      image + "/vmlinuz",
      "-initrd",
      store.node_file(name, "initrd").string(),
      "-append",
      "console=ttyS0 net.ifnames=0 mitigations=off nokaslr audit=0 tsc=reliable no_timer_check " +
          (state.accelerator == "kvm" ? std::string() : emulated_tsc()) +
          "random.trust_cpu=on quiet",
      "-serial",
      "file:" + store.node_file(name, "console.log").string(),
      "-qmp",
      "unix:" + store.node_file(name, "qmp").string() + ",server=on,wait=off",
      "-drive",
      fmt::format("file={},if=virtio,format=qcow2,cache=writeback",
                  store.node_file(name, "root.qcow2").string()),
      "-netdev",
      fmt::format("tap,id=net0,ifname={},script=no,downscript=no", tap_name(topology, name)),
      "-device",
      fmt::format("virtio-net-pci,netdev=net0,romfile=,mac={}", mac_address(topology, node)),
      "-device",
      "virtio-rng-pci"};
  if (topology.in_pair(name)) {
    const fs::path data = store.node_file(name, "data.qcow2");
    argv.insert(argv.end(), {"-drive", fmt::format("file={},if=virtio,format=qcow2,cache={}",
                                                   data.string(), cache_mode(data))});
  }
  if (start.from_snapshot) argv.insert(argv.end(), {"-loadvm", kSnapshotTag, "-S"});
  return argv;
}

namespace {

Status make_disk(const fs::path& file, const Argv& backing, const std::string& size,
                 const std::stop_token& stop) {
  const std::string temporary = file.string() + ".new";
  ProcessSpec spec;
  spec.argv = {"qemu-img", "create", "-q", "-f", "qcow2"};
  spec.argv.insert(spec.argv.end(), backing.begin(), backing.end());
  spec.argv.push_back(temporary);
  if (!size.empty()) spec.argv.push_back(size);
  ERNSTFALL_CHECK(run_process_ok(spec, Deadline::after(std::chrono::seconds(60)), stop));
  std::error_code ec;
  fs::rename(temporary, file, ec);
  if (ec) return fail_at(Errc::io, file.string(), "cannot keep the disk: {}", ec.message());
  return {};
}

}  // namespace

Status make_disks(const LabStore& store, const Topology& topology, const LabState& state,
                  const LabNode& node, bool all_new, const std::stop_token& stop) {
  std::error_code ec;
  const fs::path root = store.node_file(node.name, "root.qcow2");
  if (all_new || !fs::exists(root, ec))
    ERNSTFALL_CHECK(make_disk(root, {"-b", state.image + "/root.img", "-F", "raw"}, "", stop));
  const fs::path data = store.node_file(node.name, "data.qcow2");
  if (topology.in_pair(node.name) && (all_new || !fs::exists(data, ec)))
    ERNSTFALL_CHECK(make_disk(data, {}, std::to_string(topology.drbd_bytes), stop));
  return {};
}

Status start_machine(const LabStore& store, const Topology& topology, const LabState& state,
                     const LabNode& node, const MachineStart& start, const std::stop_token& stop) {
  const std::string what = node.name + ".qemu";
  if (store.process(what)) return {};
  ERNSTFALL_TRY(const Argv prefix, enter_prefix(store));
  std::error_code ec;
  fs::remove(store.node_file(node.name, "qmp"), ec);
  ProcessSpec spec;
  spec.argv = prefix;
  const Argv qemu = qemu_argv(store, topology, state, node, start);
  spec.argv.insert(spec.argv.end(), qemu.begin(), qemu.end());
  spec.extra_env = {{kLabMark, store.folder().string()}};
  const fs::path log = store.node_file(node.name, "qemu.log");
  fs::remove(log, ec);
  ERNSTFALL_TRY(const int pid, spawn_detached(spec, log.string()));
  ERNSTFALL_CHECK(store.remember_process(what, pid));
  // From a snapshot all machines load theirs at once; who lets them go on waits for their monitors.
  if (start.from_snapshot) return {};
  // Up means: its monitor answers. The socket alone is there before the disks are opened.
  ERNSTFALL_TRY(const Qmp qmp,
                machine_monitor(store, node.name, Deadline::after(std::chrono::seconds(30)), stop));
  return {};
}

Result<Qmp> machine_monitor(const LabStore& store, const std::string& node, Deadline deadline,
                            const std::stop_token& stop) {
  const std::string what = node + ".qemu";
  auto qmp = Qmp::connect(
      store.node_file(node, "qmp"), [&] { return store.process(what).has_value(); }, deadline,
      stop);
  if (qmp || qmp.error().code == Errc::cancelled || store.process(what)) return qmp;
  const auto text = read_file(store.node_file(node, "qemu.log"), 1U << 16U);
  return fail_at(Errc::unsupported, node, "qemu ended: {}",
                 text && !trim(*text).empty() ? elide(trim(*text), 400) : "no output");
}

Status stop_machine(const LabStore& store, const std::string& node, Deadline deadline) {
  if (const auto process = store.process(node + ".qemu"))
    ERNSTFALL_CHECK(kill_process(*process, deadline));
  store.forget_process(node + ".qemu");
  return {};
}

std::string choose_accelerator(const fs::path& image, const std::stop_token& stop) {
  if (::access("/dev/kvm", R_OK | W_OK) != 0) return "tcg";
  ProcessSpec spec;
  // Without a disk the init of the lab's own RAM disk says so and powers off; it need not come so
  // far: the kernel's first line is enough, and an unusable KVM hangs before it.
  spec.argv = {"timeout",
               "8",
               "qemu-system-x86_64",
               "-accel",
               "kvm",
               "-cpu",
               "host",
               "-m",
               "256M",
               "-nodefaults",
               "-no-user-config",
               "-display",
               "none",
               "-no-reboot",
               "-kernel",
               (image / "vmlinuz").string(),
               "-append",
               "console=ttyS0 panic=-1",
               "-serial",
               "stdio"};
  const auto result = run_process(spec, Deadline::after(std::chrono::seconds(15)), stop);
  return result && result->out.find("Linux version") != std::string::npos ? "kvm" : "tcg";
}

}  // namespace ernstfall
