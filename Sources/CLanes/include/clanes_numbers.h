#ifndef CLANES_NUMBERS_H
#define CLANES_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

// Ranges, rounding and sums of float32 numbers by AVX2. Each of these returns how many numbers it has done, none on a
// processor without it, and Swift goes on from there. The same operations in the same order as there: results are the same
// to the last bit.

struct clanes_range {
  float low, high;
  /// The largest magnitude, as bits without sign.
  uint32_t largest;
};

/// Widens `range` to hold whole vectors of numbers.
size_t clanes_widen(const float *numbers, size_t count, struct clanes_range *range);

/// Raises `largest` to the largest magnitude of whole vectors of numbers, as bits without sign.
size_t clanes_find_largest(const float *numbers, size_t count, uint32_t *largest);

/// Writes for each number the lowest eight bits of number / scale, rounded to the nearest whole number, plus `zero`. What is
/// rounded has to be below 2^22 in magnitude. The last numbers come first: a pass before has left them in the cache.
///
/// Where `streams`, codes go to memory past the caches, as they should where there are more than those hold.
size_t clanes_round(const float *numbers, size_t count, float scale, uint8_t zero, uint8_t *codes, int streams);

/// The same; what is below `low` or above `high` before it is rounded becomes that.
size_t clanes_round_clamped(
    const float *numbers, size_t count, float scale, uint8_t zero, float low, float high, uint8_t *codes, int streams);

/// Adds the magnitude of each number to one of sixteen sums, the first to the first, the seventeenth to the first again.
size_t clanes_add_magnitudes(const float *numbers, size_t count, double sums[16]);

/// Sums of magnitudes down columns of `rows` rows: the first one's, and those of three at a time added up before.
/// `columns` numbers lie between a number and the one below it.
size_t clanes_sum_columns(const float *numbers, size_t rows, size_t columns, double *sums);

/// For each run of `width` sums, added up from the left, the quotient by `divisor` as a float32's bits. `total` tells by
/// being finite that all were. Returns how many runs were done.
size_t clanes_mean_runs(
    const double *sums, size_t runs, size_t width, double divisor, uint32_t *means, double *total);

#endif
