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

/// Asks for memory before it is needed: a processor does not look across the ends of pages, and waits there else.
INLINE void fetch(const lanes *at, const uint8_t *target, int stride) {
  UNROLL for (int lane = 0; lane < ccoders_huffman_fixed_lanes; lane++) {
    __builtin_prefetch(target + lane * stride + 512, 1);
    __builtin_prefetch(at->next[lane] + 512);
  }
}

INLINE void ones(ccoders_huffman_place *places, const uint16_t *entries, size_t rounds, int width, int look_ups) {
  lanes at;
  load(&at, places, ccoders_huffman_fixed_lanes);
  uint8_t *target = places[0].target;
  for (size_t round = 0; round < rounds; round++) {
    refill(&at, ccoders_huffman_fixed_lanes);
    fetch(&at, target, ccoders_huffman_run);
    UNROLL for (int step = 0; step < look_ups; step++) {
      UNROLL for (int lane = 0; lane < ccoders_huffman_fixed_lanes; lane++) {
        uint32_t entry = entries[at.bits[lane] >> (64 - width)];
        APART(entry);
        at.bits[lane] <<= entry & 63;
        target[lane * ccoders_huffman_run + step] = (uint8_t)(entry >> 8);
      }
    }
    target += look_ups;
  }
  store(&at, places, ccoders_huffman_fixed_lanes);
  for (int lane = 0; lane < ccoders_huffman_fixed_lanes; lane++) places[lane].target += rounds * (size_t)look_ups;
}

INLINE void twos(ccoders_huffman_place *places, const uint32_t *entries, size_t rounds) {
  lanes at;
  load(&at, places, ccoders_huffman_fixed_lanes);
  uint8_t *target = places[0].target;
  for (size_t round = 0; round < rounds; round++) {
    refill(&at, ccoders_huffman_fixed_lanes);
    fetch(&at, target, 2 * ccoders_huffman_run);
    UNROLL for (int step = 0; step < 5; step++) {
      UNROLL for (int lane = 0; lane < ccoders_huffman_fixed_lanes; lane++) {
        uint32_t entry = entries[at.bits[lane] >> 53];
        APART(entry);
        at.bits[lane] <<= entry & 63;
        const uint16_t symbols = LITTLE16((uint16_t)(entry >> 16));
        memcpy(target + 2 * (lane * ccoders_huffman_run + step), &symbols, sizeof symbols);
      }
    }
    target += 10;
  }
  store(&at, places, ccoders_huffman_fixed_lanes);
  for (int lane = 0; lane < ccoders_huffman_fixed_lanes; lane++) places[lane].target += rounds * 10;
}

/// What a look-up gives, where each run's symbols have a place of their own.
enum { ONE, TWO, TWO_AT_MOST, THREE_AT_MOST };

INLINE void varying(
    ccoders_huffman_place *places, const void *table, size_t rounds, int width, int kind, int count) {
  lanes at;
  load(&at, places, count);
  uint8_t *targets[ccoders_huffman_fixed_lanes];
  UNROLL for (int lane = 0; lane < count; lane++) targets[lane] = places[lane].target;
  for (size_t round = 0; round < rounds; round++) {
    refill(&at, count);
    UNROLL for (int lane = 0; lane < count; lane++) {
      __builtin_prefetch(targets[lane] + 512, 1);
      __builtin_prefetch(at.next[lane] + 512);
    }
    UNROLL for (int step = 0; step < 56 / width; step++) {
      UNROLL for (int lane = 0; lane < count; lane++) {
        const uint64_t index = at.bits[lane] >> (64 - width);
        uint32_t entry = kind == ONE ? ((const uint16_t *)table)[index] : ((const uint32_t *)table)[index];
        APART(entry);
        at.bits[lane] <<= entry & 63;
        if (kind == ONE) {
          *targets[lane] = (uint8_t)(entry >> 8);
          targets[lane] += 1;
        } else if (kind == THREE_AT_MOST) {
          const uint32_t symbols = LITTLE32(entry >> 8);
          memcpy(targets[lane], &symbols, sizeof symbols);
          targets[lane] += (entry >> 6) & 3;
        } else {
          const uint16_t symbols = LITTLE16((uint16_t)(entry >> 16));
          memcpy(targets[lane], &symbols, sizeof symbols);
          targets[lane] += kind == TWO ? 2 : (entry >> 8) & 0xFF;
        }
      }
    }
  }
  store(&at, places, count);
  UNROLL for (int lane = 0; lane < count; lane++) places[lane].target = targets[lane];
}

// Each is there twice: BMI2 shifts by a register in one step, where some processors take three without.

#define TWICE(name, entry, body)                                                                          \
  CCODERS_WIDE static void name##_wide(                                                                   \
      ccoders_huffman_place *places, const entry *entries, size_t rounds, int count) body                 \
  void ccoders_huffman_##name(ccoders_huffman_place *places, const entry *entries, size_t rounds, int count) { \
    if (cprocessor_is_wide()) {                                                                           \
      name##_wide(places, entries, rounds, count);                                                        \
    } else                                                                                                \
      body                                                                                                \
  }

#define BLOCK ccoders_huffman_block_lanes
#define MANY ccoders_huffman_varying_lanes

TWICE(ones11, uint16_t, {
  if (count == BLOCK) varying(places, entries, rounds, 11, ONE, BLOCK); else ones(places, entries, rounds, 11, 5);
})
TWICE(ones12, uint16_t, {
  if (count == BLOCK) varying(places, entries, rounds, 12, ONE, BLOCK); else ones(places, entries, rounds, 12, 4);
})
TWICE(twos, uint32_t, {
  if (count == BLOCK) varying(places, entries, rounds, 11, TWO, BLOCK); else twos(places, entries, rounds);
})
TWICE(two_at_most, uint32_t, {
  if (count == BLOCK) varying(places, entries, rounds, 11, TWO_AT_MOST, BLOCK);
  else varying(places, entries, rounds, 11, TWO_AT_MOST, MANY);
})
TWICE(three_at_most, uint32_t, {
  if (count == BLOCK) varying(places, entries, rounds, 13, THREE_AT_MOST, BLOCK);
  else varying(places, entries, rounds, 13, THREE_AT_MOST, MANY);
})
