// page_scripts: what a page's scripts do, run by node without a browser.
#pragma once

#include <string>

#include "harness/core/files.h"
#include "harness/process/process.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::mocks {

// "2 charts, 18 points", or the error of the script.
inline std::string run_page_scripts(const std::string& html) {
  const testing_support::TempFolder folder;
  const std::string page = (folder.path() / "page.html").string();
  if (const auto written = write_file_atomic(page, html); !written)
    return to_string(written.error());
  ProcessSpec spec;
  spec.argv = {"node", "tests/unit/reports/page_scripts.js", page};
  const auto result = run_process(spec, Deadline::after(std::chrono::seconds(60)), {});
  if (!result) return to_string(result.error());
  return result->exit_code == 0 ? std::string(trim(result->out)) : result->err;
}

}  // namespace ernstfall::mocks
