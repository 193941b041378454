#include "clanes_numbers.h"

#include "clanes_processor.h"

#if defined(__x86_64__)

#include <immintrin.h>

typedef float floats8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float floats32 __attribute__((ext_vector_type(32), aligned(4)));
typedef double doubles4 __attribute__((ext_vector_type(4), aligned(8)));
typedef double doubles8 __attribute__((ext_vector_type(8), aligned(8)));
typedef uint32_t bits8 __attribute__((ext_vector_type(8), aligned(4)));
typedef uint32_t bits32 __attribute__((ext_vector_type(32), aligned(4)));
typedef uint32_t bits4 __attribute__((ext_vector_type(4), aligned(4)));
typedef float floats4 __attribute__((ext_vector_type(4), aligned(4)));
typedef uint8_t bytes32 __attribute__((ext_vector_type(32), aligned(1)));
typedef uint8_t aligned_bytes32 __attribute__((ext_vector_type(32)));

static const uint32_t signless = 0x7fffffff;

// Asks for what is used after a while: across the ends of pages, where processors stop fetching by themselves.
#define FETCH_AHEAD(place)                          \
  do {                                              \
    __builtin_prefetch((const char *)(place) + 4096); \
    __builtin_prefetch((const char *)(place) + 4160); \
  } while (0)

CLANES_AVX2 static size_t widen(const float *numbers, size_t count, struct clanes_range *range) {
  floats8 low[4], high[4];
  bits8 largest[4];
  for (int part = 0; part < 4; part++) low[part] = range->low, high[part] = range->high, largest[part] = range->largest;
  size_t done = 0;
  for (; done + 32 <= count; done += 32) {
    FETCH_AHEAD(numbers + done);
    for (int part = 0; part < 4; part++) {
      const floats8 x = *(const floats8 *)(numbers + done + 8 * part);
      const bits8 magnitude = (bits8)x & signless;
      low[part] = x < low[part] ? x : low[part];
      high[part] = x > high[part] ? x : high[part];
      largest[part] = magnitude > largest[part] ? magnitude : largest[part];
    }
  }
  for (int part = 1; part < 4; part++) {
    low[0] = low[part] < low[0] ? low[part] : low[0];
    high[0] = high[part] > high[0] ? high[part] : high[0];
    largest[0] = largest[part] > largest[0] ? largest[part] : largest[0];
  }
  for (int lane = 0; lane < 8; lane++) {
    if (low[0][lane] < range->low) range->low = low[0][lane];
    if (high[0][lane] > range->high) range->high = high[0][lane];
  }
  range->largest = __builtin_reduce_max(largest[0]);
  return done;
}

CLANES_AVX2 static size_t find_largest(const float *numbers, size_t count, uint32_t *largest) {
  bits8 found[4];
  for (int part = 0; part < 4; part++) found[part] = *largest;
  size_t done = 0;
  for (; done + 32 <= count; done += 32) {
    FETCH_AHEAD(numbers + done);
    for (int part = 0; part < 4; part++) {
      const bits8 magnitude = *(const bits8 *)(numbers + done + 8 * part) & signless;
      found[part] = magnitude > found[part] ? magnitude : found[part];
    }
  }
  found[0] = found[1] > found[0] ? found[1] : found[0];
  found[2] = found[3] > found[2] ? found[3] : found[2];
  *largest = __builtin_reduce_max(found[2] > found[0] ? found[2] : found[0]);
  return done;
}

// Added to a number below 2^22 in magnitude, it leaves no room for a fraction; the sum's lowest bits are the whole number.
static const float magic = 12582912;

// Backwards by blocks, forwards in them.
#define ROUND(quotient)                                                                                      \
  const size_t done = count / 32 * 32, block = 1 << 16;                                                      \
  /* Waiting at the end until all has left takes longer than a small part does. */                          \
  const int passes_caches = streams && count >= 4096 && (uintptr_t)codes % sizeof(aligned_bytes32) == 0;     \
  for (size_t end = done; end > 0; end = (end - 1) / block * block) {                                        \
    for (size_t next = (end - 1) / block * block; next < end; next += 32) {                                  \
      FETCH_AHEAD(numbers + next);                                                                           \
      const floats32 steps = (quotient);                                                                     \
      const bytes32 rounded = __builtin_convertvector((bits32)(steps + magic), bytes32) + zero;              \
      if (passes_caches) {                                                                                   \
        __builtin_nontemporal_store((aligned_bytes32)rounded, (aligned_bytes32 *)(codes + next));            \
      } else {                                                                                               \
        *(bytes32 *)(codes + next) = rounded;                                                                \
      }                                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  if (passes_caches) _mm_sfence();                                                                           \
  return done

CLANES_AVX2 static size_t round_all(
    const float *numbers, size_t count, float scale, uint8_t zero, uint8_t *codes, int streams) {
  ROUND(*(const floats32 *)(numbers + next) / scale);
}

CLANES_AVX2 static size_t round_clamped(
    const float *numbers, size_t count, float scale, uint8_t zero, float low, float high, uint8_t *codes, int streams) {
  const floats32 lows = low, highs = high;
  ROUND(({
    floats32 steps = *(const floats32 *)(numbers + next) / scale;
    steps = steps < lows ? lows : steps;
    steps > highs ? highs : steps;
  }));
}

CLANES_AVX2 static size_t add_magnitudes(const float *numbers, size_t count, double sums[16]) {
  doubles8 first = *(const doubles8 *)sums, second = *(const doubles8 *)(sums + 8);
  size_t done = 0;
  for (; done + 16 <= count; done += 16) {
    __builtin_prefetch((const char *)(numbers + done) + 4096);
    first += __builtin_convertvector((floats8)(*(const bits8 *)(numbers + done) & signless), doubles8);
    second += __builtin_convertvector((floats8)(*(const bits8 *)(numbers + done + 8) & signless), doubles8);
  }
  *(doubles8 *)sums = first, *(doubles8 *)(sums + 8) = second;
  return done;
}

#define MAGNITUDES(place) __builtin_convertvector((floats4)(*(const bits4 *)(place) & signless), doubles4)

CLANES_AVX2 static size_t sum_columns(const float *numbers, size_t rows, size_t columns, double *sums) {
  size_t done = 0;
  for (; done + 4 <= columns; done += 4) {
    const float *place = numbers + done;
    if (done % 16 == 0) {
      for (size_t row = 0; row < rows; row++) __builtin_prefetch((const char *)(place + row * columns) + 2048);
    }
    doubles4 sum = MAGNITUDES(place);
    size_t row = 1;
    for (; row + 3 <= rows; row += 3) {
      const float *next = place + row * columns;
      sum += MAGNITUDES(next) + MAGNITUDES(next + columns) + MAGNITUDES(next + 2 * columns);
    }
    for (; row < rows; row++) sum += MAGNITUDES(place + row * columns);
    *(doubles4 *)(sums + done) = sum;
  }
  return done;
}

CLANES_AVX2 static size_t mean_runs(
    const double *sums, size_t runs, size_t width, double divisor, uint32_t *means, double *total) {
  doubles4 all = 0;
  size_t done = 0;
  for (; done + 4 <= runs; done += 4) {
    const double *a = sums + done * width, *b = a + width, *c = b + width, *d = c + width;
    doubles4 sum = 0;
    size_t place = 0;
    for (; place + 4 <= width; place += 4) {
      const doubles4 rows[4] = {
          *(const doubles4 *)(a + place), *(const doubles4 *)(b + place), *(const doubles4 *)(c + place),
          *(const doubles4 *)(d + place)};
      const doubles4 even_ab = __builtin_shufflevector(rows[0], rows[1], 0, 4, 2, 6);
      const doubles4 odd_ab = __builtin_shufflevector(rows[0], rows[1], 1, 5, 3, 7);
      const doubles4 even_cd = __builtin_shufflevector(rows[2], rows[3], 0, 4, 2, 6);
      const doubles4 odd_cd = __builtin_shufflevector(rows[2], rows[3], 1, 5, 3, 7);
      sum += __builtin_shufflevector(even_ab, even_cd, 0, 1, 4, 5);
      sum += __builtin_shufflevector(odd_ab, odd_cd, 0, 1, 4, 5);
      sum += __builtin_shufflevector(even_ab, even_cd, 2, 3, 6, 7);
      sum += __builtin_shufflevector(odd_ab, odd_cd, 2, 3, 6, 7);
    }
    for (; place < width; place++) sum += (doubles4){a[place], b[place], c[place], d[place]};
    all += sum;
    *(bits4 *)(means + done) = (bits4)__builtin_convertvector(sum / divisor, floats4);
  }
  *total += (all[0] + all[1]) + (all[2] + all[3]);
  return done;
}

#else

static size_t widen(const float *numbers, size_t count, struct clanes_range *range) { return 0; }
static size_t find_largest(const float *numbers, size_t count, uint32_t *largest) { return 0; }
static size_t round_all(
    const float *numbers, size_t count, float scale, uint8_t zero, uint8_t *codes, int streams) {
  return 0;
}
static size_t round_clamped(
    const float *numbers, size_t count, float scale, uint8_t zero, float low, float high, uint8_t *codes, int streams) {
  return 0;
}
static size_t add_magnitudes(const float *numbers, size_t count, double sums[16]) { return 0; }
static size_t sum_columns(const float *numbers, size_t rows, size_t columns, double *sums) { return 0; }
static size_t mean_runs(
    const double *sums, size_t runs, size_t width, double divisor, uint32_t *means, double *total) {
  return 0;
}

#endif

size_t clanes_widen(const float *numbers, size_t count, struct clanes_range *range) {
  return cprocessor_is_wide() ? widen(numbers, count, range) : 0;
}

size_t clanes_find_largest(const float *numbers, size_t count, uint32_t *largest) {
  return cprocessor_is_wide() ? find_largest(numbers, count, largest) : 0;
}

size_t clanes_round(const float *numbers, size_t count, float scale, uint8_t zero, uint8_t *codes, int streams) {
  return cprocessor_is_wide() ? round_all(numbers, count, scale, zero, codes, streams) : 0;
}

size_t clanes_round_clamped(
    const float *numbers, size_t count, float scale, uint8_t zero, float low, float high, uint8_t *codes, int streams) {
  return cprocessor_is_wide() ? round_clamped(numbers, count, scale, zero, low, high, codes, streams) : 0;
}

size_t clanes_add_magnitudes(const float *numbers, size_t count, double sums[16]) {
  return cprocessor_is_wide() ? add_magnitudes(numbers, count, sums) : 0;
}

size_t clanes_sum_columns(const float *numbers, size_t rows, size_t columns, double *sums) {
  return cprocessor_is_wide() ? sum_columns(numbers, rows, columns, sums) : 0;
}

size_t clanes_mean_runs(
    const double *sums, size_t runs, size_t width, double divisor, uint32_t *means, double *total) {
  return cprocessor_is_wide() ? mean_runs(sums, runs, width, divisor, means, total) : 0;
}
