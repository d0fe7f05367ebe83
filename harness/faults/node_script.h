// node_script: faults that are scripts on their node, and what such a script finds around it.
//
//   $token  our mark on the node, eight hex digits, of this fault alone
//   $mark   ernstfall-$token, for units and files;  $table  ernstfall_$token, for nft
//   $keep   a folder of this fault alone, there from before apply until after undo, for what undo
//           has to know. On the root file system when the fault survives a reboot, else in /run.
//   $1...   the plan's arguments
//   say TEXT            how it was seen, on stdout
//   no TEXT             what is there instead, on stderr; exit 1
//   begin               in apply, on a line of its own before the first one with an effect: waits
//   for
//                       the moment at which all targets of a step begin, and says when that was.
//                       An apply that does not say it begins with it
//   need TOOL PACKAGE   no, unless the tool is there; names the package that brings it
//
// All scripts run under `sh` with LC_ALL=C and without `set -e`. Rules:
//   apply    may fail in the middle; whatever it adds carries the mark
//   confirm  looks at the effect by other means than apply's own exit
//   undo     right at any time, any number of times, also when apply never ran or ran in part;
//            removes by mark, never by position, and restores only what $keep says was changed
//   undone   proves that nothing of the effect is left
//   ready    read-only; says no when the fault cannot or must not be applied here
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/faults/fault.h"

namespace ernstfall {

struct NodeScripts {
  std::string_view ready;  // may be empty
  std::string_view apply;
  std::string_view confirm;
  std::string_view undo;
  std::string_view undone;
  bool survives_reboot = false;
  // Functions and the like that stand before every body, in this order; and then those that only
  // `ready` begins with.
  std::vector<std::string_view> lines = {};
  std::vector<std::string_view> ready_lines = {};
};

// The same arguments go to every script. `effect` is the confirmed state in words, after "that".
FaultPlan plan_scripts(const FaultTarget& target, const NodeScripts& scripts, Argv args,
                       std::string intended, std::string effect);

// The whole text of a script: what it finds around it, and its body.
std::string node_script(std::string_view body, bool survives_reboot);
// The folder that scripts call $keep.
std::string keep_folder(std::string_view token, bool survives_reboot);

}  // namespace ernstfall
