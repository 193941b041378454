#include "ccoders_crc32.h"

#include "ccoders_processor.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2,pclmul,vpclmulqdq")))

// Bytes may be moved to those that come later, if they are multiplied by what the distance comes to: x^n modulo the polynomial.
// Four vectors of two times sixteen bytes are moved over the next four until the end is near, then all onto the last sixteen
// bytes (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009).

/// x^(n + 32) and x^(n - 32) modulo the polynomial for a distance of n bits, both with their bits mirrored and doubled.
static const uint64_t over_1024[2] = {0x1e88ef372, 0x14a7fe880};
static const uint64_t over_256[2] = {0x0f1da05aa, 0x15a546366};
static const uint64_t over_128[2] = {0x1751997d0, 0x0ccaa009e};

TARGET static inline __m256i moved(__m256i vector, const uint64_t distance[2]) {
  const __m256i by = _mm256_set_epi64x(
      (long long)distance[1], (long long)distance[0], (long long)distance[1], (long long)distance[0]);
  return _mm256_xor_si256(_mm256_clmulepi64_epi128(vector, by, 0x00), _mm256_clmulepi64_epi128(vector, by, 0x11));
}

TARGET static inline __m256i load(const uint8_t *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

TARGET static size_t fold(const uint8_t *bytes, size_t count, uint32_t start, uint8_t rest[16]) {
  __m256i a = _mm256_xor_si256(load(bytes), _mm256_set_epi32(0, 0, 0, 0, 0, 0, 0, (int)start));
  __m256i b = load(bytes + 32), c = load(bytes + 64), d = load(bytes + 96);
  size_t done = 128;
  for (; done + 128 <= count; done += 128) {
    const uint8_t *next = bytes + done;
    __builtin_prefetch(next + 1024);
    __builtin_prefetch(next + 1088);
    a = _mm256_xor_si256(moved(a, over_1024), load(next));
    b = _mm256_xor_si256(moved(b, over_1024), load(next + 32));
    c = _mm256_xor_si256(moved(c, over_1024), load(next + 64));
    d = _mm256_xor_si256(moved(d, over_1024), load(next + 96));
  }
  b = _mm256_xor_si256(moved(a, over_256), b);
  c = _mm256_xor_si256(moved(b, over_256), c);
  d = _mm256_xor_si256(moved(c, over_256), d);
  const __m128i first = _mm256_castsi256_si128(moved(d, over_128)), second = _mm256_extracti128_si256(d, 1);
  _mm_storeu_si128((__m128i *)rest, _mm_xor_si128(first, second));
  return done;
}

size_t ccoders_crc32_fold(const uint8_t *bytes, size_t count, uint32_t start, uint8_t rest[16]) {
  return count >= 256 && cprocessor_has_carryless() ? fold(bytes, count, start, rest) : 0;
}

#else

size_t ccoders_crc32_fold(const uint8_t *bytes, size_t count, uint32_t start, uint8_t rest[16]) {
  (void)bytes, (void)count, (void)start, (void)rest;
  return 0;
}

#endif
