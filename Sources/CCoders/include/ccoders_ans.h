// The loops that decode long blocks of symbols coded with asymmetric numeral systems.
//
// Nothing is checked here: the caller sees to it that every round stays within the block's words and its symbols' memory.

#ifndef CCODERS_ANS_H
#define CCODERS_ANS_H

#include <stddef.h>
#include <stdint.h>

/// States that take turns of two steps each. A round is one turn of each of them: it takes at most as many words of four
/// bytes, and reads one more.
enum { ccoders_ans_states = 8 };

/// A slot's share, and its place among its symbol's slots.
typedef struct {
  uint16_t share, place;
} ccoders_ans_slot;

/// A symbol's share, its first slot, and what is written for it.
typedef struct {
  uint16_t share, start, written, unused;
} ccoders_ans_symbol;

/// Decodes a symbol a step by 2^12 slots and their symbols. Returns where the next words are.
const uint8_t *ccoders_ans_narrow(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const ccoders_ans_slot *slots,
    const uint8_t *symbols);
/// The same by 2^bits slots, of which only the symbol is known.
const uint8_t *ccoders_ans_wide(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const uint8_t *slots,
    const ccoders_ans_symbol *symbols, int bits);
/// Two symbols a step by 2^14 slots.
const uint8_t *ccoders_ans_pairs(
    uint64_t *states, const uint8_t *words, uint8_t *target, size_t rounds, const uint8_t *slots,
    const ccoders_ans_symbol *symbols);

#endif
