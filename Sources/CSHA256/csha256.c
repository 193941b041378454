#include "csha256.h"

#include <string.h>

// FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_right(uint32_t value, int count) { return (value >> count) | (value << (32 - count)); }

static inline uint32_t load_big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// FIPS 180-4, section 6.2.2.
static void compress_portably(uint32_t state[8], const uint8_t *bytes, size_t blocks) {
  for (; blocks > 0; blocks--, bytes += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) w[i] = load_big_endian(bytes + 4 * i);
    for (int i = 16; i < 64; i++) {
      uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ (w[i - 15] >> 3);
      uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
      uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
      uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
      uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1;
      d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

#if defined(__x86_64__)

#include <immintrin.h>

#include "cprocessor.h"

int csha256_is_accelerated(void) { return cprocessor_has_sha(); }

// The instructions keep the state as two registers, ABEF and CDGH, and do two rounds at a time.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, SHA256RNDS2, SHA256MSG1, SHA256MSG2.
#define TARGET __attribute__((target("sha,ssse3,sse4.1")))
#define INLINE static inline __attribute__((always_inline))

typedef struct {
  __m128i abef, cdgh, abef_before, cdgh_before, w[4];
} lane;

TARGET INLINE void lane_load(lane *lane, const uint32_t state[8]) {
  lane->abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
  lane->cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
}

TARGET INLINE void lane_begin(lane *lane, const uint8_t *block) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  lane->abef_before = lane->abef, lane->cdgh_before = lane->cdgh;
  for (int i = 0; i < 4; i++) {
    lane->w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), big_endian);
  }
}

// Four rounds, the i-th of sixteen.
TARGET INLINE void lane_rounds(lane *lane, int i) {
  __m128i *w = lane->w;
  if (i >= 4) {
    __m128i next = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
    next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
    w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
  }
  __m128i sum = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *)(round_constants + 4 * i)));
  lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
  lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

TARGET INLINE void lane_end(lane *lane) {
  lane->abef = _mm_add_epi32(lane->abef, lane->abef_before);
  lane->cdgh = _mm_add_epi32(lane->cdgh, lane->cdgh_before);
}

TARGET INLINE void lane_store(const lane *lane, uint32_t state[8]) {
  uint32_t high[4], low[4];
  _mm_storeu_si128((__m128i *)high, lane->abef);
  _mm_storeu_si128((__m128i *)low, lane->cdgh);
  state[0] = high[3], state[1] = high[2], state[4] = high[1], state[5] = high[0];
  state[2] = low[3], state[3] = low[2], state[6] = low[1], state[7] = low[0];
}

TARGET static void compress_with_instructions(uint32_t state[8], const uint8_t *bytes, size_t blocks) {
  lane only;
  lane_load(&only, state);
  for (; blocks > 0; blocks--, bytes += 64) {
    lane_begin(&only, bytes);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) lane_rounds(&only, i);
    lane_end(&only);
  }
  lane_store(&only, state);
}

// Each instruction waits for the one before it for longer than it takes: two messages fill the gaps of each other. (Three would
// need more than the sixteen registers.)
#define HAS_PAIRS 1
TARGET static void compress_pair_with_instructions(
    uint32_t *const states[2], const uint8_t *const bytes[2], size_t blocks) {
  lane first, second;
  lane_load(&first, states[0]);
  lane_load(&second, states[1]);
  for (size_t block = 0; block < blocks; block++) {
    lane_begin(&first, bytes[0] + 64 * block);
    lane_begin(&second, bytes[1] + 64 * block);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      lane_rounds(&first, i);
      lane_rounds(&second, i);
    }
    lane_end(&first);
    lane_end(&second);
  }
  lane_store(&first, states[0]);
  lane_store(&second, states[1]);
}

#elif defined(__aarch64__) && (defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO))

#include <arm_neon.h>

int csha256_is_accelerated(void) { return 1; }

// Source: Arm Architecture Reference Manual, SHA256H, SHA256H2, SHA256SU0, SHA256SU1.
static void compress_with_instructions(uint32_t state[8], const uint8_t *bytes, size_t blocks) {
  uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
  for (; blocks > 0; blocks--, bytes += 64) {
    const uint32x4_t abcd_before = abcd, efgh_before = efgh;
    uint32x4_t w[4];
    for (int i = 0; i < 4; i++) w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes + 16 * i)));
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      if (i >= 4) {
        w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
      }
      uint32x4_t sum = vaddq_u32(w[i & 3], vld1q_u32(round_constants + 4 * i));
      uint32x4_t abcd_now = abcd;
      abcd = vsha256hq_u32(abcd, efgh, sum);
      efgh = vsha256h2q_u32(efgh, abcd_now, sum);
    }
    abcd = vaddq_u32(abcd, abcd_before);
    efgh = vaddq_u32(efgh, efgh_before);
  }
  vst1q_u32(state, abcd);
  vst1q_u32(state + 4, efgh);
}

#else

int csha256_is_accelerated(void) { return 0; }

static void compress_with_instructions(uint32_t state[8], const uint8_t *bytes, size_t blocks) {
  compress_portably(state, bytes, blocks);
}

#endif

static void compress(uint32_t state[8], const uint8_t *bytes, size_t blocks, int portably) {
  if (blocks == 0) return;
  if (!portably && csha256_is_accelerated()) {
    compress_with_instructions(state, bytes, blocks);
  } else {
    compress_portably(state, bytes, blocks);
  }
}

void csha256_begin(csha256_context *context) {
  // FIPS 180-4, section 5.3.3.
  static const uint32_t initial[8] = {
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  };
  memcpy(context->state, initial, sizeof initial);
  context->byte_count = 0;
}

static void update(csha256_context *context, const uint8_t *bytes, size_t count, int portably) {
  size_t held = context->byte_count % 64;
  context->byte_count += count;
  if (held > 0) {
    size_t taken = count < 64 - held ? count : 64 - held;
    if (taken > 0) memcpy(context->block + held, bytes, taken);
    if (held + taken < 64) return;
    compress(context->state, context->block, 1, portably);
    bytes += taken, count -= taken;
  }
  compress(context->state, bytes, count / 64, portably);
  if (count % 64 > 0) memcpy(context->block, bytes + count / 64 * 64, count % 64);
}

void csha256_update(csha256_context *context, const void *bytes, size_t count) { update(context, bytes, count, 0); }

void csha256_update_pair(
    csha256_context *first, const void *first_bytes, csha256_context *second, const void *second_bytes, size_t count) {
#ifdef HAS_PAIRS
  if (first->byte_count % 64 == 0 && second->byte_count % 64 == 0 && count >= 64 && csha256_is_accelerated()) {
    size_t whole = count / 64 * 64;
    uint32_t *const states[2] = {first->state, second->state};
    const uint8_t *const bytes[2] = {first_bytes, second_bytes};
    compress_pair_with_instructions(states, bytes, whole / 64);
    first->byte_count += whole, second->byte_count += whole;
    first_bytes = bytes[0] + whole, second_bytes = bytes[1] + whole;
    count -= whole;
  }
#endif
  csha256_update(first, first_bytes, count);
  csha256_update(second, second_bytes, count);
}

void csha256_update_portably(csha256_context *context, const void *bytes, size_t count) {
  update(context, bytes, count, 1);
}

void csha256_finish(csha256_context *context, uint8_t digest[32]) {
  uint64_t bit_count = context->byte_count * 8;
  uint8_t padding[72] = {0x80};
  size_t held = context->byte_count % 64;
  size_t zeros_end = held < 56 ? 56 - held : 120 - held;
  for (int i = 0; i < 8; i++) padding[zeros_end + i] = (uint8_t)(bit_count >> (56 - 8 * i));
  update(context, padding, zeros_end + 8, 0);
  for (int i = 0; i < 8; i++) {
    for (int j = 0; j < 4; j++) digest[4 * i + j] = (uint8_t)(context->state[i] >> (24 - 8 * j));
  }
}
