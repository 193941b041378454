// CRC-32 of long input by multiplication without carries.

#ifndef CCODERS_CRC32_H
#define CCODERS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/// Replaces the beginning of `bytes`, read with the register `start`, by 16 bytes that leave the same behind in a register of
/// zero. Returns how many bytes that stands for: none on a processor without the instructions, and none of few bytes.
size_t ccoders_crc32_fold(const uint8_t *bytes, size_t count, uint32_t start, uint8_t rest[16]);

#endif
