// The loops that write runs of Huffman-coded symbols.

#ifndef CCODERS_HUFFMAN_ENCODE_H
#define CCODERS_HUFFMAN_ENCODE_H

#include <stddef.h>
#include <stdint.h>

/// Bits on their way to memory, the first highest; fewer than eight between two calls. Eight bytes are written at a time, of
/// which some are room behind the end.
typedef struct {
  uint8_t *target;
  uint64_t bits, count;
} ccoders_huffman_writer;

// An entry is a word's bits, the first highest, and in the lowest byte how many they are.

/// Writes one entry's word.
void ccoders_huffman_write(ccoders_huffman_writer *writer, uint64_t entry);
/// Writes eight symbols a round, by an entry for each of at most twelve bits.
void ccoders_huffman_write_ones(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries);
/// The same by an entry for every two of at most 24 bits, whose place is the first symbol and 32 times the second, each less
/// `least` and below 32.
void ccoders_huffman_write_twos(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries, uint8_t least);

#endif
