// sanitizer_options: libssh2 1.10 leaks one number of each ECDSA signature at login; nothing else
// is passed over. Whole stacks are needed to tell its allocations in libcrypto from others.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "fast_unwind_on_malloc=0";
}
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libssh2_userauth_publickey_fromfile_ex\n";
}
