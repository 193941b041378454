#include "clanes_survivors.h"

#include "clanes_bit_numbers.h"
#include "clanes_processor.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET CLANES_AVX2
#define INLINE static inline __attribute__((always_inline))

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
      const __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&clanes_bit_numbers[byte]));
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
  return cprocessor_is_wide() ? keep_tied(numbers, words, bar - 1, ties, mask, survivors) : 0;
}

size_t clanes_keep_above(
    const uint32_t *numbers, size_t words, int32_t bar, uint64_t *mask, struct clanes_survivors *survivors) {
  return cprocessor_is_wide() ? keep_above(numbers, words, bar, mask, survivors) : 0;
}

size_t clanes_keep_up_to(const uint32_t *numbers, size_t words, int32_t bar, struct clanes_survivors *survivors) {
  return cprocessor_is_wide() ? keep_up_to(numbers, words, bar, survivors) : 0;
}

TARGET static size_t keep_two_of_four(
    const uint32_t *numbers, size_t words, uint64_t *mask, struct clanes_survivors *survivors) {
  return keep(numbers, words, 0, TWO_OF_FOUR, mask, survivors, 0);
}

size_t clanes_keep_two_of_four(
    const uint32_t *numbers, size_t words, uint64_t *mask, struct clanes_survivors *survivors) {
  return cprocessor_is_wide() ? keep_two_of_four(numbers, words, mask, survivors) : 0;
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
  return cprocessor_is_wide() ? narrow(mask, words, kept, kept_words, bits) : 0;
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
