#include "ccoders_streaming.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

void ccoders_stream(void *target, const void *source, size_t count) {
  size_t done = 0;
  if ((uintptr_t)target % sizeof(__m128i) == 0) {
    // Whole lines, one after the other: a part of one would be read before it is written.
    for (; done + 64 <= count; done += 64) {
      const __m128i *from = (const __m128i *)((const char *)source + done);
      __m128i *to = (__m128i *)((char *)target + done);
      for (int part = 0; part < 4; part++) _mm_stream_si128(to + part, _mm_loadu_si128(from + part));
    }
  }
  memcpy((char *)target + done, (const char *)source + done, count - done);
}

void ccoders_end_streaming(void) { _mm_sfence(); }

#else

void ccoders_stream(void *target, const void *source, size_t count) { memcpy(target, source, count); }

void ccoders_end_streaming(void) {}

#endif
