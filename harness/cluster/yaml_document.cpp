// yaml_document: the part of YAML that we accept: one document of mappings, lists and text, without
// anchors, aliases and tags, not nested deeply; and messages that say where the mistake is.
#include <yaml-cpp/eventhandler.h>

#include <sstream>

#include "harness/cluster/yaml_decoder.h"

namespace ernstfall::yaml {
namespace {

// Our files need five levels; without a limit, nesting is a way to exhaust the stack.
constexpr std::size_t kMaxDepth = 32;

struct Rejected {
  YAML::Mark mark;
  std::string message;
};

YAML::Mark mark_at(std::string_view text, std::size_t offset) {
  YAML::Mark mark;
  mark.pos = static_cast<int>(offset);
  for (std::size_t i = 0; i < offset; ++i) {
    ++mark.column;
    if (text[i] != '\n') continue;
    ++mark.line;
    mark.column = 0;
  }
  return mark;
}

// Length of the UTF-8 sequence at `at`; 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0x80                   ? 1
                           : lead >= 0xC2 && lead < 0xE0 ? 2
                           : (lead & 0xF0U) == 0xE0      ? 3
                           : lead >= 0xF0 && lead < 0xF5 ? 4
                                                         : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t k = 1; k < size; ++k)
    if ((static_cast<unsigned char>(text[at + k]) & 0xC0U) != 0x80U) return 0;
  return size;
}

void check_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = utf8_length(text, i);
    const auto lead = static_cast<unsigned char>(text[i]);
    if (size == 0)
      throw Rejected{mark_at(text, i),
                     fmt::format("byte 0x{:02x} is not UTF-8 text; save the file as UTF-8", lead)};
    if ((lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') || lead == 0x7F)
      throw Rejected{mark_at(text, i), fmt::format("control character 0x{:02x}", lead)};
    i += size;
  }
}

// yaml-cpp takes a quote that is still open at the end of the file for a closed one.
bool quote_is_closed(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return true;
      ++i;
    }
  }
  return false;
}

class StrictScan final : public YAML::EventHandler {
 public:
  explicit StrictScan(std::string_view text) : text_(text) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw Rejected{mark, "a second document (---) begins here; expected one in a file"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { plain(mark, "?", anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { no_anchors(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string&) override {
    plain(mark, tag, anchor);
    const auto at = static_cast<std::size_t>(mark.pos);
    if (tag == "!" && at < text_.size() && (text_[at] == '"' || text_[at] == '\'') &&
        !quote_is_closed(text_, at))
      throw Rejected{mark, "this quote is never closed"};
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

  const std::vector<YAML::Mark>& open_collections() const { return open_; }

 private:
  [[noreturn]] static void no_anchors(const YAML::Mark& mark) {
    // A value must be where it is read: messages point there, and nothing multiplies.
    throw Rejected{mark, "anchors and aliases (&name, *name) are not supported; write it out"};
  }
  static void plain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) no_anchors(mark);
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Rejected{mark, "tags (!name) are not supported"};
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    plain(mark, tag, anchor);
    open_.push_back(mark);
    if (open_.size() > kMaxDepth)
      throw Rejected{mark, fmt::format("nested more than {} levels deep", kMaxDepth)};
  }

  std::string_view text_;
  std::size_t documents_ = 0;
  std::vector<YAML::Mark> open_;
};

std::optional<YAML::Mark> indenting_tab(std::string_view text, int line) {
  const std::vector<std::string> lines = split(text, '\n');
  for (const int candidate : {line, line - 1}) {
    if (candidate < 0 || candidate >= static_cast<int>(lines.size())) continue;
    const std::string& content = lines[static_cast<std::size_t>(candidate)];
    const std::size_t tab = content.find('\t');
    if (tab == std::string::npos || content.find_first_not_of(" \t") < tab) continue;
    YAML::Mark mark;
    mark.line = candidate;
    mark.column = static_cast<int>(tab);
    return mark;
  }
  return std::nullopt;
}

// yaml-cpp's message, or a better one where its own is known to be obscure.
Rejected explain(const YAML::Exception& error, std::string_view text, const StrictScan& scan) {
  if (const auto tab = indenting_tab(text, error.mark.line))
    return {*tab, "a tab in the indentation; YAML indents with spaces only"};
  const auto is = [&error](const char* message) { return error.msg == message; };
  if ((is(YAML::ErrorMsg::END_OF_MAP_FLOW) || is(YAML::ErrorMsg::END_OF_SEQ_FLOW)) &&
      !scan.open_collections().empty())
    return {scan.open_collections().back(), "the { or [ that begins here is not closed"};
  if (is(YAML::ErrorMsg::MAP_VALUE))
    return {error.mark,
            "a \":\" that does not belong here; check the indentation, or quote the value"};
  if (is(YAML::ErrorMsg::UNKNOWN_TOKEN))
    return {error.mark, "a value cannot begin with this character; quote it"};
  if (is(YAML::ErrorMsg::UNKNOWN_ANCHOR))
    return {error.mark, "anchors and aliases (&name, *name) are not supported; write it out"};
  return {error.mark, "not valid YAML: " + error.msg};
}

// Throws Rejected for everything that we do not accept.
void strict_scan(std::string_view text) {
  check_characters(text);
  StrictScan scan(text);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(scan)) continue;
  } catch (const YAML::Exception& error) {
    throw explain(error, text, scan);
  }
}

}  // namespace

Result<YAML::Node> parse_document(std::string_view text, const std::string& path) {
  static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
    text.remove_prefix(kByteOrderMark.size());
  Problems problems(path);
  try {
    strict_scan(text);
    const YAML::Node document = YAML::Load(std::string(text));
    if (document.IsMap()) return document;
    if (!document.IsDefined() || document.IsNull())
      problems.add(YAML::Mark(), "the file is empty; expected a mapping (key: value)");
    else
      problems.add(document, "expected a mapping (key: value) at the top, found " +
                                 std::string(document.IsSequence() ? "a list" : "text"));
  } catch (const Rejected& rejected) {
    problems.add(rejected.mark, rejected.message);
  } catch (const YAML::Exception& error) {
    problems.add(error.mark, "not valid YAML: " + error.msg);
  }
  return tl::unexpected(problems.error());
}

}  // namespace ernstfall::yaml
