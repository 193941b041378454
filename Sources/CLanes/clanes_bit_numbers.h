#ifndef CLANES_BIT_NUMBERS_H
#define CLANES_BIT_NUMBERS_H

#include <stdint.h>

/// For each byte the numbers of its set bits, lowest first, a byte each: how eight numbers are to be permuted for those of
/// set bits to stand together.
extern const uint64_t clanes_bit_numbers[256];

#endif
