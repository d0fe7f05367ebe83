// journal: what may have to be undone, flushed to disk before anything is touched.
//
// `RUN/journal.jsonl`, one JSON object a line, fsync after each. Life of one undo:
//   undo-planned -> armed -> applying -> applied -> confirmed -> undoing -> clean
// or, at any point, dirty (undo tried and not proven). Everything planned and not clean is open:
// `heal` finishes it. Beside these: files-planned before the first write into the service
// or, with "canary_paths", onto replicated volumes, and files-removed; lock-planned before the
// cluster's lock is taken, and lock-released. A last line that was cut by a crash is dropped;
// nothing was touched before its flush.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/core/files.h"
#include "harness/core/result.h"
#include "harness/faults/plan.h"

namespace ernstfall {

class Journal {
 public:
  // Creates the file, or opens it for more records.
  static Result<Journal> open(const std::filesystem::path& run_folder);
  // Adds "at" (UTC) and "kind", writes one line, flushes it to disk.
  Status record(std::string_view kind, const nlohmann::json& fields);

 private:
  Journal(std::filesystem::path path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::filesystem::path path_;
  Fd fd_;
};

// One undo as the journal knows it.
struct UndoEntry {
  // fault: undone at once. restore: the way back from a runbook; only after redundancy is restored.
  // residue: the cluster differs from its state before the run; clean when it no longer does.
  enum class Stage { fault, restore, residue };
  int id = 0;
  Stage stage = Stage::fault;
  std::string what;  // "node.power-off on prod", "runbook"
  std::string node;  // empty for the runbook
  std::vector<Action> undo;
  std::vector<Observation> undone;
  std::vector<Action> disarm;
  std::vector<Observation> disarmed;
  std::string last_kind;   // how far it came
  bool confirmed = false;  // its effect was seen
  bool clean = false;
  std::string problem;  // of the last `dirty` record
};

struct JournalState {
  std::string run_id;
  std::string cluster;
  std::vector<UndoEntry> undos;
  std::string initial_state;  // comparison key of the cluster's state before the first fault
  bool ended = false;         // run-end seen
  std::string lock_owner;     // the cluster's lock is still held in this name; empty: given back
  bool files_left = false;    // the run wrote files into the service and did not remove them
  // And a block canary's folder below each of these mounts.
  std::vector<std::string> canary_paths;
  bool cut_line = false;      // the last line was incomplete and was dropped

  bool has_open_undo() const;
};

// Errc::corrupt with the line number when a line in the middle cannot be read.
Result<JournalState> read_journal(const std::filesystem::path& run_folder);

std::string_view stage_name(UndoEntry::Stage stage);
nlohmann::json undo_to_json(const UndoEntry& entry);

}  // namespace ernstfall
