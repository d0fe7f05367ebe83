// test_catalogue: what scenarios of tests may name: fixed, so that a new probe or check changes no
// expected message.
#pragma once

#include "harness/scenario/scenario.h"

namespace ernstfall::testing_support {

inline const Catalogue& test_catalogue() {
  using Kind = ParamValue::Kind;
  static const Catalogue kCatalogue{
      {{"node.crash",
        "crash a kernel",
        {{"mode", Kind::text, "panic", false, "panic or reset"}},
        true},
       {"node.power-cycle",
        "cut the power for a moment",
        {{"off_for", Kind::duration, "2s", false, "how long"}},
        true},
       {"node.power-off", "cut the power", {}, true}},
      {{"drbd.state",
        "the state of DRBD",
        {{"grace", Kind::duration, "3s", false, "how late the stream may be"}},
        true},
       {"http.get",
        "asks a page",
        {{"path", Kind::text, "/", false, "path"},
         {"contains", Kind::text, "", false, "text that the page must hold"},
         {"status", Kind::integer, "200", false, "expected status"},
         {"follow", Kind::boolean, "false", false, "follow redirects"},
         {"max_size", Kind::bytes, "1MiB", false, "of the page"},
         {"limit", Kind::frequency, "1kHz", false, "at most"}},
        false},
       {"node.reach", "whether a node answers", {}, true},
       {"tcp.connect", "whether a port answers", {{"port", Kind::integer, "", true, "port"}}, true},
       {"webdav.read", "reads a file", {}, false},
       {"webdav.write", "writes a file", {}, false}},
      {{"canary.block",
        "blocks that are read back",
        {{"path", Kind::text, "", true, "mount point"},
         {"file_size", Kind::bytes, "16MiB", false, "of its file"}},
        false,
        false,
        true},
       {"ledger.webdav", "files that are read back", {}, false}},
      {{"availability", "no gap was too long", {}, false},
       {"converged", "every replica has the data", {}, false},
       {"rpo", "what was lost", {}, false},
       {"rto", "how long users were cut off", {}, false}}};
  return kCatalogue;
}

}  // namespace ernstfall::testing_support
