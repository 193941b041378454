#include "ccoders_look_up.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "ccoders_order.h"
#include "ccoders_processor.h"

#define TARGET __attribute__((target("avx2")))

enum { lanes = 8, most = 32 };

/// Each part of a table looks all indices up by their three lowest bits; the bits above choose.
TARGET static inline __attribute__((always_inline)) size_t look_up(
    uint32_t *target, const uint8_t *indices, size_t count, const uint32_t *table, int parts) {
  __m256i entries[most / lanes];
  UNROLL for (int part = 0; part < parts; part++) {
    entries[part] = _mm256_loadu_si256((const __m256i *)(table + lanes * part));
  }
  size_t done = 0;
  for (; done + lanes <= count; done += lanes) {
    const __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(indices + done)));
    __m256 found[most / lanes];
    UNROLL for (int part = 0; part < parts; part++) {
      found[part] = _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(entries[part], index));
    }
    // A lane's highest bit is what a blend goes by.
    UNROLL for (int width = 1; width < parts; width *= 2) {
      const __m256 is_upper = _mm256_castsi256_ps(_mm256_slli_epi32(index, width == 1 ? 28 : 27));
      UNROLL for (int part = 0; part < parts; part += 2 * width) {
        found[part] = _mm256_blendv_ps(found[part], found[part + width], is_upper);
      }
    }
    _mm256_storeu_ps((float *)(target + done), found[0]);
  }
  return done;
}

TARGET static size_t look_up_wide(
    uint32_t *target, const uint8_t *indices, size_t count, const uint32_t *table, size_t size) {
  uint32_t padded[most] = {0};
  memcpy(padded, table, size * sizeof *table);
  if (size <= lanes) return look_up(target, indices, count, padded, 1);
  return size <= 2 * lanes ? look_up(target, indices, count, padded, 2) : look_up(target, indices, count, padded, 4);
}

size_t ccoders_look_up(
    uint32_t *target, const uint8_t *indices, size_t count, const uint32_t *table, size_t size) {
  return size <= most && cprocessor_is_wide() ? look_up_wide(target, indices, count, table, size) : 0;
}

#else

size_t ccoders_look_up(
    uint32_t *target, const uint8_t *indices, size_t count, const uint32_t *table, size_t size) {
  (void)target, (void)indices, (void)count, (void)table, (void)size;
  return 0;
}

#endif
