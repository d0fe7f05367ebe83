// service_request: requests to the service under test, as the cluster file describes it.
#pragma once

#include <string>
#include <string_view>

#include "harness/cluster/cluster.h"
#include "probes/http_engine.h"

namespace ernstfall {

// GET `path` ("/status.php") at the service's URL, through the ingress; without credentials.
HttpRequest service_request(const ServiceConfig& service, std::string_view path);
// `method` on `path` below the user's files (/remote.php/dav/files/<user>/), with credentials.
// Errc::usage when the secret cannot be read. Reads it each time: for many requests, copy one.
Result<HttpRequest> webdav_request(const ServiceConfig& service, std::string_view method,
                                   std::string_view path);
// The same URL for another path, for a copy of such a request.
std::string webdav_url(const ServiceConfig& service, std::string_view path);
// `path` below a base URL, with exactly one slash in between.
std::string join_url(std::string_view base, std::string_view path);

// Everything that a run stores at the service is in this folder of the user's files.
std::string run_folder(std::string_view run_id);

}  // namespace ernstfall
