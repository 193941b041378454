#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

/// SHA-256 (FIPS 180-4) over a stream of bytes.
///
/// Uses the processor's SHA instructions where it has them, found at run time on x86-64 and at compile time on ARM.
typedef struct {
  uint32_t state[8];
  uint64_t byte_count;
  uint8_t block[64];
} csha256_context;

void csha256_begin(csha256_context *context);
void csha256_update(csha256_context *context, const void *bytes, size_t count);
void csha256_finish(csha256_context *context, uint8_t digest[32]);

/// Adds `count` bytes to each of two messages. Where both are at the start of a 64-byte block, this takes much less time
/// than one after the other.
void csha256_update_pair(
    csha256_context *first, const void *first_bytes, csha256_context *second, const void *second_bytes, size_t count);

/// Whether blocks go through SHA instructions on this machine.
int csha256_is_accelerated(void);

/// Makes `csha256_update` use portable code, so that tests can compare both ways.
void csha256_update_portably(csha256_context *context, const void *bytes, size_t count);

#endif
