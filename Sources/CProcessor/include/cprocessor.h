#ifndef CPROCESSOR_H
#define CPROCESSOR_H

// What the processor can do beyond what every one of its kind can, for loops that are there twice.

#if defined(__x86_64__)

/// Whether this processor, and the system, have AVX2, BMI, BMI2 and POPCNT.
int cprocessor_is_wide(void);

/// Whether it has AVX2, and multiplies without carries in its registers (VPCLMULQDQ).
int cprocessor_has_carryless(void);

/// Whether it has SHA's instructions, and SSSE3 and SSE4.1.
int cprocessor_has_sha(void);

#else

static inline int cprocessor_is_wide(void) { return 0; }
static inline int cprocessor_has_carryless(void) { return 0; }
static inline int cprocessor_has_sha(void) { return 0; }

#endif

/// For tests: makes this thread act as on a processor without any of these, or no longer.
void cprocessor_act_narrow(int narrow);

#endif
