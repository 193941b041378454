#include "clanes.h"

#include <string.h>

typedef uint32_t bits4 __attribute__((ext_vector_type(4)));
typedef int32_t ints4 __attribute__((ext_vector_type(4)));
typedef float floats4 __attribute__((ext_vector_type(4)));
typedef uint8_t bytes8 __attribute__((ext_vector_type(8)));
typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));

#define INLINE static inline __attribute__((always_inline))

static const uint32_t signless = 0x7fffffff;

INLINE bits4 load(const uint32_t *from) {
  bits4 bits;
  memcpy(&bits, from, sizeof bits);
  return bits;
}

// Four rows of four numbers as four columns.
INLINE void transpose(const bits4 rows[4], bits4 columns[4]) {
  const bits4 low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const bits4 low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const bits4 high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const bits4 high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  columns[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  columns[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  columns[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  columns[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

// All ones where the magnitude `a` is the larger one: without their signs, bit patterns order like numbers, as signed integers.
INLINE bits4 is_larger(bits4 a, bits4 b) { return (bits4)((ints4)a > (ints4)b); }

// Of finite magnitudes. SSE2 has no maximum of integers, but one of floats.
#if defined(__SSE__)
#include <immintrin.h>
INLINE bits4 larger(bits4 a, bits4 b) { return (bits4)_mm_max_ps((__m128)a, (__m128)b); }
INLINE bits4 smaller(bits4 a, bits4 b) { return (bits4)_mm_min_ps((__m128)a, (__m128)b); }
#else
INLINE bits4 larger(bits4 a, bits4 b) { return (bits4)__builtin_elementwise_max((ints4)a, (ints4)b); }
INLINE bits4 smaller(bits4 a, bits4 b) { return (bits4)__builtin_elementwise_min((ints4)a, (ints4)b); }
#endif

INLINE bits4 selected(bits4 mask, bits4 yes, bits4 no) { return (mask & yes) | (~mask & no); }

// Four bits for each of four groups of four, a group a lane. `second` collects the least of what stays.
INLINE bits4 two_of_four(const uint32_t *scores, uint32_t *pairs, bits4 *second, floats4 *sum) {
  const bits4 rows[4] = {load(scores), load(scores + 4), load(scores + 8), load(scores + 12)};
  *sum += ((floats4)rows[0] + (floats4)rows[1]) + ((floats4)rows[2] + (floats4)rows[3]);
  bits4 columns[4];
  transpose(rows, columns);
  const bits4 a = columns[0], b = columns[1], c = columns[2], d = columns[3];
  const bits4 ma = a & signless, mb = b & signless, mc = c & signless, md = d & signless;

  // The larger and the smaller of each half; then either one of each half stays, or both of one.
  const bits4 b_is_larger = is_larger(mb, ma), d_is_larger = is_larger(md, mc);
  const bits4 left = larger(ma, mb), left_less = smaller(ma, mb);
  const bits4 right = larger(mc, md), right_less = smaller(mc, md);
  const bits4 left_goes = is_larger(right, left_less), right_stays = is_larger(right_less, left);
  *second = smaller(*second, larger(larger(left_less, right_less), smaller(left, right)));

  const bits4 first = selected(right_stays, c, selected(left_goes, selected(b_is_larger, b, a), a));
  const bits4 last = selected(left_goes, d ^ ((c ^ d) & ~(d_is_larger | right_stays)), b);
  const bits4 low = __builtin_shufflevector(first, last, 0, 4, 1, 5);
  const bits4 high = __builtin_shufflevector(first, last, 2, 6, 3, 7);
  memcpy(pairs, &low, sizeof low);
  memcpy(pairs + 4, &high, sizeof high);

  // Bits 0 and 2, or 1 for 0 and 3 for 2: taking "all ones" away adds one.
  const bits4 one_of_each = (5 - b_is_larger) - (d_is_larger << 2);
  return selected(left_goes, selected(right_stays, (bits4)12, one_of_each), (bits4)3);
}

uint64_t clanes_two_of_four(const uint32_t scores[64], uint32_t pairs[32], float sum[4]) {
  bits4 second = (bits4)signless;
  floats4 total;
  memcpy(&total, sum, sizeof total);
  bits4 groups = two_of_four(scores, pairs, &second, &total);
  groups |= two_of_four(scores + 16, pairs + 8, &second, &total) << 8;
  groups |= two_of_four(scores + 32, pairs + 16, &second, &total) << 16;
  groups |= two_of_four(scores + 48, pairs + 24, &second, &total) << 24;
  memcpy(sum, &total, sizeof total);

  // Byte b of lane g is group 4b + g: lanes 0 and 1 make a byte, and so do 2 and 3.
  const bytes16 halves = (bytes16)(groups | __builtin_shufflevector(groups, groups, 1, 1, 3, 3) << 4);
  const bytes8 bytes = __builtin_shufflevector(halves, halves, 0, 8, 1, 9, 2, 10, 3, 11);
  uint64_t word = 0;
  for (int byte = 0; byte < 8; byte++) word |= (uint64_t)bytes[byte] << (8 * byte);

  const bits4 is_zero = (bits4)(second == 0);
  if (is_zero[0] | is_zero[1] | is_zero[2] | is_zero[3]) {
    for (int i = 0; i < 64; i++) word &= ~((uint64_t)((scores[i] & signless) == 0) << i);
  }
  return word;
}

// How many come before each, for any number of groups that fill a vector; the ranks decide.
INLINE void largest_of_groups(const uint32_t *scores, int size, int kept, uint32_t bits[4]) {
  ints4 magnitudes[CLANES_LARGEST_GROUP + 3], ranks[CLANES_LARGEST_GROUP + 3];
  for (int i = 0; i < size; i += 4) {
    bits4 rows[4], columns[4];
    for (int group = 0; group < 4; group++) rows[group] = load(scores + group * size + i) & signless;
    transpose(rows, columns);
    for (int j = 0; j < 4; j++) magnitudes[i + j] = (ints4)columns[j], ranks[i + j] = (ints4)(i + j);
  }
  // Each comes after those to its left at first. A comparison is −1 where the right one is larger: they change places.
  for (int i = 0; i < size; i++) {
    const ints4 magnitude = magnitudes[i];
    ints4 rank = ranks[i];
    for (int j = i + 1; j < size; j++) {
      const ints4 right_is_larger = magnitudes[j] > magnitude;
      rank -= right_is_larger;
      ranks[j] += right_is_larger;
    }
    ranks[i] = rank;
  }
  bits4 stays = 0;
  for (int i = 0; i < size; i++) {
    stays |= (bits4)((ranks[i] < kept) & (magnitudes[i] > 0)) & (1u << i);
  }
  memcpy(bits, &stays, sizeof stays);
}

void clanes_largest_of_groups(const uint32_t *scores, int size, int kept, uint32_t bits[4]) {
  // With a size known to the compiler, all is in registers.
  switch (size) {
    case 4: largest_of_groups(scores, 4, kept, bits); break;
    case 8: largest_of_groups(scores, 8, kept, bits); break;
    case 16: largest_of_groups(scores, 16, kept, bits); break;
    default: largest_of_groups(scores, size, kept, bits);
  }
}
