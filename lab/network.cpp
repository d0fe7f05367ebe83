// network: the namespace is held by a sleeping process; root makes it as root, an ordinary user
// inside a user namespace of its own, in which it is root.
#include "lab/network.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness/process/process.h"
#include "lab/lab.h"

namespace ernstfall {
namespace {

constexpr const char* kNamespaceProcess = "namespace";

std::string namespace_file(int pid, const char* kind) {
  return fmt::format("/proc/{}/ns/{}", pid, kind);
}

// Two paths to the same namespace have the same inode.
bool same_namespace(const std::string& a, const std::string& b) {
  struct stat sa {};
  struct stat sb {};
  return ::stat(a.c_str(), &sa) == 0 && ::stat(b.c_str(), &sb) == 0 && sa.st_ino == sb.st_ino &&
         sa.st_dev == sb.st_dev;
}

Result<ProcessId> holder(const LabStore& store) {
  if (const auto process = store.process(kNamespaceProcess)) return *process;
  return fail(Errc::unreachable, "lab {} is not up; first: ernstfall lab up --lab {}", store.name(),
              store.name());
}

Status start_holder(const LabStore& store, const std::stop_token& stop) {
  ProcessSpec spec;
  spec.argv = ::geteuid() == 0
                  ? Argv{"unshare", "--net", "sleep", "infinity"}
                  : Argv{"unshare", "--user", "--map-root-user", "--net", "sleep", "infinity"};
  spec.extra_env = {{kLabMark, store.folder().string()}};
  ERNSTFALL_TRY(const int pid, spawn_detached(spec, store.file("namespace.log").string()));
  const Deadline deadline = Deadline::after(std::chrono::seconds(10));
  ERNSTFALL_TRY(const std::uint64_t ticks, process_start_ticks(pid));
  // The namespace is there once it is another than ours, and the program is no longer unshare.
  while (true) {
    const auto name = read_file(fmt::format("/proc/{}/comm", pid), 64);
    if (!process_alive(pid, ticks)) {
      const auto log = read_file(store.file("namespace.log"), 1U << 16U);
      return fail(Errc::unsupported,
                  "no network namespace could be made{}; as an ordinary user this needs user "
                  "namespaces (sysctl kernel.unprivileged_userns_clone=1), else run as root",
                  log ? " (" + std::string(trim(*log)) + ")" : "");
    }
    if (name && trim(*name) == "sleep" &&
        !same_namespace(namespace_file(pid, "net"), "/proc/self/ns/net"))
      break;
    if (deadline.expired()) return fail(Errc::timeout, "the lab's namespace does not appear");
    if (!sleep_until(deadline.at_most(std::chrono::milliseconds(5)), stop))
      return fail(Errc::cancelled, "stopped");
  }
  return store.remember_process(kNamespaceProcess, pid);
}

std::string network_commands(const Topology& topology) {
  std::string lines = "link set lo up\nlink add lab0 type bridge forward_delay 0\n";
  lines += fmt::format("address add {}/{} dev lab0\nlink set lab0 up\n", topology.gateway(),
                       topology.prefix_length());
  for (const LabNode& node : topology.nodes) {
    const std::string tap = tap_name(topology, node.name);
    lines += fmt::format("tuntap add dev {} mode tap\nlink set {} master lab0 up\n", tap, tap);
  }
  return lines;
}

}  // namespace

std::string tap_name(const Topology& topology, std::string_view node) {
  for (std::size_t i = 0; i < topology.nodes.size(); ++i)
    if (topology.nodes[i].name == node) return fmt::format("tap{}", i);
  return "tap-none";
}

Result<Argv> enter_prefix(const LabStore& store) {
  ERNSTFALL_TRY(const ProcessId process, holder(store));
  if (same_namespace(namespace_file(process.pid, "net"), "/proc/self/ns/net")) return Argv{};
  Argv prefix{"nsenter", "--net=" + namespace_file(process.pid, "net")};
  if (!same_namespace(namespace_file(process.pid, "user"), "/proc/self/ns/user"))
    prefix.insert(prefix.end(),
                  {"--user=" + namespace_file(process.pid, "user"), "--preserve-credentials"});
  prefix.push_back("--");
  return prefix;
}

Status ensure_network(const LabStore& store, const Topology& topology,
                      const std::stop_token& stop) {
  if (!store.process(kNamespaceProcess)) ERNSTFALL_CHECK(start_holder(store, stop));
  ERNSTFALL_TRY(const Argv prefix, enter_prefix(store));
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  ProcessSpec look;
  look.argv = prefix;
  // The last thing that is made: when it is there, everything is.
  look.argv.insert(look.argv.end(),
                   {"ip", "link", "show", tap_name(topology, topology.nodes.back().name), "up"});
  ERNSTFALL_TRY(const ProcessResult seen, run_process(look, deadline, stop));
  if (seen.ok() && !seen.out.empty()) return {};
  ProcessSpec make;
  make.argv = prefix;
  // -force: what an interrupted `up` already made is not an error.
  make.argv.insert(make.argv.end(), {"ip", "-force", "-batch", "-"});
  make.stdin_text = network_commands(topology);
  ERNSTFALL_CHECK(run_process(make, deadline, stop));
  ERNSTFALL_TRY(const ProcessResult check, run_process(look, deadline, stop));
  if (check.ok() && !check.out.empty()) return {};
  // The usual reason, for an ordinary user: udev gives the device mode 0666, a container does not.
  if (::access("/dev/net/tun", R_OK | W_OK) != 0)
    return fail(Errc::unsupported,
                "the lab's network cannot be made: this user may not open /dev/net/tun: {}; as root: "
                "modprobe tun; chmod 0666 /dev/net/tun",
                std::strerror(errno));
  return fail(Errc::unsupported, "the lab's network cannot be made: {}", check.summary());
}

Status enter_lab_namespace(const std::string& lab) {
  ERNSTFALL_TRY(const LabStore store, LabStore::open(lab));
  ERNSTFALL_TRY(const ProcessId process, holder(store));
  const std::string net = namespace_file(process.pid, "net");
  if (same_namespace(net, "/proc/self/ns/net")) return {};
  // A thread that stayed outside would start programs there: what is meant for the lab's addresses
  // would go to this machine's own network.
  ERNSTFALL_CHECK(return_to_one_thread());
  const auto enter = [](const std::string& path, int kind) -> Status {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || ::setns(fd.get(), kind) != 0)
      return tl::unexpected(errno_error(path, "cannot enter the lab's namespace"));
    return {};
  };
  const std::string user = namespace_file(process.pid, "user");
  if (!same_namespace(user, "/proc/self/ns/user")) ERNSTFALL_CHECK(enter(user, CLONE_NEWUSER));
  return enter(net, CLONE_NEWNET);
}

}  // namespace ernstfall
