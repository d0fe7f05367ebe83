// identity: keys and certificates by openssl and ssh-keygen, configuration files by templates.
#include "lab/identity.h"

#include <random>

#include "harness/cluster/cluster.h"
#include "harness/core/files.h"
#include "harness/core/hash.h"
#include "harness/process/process.h"
#include "lab/bmc.h"
#include "lab/cpio.h"

namespace ernstfall {

namespace fs = std::filesystem;

namespace {

Status run(Argv argv, const fs::path& folder, const std::stop_token& stop,
           std::string stdin_text = {}) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.working_folder = folder.string();
  spec.stdin_text = std::move(stdin_text);
  auto out = run_process_ok(spec, Deadline::after(std::chrono::seconds(60)), stop);
  if (!out) return tl::unexpected(out.error());
  return {};
}

bool file_exists(const fs::path& path) {
  std::error_code ec;
  return fs::exists(path, ec);
}

// Written under another name first, so that an interrupted program leaves no half key behind.
Status ssh_key(const LabStore& store, const std::string& name, const std::stop_token& stop) {
  if (file_exists(store.file(name))) return {};
  const std::string temporary = name + ".new";
  std::error_code ec;
  fs::remove(store.file(temporary), ec);
  ERNSTFALL_CHECK(
      run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ernstfall-lab", "-f", temporary},
          store.folder(), stop));
  fs::rename(store.file(temporary + ".pub"), store.file(name + ".pub"), ec);
  if (!ec) fs::rename(store.file(temporary), store.file(name), ec);
  if (ec) return fail_at(Errc::io, store.file(name).string(), "cannot keep: {}", ec.message());
  return {};
}

Status certificates(const LabStore& store, const Topology& topology, const std::stop_token& stop) {
  if (file_exists(store.file("server.pem"))) return {};
  const Argv common{
      "openssl", "req",   "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
      "-nodes",  "-days", "3650"};
  Argv ca = common;
  ca.insert(ca.end(), {"-subj", "/CN=ernstfall lab " + topology.name, "-keyout", "ca.key", "-out",
                       "ca.pem", "-addext", "keyUsage=critical,keyCertSign"});
  ERNSTFALL_CHECK(run(ca, store.folder(), stop));
  std::string names = "subjectAltName=DNS:" + topology.service_name;
  for (const LabNode& node : topology.nodes) names += ",DNS:" + node.name + ",IP:" + node.address;
  if (!topology.service_address.empty()) names += ",IP:" + topology.service_address;
  Argv server = common;
  server.insert(server.end(),
                {"-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=" + topology.service_name,
                 "-addext", names, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout",
                 "server.key", "-out", "server.pem.new"});
  ERNSTFALL_CHECK(run(server, store.folder(), stop));
  std::error_code ec;
  fs::rename(store.file("server.pem.new"), store.file("server.pem"), ec);
  if (ec) return fail_at(Errc::io, store.file("server.pem").string(), "{}", ec.message());
  return {};
}

std::string new_secret(std::size_t length) {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += std::to_string(random());
  return sha256_hex(bytes).substr(0, length);
}

Status password(const LabStore& store, const Topology& topology, const std::stop_token& stop) {
  if (file_exists(store.file("htpasswd"))) return {};
  const std::string secret = new_secret(32);
  ERNSTFALL_CHECK(write_file_atomic(store.file("password"), secret + "\n", 0600));
  ProcessSpec spec;
  spec.argv = {"openssl", "passwd", "-apr1", "-stdin"};
  spec.stdin_text = secret + "\n";
  ERNSTFALL_TRY(const std::string hash,
                run_process_ok(spec, Deadline::after(std::chrono::seconds(20)), stop));
  return write_file_atomic(store.file("htpasswd"),
                           topology.service_user + ":" + std::string(trim(hash)) + "\n", 0600);
}

// IPMI takes 16 bytes.
Status bmc_password(const LabStore& store) {
  if (file_exists(store.file(kBmcPasswordFile))) return {};
  return write_file_atomic(store.file(kBmcPasswordFile), new_secret(16) + "\n", 0600);
}

Status known_hosts(const LabStore& store, const Topology& topology) {
  std::string lines;
  for (const LabNode& node : topology.nodes) {
    ERNSTFALL_TRY(const std::string key, read_file(store.node_file(node.name, "hostkey.pub")));
    const std::vector<std::string> words = split(trim(key), ' ');
    lines += fmt::format("{},{} {} {}\n", node.name, node.address, words.at(0), words.at(1));
  }
  return write_file_atomic(store.file("known_hosts"), lines);
}

}  // namespace

Status make_secrets(const LabStore& store, const Topology& topology, const std::stop_token& stop) {
  ERNSTFALL_CHECK(ssh_key(store, "id", stop));
  for (const LabNode& node : topology.nodes)
    ERNSTFALL_CHECK(ssh_key(store, node.name + ".hostkey", stop));
  ERNSTFALL_CHECK(known_hosts(store, topology));
  if (topology.has_bmc()) ERNSTFALL_CHECK(bmc_password(store));
  if (topology.service_name.empty()) return {};
  ERNSTFALL_CHECK(certificates(store, topology, stop));
  return password(store, topology, stop);
}

std::string drbd_configuration(const Topology& topology) {
  std::string text = fmt::format(
      // On device mapper, as an owner's volumes of LVM are: disk.slow and the like change its
      // table.
      "resource {} {{\n"
      "  device /dev/drbd0;\n  disk /dev/mapper/data;\n  meta-disk internal;\n"
      "  net {{\n    protocol {};\n    ping-int 3;\n    ping-timeout 20;\n    connect-int 3;\n  "
      "}}\n"
      // After a crash of the Primary everything in the activity log is sent again: a small log, and
      // a resync that users' writes do not throttle to the default of 250 KiB/s.
      "  disk {{\n    al-extents 67;\n    resync-rate 20M;\n    c-min-rate 20M;\n    "
      "c-max-rate 100M;\n  }}\n"
      // A node that was alone or outdated before asks longer than it would take its peer to boot.
      "  startup {{\n    wfc-timeout 180;\n    degr-wfc-timeout 120;\n    outdated-wfc-timeout "
      "120;\n"
      "  }}\n",
      topology.drbd_resource, topology.drbd_protocol);
  for (const std::string& name : {topology.drbd_primary, topology.drbd_secondary})
    text += fmt::format("  on {} {{ address {}:7789; }}\n", name, topology.find(name)->address);
  return text + "}\n";
}

Result<std::string> node_seed(const LabStore& store, const Topology& topology,
                              const LabNode& node) {
  CpioWriter cpio;
  const auto copy = [&](const std::string& path, const fs::path& from, unsigned mode) -> Status {
    ERNSTFALL_TRY(const std::string content, read_file(from));
    cpio.file("seed/" + path, content, mode);
    return {};
  };
  std::string hosts = "127.0.0.1 localhost\n";
  for (const LabNode& other : topology.nodes) hosts += other.address + " " + other.name + "\n";
  for (const LabNode& other : topology.nodes)
    if (!other.bmc.empty()) hosts += other.bmc + " " + other.name + "-bmc\n";
  if (!topology.service_name.empty())
    hosts += topology.users_reach() + " " + topology.service_name + "\n";
  cpio.file("seed/etc/hostname", node.name + "\n");
  cpio.file("seed/etc/hosts", hosts);
  cpio.file("seed/etc/node-address", node.address + "/" + topology.prefix_length() + "\n");
  cpio.file("seed/etc/machine-id",
            sha256_hex(topology.name + "/" + node.name).substr(0, 32) + "\n");
  ERNSTFALL_CHECK(
      copy("etc/ssh/ssh_host_ed25519_key", store.node_file(node.name, "hostkey"), 0600));
  ERNSTFALL_CHECK(
      copy("etc/ssh/ssh_host_ed25519_key.pub", store.node_file(node.name, "hostkey.pub"), 0644));
  ERNSTFALL_CHECK(copy("root/.ssh/authorized_keys", store.file("id.pub"), 0600));
  // Each node of the pair may fence the other.
  if (topology.in_pair(node.name) && topology.has_bmc())
    ERNSTFALL_CHECK(copy("etc/bmc/password", store.file(kBmcPasswordFile), 0600));
  if (topology.in_pair(node.name))
    cpio.file("seed/etc/drbd.d/" + topology.drbd_resource + ".res", drbd_configuration(topology));
  if (topology.service_name.empty()) return cpio.finish();
  ERNSTFALL_CHECK(copy("etc/ssl/cloud/ca.pem", store.file("ca.pem"), 0644));
  if (topology.in_pair(node.name)) {
    ERNSTFALL_CHECK(copy("etc/ssl/cloud/server.pem", store.file("server.pem"), 0644));
    ERNSTFALL_CHECK(copy("etc/ssl/cloud/server.key", store.file("server.key"), 0600));
    // Read by Apache's worker processes, which are not root.
    ERNSTFALL_CHECK(copy("etc/apache2/cloud.htpasswd", store.file("htpasswd"), 0644));
  }
  if (node.name == topology.ingress) {
    ERNSTFALL_TRY(const std::string certificate, read_file(store.file("server.pem")));
    ERNSTFALL_TRY(const std::string key, read_file(store.file("server.key")));
    cpio.file("seed/etc/ssl/cloud/ingress.pem", certificate + key, 0600);
  }
  return cpio.finish();
}

namespace {

PowerConfig power_of(const LabStore& store, const LabNode& node) {
  PowerConfig power;
  power.kind = node.bmc.empty() ? PowerConfig::Kind::lab : PowerConfig::Kind::ipmi;
  if (node.bmc.empty()) {
    power.lab = store.name();
    return power;
  }
  power.host = node.bmc;
  power.user = kBmcUser;
  power.cipher_suite = kBmcCipherSuite;
  power.secret = {SecretRef::Kind::file, store.file(kBmcPasswordFile).string()};
  return power;
}

}  // namespace

Status write_cluster_files(const LabStore& store, const Topology& topology, double time_scale) {
  Cluster cluster;
  cluster.name = store.name();
  cluster.disposable = true;
  cluster.time_scale = time_scale;
  for (const LabNode& lab_node : topology.nodes) {
    Node node;
    node.name = lab_node.name;
    node.address = lab_node.address;
    node.roles = lab_node.roles;
    node.labels = lab_node.labels;
    node.ssh.host = lab_node.address;
    node.ssh.identity_file = store.file("id").string();
    node.ssh.known_hosts_file = store.file("known_hosts").string();
    node.power = power_of(store, lab_node);
    cluster.nodes.push_back(node);
  }
  if (!topology.drbd_resource.empty())
    cluster.drbd =
        DrbdConfig{topology.drbd_resource, {topology.drbd_primary, topology.drbd_secondary}};
  if (!topology.service_name.empty()) {
    ServiceConfig service;
    service.url = topology.service_url(topology.service_name);
    service.resolve_address = topology.users_reach();
    if (topology.has_tls()) service.ca_file = store.file("ca.pem").string();
    service.user = topology.service_user;
    service.password = {SecretRef::Kind::file, store.file("password").string()};
    for (const std::string& name : {topology.drbd_primary, topology.drbd_secondary})
      service.direct_urls[name] = topology.service_url(topology.find(name)->address);
    service.units = {"apache2.service"};
    cluster.service = service;
  }
  ERNSTFALL_CHECK(write_file_atomic(store.file("cluster.yaml"), dump_cluster(cluster)));
  const std::string program = own_program().string();
  for (Node& node : cluster.nodes) {
    const auto command = [&](const std::string& what) {
      return Argv{program, "lab", "power", node.name, what, "--lab", store.name()};
    };
    node.power = PowerConfig();
    node.power.kind = PowerConfig::Kind::command;
    node.power.on = command("on");
    node.power.off = command("off");
    node.power.status = command("status");
  }
  cluster.name += "-plain";
  return write_file_atomic(store.file("cluster-plain.yaml"), dump_cluster(cluster));
}

}  // namespace ernstfall
