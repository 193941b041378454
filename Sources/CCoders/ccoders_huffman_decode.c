#include "ccoders_huffman_decode.h"

#include <string.h>

#include "ccoders_order.h"
#include "ccoders_processor.h"

// A processor waits some ten cycles from one look-up of a run to its next, and for the refill as long again: so there
// are as many runs as registers can hold. The bits of all are in local variables meanwhile.
typedef struct {
  const uint8_t *next[ccoders_huffman_fixed_lanes];
  uint64_t bits[ccoders_huffman_fixed_lanes];
} lanes;

INLINE void load(lanes *at, const ccoders_huffman_place *places, int count) {
  UNROLL for (int lane = 0; lane < count; lane++) {
    at->next[lane] = places[lane].next;
    at->bits[lane] = places[lane].bits;
  }
}

INLINE void store(const lanes *at, ccoders_huffman_place *places, int count) {
  UNROLL for (int lane = 0; lane < count; lane++) {
    places[lane].next = at->next[lane];
    places[lane].bits = at->bits[lane];
  }
}

/// At least 56 bits for every lane, wherever the last refill ended.
INLINE void refill(lanes *at, int count) {
  UNROLL for (int lane = 0; lane < count; lane++) {
    const int used = __builtin_ctzll(at->bits[lane]);
    at->next[lane] += used >> 3;
    uint64_t word;
    memcpy(&word, at->next[lane], sizeof word);
    at->bits[lane] = (BIG64(word) | 1) << (used & 7);
  }
}

// Memory is asked for before it is needed, as a processor does not look across the ends of pages, and waits there else:
// so far ahead, and once a line of what is written, which is more than what is read.
enum { ahead = 512, line = 64 };

INLINE void fetch(const lanes *at, uint8_t *const *targets, int count) {
  UNROLL for (int lane = 0; lane < count; lane++) {
    __builtin_prefetch(targets[lane] + ahead, 1);
    __builtin_prefetch(at->next[lane] + ahead);
  }
}

/// How far a word of bits is shifted for an index of `width`. With BMI2 the compiler must not know: it shifts by a
/// register into another then, where it would copy first for a shift by a constant.
INLINE uint64_t shift_for(int width, int wide) {
  uint64_t shift = 64 - (uint64_t)width;
  if (wide) APART(shift);
  return shift;
}

/// Look-ups that give `each` symbols. The runs' targets are `stride` apart, or anywhere where that is zero.
INLINE void fixed(
    ccoders_huffman_place *places, const void *table, size_t rounds, int width, int each, int count, int stride,
    int wide) {
  lanes at;
  load(&at, places, count);
  uint8_t *targets[ccoders_huffman_fixed_lanes];
  UNROLL for (int lane = 0; lane < count; lane++) targets[lane] = places[lane].target;
  const uint64_t shift = shift_for(width, wide);
  const int look_ups = 56 / width;
  const size_t most = line / (each * look_ups);
  for (size_t left = rounds; left > 0;) {
    size_t some = left < most ? left : most;
    left -= some;
    if (stride != 0) UNROLL for (int lane = 1; lane < count; lane++) targets[lane] = targets[0] + lane * stride;
    fetch(&at, targets, count);
    do {
      refill(&at, count);
      UNROLL for (int step = 0; step < look_ups; step++) {
        UNROLL for (int lane = 0; lane < count; lane++) {
          uint8_t *const target = (stride != 0 ? targets[0] + lane * stride : targets[lane]) + each * step;
          const uint64_t index = at.bits[lane] >> shift;
          uint32_t entry = each == 1 ? ((const uint16_t *)table)[index] : ((const uint32_t *)table)[index];
          APART(entry);
          at.bits[lane] <<= entry & 63;
          if (each == 1) {
            *target = (uint8_t)(entry >> 8);
          } else {
            const uint16_t symbols = LITTLE16((uint16_t)(entry >> 16));
            memcpy(target, &symbols, sizeof symbols);
          }
        }
      }
      UNROLL for (int lane = 0; lane < (stride != 0 ? 1 : count); lane++) targets[lane] += each * look_ups;
    } while (--some > 0);
  }
  store(&at, places, count);
  for (int lane = 0; lane < count; lane++) places[lane].target += rounds * (size_t)(each * look_ups);
}

/// What look-ups that give as many symbols as fit have in an entry.
enum { TWO_AT_MOST, THREE_AT_MOST };

INLINE void look_up(uint64_t *bits, uint8_t **target, const uint32_t *entries, int kind, uint64_t shift) {
  uint32_t entry = entries[*bits >> shift];
  APART(entry);
  *bits <<= entry & 63;
  if (kind == THREE_AT_MOST) {
    const uint32_t symbols = LITTLE32(entry >> 8);
    memcpy(*target, &symbols, sizeof symbols);
    *target += (entry >> 6) & 3;
  } else {
    const uint16_t symbols = LITTLE16((uint16_t)(entry >> 16));
    memcpy(*target, &symbols, sizeof symbols);
    *target += (entry >> 8) & 0xFF;
  }
}

#if defined(__x86_64__)

/// The same in seven or eight steps, all in registers. Left to itself, the compiler moves bits to memory and back at
/// each look-up, and takes half as many steps again.
INLINE void look_up_wide(
    uint64_t *bits, uint8_t **target, const uint32_t *entries, int kind, uint64_t shift) {
  uint64_t entry, count;
#define LOOK_UP(take_apart)                                                                                      \
  __asm__ volatile(                                                                                              \
      "shrx %[shift], %[bits], %[entry]\n\t"                                                                     \
      "movl (%[entries],%[entry],4), %k[entry]\n\t"                                                              \
      "shlx %[entry], %[bits], %[bits]\n\t" take_apart "addq %[count], %[target]"                                \
      : [bits] "+r"(*bits), [target] "+r"(*target), [entry] "=&Q"(entry), [count] "=&R"(count)                   \
      : [entries] "r"(entries), [shift] "r"(shift)                                                               \
      : "memory", "cc")
  if (kind == THREE_AT_MOST) {
    LOOK_UP("movzbl %b[entry], %k[count]\n\t"
            "shrl $6, %k[count]\n\t"
            "shrl $8, %k[entry]\n\t"
            "movl %k[entry], (%[target])\n\t");
  } else {
    LOOK_UP("movzbl %h[entry], %k[count]\n\t"
            "shrl $16, %k[entry]\n\t"
            "movw %w[entry], (%[target])\n\t");
  }
#undef LOOK_UP
}

#else
#define look_up_wide look_up
#endif

/// Look-ups that give as many symbols as fit.
INLINE void varying(
    ccoders_huffman_place *places, const uint32_t *entries, size_t rounds, int width, int kind, int count, int wide) {
  lanes at;
  load(&at, places, count);
  uint8_t *targets[ccoders_huffman_varying_lanes];
  UNROLL for (int lane = 0; lane < count; lane++) targets[lane] = places[lane].target;
  const uint64_t shift = shift_for(width, wide);
  const int look_ups = 56 / width;
  const size_t most = line / ((kind == THREE_AT_MOST ? 3 : 2) * look_ups);
  for (size_t left = rounds; left > 0;) {
    size_t some = left < most ? left : most;
    left -= some;
    fetch(&at, targets, count);
    do {
      // There are not enough registers for these as well.
      UNROLL for (int lane = 0; lane < count; lane++) IN_MEMORY(at.next[lane]);
      refill(&at, count);
      UNROLL for (int step = 0; step < look_ups; step++) {
        UNROLL for (int lane = 0; lane < count; lane++) {
          if (wide) {
            look_up_wide(&at.bits[lane], &targets[lane], entries, kind, shift);
          } else {
            look_up(&at.bits[lane], &targets[lane], entries, kind, shift);
          }
        }
      }
    } while (--some > 0);
  }
  store(&at, places, count);
  UNROLL for (int lane = 0; lane < count; lane++) places[lane].target = targets[lane];
}

// Each is there twice: BMI2 shifts by a register in one step, where some processors take three without.

#define TWICE(name, entry, body)                                                                          \
  CCODERS_WIDE static void name##_wide(                                                                   \
      ccoders_huffman_place *places, const entry *entries, size_t rounds, int count) {                    \
    enum { wide = 1 };                                                                                    \
    body;                                                                                                 \
  }                                                                                                       \
  void ccoders_huffman_##name(ccoders_huffman_place *places, const entry *entries, size_t rounds, int count) { \
    enum { wide = 0 };                                                                                    \
    if (cprocessor_is_wide()) {                                                                           \
      name##_wide(places, entries, rounds, count);                                                        \
    } else {                                                                                              \
      body;                                                                                               \
    }                                                                                                     \
  }

#define FIXED(width, each)                                                                                       \
  if (count == ccoders_huffman_block_lanes) {                                                                    \
    fixed(places, entries, rounds, width, each, ccoders_huffman_block_lanes, 0, wide);                           \
  } else                                                                                                         \
    fixed(places, entries, rounds, width, each, ccoders_huffman_fixed_lanes, each * ccoders_huffman_run, wide)

#define VARYING(width, kind)                                                                   \
  if (count == ccoders_huffman_block_lanes) {                                                  \
    varying(places, entries, rounds, width, kind, ccoders_huffman_block_lanes, wide);          \
  } else                                                                                       \
    varying(places, entries, rounds, width, kind, ccoders_huffman_varying_lanes, wide)

TWICE(ones11, uint16_t, FIXED(11, 1))
TWICE(ones12, uint16_t, FIXED(12, 1))
TWICE(twos, uint32_t, FIXED(11, 2))
TWICE(two_at_most, uint32_t, VARYING(11, TWO_AT_MOST))
TWICE(three_at_most, uint32_t, VARYING(13, THREE_AT_MOST))
