// sanitizer_options: one test forks a process of its own that starts threads, which the thread
// sanitizer refuses unless told.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
  return "die_after_fork=0";
}
