// cluster_check: what keeps a run from starting although the cluster file can be read: files of
// this machine that it names, and nodes that are one machine.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "harness/cluster/cluster.h"
#include "harness/core/files.h"

namespace ernstfall {
namespace {

constexpr std::uint64_t kMaxSecretBytes = 64U << 10U;

std::string place_or(const std::string& place, const Cluster& cluster) {
  return place.empty() ? cluster.source.string() : place;
}

void check_power(const Node& node, const Cluster& cluster, std::vector<std::string>& problems) {
  const PowerConfig& power = node.power;
  const std::string place = power.place.empty() ? node.place : power.place;
  for (const auto& [key, file] : {std::pair("ca", &power.ca_file),
                                  std::pair("pinned_certificate", &power.pinned_certificate_file)})
    if (!file->empty() && ::access(file->c_str(), R_OK) != 0)
      problems.push_back(fmt::format("{}: power of node {}: {}: {}: cannot be read",
                                     place_or(place, cluster), node.name, key, *file));
  // A variable may be set later, by whoever runs it; a file is there or is not.
  if (power.secret.kind == SecretRef::Kind::file)
    if (const auto secret = read_secret(power.secret); !secret)
      problems.push_back(to_string(secret.error()));
}

}  // namespace

Result<std::string> read_secret(const SecretRef& secret) {
  if (secret.kind == SecretRef::Kind::none) return std::string();
  const std::string prefix = secret.place.empty() ? "" : secret.place + ": ";
  if (secret.kind == SecretRef::Kind::environment) {
    const char* value = std::getenv(secret.name.c_str());
    if (value == nullptr || *value == '\0')
      return fail(Errc::usage, "{}the environment variable {} is not set", prefix, secret.name);
    return std::string(value);
  }
  struct stat info {};
  if (::stat(secret.name.c_str(), &info) != 0)
    return fail(Errc::usage, "{}{}: {}", prefix, secret.name,
                errno_error(secret.name, "cannot read the secret").what);
  if (!S_ISREG(info.st_mode))
    return fail(Errc::usage, "{}{}: a secret's file must be a plain file", prefix, secret.name);
  if ((info.st_mode & 0077U) != 0)
    return fail(Errc::usage, "{}{}: a secret's file must have mode 0600, this has {:04o}", prefix,
                secret.name, info.st_mode & 07777U);
  const auto content = read_file(secret.name, kMaxSecretBytes);
  if (!content) return fail(Errc::usage, "{}{}: {}", prefix, secret.name, content.error().what);
  std::string value(trim(*content));
  if (value.empty()) return fail(Errc::usage, "{}{}: the file is empty", prefix, secret.name);
  return value;
}

Status check_cluster(const Cluster& cluster) {
  std::vector<std::string> problems;
  std::map<std::string, std::string> reached;  // host:port -> node
  for (const Node& node : cluster.nodes) {
    if (node.ssh.transport == Transport::local) continue;
    // A node that was copied and not edited would be switched off in place of the other.
    const std::string at = fmt::format("{}:{}", node.ssh.host, node.ssh.port);
    if (const auto [first, inserted] = reached.emplace(at, node.name); !inserted)
      problems.push_back(fmt::format("{}: node {} is reached at the same place as node {}: {}",
                                     place_or(node.place, cluster), node.name, first->second, at));
  }
  for (const Node& node : cluster.nodes)
    if (auto status = check_ssh_access(node.name, node.ssh); !status) {
      if (status.error().where == node.name) status.error().where.clear();
      problems.push_back(fmt::format("{}: node {}: {}", place_or(node.place, cluster), node.name,
                                     to_string(status.error())));
    }
  for (const Node& node : cluster.nodes) check_power(node, cluster, problems);
  if (cluster.service) {
    const ServiceConfig& service = *cluster.service;
    if (!service.ca_file.empty() && ::access(service.ca_file.c_str(), R_OK) != 0)
      problems.push_back(fmt::format("{}: ca: {}: cannot be read", place_or(service.place, cluster),
                                     service.ca_file));
    // A variable may be set later, by whoever runs it; a file is there or is not.
    if (service.password.kind == SecretRef::Kind::file)
      if (const auto secret = read_secret(service.password); !secret)
        problems.push_back(to_string(secret.error()));
  }
  if (problems.empty()) return {};
  return fail(Errc::usage, "{}", join(problems, "\n"));
}

}  // namespace ernstfall
