#include "ccoders_ans.h"

#include <string.h>

#include "ccoders_order.h"
#include "ccoders_processor.h"

// A processor has enough to do with eight states: how fast it is depends on how little there is to do. So fields of an
// entry are loads of their own, as that takes less than to cut them out of one word, and two states at a time are in
// registers, as all eight with what else is needed would be moved back and forth all the time.

/// Takes a word where the state is low. Without a branch: whether it is, is as good as random. Words are counted by adding
/// the comparison, so that the next state's word waits for one addition.
INLINE void refill(uint64_t *state, const uint8_t *words, size_t *taken, uint64_t lowest) {
  uint32_t word;
  memcpy(&word, words + 4 * *taken, sizeof word);
  const int is_low = *state < lowest;
  // A low state's upper half is zero: so this is the state moved up.
  const uint64_t refilled = __builtin_rotateleft64(*state, 32) | LITTLE32(word);
  *taken += is_low;
  *state = is_low ? refilled : *state;
}

INLINE void narrow_step(
    uint64_t *state, uint64_t slot, uint8_t *target, const ccoders_ans_slot *slots, const uint8_t *symbols) {
  *target = symbols[slot];
  *state = slots[slot].share * (*state >> 12) + slots[slot].place;
}

INLINE void wide_step(
    uint64_t *state, uint64_t slot, uint8_t *target, const uint8_t *slots, const ccoders_ans_symbol *symbols, int bits) {
  const uint8_t symbol = slots[slot];
  *target = symbol;
  *state = symbols[symbol].share * (*state >> bits) + slot - symbols[symbol].start;
}

INLINE void pair_step(
    uint64_t *state, uint64_t slot, uint8_t *target, const uint8_t *slots, const ccoders_ans_symbol *symbols) {
  const ccoders_ans_symbol *symbol = &symbols[slots[slot]];
  const uint16_t written = LITTLE16(symbol->written);
  memcpy(target, &written, sizeof written);
  *state = symbol->share * (*state >> 14) + slot - symbol->start;
}

// Rounds of `step`, which takes the state `at[i]` to the one before and writes `each` bytes to `out`.
#define ROUNDS(each, step)                                                         \
  uint64_t at[ccoders_ans_states];                                                 \
  memcpy(at, states, sizeof at);                                                   \
  size_t taken = 0;                                                                \
  /* Unknown to the compiler, it is compared with in one step. */                  \
  uint64_t lowest = (uint64_t)1 << 32;                                             \
  APART(lowest);                                                                   \
  for (size_t round = 0; round < rounds; round++) {                                \
    UNROLL for (int first = 0; first < ccoders_ans_states; first += 2) {           \
      IN_MEMORY(at);                                                               \
      UNROLL for (int turn = 0; turn < 2; turn++) {                                \
        UNROLL for (int i = first; i < first + 2; i++) {                           \
          uint8_t *const out = target + (each) * (2 * i + turn);                   \
          step;                                                                    \
        }                                                                          \
      }                                                                            \
      UNROLL for (int i = first; i < first + 2; i++) refill(&at[i], words, &taken, lowest); \
    }                                                                              \
    target += (each) * 2 * ccoders_ans_states;                                     \
  }                                                                                \
  memcpy(states, at, sizeof at);                                                   \
  return words + 4 * taken;

#define NARROW(low_bits) ROUNDS(1, narrow_step(&at[i], low_bits(at[i], 12), out, slots, symbols))
#define WIDE(low_bits) ROUNDS(1, wide_step(&at[i], low_bits(at[i], bits), out, slots, symbols, bits))
#define PAIRS(low_bits) ROUNDS(2, pair_step(&at[i], low_bits(at[i], 14), out, slots, symbols))

#define LOW_BITS(word, count) ((word) & (((uint64_t)1 << (count)) - 1))

// Each is there twice: BMI2 moves, rotates, and cuts off bits without a copy before.
#if defined(__x86_64__)

#include <immintrin.h>

#define BMI2(word, count) _bzhi_u64((word), (unsigned)(count))

CCODERS_WIDE static const uint8_t *narrow_bmi2(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const ccoders_ans_slot *slots,
    const uint8_t *symbols) {
  NARROW(BMI2)
}

CCODERS_WIDE static const uint8_t *wide_bmi2(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const uint8_t *slots,
    const ccoders_ans_symbol *symbols, int bits) {
  WIDE(BMI2)
}

CCODERS_WIDE static const uint8_t *pairs_bmi2(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const uint8_t *slots,
    const ccoders_ans_symbol *symbols) {
  PAIRS(BMI2)
}

#define IF_WIDE(call) \
  if (cprocessor_is_wide()) return call
#else
#define IF_WIDE(call)
#endif

const uint8_t *ccoders_ans_narrow(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const ccoders_ans_slot *slots,
    const uint8_t *symbols) {
  IF_WIDE(narrow_bmi2(states, words, target, rounds, slots, symbols));
  NARROW(LOW_BITS)
}

const uint8_t *ccoders_ans_wide(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const uint8_t *slots,
    const ccoders_ans_symbol *symbols, int bits) {
  IF_WIDE(wide_bmi2(states, words, target, rounds, slots, symbols, bits));
  WIDE(LOW_BITS)
}

const uint8_t *ccoders_ans_pairs(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const uint8_t *slots,
    const ccoders_ans_symbol *symbols) {
  IF_WIDE(pairs_bmi2(states, words, target, rounds, slots, symbols));
  PAIRS(LOW_BITS)
}
