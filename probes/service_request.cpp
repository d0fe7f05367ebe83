// service_request: URLs of the service, percent-encoded where a name goes into a path.
#include "probes/service_request.h"

namespace ernstfall {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// RFC 3986; a slash stays only in a path of several parts.
std::string percent_encode(std::string_view text, bool keep_slashes) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && keep_slashes))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

std::string join_url(std::string_view base, std::string_view path) {
  while (!base.empty() && base.back() == '/') base.remove_suffix(1);
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return std::string(base) + "/" + std::string(path);
}

HttpRequest service_request(const ServiceConfig& service, std::string_view path) {
  HttpRequest request;
  request.url = join_url(service.url, path);
  request.resolve_address = service.resolve_address;
  request.ca_file = service.ca_file;
  return request;
}

std::string webdav_url(const ServiceConfig& service, std::string_view path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return join_url(service.url, "remote.php/dav/files/" + percent_encode(service.user, false) + "/" +
                                   percent_encode(path, true));
}

Result<HttpRequest> webdav_request(const ServiceConfig& service, std::string_view method,
                                   std::string_view path) {
  ERNSTFALL_TRY(std::string password, read_secret(service.password));
  HttpRequest request = service_request(service, "");
  request.method = method;
  request.url = webdav_url(service, path);
  request.user = service.user;
  request.password = std::move(password);
  return request;
}

std::string run_folder(std::string_view run_id) {
  return "ernstfall-" + std::string(run_id);
}

}  // namespace ernstfall
