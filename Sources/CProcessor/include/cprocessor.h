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

/// Whether it has AVX-512 (F, BW, DQ and VL), and takes eight words from anywhere in the time of eight loads. That it knows
/// bfloat16 tells the latter: nearly all older processors that gather do so a few times slower since what they gathered by
/// guess leaked (Intel, "Gather Data Sampling", 2023).
int cprocessor_gathers(void);

#else

static inline int cprocessor_is_wide(void) { return 0; }
static inline int cprocessor_has_carryless(void) { return 0; }
static inline int cprocessor_has_sha(void) { return 0; }
static inline int cprocessor_gathers(void) { return 0; }

#endif

/// This processor, one that only lacks `cprocessor_gathers`, and one that has none of all that.
enum { cprocessor_itself, cprocessor_without_gathers, cprocessor_plain };

/// For tests: makes this thread act as on another processor, or on this one again.
void cprocessor_act(int processor);

#endif
