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

// Which keys there are follows from the kind.
Json power() {
  const auto kind = [](const std::string& name) { return Json{{"const", name}}; };
  const auto argv = [](const std::string& help) { return list(help, {{"type", "string"}}, 1); };
  return {{"description", "how the node's power is switched; without it, it never is"},
          {"oneOf",
           {object("no power control", {{"kind", kind("none")}}, {"kind"}),
            object("a virtual machine of a lab",
                   {{"kind", kind("lab")}, {"lab", text("name of the lab")}}, {"kind", "lab"}),
            object("commands run on this machine",
                   {{"kind", kind("command")},
                    {"on", argv("command and arguments")},
                    {"off", argv("command and arguments; off is a power cut")},
                    {"status", argv("prints on or off as its first word")}},
                   {"kind", "on", "off", "status"})}}};
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

Json secret() {
  return {{"description", "where the secret is, never what it is"},
          {"oneOf",
           {object("in an environment variable", {{"env", text("variable")}}, {"env"}),
            object("in a file with mode 0600", {{"file", text("path")}}, {"file"})}}};
}

Json url(const std::string& help) {
  return pattern(help, "^https?://[^/?#@:\\s][^/?#@\\s]*([/?#]\\S*)?$");
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
                 {"direct", std::move(direct)}},
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
