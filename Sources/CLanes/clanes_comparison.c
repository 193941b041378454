#include "clanes_comparison.h"

#include "clanes_bit_numbers.h"
#include "clanes_processor.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET CLANES_AVX2
#define INLINE static inline __attribute__((always_inline))

// How far ahead of its use a line is asked for: across the ends of pages, where processors stop fetching by themselves.
static const int ahead = 4096;

TARGET INLINE __m256d low_half(__m256 numbers) { return _mm256_cvtps_pd(_mm256_castps256_ps128(numbers)); }
TARGET INLINE __m256d high_half(__m256 numbers) { return _mm256_cvtps_pd(_mm256_extractf128_ps(numbers, 1)); }

TARGET INLINE unsigned nonzero_bits(__m256 numbers) {
  return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(numbers, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}

// No multiplication is fused with an addition: elsewhere they are not.

typedef struct {
  __m256d source, error, result, largest;
} half;

TARGET INLINE void half_load(half *half, const struct clanes_differences *sums, int first) {
  half->source = _mm256_loadu_pd(sums->source + first), half->error = _mm256_loadu_pd(sums->error + first);
  half->result = _mm256_loadu_pd(sums->result + first), half->largest = _mm256_loadu_pd(sums->largest + first);
}

TARGET INLINE void half_store(const half *half, struct clanes_differences *sums, int first) {
  _mm256_storeu_pd(sums->source + first, half->source), _mm256_storeu_pd(sums->error + first, half->error);
  _mm256_storeu_pd(sums->result + first, half->result), _mm256_storeu_pd(sums->largest + first, half->largest);
}

TARGET INLINE void half_add(half *half, __m256d source, __m256d result) {
  const __m256d difference = _mm256_sub_pd(source, result);
  const __m256d square = _mm256_mul_pd(difference, difference);
  half->source = _mm256_add_pd(half->source, _mm256_mul_pd(source, source));
  half->error = _mm256_add_pd(half->error, square);
  half->result = _mm256_add_pd(half->result, _mm256_mul_pd(result, result));
  // Where the square is not a number, the second operand: what was largest.
  half->largest = _mm256_max_pd(square, half->largest);
}

TARGET static size_t add_differences(
    const float *source, const float *result, size_t count, struct clanes_differences *sums) {
  half low, high;
  half_load(&low, sums, 0), half_load(&high, sums, 4);
  size_t done = 0, nonzeros = 0;
  for (; done + 8 <= count; done += 8) {
    if (done % 16 == 0) {
      _mm_prefetch((const char *)(source + done) + ahead, _MM_HINT_T0);
      _mm_prefetch((const char *)(result + done) + ahead, _MM_HINT_T0);
    }
    const __m256 w = _mm256_loadu_ps(source + done), v = _mm256_loadu_ps(result + done);
    half_add(&low, low_half(w), low_half(v));
    half_add(&high, high_half(w), high_half(v));
    nonzeros += (size_t)_mm_popcnt_u32(nonzero_bits(v));
  }
  half_store(&low, sums, 0), half_store(&high, sums, 4);
  sums->nonzeros += nonzeros;
  return done;
}

TARGET static size_t add_squares(const float *numbers, size_t count, double sums[8], size_t *nonzeros) {
  __m256d low = _mm256_loadu_pd(sums), high = _mm256_loadu_pd(sums + 4);
  size_t done = 0, found = 0;
  for (; done + 8 <= count; done += 8) {
    if (done % 16 == 0) _mm_prefetch((const char *)(numbers + done) + ahead, _MM_HINT_T0);
    const __m256 w = _mm256_loadu_ps(numbers + done);
    const __m256d a = low_half(w), b = high_half(w);
    low = _mm256_add_pd(low, _mm256_mul_pd(a, a));
    high = _mm256_add_pd(high, _mm256_mul_pd(b, b));
    found += (size_t)_mm_popcnt_u32(nonzero_bits(w));
  }
  _mm256_storeu_pd(sums, low), _mm256_storeu_pd(sums + 4, high);
  *nonzeros += found;
  return done;
}

TARGET static size_t part(const float *numbers, const uint8_t *mask, size_t words, struct clanes_parted *parted) {
  const __m256i signless = _mm256_set1_epi32(0x7fffffff);
  const __m256i first_byte = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  __m256d low = _mm256_loadu_pd(parted->squares), high = _mm256_loadu_pd(parted->squares + 4);
  __m256i largest = _mm256_setzero_si256();
  size_t done = 0;
  for (; done < words && parted->count + 64 + CLANES_PARTED_SLACK <= parted->capacity; done++) {
    const float *next = numbers + 64 * done;
    float *end = parted->kept + parted->count;
#pragma clang loop unroll(full)
    for (int group = 0; group < 8; group++) {
      if (group % 2 == 0) _mm_prefetch((const char *)(next + 8 * group) + ahead, _MM_HINT_T0);
      const unsigned byte = mask[8 * done + (size_t)group];
      const __m256i bits = _mm256_loadu_si256((const __m256i *)(next + 8 * group));
      const __m256i is_kept =
          _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)byte), first_byte), first_byte);
      const __m256i left = _mm256_andnot_si256(is_kept, bits);
      largest = _mm256_max_epu32(largest, _mm256_and_si256(left, signless));
      const __m256d a = low_half(_mm256_castsi256_ps(left)), b = high_half(_mm256_castsi256_ps(left));
      low = _mm256_add_pd(low, _mm256_mul_pd(a, a));
      high = _mm256_add_pd(high, _mm256_mul_pd(b, b));
      const __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&clanes_bit_numbers[byte]));
      _mm256_storeu_si256((__m256i *)end, _mm256_permutevar8x32_epi32(bits, order));
      end += _mm_popcnt_u32(byte);
    }
    parted->count = (size_t)(end - parted->kept);
  }
  _mm256_storeu_pd(parted->squares, low), _mm256_storeu_pd(parted->squares + 4, high);
  uint32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, largest);
  for (int lane = 0; lane < 8; lane++) {
    if (lanes[lane] > parted->largest) parted->largest = lanes[lane];
  }
  return done;
}

#else

static size_t add_differences(
    const float *source, const float *result, size_t count, struct clanes_differences *sums) {
  return 0;
}
static size_t add_squares(const float *numbers, size_t count, double sums[8], size_t *nonzeros) { return 0; }
static size_t part(const float *numbers, const uint8_t *mask, size_t words, struct clanes_parted *parted) { return 0; }

#endif

size_t clanes_add_differences(
    const float *source, const float *result, size_t count, struct clanes_differences *sums) {
  return cprocessor_is_wide() ? add_differences(source, result, count, sums) : 0;
}

size_t clanes_add_squares(const float *numbers, size_t count, double sums[8], size_t *nonzeros) {
  return cprocessor_is_wide() ? add_squares(numbers, count, sums, nonzeros) : 0;
}

size_t clanes_part(const float *numbers, const uint8_t *mask, size_t words, struct clanes_parted *parted) {
  return cprocessor_is_wide() ? part(numbers, mask, words, parted) : 0;
}
