#ifndef CLANES_COMPARISON_H
#define CLANES_COMPARISON_H

#include <stddef.h>
#include <stdint.h>

// Sums of squares of float32 numbers in double precision, by AVX2. Number i adds to sum i mod 8, in order, so that Swift,
// which does what is left and all of it elsewhere, gets the same digits. Each of these returns how much it has done.

/// Sums over pairs of a number and what became of it.
struct clanes_differences {
  /// Squares of the numbers, of the differences, and of what became of the numbers; the largest squared difference.
  double source[8], error[8], result[8], largest[8];
  /// How many became something else than zero.
  size_t nonzeros;
};

/// Adds whole vectors of pairs.
size_t clanes_add_differences(
    const float *source, const float *result, size_t count, struct clanes_differences *sums);

/// Adds the squares of whole vectors of numbers; `nonzeros` goes up by how many are not zero.
size_t clanes_add_squares(const float *numbers, size_t count, double sums[8], size_t *nonzeros);

/// Numbers that a mask keeps, and sums over those that it leaves out.
struct clanes_parted {
  /// Squares of what is left out.
  double squares[8];
  /// The largest magnitude of what is left out, as bits without sign.
  uint32_t largest;
  /// Where what is kept goes, how much went there, and how much there is room for, which ends a pass.
  float *kept;
  size_t count, capacity;
};

/// Room that a pass leaves behind what is kept: what is not is written there too, and overwritten.
#define CLANES_PARTED_SLACK 8

/// Parts 64 numbers for each 64 bits of a mask. Returns how many such words were done.
size_t clanes_part(const float *numbers, const uint8_t *mask, size_t words, struct clanes_parted *parted);

#endif
