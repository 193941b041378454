// The loops that decode several long blocks of symbols coded with asymmetric numeral systems side by side.
//
// A block's eight states are one vector. From one step of it to the next a processor waits for memory, but it can do those
// of other blocks meanwhile.

#ifndef CCODERS_ANS_TOGETHER_H
#define CCODERS_ANS_TOGETHER_H

#include "ccoders_ans.h"

/// Blocks side by side.
enum { ccoders_ans_blocks = 4 };

/// A place in a block: its states, and where its next words and symbols are.
typedef struct {
  uint64_t states[ccoders_ans_states];
  const uint8_t *words;
  uint8_t *target;
} ccoders_ans_place;

/// Whether this processor has what the loops below are made of. They must not be called otherwise.
int ccoders_ans_has_together(void);

// A round takes at most 32 bytes of words of each block, and reads as many. As in ccoders_ans.h, but slots' symbols are
// read three bytes beyond the last, and there have to be 256 symbols.

/// Decodes a symbol a step by 2^12 slots. Entries: in the lowest 12 bits the share less one, in the next 12 the place,
/// then the symbol.
void ccoders_ans_narrow_together(ccoders_ans_place *places, size_t rounds, const uint32_t *entries);
/// The same by 2^bits slots, of which only the symbol is known.
void ccoders_ans_wide_together(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols, int bits);
/// Two symbols a step by 2^14 slots.
void ccoders_ans_pairs_together(
    ccoders_ans_place *places, size_t rounds, const uint8_t *slots, const ccoders_ans_symbol *symbols);

#endif
