// script_bench: runs the scripts of a fault's plan here, with programs of the test's own in place
// of kubectl, tc and the like, and with $keep in a folder of the test.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "harness/faults/fault.h"
#include "harness/process/process.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::testing_support {

class ScriptBench {
 public:
  struct Ran {
    bool ok = false;
    std::string out;
    std::string err;
  };

  ScriptBench() {
    std::filesystem::create_directories(folder_.path() / "bin");
    // First: the scripts set a PATH of their own.
    replace("PATH=", "PATH=" + (folder_.path() / "bin").string() + ":");
    replace("keep=/run/ernstfall/", "keep=" + folder_.path().string() + "/run/");
    replace("keep=/var/lib/ernstfall/", "keep=" + folder_.path().string() + "/lib/");
  }

  // A program that the scripts find first. `$W` in it is this bench's folder.
  void tool(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / "bin" / name;
    write_to(path, "#!/bin/sh\nW=" + folder_.path().string() + "; export W\n" + text + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  void perl_tool(const std::string& name, const std::string& text) {
    write("lib-" + name, text);
    tool(name, "exec /usr/bin/perl \"$W/lib-" + name + "\" \"$@\"");
  }
  // In every script, as a path that is not the machine's.
  void replace(std::string from, std::string to) {
    replaced_.emplace_back(std::move(from), std::move(to));
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) { write_to(path(name), text); }
  void remove(const std::string& name) { std::filesystem::remove(path(name)); }
  bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  Ran ready(const FaultPlan& plan) { return all(plan.preconditions); }
  Ran apply(const FaultPlan& plan) {
    // As arming leaves it.
    for (const char* keep : {"run/", "lib/"})
      std::filesystem::create_directories(path(keep + plan.dead_man->token));
    return all(plan.apply);
  }
  Ran confirm(const FaultPlan& plan) { return all(plan.confirm); }
  Ran undo(const FaultPlan& plan) { return all(plan.undo); }
  Ran undone(const FaultPlan& plan) { return all(plan.undone); }
  // As the node itself undoes it, without us.
  Ran fire(const FaultPlan& plan) {
    const NodeDeadMan& man = *plan.dead_man;
    Ran ran = run(man.undo, man.token, man.args);
    return ran.ok ? run(man.undone, man.token, man.args) : ran;
  }

 private:
  static void write_to(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  template <typename T>
  Ran all(const std::vector<T>& list) {
    Ran last{true, {}, {}};
    for (const T& one : list) {
      if constexpr (std::is_same_v<T, Action>) {
        const auto& script = std::get<ScriptAction>(one);
        last = run(script.script, script.token, script.args);
      } else {
        const auto& script = std::get<ScriptSees>(one);
        last = run(script.script, script.token, script.args);
      }
      if (!last.ok) return last;
    }
    return last;
  }
  Ran run(std::string script, const std::string& token, const Argv& args) {
    for (const auto& [from, to] : replaced_)
      for (std::size_t at = 0; (at = script.find(from, at)) != std::string::npos; at += to.size())
        script.replace(at, from.size(), to);
    write("script", script);
    ProcessSpec spec;
    spec.argv = {"sh", path("script"), token};
    spec.argv.insert(spec.argv.end(), args.begin(), args.end());
    const auto ran = run_process(spec, Deadline::after(std::chrono::minutes(2)), {});
    EXPECT_TRUE(ran) << (ran ? "" : to_string(ran.error()));
    if (!ran) return {};
    return {ran->ok(), ran->out, ran->err};
  }

  TempFolder folder_;
  std::vector<std::pair<std::string, std::string>> replaced_;
};

}  // namespace ernstfall::testing_support
