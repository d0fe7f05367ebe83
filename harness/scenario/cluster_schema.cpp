// cluster_schema: the JSON Schema of cluster files.
#include "harness/scenario/scenario.h"
#include "harness/scenario/schema_words.h"

namespace ernstfall {
namespace {

using namespace schema;

Json ssh() {
  return object(
      "how to reach the node",
      {{"transport",
        {{"enum", {"libssh2", "openssh", "local"}},
         {"description", "default libssh2; openssh for agents, ssh_config and jump hosts"}}},
       {"host", text("default: the node's address")},
       {"port", integer("default 22", 1, 65535)},
       {"user", {{"type", "string"}, {"description", "default root"}}},
       {"identity", text("private key file, mode 0600")},
       {"known_hosts", text("default ~/.ssh/known_hosts")},
       {"ssh_config", text("only with transport openssh")},
       {"connect_timeout", duration("default 10s")}});
}

Json secret() {
  return {{"description", "where the secret is, never what it is"},
          {"oneOf",
           {object("in an environment variable", {{"env", text("variable")}}, {"env"}),
            object("in a file with mode 0600", {{"file", text("path")}}, {"file"})}}};
}

Json url(const std::string& help) {
  return pattern(help, "^https?://[^/?#@:\\s][^/?#@\\s]*([/?#]\\S*)?$");
}

Json https_url(const std::string& help) {
  return pattern(help, "^https://[^/?#@:\\s][^/?#@\\s]*([/?#]\\S*)?$");
}

// Of another system: `1` means the same as `"1"`.
Json id(const std::string& help, const std::string& regex) {
  Json all = pattern(help, regex);
  all["type"] = Json::array({"string", "integer"});
  return all;
}

// One kind of power control. Which keys there are follows from it.
Json power_kind(const std::string& name, const std::string& help, const Json& properties,
                std::vector<std::string> required, bool has_certificate = false) {
  Json all{{"kind", {{"const", name}}}};
  all.update(properties);
  if (has_certificate) {
    all["ca"] = text("file with the CA to trust; default: the system's");
    all["pinned_certificate"] = text("file with the only certificate to trust");
  }
  required.insert(required.begin(), "kind");
  return object(help, std::move(all), std::move(required));
}

Json power() {
  const auto argv = [](const std::string& help) { return list(help, {{"type", "string"}}, 1); };
  const Json user = text("user at the management controller");
  Json kinds = Json::array();
  kinds.push_back(power_kind("none", "no power control", Json::object(), {}));
  kinds.push_back(
      power_kind("lab", "a virtual machine of a lab", {{"lab", text("name of the lab")}}, {"lab"}));
  kinds.push_back(power_kind("command", "commands run on this machine",
                             {{"on", argv("command and arguments")},
                              {"off", argv("command and arguments; off is a power cut")},
                              {"status", argv("prints on or off as its first word")}},
                             {"on", "off", "status"}));
  kinds.push_back(
      power_kind("libvirt", "a virtual machine of libvirt, through virsh",
                 {{"uri", pattern("qemu+ssh://root@host/system", "^[^-\\s:/][^\\s:/]*://[^\\s]*$")},
                  {"domain", pattern("name of the virtual machine", "^[^-]")}},
                 {"uri", "domain"}));
  kinds.push_back(power_kind("netcup", "a server of netcup, through its Server Control Panel",
                             {{"server", id("number of the server", "^[0-9]+$")},
                              {"refresh_token", secret()},
                              {"url", https_url("default https://www.servercontrolpanel.de")}},
                             {"server", "refresh_token"}, true));
  kinds.push_back(power_kind("amt", "Intel AMT, through WS-Management",
                             {{"url", url("http://host:16992 or https://host:16993")},
                              {"user", text("default admin")},
                              {"password", secret()}},
                             {"url", "password"}, true));
  kinds.push_back(power_kind("redfish", "a management controller, through Redfish",
                             {{"url", https_url("https://controller")},
                              {"system", id("id of the system", "^[A-Za-z0-9._:-]+$")},
                              {"user", user},
                              {"password", secret()}},
                             {"url", "system", "user", "password"}, true));
  kinds.push_back(power_kind("ipmi", "a management controller, through ipmitool",
                             {{"host", text("address of the controller")},
                              {"port", integer("default 623", 1, 65535)},
                              {"cipher_suite", integer("default: the controller is asked", 0, 255)},
                              {"user", user},
                              {"password", secret()}},
                             {"host", "user", "password"}));
  return {{"description", "how the node's power is switched; without it, it never is"},
          {"oneOf", std::move(kinds)}};
}

Json texts(const std::string& help) {
  return {
      {"type", "object"}, {"description", help}, {"additionalProperties", {{"type", "string"}}}};
}

Json node() {
  return object("one machine",
                {{"address", text("IP address or host name, for probes")},
                 {"addresses", set("further IP addresses of the node: network faults hit them too",
                                   text("IP address"))},
                 {"roles", set("drbd-primary, drbd-secondary, ingress, service, monitoring ...",
                               name("role"))},
                 {"labels", texts("free words")},
                 {"protected", boolean("never the target of a fault; default false")},
                 {"ssh", ssh()},
                 {"power", power()}},
                {"address"});
}

Json unit() {
  Json unit = text("as apache2.service");
  unit["pattern"] = "[.]service$";
  return unit;
}

Json service() {
  Json direct = texts("node -> the same service without the ingress");
  direct["additionalProperties"] = url("URL on that node");
  return object("what users call",
                {{"url", url("https://cloud.example.org/")},
                 {"resolve", text("connect to this address instead of asking DNS")},
                 {"ca", text("file with the CA to trust; default: the system's")},
                 {"user", {{"type", "string"}, {"description", "user of the probes"}}},
                 {"password", secret()},
                 {"direct", std::move(direct)},
                 {"units", list("systemd units whose processes answer users", unit())}},
                {"url"});
}

}  // namespace

std::string cluster_json_schema() {
  Json nodes{{"type", "object"},
             {"description", "name -> node"},
             {"minProperties", 1},
             {"propertyNames", name("name of a node")},
             {"additionalProperties", node()}};
  const Json root = object(
      "What is under test: nodes, roles, how to reach and power them, what runs where.",
      {{"cluster", name("name of the cluster")},
       {"disposable", boolean("may be destroyed; default false: runs ask for --yes")},
       {"time_scale",
        {{"type", "number"},
         {"minimum", 1},
         {"maximum", 1000},
         {"description", "deadlines are multiplied by this, expectations never; default 1"}}},
       {"guards",
        object("limits of what a run may do",
               {{"max_nodes", integer("nodes that faults may hold at the same time; default 1, and "
                                      "no limit on a disposable cluster",
                                      1, 1000)},
                {"windows", list("when runs may begin, local time: \"Sat,Sun 02:00-05:00\"",
                                 text("days and hours"))}})},
       {"nodes", std::move(nodes)},
       {"drbd",
        object("the replicated resource",
               {{"resource", text("r0")},
                {"nodes", set("every node that runs it, diskless ones included", name("node"), 2)}},
               {"resource", "nodes"})},
       {"service", service()},
       {"prometheus", object("whom the stop condition \"metric\" asks",
                             {{"url", url("http://10.77.0.14:9090, without /api/v1")}}, {"url"})}},
      {"cluster", "nodes"});
  return document("Ernstfall cluster file", root);
}

}  // namespace ernstfall
