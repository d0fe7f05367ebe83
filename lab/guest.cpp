// guest: shell scripts for the first start, and waiting for health.
#include "lab/guest.h"

#include <mutex>
#include <thread>

#include "harness/process/process.h"

namespace ernstfall {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Nanos kHealthCheckMax = seconds(30);
constexpr int kLostConnectionsMax = 3;

}  // namespace

Result<Guests> Guests::open(const LabStore& store, const Topology& topology) {
  Guests guests(store, topology);
  for (const LabNode& node : topology.nodes) {
    SshAccess access;
    access.host = node.address;
    access.identity_file = store.file("id").string();
    access.known_hosts_file = store.file("known_hosts").string();
    access.connect_timeout = seconds(15);  // a machine just resumed is slow at first
    access.keepalive = seconds(15);
    ERNSTFALL_TRY(guests.remotes_[node.name], make_remote(node.name, access));
  }
  return guests;
}

Error Guests::with_console(Error error, const std::string& node) const {
  const auto console = read_file(store_.node_file(node, "console.log"));
  if (!console) return error;
  const std::string_view text = trim(*console);
  const std::size_t begin = text.size() > 1500 ? text.find('\n', text.size() - 1500) : 0;
  error.what += "\nlast lines of its console:\n" +
                std::string(text.substr(begin == std::string_view::npos ? 0 : begin));
  return error;
}

Status Guests::wait_for_ssh(Deadline deadline, const std::stop_token& stop) {
  std::mutex mutex;
  std::optional<Error> failure;
  {
    std::vector<std::jthread> threads;
    for (const LabNode& node : topology_.nodes)
      threads.emplace_back([&, name = node.name] {
        while (true) {
          const auto answer =
              exec_ok(*remotes_.at(name), {"true"}, deadline.at_most(seconds(15)), stop);
          if (answer) return;
          Error error = answer.error();
          // `lab down` by someone else, or an emulator that crashed: nobody will ever answer.
          const bool gone = !store_.process(name + ".qemu").has_value();
          if (gone) error.what = "the machine has ended while it was starting";
          const bool final = gone || error.code == Errc::host_key || error.code == Errc::auth ||
                             deadline.expired();
          if (final || !sleep_until(deadline.at_most(milliseconds(300)), stop)) {
            const std::lock_guard lock(mutex);
            error.what = "step boot: " + error.what;
            error.where = name;
            if (!failure) failure = with_console(std::move(error), name);
            return;
          }
        }
      });
  }
  if (failure) return tl::unexpected(*failure);
  return {};
}

Status Guests::script(const std::string& node, const std::string& step, const std::string& text,
                      Deadline deadline, const std::stop_token& stop) {
  RemoteCommand command;
  command.argv = {"sh", "-s"};
  command.stdin_text = "set -e\nexport LC_ALL=C\n" + text;
  auto result = remotes_.at(node)->exec(command, deadline, stop);
  // An emulated machine on a busy host can be silent for longer than a connection lives. Every step
  // is written so that it may be done again.
  for (int again = 0; again < kLostConnectionsMax && !deadline.expired() && !result &&
                      result.error().code == Errc::unreachable;
       ++again)
    result = remotes_.at(node)->exec(command, deadline, stop);
  if (result && result->ok()) return {};
  Error error = result ? Error{Errc::protocol, result->summary(), node} : result.error();
  error.what = "step " + step + ": " + error.what;
  error.where = node;
  return tl::unexpected(with_console(std::move(error), node));
}

Status Guests::set_clocks(Deadline deadline, const std::stop_token& stop) {
  for (const LabNode& node : topology_.nodes) {
    while (true) {
      const auto now =
          std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
              .count();
      const auto set = exec_ok(*remotes_.at(node.name), {"date", "-s", fmt::format("@{:.3f}", now)},
                               deadline, stop);
      if (set) break;
      // The step of its clock may cost the machine the connection; the next attempt is right again.
      if (deadline.expired() || !sleep_until(deadline.at_most(milliseconds(300)), stop))
        return tl::unexpected(set.error());
    }
  }
  return {};
}

Status Guests::make_drbd(Deadline deadline, const std::stop_token& stop) {
  if (topology_.drbd_resource.empty()) return {};
  const std::string r = topology_.drbd_resource;
  // From the beginning each time: an interrupted first start may have left anything.
  const std::string create = fmt::format(
      "mountpoint -q /srv/cloud && umount /srv/cloud\n"
      "modprobe drbd\n"
      "systemctl start lab-data.service\n"
      "drbdadm down {0} 2>/dev/null || true\n"
      "chattr +i /srv/cloud\n"
      "drbdadm create-md --force {0} >/dev/null 2>&1\n"
      "drbdadm up {0}\n",
      r);
  const std::string primary = topology_.drbd_primary;
  const std::string secondary = topology_.drbd_secondary;
  for (const std::string& node : {primary, secondary})
    ERNSTFALL_CHECK(script(node, "drbd", "true\n" + create, deadline, stop));
  ERNSTFALL_CHECK(script(primary, "drbd",
                         fmt::format("timeout 60 drbdadm wait-connect {0}\n"
                                     "drbdadm new-current-uuid --clear-bitmap {0}/0\n"
                                     "drbdadm primary {0}\n"
                                     "mkfs.ext4 -q -F -m 0 /dev/drbd0\n"
                                     "drbdadm secondary {0}\n",
                                     r),
                         deadline, stop));
  return script(secondary, "drbd",
                "systemctl enable -q drbd-r0.service\nsystemctl start drbd-r0.service\n", deadline,
                stop);
}

Status Guests::make_service(Deadline deadline, const std::stop_token& stop) {
  for (const LabNode& node : topology_.nodes)
    for (const std::string& role : node.roles)
      if (role == "monitoring")
        ERNSTFALL_CHECK(script(node.name, "monitoring",
                               "systemctl enable -q prometheus.service\n"
                               "systemctl start prometheus.service\n",
                               deadline, stop));
  if (topology_.service_name.empty()) return {};
  const std::string files = fmt::format(
      "systemctl enable -q drbd-r0.service\n"
      "systemctl start srv-cloud.mount\n"
      "mkdir -p /srv/cloud/files/{}\n"
      "printf '%s' '{{\"installed\":true,\"maintenance\":false,\"needsDbUpgrade\":false,"
      "\"version\":\"0.0.0\",\"productname\":\"lab WebDAV\",\"product\":\"lab WebDAV\"}}' "
      "> /srv/cloud/status.php\n"
      "chown -R www-data:www-data /srv/cloud/files\n"
      "sync\n",
      topology_.service_user);
  ERNSTFALL_CHECK(script(topology_.drbd_primary, "service", files, deadline, stop));
  return topology_.service_manager.empty() ? serve_behind_ingress(deadline, stop)
                                           : hand_to_manager(deadline, stop);
}

// One node serves, at every boot.
Status Guests::serve_behind_ingress(Deadline deadline, const std::stop_token& stop) {
  ERNSTFALL_CHECK(
      script(topology_.drbd_primary, "service",
             "systemctl enable -q cloud-primary.service srv-cloud.mount apache2.service\n"
             "systemctl start apache2.service\n",
             deadline, stop));
  return script(
      topology_.ingress, "ingress",
      fmt::format("systemctl enable -q haproxy.service\n/usr/local/sbin/point-ingress {}\n",
                  topology_.drbd_primary),
      deadline, stop);
}

// Which node serves is from now on the manager's affair: nothing is left running for it to find.
Status Guests::hand_to_manager(Deadline deadline, const std::stop_token& stop) {
  ERNSTFALL_CHECK(script(topology_.drbd_primary, "service",
                         "systemctl stop srv-cloud.mount\nsystemctl stop cloud-primary.service\n",
                         deadline, stop));
  for (const std::string& node : {topology_.drbd_primary, topology_.drbd_secondary})
    ERNSTFALL_CHECK(script(node, "manager of the service",
                           fmt::format("systemctl enable -q drbd-r0.service {0}\n"
                                       "systemctl start {0}\n",
                                       topology_.service_manager),
                           deadline, stop));
  return {};
}

Status Guests::check_health(Deadline deadline, const std::stop_token& stop) {
  if (!topology_.drbd_resource.empty()) {
    const std::string drbd = fmt::format(
        "drbdsetup events2 --now {0} > /run/health\n"
        "grep -q 'replication:Established peer-disk:UpToDate' /run/health || "
        "{{ grep peer-device /run/health >&2 || echo '{0} has no peer' >&2; exit 1; }}\n",
        topology_.drbd_resource);
    for (const std::string& node : {topology_.drbd_primary, topology_.drbd_secondary})
      ERNSTFALL_CHECK(script(node, "health of DRBD", drbd, deadline, stop));
  }
  if (topology_.service_name.empty()) return {};
  ProcessSpec spec;
  spec.argv = {"curl",
               "-sS",
               "-f",
               "-o",
               "/dev/null",
               "--max-time",
               "5",
               "--noproxy",
               "*",
               "--cacert",
               store_.file("ca.pem").string(),
               "--resolve",
               fmt::format("{}:{}:{}", topology_.service_name, topology_.has_tls() ? 443 : 9200,
                           topology_.users_reach()),
               topology_.service_url(topology_.service_name) + "status.php"};
  auto out = run_process_ok(spec, deadline.at_most(seconds(10)), stop);
  if (!out) return fail_at(out.error().code, "the service", "step health: {}", out.error().what);
  return {};
}

Status Guests::wait_until_healthy(Deadline deadline, const std::stop_token& stop) {
  Status last;
  while (true) {
    Status now = check_health(deadline.at_most(kHealthCheckMax), stop);
    if (now) return now;
    // A check that the end of our patience cut short tells nothing: the one before it does.
    if (last || !deadline.expired()) last = std::move(now);
    if (deadline.expired()) return last;
    if (!sleep_until(deadline.at_most(milliseconds(500)), stop))
      return fail(Errc::cancelled, "stopped");
  }
}

}  // namespace ernstfall
