#include "ccoders_ans_together.h"

#include <string.h>

#include "ccoders_order.h"
#include "ccoders_processor.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl,popcnt")))
#define STEP TARGET static inline __attribute__((always_inline))

/// Goes to the states before: how often their slots' shares are in them, and the places there. Returns what is in the
/// entries above both.
STEP __m512i narrow_step(__m512i *states, const uint32_t *entries) {
  const __m512i low = _mm512_set1_epi64(0xFFF);
  const __m512i slots = _mm512_and_si512(*states, low);
  const __m512i found = _mm512_cvtepu32_epi64(_mm512_i64gather_epi32(slots, entries, 4));
  const __m512i times = _mm512_srli_epi64(*states, 12);
  const __m512i product = _mm512_mullo_epi64(times, _mm512_and_si512(found, low));
  const __m512i places = _mm512_and_si512(_mm512_srli_epi64(found, 12), low);
  *states = _mm512_add_epi64(product, _mm512_add_epi64(times, places));
  return _mm512_srli_epi64(found, 24);
}

/// Numbers of 256 symbols, 32 to a vector.
typedef struct {
  __m512i parts[8];
} numbers;

/// The numbers of 32 symbols. A vector is looked up in by far less work than memory is: in each quarter of the numbers, as
/// if all symbols were in it, then the two upper bits choose.
STEP __m512i look_up(const numbers *numbers, __m512i symbols) {
  const __m512i *parts = numbers->parts;
  const __mmask32 is_odd = _mm512_test_epi16_mask(symbols, _mm512_set1_epi16(0x40));
  const __mmask32 is_upper = _mm512_test_epi16_mask(symbols, _mm512_set1_epi16(0x80));
  const __m512i first = _mm512_permutex2var_epi16(parts[0], symbols, parts[1]);
  const __m512i second = _mm512_permutex2var_epi16(parts[2], symbols, parts[3]);
  const __m512i third = _mm512_permutex2var_epi16(parts[4], symbols, parts[5]);
  const __m512i fourth = _mm512_permutex2var_epi16(parts[6], symbols, parts[7]);
  const __m512i lower = _mm512_mask_blend_epi16(is_odd, first, second);
  const __m512i upper = _mm512_mask_blend_epi16(is_odd, third, fourth);
  return _mm512_mask_blend_epi16(is_upper, lower, upper);
}

/// What is a block's of the 32 numbers of all blocks. A part can only be asked for by a constant.
STEP __m128i of_block(__m512i all, int block) {
  switch (block) {
    case 0: return _mm512_extracti64x2_epi64(all, 0);
    case 1: return _mm512_extracti64x2_epi64(all, 1);
    case 2: return _mm512_extracti64x2_epi64(all, 2);
    default: return _mm512_extracti64x2_epi64(all, 3);
  }
}

/// The same by way of symbols, for all blocks; returns their symbols.
STEP __m512i wide_step(
    __m512i *states, const uint8_t *slots, const numbers *shares, const numbers *starts, int bits) {
  const __m512i low = _mm512_set1_epi64((1 << bits) - 1);
  __m512i slot[ccoders_ans_blocks];
  __m128i found[ccoders_ans_blocks];
  UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
    slot[block] = _mm512_and_si512(states[block], low);
    found[block] = _mm256_cvtepi32_epi16(_mm512_i64gather_epi32(slot[block], slots, 1));
  }
  const __m256i half = _mm256_inserti128_si256(_mm256_castsi128_si256(found[0]), found[1], 1);
  const __m256i other = _mm256_inserti128_si256(_mm256_castsi128_si256(found[2]), found[3], 1);
  const __m512i four = _mm512_inserti64x4(_mm512_castsi256_si512(half), other, 1);
  const __m512i symbols = _mm512_and_si512(four, _mm512_set1_epi16(0xFF));
  const __m512i share = look_up(shares, symbols);
  const __m512i start = look_up(starts, symbols);
  UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
    const __m512i times = _mm512_srl_epi64(states[block], _mm_cvtsi32_si128(bits));
    const __m512i product = _mm512_mullo_epi64(times, _mm512_cvtepu16_epi64(of_block(share, block)));
    const __m512i place = _mm512_sub_epi64(slot[block], _mm512_cvtepu16_epi64(of_block(start, block)));
    states[block] = _mm512_add_epi64(product, place);
  }
  return symbols;
}

/// Takes a word for each state that is low, in their order; returns where the next are.
STEP const uint8_t *refill(__m512i *states, const uint8_t *words) {
  const __mmask8 is_low = _mm512_cmplt_epu64_mask(*states, _mm512_set1_epi64((int64_t)1 << 32));
  const __m256i next = _mm256_maskz_expand_epi32(is_low, _mm256_loadu_si256((const __m256i *)words));
  const __m512i moved = _mm512_mask_slli_epi64(*states, is_low, *states, 32);
  *states = _mm512_or_si512(moved, _mm512_cvtepu32_epi64(next));
  return words + 4 * _mm_popcnt_u32(is_low);
}

typedef struct {
  __m512i states[ccoders_ans_blocks];
  const uint8_t *words[ccoders_ans_blocks];
  uint8_t *targets[ccoders_ans_blocks];
} progress;

STEP progress begun(const ccoders_ans_place *places) {
  progress at;
  UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
    at.states[block] = _mm512_loadu_si512(places[block].states);
    at.words[block] = places[block].words;
    at.targets[block] = places[block].target;
  }
  return at;
}

STEP void end(const progress *at, ccoders_ans_place *places) {
  UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
    _mm512_storeu_si512(places[block].states, at->states[block]);
    places[block].words = at->words[block];
    places[block].target = at->targets[block];
  }
}

int ccoders_ans_has_together(void) { return cprocessor_gathers(); }

// Of both turns, what a state's steps wrote is next to each other.

TARGET void ccoders_ans_narrow_together(ccoders_ans_place *places, size_t rounds, const uint32_t *entries) {
  progress at = begun(places);
  for (size_t round = 0; round < rounds; round++) {
    __m512i first[ccoders_ans_blocks];
    UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) first[block] = narrow_step(&at.states[block], entries);
    UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
      const __m512i second = narrow_step(&at.states[block], entries);
      const __m512i both = _mm512_or_si512(first[block], _mm512_slli_epi64(second, 8));
      _mm_storeu_si128((__m128i *)at.targets[block], _mm512_cvtepi64_epi16(both));
      at.targets[block] += 2 * ccoders_ans_states;
      at.words[block] = refill(&at.states[block], at.words[block]);
    }
  }
  end(&at, places);
}

STEP void wide(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols, int bits,
    int are_pairs) {
  uint16_t fields[3][256];
  for (int symbol = 0; symbol < 256; symbol++) {
    fields[0][symbol] = symbols[symbol].share;
    fields[1][symbol] = symbols[symbol].start;
    fields[2][symbol] = symbols[symbol].written;
  }
  numbers shares, starts, written;
  memcpy(&shares, fields[0], sizeof shares);
  memcpy(&starts, fields[1], sizeof starts);
  memcpy(&written, fields[2], sizeof written);
  progress at = begun(places);
  for (size_t round = 0; round < rounds; round++) {
    __m512i first = wide_step(at.states, slots, &shares, &starts, bits);
    __m512i second = wide_step(at.states, slots, &shares, &starts, bits);
    UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
      at.words[block] = refill(&at.states[block], at.words[block]);
    }
    if (are_pairs) {
      first = look_up(&written, first);
      second = look_up(&written, second);
      const __m512i lower = _mm512_unpacklo_epi16(first, second);
      const __m512i upper = _mm512_unpackhi_epi16(first, second);
      UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
        _mm_storeu_si128((__m128i *)at.targets[block], of_block(lower, block));
        _mm_storeu_si128((__m128i *)(at.targets[block] + 16), of_block(upper, block));
        at.targets[block] += 4 * ccoders_ans_states;
      }
    } else {
      const __m512i both = _mm512_or_si512(first, _mm512_slli_epi16(second, 8));
      UNROLL for (int block = 0; block < ccoders_ans_blocks; block++) {
        _mm_storeu_si128((__m128i *)at.targets[block], of_block(both, block));
        at.targets[block] += 2 * ccoders_ans_states;
      }
    }
  }
  end(&at, places);
}

TARGET void ccoders_ans_wide_together(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols, int bits) {
  wide(places, rounds, slots, symbols, bits, 0);
}

TARGET void ccoders_ans_pairs_together(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols) {
  wide(places, rounds, slots, symbols, 14, 1);
}

#else

int ccoders_ans_has_together(void) { return 0; }

void ccoders_ans_narrow_together(ccoders_ans_place *places, size_t rounds, const uint32_t *entries) {
  (void)places, (void)rounds, (void)entries;
}

void ccoders_ans_wide_together(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols, int bits) {
  (void)places, (void)rounds, (void)slots, (void)symbols, (void)bits;
}

void ccoders_ans_pairs_together(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols) {
  (void)places, (void)rounds, (void)slots, (void)symbols;
}

#endif
