// Copies that leave the caches alone.

#ifndef CCODERS_STREAMING_H
#define CCODERS_STREAMING_H

#include <stddef.h>

/// Copies `count` bytes to memory past the caches, where the processor can and `target` is on a multiple of 16 bytes.
void ccoders_stream(void *target, const void *source, size_t count);

/// Has what was streamed come before whatever this thread stores from here on.
void ccoders_end_streaming(void);

#endif
