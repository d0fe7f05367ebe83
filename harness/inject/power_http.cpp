// power_http: requests of power controls, and what their answers mean.
#include "harness/inject/power_http.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/core/files.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace {

constexpr std::uint64_t kMaxCertificateBytes = 64U << 10U;
constexpr std::size_t kMaxQuoteBytes = 160;

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::vector<unsigned char> out(4 * ((size + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(out.data(), bytes, static_cast<int>(size));
  return std::string(out.begin(), out.begin() + length);
}

// Of the key and not of the whole certificate: that is what libcurl compares, and only who has the
// key can speak for the certificate.
Result<std::string> key_of_certificate(const std::string& file) {
  const auto pem = read_file(file, kMaxCertificateBytes);
  if (!pem) return fail(Errc::usage, "pinned_certificate: {}: {}", file, pem.error().what);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  unsigned char* der = nullptr;
  const int size =
      certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der) : -1;
  if (size <= 0)
    return fail(Errc::usage, "pinned_certificate: {}: holds no certificate in PEM form", file);
  std::vector<unsigned char> digest(EVP_MAX_MD_SIZE);
  unsigned digest_size = 0;
  EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &digest_size, EVP_sha256(),
             nullptr);
  OPENSSL_free(der);
  return "sha256//" + base64(digest.data(), digest_size);
}

}  // namespace

Result<HttpRequest> PowerHttp::request(std::string method, std::string_view path) const {
  HttpRequest request;
  request.method = std::move(method);
  request.url = join_url(config_.url, path);
  request.ca_file = config_.ca_file;
  if (!config_.pinned_certificate_file.empty()) {
    ERNSTFALL_TRY(request.pinned_key, key_of_certificate(config_.pinned_certificate_file));
  }
  return request;
}

Status PowerHttp::sign(HttpRequest& request, HttpRequest::Auth auth) {
  ERNSTFALL_TRY(request.password, read_secret(config_.secret));
  request.user = config_.user;
  request.auth = auth;
  const std::string pair = request.user + ":" + request.password;
  hide("password", request.password);
  // As it travels with basic authentication: an error page may repeat the request.
  hide("basic", base64(reinterpret_cast<const unsigned char*>(pair.data()), pair.size()));
  return {};
}

Result<HttpResponse> PowerHttp::send(HttpRequest request, Deadline deadline,
                                     const std::stop_token& stop) {
  HttpEngine* engine = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!engine_) {
      ERNSTFALL_TRY(engine_, HttpEngine::start(RunClock()));
    }
    engine = engine_.get();
  }
  request.timeout = std::max<Nanos>(deadline.remaining(), Millis(1));
  ERNSTFALL_TRY(HttpResponse response, engine->perform(std::move(request), stop));
  if (response.completed()) return response;
  const std::string why = quote(response.error);
  if (response.untrusted)
    return fail(Errc::host_key,
                "its certificate is not trusted ({}); \"ca\" or \"pinned_certificate\" in the "
                "cluster file says which one is",
                why);
  if (response.timed_out) return fail(Errc::timeout, "{}", why);
  if (response.our_fault) return fail(Errc::io, "{}", why);
  return fail(Errc::unreachable, "does not answer: {}", why);
}

void PowerHttp::hide(const std::string& name, std::string secret) {
  const std::lock_guard lock(mutex_);
  secrets_[name] = std::move(secret);
}

std::string PowerHttp::quote(std::string_view text) const {
  std::string line(text);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, secret] : secrets_)
      for (std::size_t at = 0; !secret.empty() && (at = line.find(secret, at)) != std::string::npos;
           at += 3)
        line.replace(at, secret.size(), "***");
  }
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return elide(trim(line), kMaxQuoteBytes);
}

tl::unexpected<Error> PowerHttp::refused(const HttpResponse& response,
                                         std::string_view said) const {
  std::string text = quote(said);
  if (!text.empty()) text = ": " + text;
  if (response.status == 401) return fail(Errc::auth, "refused our credentials (401){}", text);
  if (response.status == 403)
    return fail(Errc::auth, "these credentials may not do this (403){}", text);
  if (response.status >= 300 && response.status < 400)
    return fail(Errc::protocol, "redirects to {} ({}); is the url right?",
                quote(response.header("location")), response.status);
  return fail(Errc::protocol, "answered with status {}{}", response.status, text);
}

Result<nlohmann::json> PowerHttp::json_of(const HttpResponse& response) const {
  nlohmann::json document = nlohmann::json::parse(response.body, nullptr, false);
  if (!document.is_object())
    return fail(Errc::protocol, "answered with something that is no JSON object: \"{}\"",
                quote(response.body));
  return document;
}

std::string json_text(const nlohmann::json& document, const std::string& pointer) {
  const nlohmann::json::json_pointer at(pointer);
  if (!document.contains(at)) return {};
  const nlohmann::json& value = document.at(at);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace ernstfall
