// siblings: which runs lie beside a run, for its report; each of them is read once, however many
// reports ask.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/model.h"

namespace ernstfall {

// What a folder of runs holds is read when it is asked about for the first time, and stays as it
// was then: for the time of one command.
class Siblings {
 public:
  // The newest run of `scenario` on the same cluster beside `run_folder` that has a result.
  std::optional<SiblingRun> newest(const std::filesystem::path& run_folder,
                                   const std::string& scenario, const std::string& cluster);

 private:
  struct Candidate {
    std::string started;
    std::filesystem::path folder;
    bool read = false;
    std::optional<SiblingRun> run;  // none: no result
  };
  using Key = std::pair<std::string, std::string>;       // scenario, cluster
  using Folder = std::map<Key, std::vector<Candidate>>;  // the newest first
  Folder& runs_in(const std::filesystem::path& folder);

  std::map<std::filesystem::path, Folder> folders_;
};

}  // namespace ernstfall
