#include "ccoders_masks.h"

#include <string.h>

#include "ccoders_order.h"
#include "ccoders_processor.h"

INLINE size_t count_bits(const uint8_t *bitmap, size_t words) {
  size_t count = 0;
  for (size_t place = 0; place < words; place++) {
    uint64_t word;
    memcpy(&word, bitmap + 8 * place, sizeof word);
    count += (size_t)__builtin_popcountll(word);
  }
  return count;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))

TARGET static inline uint32_t equal(const uint8_t *bytes, __m256i value) {
  return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)bytes), value));
}

TARGET static size_t mask_bytes(const uint8_t *bytes, size_t count, uint8_t value, uint8_t *bitmap) {
  const __m256i values = _mm256_set1_epi8((char)value);
  size_t done = 0;
  for (; done + 64 <= count; done += 64, bitmap += 8) {
    __builtin_prefetch(bytes + done + 2048);
    const uint64_t word = ~(equal(bytes + done, values) | (uint64_t)equal(bytes + done + 32, values) << 32);
    memcpy(bitmap, &word, sizeof word);
  }
  return done;
}

__attribute__((target("popcnt"))) static size_t count_by_instruction(const uint8_t *bitmap, size_t words) {
  return count_bits(bitmap, words);
}

size_t ccoders_count_bits(const uint8_t *bitmap, size_t words) {
  if (cprocessor_is_wide()) return count_by_instruction(bitmap, words);
  return count_bits(bitmap, words);
}

size_t ccoders_mask_bytes(const uint8_t *bytes, size_t count, uint8_t value, uint8_t *bitmap) {
  return cprocessor_is_wide() ? mask_bytes(bytes, count, value, bitmap) : 0;
}

#else

size_t ccoders_mask_bytes(const uint8_t *bytes, size_t count, uint8_t value, uint8_t *bitmap) {
  (void)bytes, (void)count, (void)value, (void)bitmap;
  return 0;
}

size_t ccoders_count_bits(const uint8_t *bitmap, size_t words) { return count_bits(bitmap, words); }

#endif
