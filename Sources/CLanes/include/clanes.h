#ifndef CLANES_H
#define CLANES_H

#include <stdint.h>

#include "clanes_comparison.h"
#include "clanes_numbers.h"
#include "clanes_survivors.h"

// Kernels whose speed lies in shuffles between vector lanes, which Swift has no way to ask for. Plain C with the compiler's
// vector extensions: no instructions of one processor, no undefined order, the same result everywhere.

/// Which of 64 float32 numbers, given as bit patterns, are among the two largest magnitudes of their four neighbours; of
/// equal ones those that come first, and zeros never. Bit i of the result is number i.
///
/// Writes two numbers of each four to `pairs`, which takes 32: those that stay, where no zero is among them. Adds what
/// stays not finite to `sum` if one of the numbers is not; a sum of finite numbers may overflow too.
uint64_t clanes_two_of_four(const uint32_t scores[64], uint32_t pairs[32], float sum[4]);

/// The largest group that ``clanes_largest_of_groups`` takes.
#define CLANES_LARGEST_GROUP 32

/// Which of four groups of `size` float32 numbers each, side by side and given as bit patterns, are among the `kept` largest
/// magnitudes of their group; of equal ones those that come first, and zeros never. Bit i of `bits[g]` is number i of group g.
///
/// Reads up to three numbers past the last group. `size` is at least 1 and at most ``CLANES_LARGEST_GROUP``.
void clanes_largest_of_groups(const uint32_t *scores, int size, int kept, uint32_t bits[4]);

#endif
