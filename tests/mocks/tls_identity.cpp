// tls_identity: a P-256 key and an X.509 certificate through OpenSSL.
#include "tests/mocks/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace ernstfall::mocks {
namespace {

constexpr long kDaySeconds = 24L * 60 * 60;

template <typename T>
T* checked(T* pointer, const char* what) {
  if (pointer == nullptr) throw std::runtime_error(std::string("OpenSSL: ") + what);
  return pointer;
}
void check(int result, const char* what) {
  if (result <= 0) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      checked(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), "extension"),
      X509_EXTENSION_free);
  check(X509_add_ext(certificate, extension.get(), -1), "adding an extension");
}

template <typename Write>
std::string to_pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(checked(BIO_new(BIO_s_mem()), "memory"),
                                                      BIO_free);
  check(write(bio.get()), "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

TlsIdentity make_tls_identity(const std::string& host) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(checked(EVP_EC_gen("P-256"), "key"),
                                                                EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(checked(X509_new(), "X509"),
                                                                X509_free);
  X509* const x509 = certificate.get();
  check(X509_set_version(x509, 2), "version");
  check(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), "serial");
  checked(X509_gmtime_adj(X509_getm_notBefore(x509), -kDaySeconds), "time");
  checked(X509_gmtime_adj(X509_getm_notAfter(x509), kDaySeconds), "time");
  X509_NAME* const name = X509_get_subject_name(x509);
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0),
        "name");
  check(X509_set_issuer_name(x509, name), "issuer");
  check(X509_set_pubkey(x509, key.get()), "public key");
  add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(x509, NID_subject_alt_name, "IP:127.0.0.1,DNS:" + host);
  check(X509_sign(x509, key.get(), EVP_sha256()), "signature");
  return {to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); }), to_pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace ernstfall::mocks
