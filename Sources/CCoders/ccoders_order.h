#ifndef CCODERS_ORDER_H
#define CCODERS_ORDER_H

// What the loops have in common: that they are unrolled and inlined, and the order of bytes in memory.

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
// Keeps the compiler from gathering stores of several look-ups in a vector, which takes longer than to store each.
#define APART(value) __asm__("" : "+r"(value))
// Has the compiler take a value from memory from here on, where it could no longer keep all of them in registers.
#define IN_MEMORY(value) __asm__ volatile("" : "+m"(value))

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BIG64(word) (word)
#define LITTLE16(word) __builtin_bswap16(word)
#define LITTLE32(word) __builtin_bswap32(word)
#define LITTLE64(word) __builtin_bswap64(word)
#else
#define BIG64(word) __builtin_bswap64(word)
#define LITTLE16(word) (word)
#define LITTLE32(word) (word)
#define LITTLE64(word) (word)
#endif

#endif
