// Bitmaps of elements, a word at a time.

#ifndef CCODERS_MASKS_H
#define CCODERS_MASKS_H

#include <stddef.h>
#include <stdint.h>

/// Writes a bitmap, eight bytes for each 64 of `count` bytes, of those that are not `value`. Returns how many bytes of
/// `bytes` it has looked at: none on a processor without AVX2.
size_t ccoders_mask_bytes(const uint8_t *bytes, size_t count, uint8_t value, uint8_t *bitmap);

/// How many bits are set in eight bytes times `words`.
size_t ccoders_count_bits(const uint8_t *bitmap, size_t words);

#endif
