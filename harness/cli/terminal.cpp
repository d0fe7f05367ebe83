// terminal: TERM and NO_COLOR.
#include "harness/cli/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace ernstfall::cli {

bool smart_terminal(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

bool colour_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

bool colour_on_stdout() {
  return colour_wanted() && smart_terminal(STDOUT_FILENO);
}

}  // namespace ernstfall::cli
