// recordings_test: the fake service answers as the real one was recorded to answer.
#include <fstream>

#include "tests/unit/load/ledger_testing.h"

namespace ernstfall {
namespace {

using load_testing::LedgerTest;
using mocks::FakeWebdav;

struct Recording {
  int status = 0;
  std::vector<std::string> headers;  // of the last answer, names in lower case

  bool has(const std::string& name) const {
    return std::find(headers.begin(), headers.end(), name) != headers.end();
  }
};

Recording recording(const std::string& name) {
  std::ifstream file("tests/golden/opencloud-2025-02/" + name + ".http");
  Recording result;
  bool in_head = false;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("HTTP/1.1 ", 0) == 0) {
      result = {std::stoi(line.substr(9, 3)), {}};
      in_head = true;
    } else if (trim(line).empty()) {
      in_head = false;
    } else if (in_head) {
      std::string key = line.substr(0, line.find(':'));
      for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      result.headers.push_back(key);
    }
  }
  return result;
}

class Recordings : public LedgerTest {
 protected:
  HttpResponse ask(const std::string& method, const std::string& path, const std::string& body = "",
                   std::vector<std::string> headers = {}, bool authorized = true) {
    HttpRequest request;
    request.method = method;
    request.url = service_.url() + path;
    request.body = body;
    request.headers = std::move(headers);
    if (authorized) request.user = FakeWebdav::kUser;
    if (authorized) request.password = FakeWebdav::kPassword;
    request.timeout = std::chrono::seconds(30);
    return *http_->perform(std::move(request), std::stop_token());
  }

  void expect_as_recorded(const std::string& name, const HttpResponse& response) {
    const Recording real = recording(name);
    ASSERT_NE(real.status, 0) << name;
    EXPECT_TRUE(response.completed()) << name << ": " << response.error;
    EXPECT_EQ(response.status, real.status) << name;
    for (const char* header : {"etag", "oc-etag", "oc-fileid", "oc-checksum", "www-authenticate"})
      EXPECT_EQ(!response.header(header).empty(), real.has(header)) << name << " " << header;
  }

  const std::string root_ = "remote.php/dav/files/admin/";
};

// In the order in which the real service was asked.
TEST_F(Recordings, SameStatusAndSameHeaders) {
  expect_as_recorded("status", ask("GET", "status.php", "", {}, false));
  expect_as_recorded("oidc", ask("GET", ".well-known/openid-configuration", "", {}, false));
  expect_as_recorded("propfind-root", ask("PROPFIND", root_, "", {"Depth: 0"}));
  expect_as_recorded("propfind-401", ask("PROPFIND", root_, "", {"Depth: 0"}, false));
  expect_as_recorded("put-create", ask("PUT", root_ + "h1.txt", "hello\n"));
  expect_as_recorded("get", ask("GET", root_ + "h1.txt"));
  expect_as_recorded("put-over", ask("PUT", root_ + "h1.txt", "hello\n"));
  expect_as_recorded("put-ifmatch-wrong",
                     ask("PUT", root_ + "h1.txt", "hello\n", {"If-Match: \"wrong\""}));
  expect_as_recorded("put-noparent", ask("PUT", root_ + "none/h1.txt", "hello\n"));
  expect_as_recorded("put-badsum", ask("PUT", root_ + "h2.txt", "hello\n",
                                       {"OC-Checksum: SHA1:" + std::string(40, '0')}));
  expect_as_recorded("get-404", ask("GET", root_ + "h2.txt"));
  expect_as_recorded("mkcol", ask("MKCOL", root_ + "d1"));
  expect_as_recorded("move", ask("MOVE", root_ + "h1.txt", "",
                                 {"Destination: " + service_.url() + root_ + "d1/h1.txt"}));
  expect_as_recorded("propfind-1", ask("PROPFIND", root_ + "d1", "", {"Depth: 1"}));
  expect_as_recorded("delete", ask("DELETE", root_ + "d1"));
  expect_as_recorded("drives", ask("GET", "graph/v1.0/me/drives"));
}

// Measured, and written down in words only.
TEST_F(Recordings, SameStatusInTheStatesOfTheTable) {
  EXPECT_EQ(ask("PUT", root_ + "a", "1").status, 201);
  const std::string etag = ask("GET", root_ + "a").header("etag");
  EXPECT_EQ(ask("PUT", root_ + "a", "2", {"If-None-Match: *"}).status, 204);  // ignored
  EXPECT_EQ(ask("PUT", root_ + "a", "3", {"If-Match: " + etag}).status, 409);
  EXPECT_EQ(ask("PUT", root_ + "none", "3", {"If-Match: " + etag}).status, 409);
  EXPECT_EQ(ask("MKCOL", root_ + "d").status, 201);
  EXPECT_EQ(ask("MKCOL", root_ + "d").status, 405);
  EXPECT_EQ(ask("DELETE", root_ + "none").status, 404);
  EXPECT_EQ(ask("GET", "graph/v1.0/me/drives", "", {}, false).status, 401);
  service_.set_processing("a", 1);
  EXPECT_EQ(ask("GET", root_ + "a").status, 425);
  EXPECT_EQ(ask("GET", root_ + "a").status, 200);
  service_.set_full(true);
  EXPECT_EQ(ask("PUT", root_ + "b", "1").status, 507);
  EXPECT_EQ(ask("GET", root_ + "a").status, 200);
  service_.set_full(false);
  service_.set_read_only(true);
  EXPECT_EQ(ask("PUT", root_ + "b", "1").status, 500);
  EXPECT_EQ(ask("PROPFIND", root_).status, 207);
  service_.set_read_only(false);
  service_.set_booting(true);
  EXPECT_EQ(ask("GET", root_ + "a").status, 401);
  EXPECT_EQ(ask("GET", "status.php", "", {}, false).status, 200);  // says nothing about storage
  service_.set_booting(false);
  service_.power_cut(std::chrono::hours(1), FakeWebdav::Loss::unreadable);
  EXPECT_NE(ask("GET", root_ + "a").curl_error, 0);
  service_.come_back();
  EXPECT_EQ(ask("GET", root_ + "a").status, 500);
  EXPECT_EQ(ask("PROPFIND", root_ + "a").status, 207);
}

}  // namespace
}  // namespace ernstfall
