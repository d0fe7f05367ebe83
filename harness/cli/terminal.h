// terminal: what may be drawn on standard output or standard error.
#pragma once

namespace ernstfall::cli {

bool smart_terminal(int fd);  // one that can move its cursor and paint
bool colour_wanted();         // nobody has set NO_COLOR (no-color.org)
bool colour_on_stdout();      // both

}  // namespace ernstfall::cli
