// cluster_lock: the script that takes, puts off and gives back, and the heartbeat.
#include "harness/inject/cluster_lock.h"

#include <unistd.h>

namespace ernstfall {
namespace {

constexpr Nanos kLockFor = std::chrono::seconds(120);
constexpr Nanos kPutOffEvery = std::chrono::seconds(30);
constexpr Nanos kAskLockMax = std::chrono::seconds(15);  // scaled

// $1 take | put-off | release; $2 owner; $3 seconds. flock: two harnesses may ask at the same
// moment.
constexpr std::string_view kLockScript = R"sh(export LC_ALL=C
main() {
  umask 077
  mkdir -p /run/ernstfall-lock || exit 1
  exec 9>/run/ernstfall-lock/mutex && flock -w 10 9 || exit 1
  now=$(cut -d. -f1 /proc/uptime)
  until=0 owner=
  [ ! -e /run/ernstfall-lock/owner ] || read -r until owner </run/ernstfall-lock/owner
  if [ "$owner" != "$2" ] && [ "$now" -lt "${until:-0}" ]; then
    [ "$1" != release ] || exit 0
    echo "in use by $owner, for at most $((until - now)) s more" >&2
    exit 3
  fi
  if [ "$1" = release ]; then rm -rf /run/ernstfall-lock; exit 0; fi
  printf '%s %s\n' "$((now + $3))" "$2" >/run/ernstfall-lock/owner.new && mv /run/ernstfall-lock/owner.new /run/ernstfall-lock/owner
}
main "$@" </dev/null
)sh";

}  // namespace

std::string lock_owner(const std::string& run_id) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{} on {} (pid {})", run_id, host.data(), ::getpid());
}

Status ClusterLock::ask(const std::string& node, const std::string& what,
                        const std::stop_token& stop) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kLockFor).count();
  ERNSTFALL_TRY(
      const ExecResult result,
      exec_script(*nodes_.remote(node), kLockScript, {what, owner_, std::to_string(seconds)},
                  Deadline::after(nodes_.cluster().scaled(kAskLockMax)), stop));
  if (result.ok()) return {};
  return fail_at(result.exit_code == 3 ? Errc::refused : Errc::protocol, node,
                 "lock of the cluster: {}", result.summary());
}

std::map<std::string, Status> ClusterLock::ask_all(const std::string& what,
                                                   std::span<const Node> nodes,
                                                   const std::stop_token& stop) {
  std::map<std::string, Status> answers;
  std::mutex mutex;
  std::vector<std::jthread> threads;
  for (const Node& node : nodes)
    threads.emplace_back([&, name = node.name] {
      auto answer = ask(name, what, stop);
      const std::lock_guard lock(mutex);
      answers.emplace(name, std::move(answer));
    });
  threads.clear();
  return answers;
}

Status ClusterLock::acquire(const std::stop_token& stop) {
  // Of two harnesses at the same moment one gets the first node that answers, and with it the rest.
  std::span<const Node> rest(nodes_.cluster().nodes);
  bool first_answered = false;
  while (!rest.empty() && !first_answered) {
    const auto taken = ask(rest.front().name, "take", stop);
    if (!taken && taken.error().code == Errc::refused) {
      release();
      return taken;
    }
    first_answered = taken.has_value();
    rest = rest.subspan(1);
  }
  for (auto& [node, taken] : ask_all("take", rest, stop)) {
    if (taken || taken.error().code != Errc::refused) continue;
    release();
    return taken;
  }
  heartbeat_ = std::jthread([this](const std::stop_token& end) {
    while (sleep_until(Deadline::after(kPutOffEvery), end)) put_off(end);
  });
  return {};
}

void ClusterLock::put_off(const std::stop_token& stop) {
  for (const auto& [node, status] : ask_all("put-off", nodes_.cluster().nodes, stop)) {
    if (status || status.error().code != Errc::refused) continue;
    const std::lock_guard lock(mutex_);
    lost_ = to_string(status.error());
  }
}

void ClusterLock::release() {
  heartbeat_ = {};
  (void)ask_all("release", nodes_.cluster().nodes, {});
}

std::string ClusterLock::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

}  // namespace ernstfall
