#include "ccoders_huffman_encode.h"

#include <string.h>

#include "ccoders_order.h"
#include "ccoders_processor.h"

// Shifts take a length from a sum of entries' lowest six bits, since that is all that they look at: it stays in the lowest
// byte, where no word reaches, until words are together. Of four words the first two and the last two are put together
// at the same time.

/// Appends a word of at most 56 bits.
INLINE void append(ccoders_huffman_writer *at, uint64_t word, uint64_t length) {
  at->bits |= (word & ~(uint64_t)0xFF) >> at->count;
  at->count += length & 63;
  const uint64_t bytes = BIG64(at->bits);
  memcpy(at->target, &bytes, sizeof bytes);
  at->target += at->count >> 3;
  at->bits <<= at->count & 56;
  at->count &= 7;
}

INLINE uint64_t both(uint64_t a, uint64_t b) { return a | b >> (a & 63); }

INLINE void four(ccoders_huffman_writer *at, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  const uint64_t two = a + b;
  append(at, both(a, b) | both(c, d) >> (two & 63), two + c + d);
}

INLINE void ones(ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries) {
  ccoders_huffman_writer at = *writer;
  for (; rounds > 0; rounds--, symbols += 8) {
    four(&at, entries[symbols[0]], entries[symbols[1]], entries[symbols[2]], entries[symbols[3]]);
    four(&at, entries[symbols[4]], entries[symbols[5]], entries[symbols[6]], entries[symbols[7]]);
  }
  *writer = at;
}

INLINE void twos(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries, uint8_t least) {
  ccoders_huffman_writer at = *writer;
  const uint64_t origin = least * (uint64_t)0x0101010101010101;
  for (; rounds > 0; rounds--, symbols += 8) {
    uint64_t eight;
    memcpy(&eight, symbols, sizeof eight);
    eight = LITTLE64(eight) - origin;
    // Four indices of ten bits, each in a half word.
    const uint64_t places = (eight & 0x001F001F001F001F) | (eight & 0x1F001F001F001F00) >> 3;
    const uint64_t a = entries[places & 0xFFFF], b = entries[places >> 16 & 0xFFFF];
    const uint64_t c = entries[places >> 32 & 0xFFFF], d = entries[places >> 48];
    if (((a + b + c + d) & 0x7F) <= 56) {
      four(&at, a, b, c, d);
    } else {
      append(&at, both(a, b), a + b);
      append(&at, both(c, d), c + d);
    }
  }
  *writer = at;
}

void ccoders_huffman_write(ccoders_huffman_writer *writer, uint64_t entry) { append(writer, entry, entry); }

// Each is there twice: BMI2 shifts by a register in one step, where some processors take three without.

CCODERS_WIDE static void ones_wide(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries) {
  ones(writer, symbols, rounds, entries);
}

CCODERS_WIDE static void twos_wide(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries, uint8_t least) {
  twos(writer, symbols, rounds, entries, least);
}

void ccoders_huffman_write_ones(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries) {
  if (cprocessor_is_wide()) {
    ones_wide(writer, symbols, rounds, entries);
  } else {
    ones(writer, symbols, rounds, entries);
  }
}

void ccoders_huffman_write_twos(
    ccoders_huffman_writer *writer, const uint8_t *symbols, size_t rounds, const uint64_t *entries, uint8_t least) {
  if (cprocessor_is_wide()) {
    twos_wide(writer, symbols, rounds, entries, least);
  } else {
    twos(writer, symbols, rounds, entries, least);
  }
}
