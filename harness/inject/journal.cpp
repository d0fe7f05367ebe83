// journal: appends flushed JSON lines, and folds them into what is still open.
#include "harness/inject/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "harness/core/clock.h"

namespace ernstfall {

using nlohmann::json;

namespace {

std::filesystem::path journal_path(const std::filesystem::path& run_folder) {
  return run_folder / "journal.jsonl";
}

// A crash may leave half a line. It is cut off before more is appended, so that the next record
// does not run into it.
Status drop_cut_line(const std::filesystem::path& path, int fd) {
  auto content = read_file(path);
  if (!content) return tl::unexpected(content.error());
  if (content->empty() || content->back() == '\n') return {};
  const std::size_t end = content->rfind('\n');
  const auto keep = end == std::string::npos ? 0 : static_cast<off_t>(end + 1);
  if (::ftruncate(fd, keep) != 0 || ::fsync(fd) != 0)
    return tl::unexpected(errno_error(path, "cannot cut the incomplete last line"));
  return {};
}

Result<UndoEntry::Stage> stage_from(const std::string& name) {
  for (const auto stage :
       {UndoEntry::Stage::fault, UndoEntry::Stage::restore, UndoEntry::Stage::residue})
    if (stage_name(stage) == name) return stage;
  return fail(Errc::corrupt, "unknown stage \"{}\"", name);
}

// The older form, "canary_path" with one of them, is in run folders that are still to be healed.
std::vector<std::string> planned_canaries(const json& line) {
  if (line.contains("canary_path")) return {line.at("canary_path").get<std::string>()};
  return line.value("canary_paths", std::vector<std::string>{});
}

Status apply_line(JournalState& state, const json& line) {
  const auto kind = line.at("kind").get<std::string>();
  if (kind == "run-begin") {
    state.run_id = line.at("run_id").get<std::string>();
    state.cluster = line.at("cluster").get<std::string>();
  } else if (kind == "initial-state") {
    state.initial_state = line.at("state").get<std::string>();
  } else if (kind == "run-end") {
    state.ended = true;
  } else if (kind == "lock-planned" || kind == "lock-released") {
    state.lock_owner = kind == "lock-planned" ? line.at("owner").get<std::string>() : "";
  } else if (kind == "files-planned" || kind == "files-removed") {
    state.files_left = kind == "files-planned";
    state.canary_paths = state.files_left ? planned_canaries(line) : std::vector<std::string>{};
  } else if (kind == "undo-planned") {
    UndoEntry entry;
    entry.id = line.at("id").get<int>();
    ERNSTFALL_TRY(entry.stage, stage_from(line.at("stage").get<std::string>()));
    entry.what = line.at("what").get<std::string>();
    entry.node = line.at("node").get<std::string>();
    ERNSTFALL_TRY(entry.undo, actions_from_json(line.at("undo")));
    ERNSTFALL_TRY(entry.undone, observations_from_json(line.at("undone")));
    if (line.contains("disarm")) {
      ERNSTFALL_TRY(entry.disarm, actions_from_json(line.at("disarm")));
      ERNSTFALL_TRY(entry.disarmed, observations_from_json(line.at("disarmed")));
    }
    entry.last_kind = kind;
    state.undos.push_back(std::move(entry));
  } else if (line.contains("id")) {
    const int id = line.at("id").get<int>();
    const auto entry = std::find_if(state.undos.begin(), state.undos.end(),
                                    [id](const UndoEntry& e) { return e.id == id; });
    if (entry == state.undos.end())
      return fail(Errc::corrupt, "record \"{}\" names undo {}, which was never planned", kind, id);
    entry->last_kind = kind;
    if (kind == "confirmed") entry->confirmed = true;
    if (kind == "clean") {
      entry->clean = true;
      entry->problem.clear();
    }
    if (kind == "dirty") entry->problem = line.value("why", "unknown");
  }
  return {};
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& run_folder) {
  const std::filesystem::path path = journal_path(run_folder);
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) return tl::unexpected(errno_error(path, "cannot open the journal"));
  ERNSTFALL_CHECK(drop_cut_line(path, fd.get()));
  ERNSTFALL_CHECK(fsync_directory(run_folder));
  return Journal(path, std::move(fd));
}

Status Journal::record(std::string_view kind, const json& fields) {
  json line = fields;
  line["kind"] = kind;
  line["at"] = format_utc(std::chrono::system_clock::now());
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = ::write(fd_.get(), text.data() + done, text.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return tl::unexpected(errno_error(path_, "cannot write the journal"));
    done += static_cast<std::size_t>(put);
  }
  if (::fdatasync(fd_.get()) != 0)
    return tl::unexpected(errno_error(path_, "cannot flush the journal"));
  return {};
}

bool JournalState::has_open_undo() const {
  return std::any_of(undos.begin(), undos.end(), [](const UndoEntry& e) { return !e.clean; });
}

Result<JournalState> read_journal(const std::filesystem::path& run_folder) {
  const std::filesystem::path path = journal_path(run_folder);
  ERNSTFALL_TRY(const std::string content, read_file(path));
  JournalState state;
  std::size_t begin = 0;
  int number = 0;
  while (begin < content.size()) {
    ++number;
    const std::size_t end = content.find('\n', begin);
    if (end == std::string::npos) {
      state.cut_line = true;
      break;
    }
    const std::string_view text(content.data() + begin, end - begin);
    begin = end + 1;
    const std::string where = path.string() + ":" + std::to_string(number);
    try {
      if (auto applied = apply_line(state, json::parse(text)); !applied)
        return fail_at(Errc::corrupt, where, "{}", applied.error().what);
    } catch (const json::exception& error) {
      return fail_at(Errc::corrupt, where, "this line cannot be read: {}", error.what());
    }
  }
  return state;
}

std::string_view stage_name(UndoEntry::Stage stage) {
  switch (stage) {
    case UndoEntry::Stage::fault:
      return "fault";
    case UndoEntry::Stage::restore:
      return "restore";
    case UndoEntry::Stage::residue:
      return "residue";
  }
  return "fault";
}

json undo_to_json(const UndoEntry& entry) {
  json line{{"id", entry.id},
            {"stage", stage_name(entry.stage)},
            {"what", entry.what},
            {"node", entry.node},
            {"undo", actions_to_json(entry.undo)},
            {"undone", observations_to_json(entry.undone)}};
  if (!entry.disarm.empty()) {
    line["disarm"] = actions_to_json(entry.disarm);
    line["disarmed"] = observations_to_json(entry.disarmed);
  }
  return line;
}

}  // namespace ernstfall
