// history_command: `ernstfall history RUN`: the raw history of a run as JSON lines, in order of
// time.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"
#include "harness/history/history.h"

namespace ernstfall::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct HistoryOptions {
  std::string run = "runs/latest";
  std::string kind;
  std::string source;
};

// What becomes one line: an index into the vector that `kind` names.
struct Line {
  TimeNs at;
  enum class Kind { sample, event, ledger } kind;
  std::size_t index;
};

Result<fs::path> history_folder(const std::string& run) {
  std::error_code ec;
  const fs::path folder = fs::canonical(run, ec);
  if (ec || !fs::is_directory(folder, ec)) return fail_at(Errc::usage, run, "no such run folder");
  if (!fs::is_directory(folder / "history", ec))
    return fail_at(Errc::usage, run, "not a run folder: there is no history in it");
  return folder / "history";
}

Status check_source(const History& history, const std::string& source) {
  if (source.empty() || history.find_source(source) != nullptr) return {};
  std::vector<std::string> names;
  for (const Source& known : history.sources) names.push_back(known.name);
  return fail(Errc::usage, "there is no source \"{}\"{}", source, yaml::suggestion(source, names));
}

std::string source_name(const History& history, SourceId id) {
  return id < history.sources.size() ? history.sources[id].name : fmt::format("#{}", id);
}

std::vector<Line> select(const History& history, const HistoryOptions& options) {
  std::vector<Line> lines;
  const auto take = [&](const auto& records, Line::Kind kind, const char* name, auto time_of) {
    if (!options.kind.empty() && options.kind != name) return;
    for (std::size_t i = 0; i < records.size(); ++i)
      if (options.source.empty() || source_name(history, records[i].source) == options.source)
        lines.push_back({time_of(records[i]), kind, i});
  };
  take(history.samples, Line::Kind::sample, "samples", [](const Sample& s) { return s.ended; });
  take(history.events, Line::Kind::event, "events", [](const Event& e) { return e.at; });
  take(history.ledger, Line::Kind::ledger, "ledger", [](const LedgerRecord& r) { return r.at; });
  // Records of one kind and time stay in the order in which they were appended.
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.at < b.at; });
  return lines;
}

Json header_json(const History& history) {
  return {{"record", "header"},
          {"run_id", history.header.run_id},
          {"wall_base_unix_ns", history.header.wall_base_unix_ns},
          {"format_version", history.header.format_version}};
}

Json source_json(const Source& source) {
  return {
      {"record", "source"},  {"name", source.name},           {"kind", source.kind},
      {"node", source.node}, {"period_ns", source.period_ns}, {"timeout_ns", source.timeout_ns}};
}

Json line_json(const History& history, const Line& line) {
  switch (line.kind) {
    case Line::Kind::sample: {
      const Sample& s = history.samples[line.index];
      return {{"record", "sample"},
              {"source", source_name(history, s.source)},
              {"scheduled_ns", s.scheduled},
              {"started_ns", s.started},
              {"ended_ns", s.ended},
              {"outcome", outcome_name(s.outcome)},
              {"code", s.code},
              {"detail", s.detail}};
    }
    case Line::Kind::event: {
      const Event& e = history.events[line.index];
      return {{"record", "event"},
              {"source", source_name(history, e.source)},
              {"at_ns", e.at},
              {"kind", e.kind},
              {"text", e.text}};
    }
    case Line::Kind::ledger: {
      const LedgerRecord& r = history.ledger[line.index];
      return {{"record", "ledger"}, {"source", source_name(history, r.source)}, {"at_ns", r.at},
              {"seq", r.seq},       {"step", ledger_step_name(r.step)},         {"code", r.code},
              {"detail", r.detail}};
    }
  }
  return {};
}

// A disk that is full must not look like a short history.
Status write_line(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    return tl::unexpected(errno_error("standard output", "cannot write"));
  return {};
}

Result<ExitCode> print_history(const HistoryOptions& options) {
  ERNSTFALL_TRY(const fs::path folder, history_folder(options.run));
  const auto history = read_history(folder);
  if (!history) {
    if (history.error().code != Errc::corrupt) return tl::unexpected(history.error());
    fmt::print(stderr, "ernstfall: {}\n", to_string(history.error()));
    return ExitCode::inconclusive;
  }
  ERNSTFALL_CHECK(check_source(*history, options.source));
  if (options.kind.empty()) {
    ERNSTFALL_CHECK(write_line(header_json(*history)));
    for (const Source& source : history->sources)
      if (options.source.empty() || source.name == options.source)
        ERNSTFALL_CHECK(write_line(source_json(source)));
  }
  for (const Line& line : select(*history, options))
    ERNSTFALL_CHECK(write_line(line_json(*history, line)));
  if (std::fflush(stdout) != 0)
    return tl::unexpected(errno_error("standard output", "cannot write"));
  if (!history->truncated) return ExitCode::pass;
  fmt::print(stderr, "ernstfall: {}: {}; what comes after it is missing\n", folder.string(),
             history->damage);
  return ExitCode::inconclusive;
}

}  // namespace

void add_history(CLI::App& app, Context& context) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = app.add_subcommand(
      "history",
      "print what a run observed, one JSON object per line; exit 2 when some is missing");
  command->add_option("run", options->run, "run folder")->capture_default_str();
  command->add_option("--kind", options->kind, "only samples, events or ledger")
      ->check(CLI::IsMember({"samples", "events", "ledger"}));
  command->add_option("--source", options->source, "only this source, like webdav.write");
  command->callback([options, &context] {
    const auto code = print_history(*options);
    if (!code) return report_error(context, code.error());
    context.exit_code = *code;
  });
}

}  // namespace ernstfall::cli
