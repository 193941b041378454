// The loops that decode long runs of Huffman-coded symbols, several runs side by side.
//
// Nothing is checked here: the caller sees to it that every round stays within a run's bytes and its symbols' memory.

#pragma once

#include <stddef.h>
#include <stdint.h>

/// A place in a run: where its bits were read from, what is left of them, and where its next symbols go.
///
/// The next bits stand highest; a one below all of them tells by its place how many of 63 have been used.
typedef struct {
  const uint8_t *next;
  uint64_t bits;
  uint8_t *target;
} ccoders_huffman_place;

/// Runs side by side where there is one block.
enum { ccoders_huffman_block_lanes = 4 };
/// Runs side by side of several blocks where a look-up gives a fixed number of symbols.
enum { ccoders_huffman_fixed_lanes = 6 };
/// Runs side by side of several blocks where it gives as many as fit.
enum { ccoders_huffman_varying_lanes = 5 };
/// Words of each run of several blocks where a look-up gives a fixed number of symbols: their targets are so far apart.
enum { ccoders_huffman_run = 1 << 16 };

// A round reads eight bytes at most seven further on in each run. `count` is how many runs there are: those of a block, or
// as many as of several blocks go side by side.

/// Five look-ups of one symbol a round. Entries: the word's length, and its symbol in the high byte; by eleven bits.
void ccoders_huffman_ones11(ccoders_huffman_place *places, const uint16_t *entries, size_t rounds, int count);
/// Four look-ups of one symbol a round. The same by twelve bits.
void ccoders_huffman_ones12(ccoders_huffman_place *places, const uint16_t *entries, size_t rounds, int count);
/// Five look-ups of two symbols a round. Entries: the word's length, and two symbols in the upper half; by eleven bits.
void ccoders_huffman_twos(ccoders_huffman_place *places, const uint32_t *entries, size_t rounds, int count);
/// Five look-ups of one symbol or two a round, each writing two bytes. Entries: the words' length, in the second byte how
/// many symbols, in the upper half these; by eleven bits.
void ccoders_huffman_two_at_most(ccoders_huffman_place *places, const uint32_t *entries, size_t rounds, int count);
/// Four look-ups of one to three symbols a round, each writing four bytes. Entries: in the lowest six bits the words'
/// length, in the next two how many symbols, then these; by thirteen bits.
void ccoders_huffman_three_at_most(ccoders_huffman_place *places, const uint32_t *entries, size_t rounds, int count);
