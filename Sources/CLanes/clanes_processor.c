#include "clanes_processor.h"

#include "clanes.h"

static _Thread_local int acts_narrow;

void clanes_act_narrow(int narrow) { acts_narrow = narrow; }

int clanes_is_wide(void) { return clanes_has_avx2(); }

#if defined(__x86_64__)

#include <cpuid.h>

static int has_instructions(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  const int has_popcnt = (c >> 23) & 1, saves_state = (c >> 27) & 1, has_avx = (c >> 28) & 1;
  if (!has_popcnt || !saves_state || !has_avx) return 0;
  // The system has to save the registers' upper halves too.
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return ((b >> 3) & 1) && ((b >> 5) & 1) && ((b >> 8) & 1);
}

#else

static int has_instructions(void) { return 0; }

#endif

int clanes_has_avx2(void) {
  // Asking the processor is slow under some hypervisors. The answer never changes, so a race only asks twice.
  static int known;  // 0: not asked, 1: no, 2: yes
  int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (answer == 0) {
    answer = has_instructions() ? 2 : 1;
    __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
  }
  return answer == 2 && !acts_narrow;
}
