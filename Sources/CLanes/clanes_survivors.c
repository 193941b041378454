#include "clanes_survivors.h"

#include "clanes_processor.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET CLANES_AVX2
#define INLINE static inline __attribute__((always_inline))

// For each byte the numbers of its set bits, lowest first, a byte each.
static const uint64_t bit_numbers[256] = {
    0x0, 0x0, 0x1, 0x100, 0x2, 0x200, 0x201, 0x20100, 0x3, 0x300, 0x301, 0x30100, 0x302, 0x30200, 0x30201, 0x3020100,
    0x4, 0x400, 0x401, 0x40100, 0x402, 0x40200, 0x40201, 0x4020100, 0x403, 0x40300, 0x40301, 0x4030100, 0x40302,
    0x4030200, 0x4030201, 0x403020100, 0x5, 0x500, 0x501, 0x50100, 0x502, 0x50200, 0x50201, 0x5020100, 0x503, 0x50300,
    0x50301, 0x5030100, 0x50302, 0x5030200, 0x5030201, 0x503020100, 0x504, 0x50400, 0x50401, 0x5040100, 0x50402,
    0x5040200, 0x5040201, 0x504020100, 0x50403, 0x5040300, 0x5040301, 0x504030100, 0x5040302, 0x504030200, 0x504030201,
    0x50403020100, 0x6, 0x600, 0x601, 0x60100, 0x602, 0x60200, 0x60201, 0x6020100, 0x603, 0x60300, 0x60301, 0x6030100,
    0x60302, 0x6030200, 0x6030201, 0x603020100, 0x604, 0x60400, 0x60401, 0x6040100, 0x60402, 0x6040200, 0x6040201,
    0x604020100, 0x60403, 0x6040300, 0x6040301, 0x604030100, 0x6040302, 0x604030200, 0x604030201, 0x60403020100, 0x605,
    0x60500, 0x60501, 0x6050100, 0x60502, 0x6050200, 0x6050201, 0x605020100, 0x60503, 0x6050300, 0x6050301, 0x605030100,
    0x6050302, 0x605030200, 0x605030201, 0x60503020100, 0x60504, 0x6050400, 0x6050401, 0x605040100, 0x6050402,
    0x605040200, 0x605040201, 0x60504020100, 0x6050403, 0x605040300, 0x605040301, 0x60504030100, 0x605040302,
    0x60504030200, 0x60504030201, 0x6050403020100, 0x7, 0x700, 0x701, 0x70100, 0x702, 0x70200, 0x70201, 0x7020100,
    0x703, 0x70300, 0x70301, 0x7030100, 0x70302, 0x7030200, 0x7030201, 0x703020100, 0x704, 0x70400, 0x70401, 0x7040100,
    0x70402, 0x7040200, 0x7040201, 0x704020100, 0x70403, 0x7040300, 0x7040301, 0x704030100, 0x7040302, 0x704030200,
    0x704030201, 0x70403020100, 0x705, 0x70500, 0x70501, 0x7050100, 0x70502, 0x7050200, 0x7050201, 0x705020100, 0x70503,
    0x7050300, 0x7050301, 0x705030100, 0x7050302, 0x705030200, 0x705030201, 0x70503020100, 0x70504, 0x7050400,
    0x7050401, 0x705040100, 0x7050402, 0x705040200, 0x705040201, 0x70504020100, 0x7050403, 0x705040300, 0x705040301,
    0x70504030100, 0x705040302, 0x70504030200, 0x70504030201, 0x7050403020100, 0x706, 0x70600, 0x70601, 0x7060100,
    0x70602, 0x7060200, 0x7060201, 0x706020100, 0x70603, 0x7060300, 0x7060301, 0x706030100, 0x7060302, 0x706030200,
    0x706030201, 0x70603020100, 0x70604, 0x7060400, 0x7060401, 0x706040100, 0x7060402, 0x706040200, 0x706040201,
    0x70604020100, 0x7060403, 0x706040300, 0x706040301, 0x70604030100, 0x706040302, 0x70604030200, 0x70604030201,
    0x7060403020100, 0x70605, 0x7060500, 0x7060501, 0x706050100, 0x7060502, 0x706050200, 0x706050201, 0x70605020100,
    0x7060503, 0x706050300, 0x706050301, 0x70605030100, 0x706050302, 0x70605030200, 0x70605030201, 0x7060503020100,
    0x7060504, 0x706050400, 0x706050401, 0x70605040100, 0x706050402, 0x70605040200, 0x70605040201, 0x7060504020100,
    0x706050403, 0x70605040300, 0x70605040301, 0x7060504030100, 0x70605040302, 0x7060504030200, 0x7060504030201,
    0x706050403020100,
};

// How far ahead of its use a line is asked for: across the ends of pages, where processors stop fetching by themselves.
static const int ahead = 4096;

// Ones where a number is among the two largest magnitudes of its four neighbours, of equal ones those that come first.
TARGET INLINE __m256i two_of_four(__m256i magnitudes) {
  // Of integers, at least as large is larger than one less: so one that comes first wins from its equals.
  const __m256i first_of_1 = _mm256_setr_epi32(0, 0, 0, -1, 0, 0, 0, -1);
  const __m256i first_of_2 = _mm256_setr_epi32(0, 0, -1, -1, 0, 0, -1, -1);
  const __m256i first_of_3 = _mm256_setr_epi32(0, -1, -1, -1, 0, -1, -1, -1);
  const __m256i lost_to_1 = _mm256_cmpgt_epi32(
      _mm256_shuffle_epi32(magnitudes, _MM_SHUFFLE(0, 3, 2, 1)), _mm256_add_epi32(magnitudes, first_of_1));
  const __m256i lost_to_2 = _mm256_cmpgt_epi32(
      _mm256_shuffle_epi32(magnitudes, _MM_SHUFFLE(1, 0, 3, 2)), _mm256_add_epi32(magnitudes, first_of_2));
  const __m256i lost_to_3 = _mm256_cmpgt_epi32(
      _mm256_shuffle_epi32(magnitudes, _MM_SHUFFLE(2, 1, 0, 3)), _mm256_add_epi32(magnitudes, first_of_3));
  const __m256i losses = _mm256_add_epi32(_mm256_add_epi32(lost_to_1, lost_to_2), lost_to_3);
  return _mm256_cmpgt_epi32(losses, _mm256_set1_epi32(-2));
}

enum { ABOVE, UP_TO, TWO_OF_FOUR };

// Where `ties` is given, ends before a word that has more of the number after the bar than that.
TARGET INLINE size_t keep(
    const uint32_t *numbers, size_t words, int32_t bar, int side, uint64_t *mask, struct clanes_survivors *survivors,
    size_t *ties) {
  const __m256i bars = _mm256_set1_epi32(bar), signless = _mm256_set1_epi32(0x7fffffff);
  const __m256i tied = _mm256_set1_epi32(bar + 1);
  __m256i largest = _mm256_setzero_si256();
  size_t done = 0;
  for (; done < words && survivors->count + 64 + CLANES_SURVIVOR_SLACK <= survivors->capacity; done++) {
    const uint32_t *next = numbers + 64 * done;
    uint32_t *end = survivors->elements + survivors->count;
    uint64_t word = 0;
    __m256i tie_counts = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (int group = 0; group < 8; group++) {
      if (group % 2 == 0) _mm_prefetch((const char *)(next + 8 * group) + ahead, _MM_HINT_T0);
      const __m256i bits = _mm256_loadu_si256((const __m256i *)(next + 8 * group));
      const __m256i magnitudes = _mm256_and_si256(bits, signless);
      largest = _mm256_max_epu32(largest, magnitudes);
      __m256i stays = _mm256_cmpgt_epi32(magnitudes, bars);
      if (side == TWO_OF_FOUR) stays = _mm256_and_si256(stays, two_of_four(magnitudes));
      unsigned byte = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(stays));
      if (side == UP_TO) byte ^= 0xff;
      if (ties) tie_counts = _mm256_sub_epi32(tie_counts, _mm256_cmpeq_epi32(magnitudes, tied));
      word |= (uint64_t)byte << (8 * group);
      const __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&bit_numbers[byte]));
      _mm256_storeu_si256((__m256i *)end, _mm256_permutevar8x32_epi32(bits, order));
      end += _mm_popcnt_u32(byte);
    }
    if (ties && !_mm256_testz_si256(tie_counts, tie_counts)) {
      uint32_t lanes[8];
      _mm256_storeu_si256((__m256i *)lanes, tie_counts);
      size_t count = 0;
      for (int lane = 0; lane < 8; lane++) count += lanes[lane];
      if (count > *ties) break;
      *ties -= count;
    }
    if (mask) mask[done] = word;
    survivors->count = (size_t)(end - survivors->elements);
  }
  uint32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, largest);
  for (int lane = 0; lane < 8; lane++) {
    if (lanes[lane] > survivors->largest) survivors->largest = lanes[lane];
  }
  return done;
}

TARGET static size_t keep_above(
    const uint32_t *numbers, size_t words, int32_t bar, uint64_t *mask, struct clanes_survivors *survivors) {
  return keep(numbers, words, bar, ABOVE, mask, survivors, 0);
}

TARGET static size_t keep_up_to(
    const uint32_t *numbers, size_t words, int32_t bar, struct clanes_survivors *survivors) {
  return keep(numbers, words, bar, UP_TO, 0, survivors, 0);
}

TARGET static size_t keep_tied(
    const uint32_t *numbers, size_t words, int32_t bar, size_t *ties, uint64_t *mask, struct clanes_survivors *survivors) {
  return keep(numbers, words, bar, ABOVE, mask, survivors, ties);
}

size_t clanes_keep_tied(
    const uint32_t *numbers, size_t words, int32_t bar, size_t *ties, uint64_t *mask, struct clanes_survivors *survivors) {
  return clanes_has_avx2() ? keep_tied(numbers, words, bar - 1, ties, mask, survivors) : 0;
}

size_t clanes_keep_above(
    const uint32_t *numbers, size_t words, int32_t bar, uint64_t *mask, struct clanes_survivors *survivors) {
  return clanes_has_avx2() ? keep_above(numbers, words, bar, mask, survivors) : 0;
}

size_t clanes_keep_up_to(const uint32_t *numbers, size_t words, int32_t bar, struct clanes_survivors *survivors) {
  return clanes_has_avx2() ? keep_up_to(numbers, words, bar, survivors) : 0;
}

TARGET static size_t keep_two_of_four(
    const uint32_t *numbers, size_t words, uint64_t *mask, struct clanes_survivors *survivors) {
  return keep(numbers, words, 0, TWO_OF_FOUR, mask, survivors, 0);
}

size_t clanes_keep_two_of_four(
    const uint32_t *numbers, size_t words, uint64_t *mask, struct clanes_survivors *survivors) {
  return clanes_has_avx2() ? keep_two_of_four(numbers, words, mask, survivors) : 0;
}

TARGET static size_t narrow(uint64_t *mask, size_t words, const uint64_t *kept, size_t kept_words, size_t *bits) {
  size_t place = 0, done = 0;
  // A word of `kept` may lie across two.
  for (; done < words && place / 64 + 1 < kept_words; done++) {
    const unsigned shift = place % 64;
    const uint64_t low = kept[place / 64] >> shift, high = (kept[place / 64 + 1] << 1) << (63 - shift);
    const uint64_t word = mask[done];
    mask[done] = _pdep_u64(low | high, word);
    place += (size_t)_mm_popcnt_u64(word);
  }
  *bits = place;
  return done;
}

size_t clanes_narrow(uint64_t *mask, size_t words, const uint64_t *kept, size_t kept_words, size_t *bits) {
  *bits = 0;
  return clanes_has_avx2() ? narrow(mask, words, kept, kept_words, bits) : 0;
}

#else

size_t clanes_keep_above(
    const uint32_t *numbers, size_t words, int32_t bar, uint64_t *mask, struct clanes_survivors *survivors) {
  return 0;
}

size_t clanes_keep_tied(
    const uint32_t *numbers, size_t words, int32_t bar, size_t *ties, uint64_t *mask, struct clanes_survivors *survivors) {
  return 0;
}

size_t clanes_keep_up_to(const uint32_t *numbers, size_t words, int32_t bar, struct clanes_survivors *survivors) {
  return 0;
}

size_t clanes_keep_two_of_four(
    const uint32_t *numbers, size_t words, uint64_t *mask, struct clanes_survivors *survivors) {
  return 0;
}

size_t clanes_narrow(uint64_t *mask, size_t words, const uint64_t *kept, size_t kept_words, size_t *bits) {
  *bits = 0;
  return 0;
}

#endif
