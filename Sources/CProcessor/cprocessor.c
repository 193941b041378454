#include "cprocessor.h"

static _Thread_local int acted;

void cprocessor_act(int processor) { acted = processor; }

#if defined(__x86_64__)

#include <cpuid.h>

enum { asked = 1, wide = 2, carryless = 4, sha = 8, gathers = 16 };

static int ask(void) {
  unsigned a, b, c, d, more_a, more_b, more_c, more_d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !__get_cpuid_count(7, 0, &more_a, &more_b, &more_c, &more_d)) return asked;
  const int has_ssse3 = (c >> 9) & 1, has_sse41 = (c >> 19) & 1, has_popcnt = (c >> 23) & 1;
  const int saves_state = (c >> 27) & 1, has_avx = (c >> 28) & 1;
  const int has_bmi = (more_b >> 3) & 1, has_avx2 = (more_b >> 5) & 1, has_bmi2 = (more_b >> 8) & 1;
  int answer = asked;
  if (has_ssse3 && has_sse41 && ((more_b >> 29) & 1)) answer |= sha;
  if (saves_state && has_avx && has_popcnt && has_bmi && has_avx2 && has_bmi2) {
    // The system has to save the registers' upper halves too.
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) == 6) answer |= wide;
    const int has_pclmul = (c >> 1) & 1, has_vpclmul = (more_c >> 10) & 1;
    if ((answer & wide) && has_pclmul && has_vpclmul) answer |= carryless;
    const int has_avx512 = (more_b >> 16) & (more_b >> 17) & (more_b >> 30) & (more_b >> 31) & 1;
    unsigned last_a = 0, last_b, last_c, last_d;
    __get_cpuid_count(7, 1, &last_a, &last_b, &last_c, &last_d);
    if ((answer & wide) && (low & 0xE6) == 0xE6 && has_avx512 && ((last_a >> 5) & 1)) answer |= gathers;
  }
  return answer;
}

static int has(int instructions) {
  // Asking the processor is slow under some hypervisors. The answer never changes, so a race only asks twice.
  static int known;
  int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (answer == 0) {
    answer = ask();
    __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
  }
  if (acted == cprocessor_plain || (acted == cprocessor_without_gathers && instructions == gathers)) return 0;
  return (answer & instructions) != 0;
}

int cprocessor_is_wide(void) { return has(wide); }

int cprocessor_has_carryless(void) { return has(carryless); }

int cprocessor_has_sha(void) { return has(sha); }

int cprocessor_gathers(void) { return has(gathers); }

#endif
