#ifndef CLANES_SURVIVORS_H
#define CLANES_SURVIVORS_H

#include <stddef.h>
#include <stdint.h>

// Pruning of float32 numbers that are their own scores, 64 at a time, by instructions that not every processor has: AVX2
// compares eight at once and moves those that stay together by a table, BMI2 spreads bits over others. Each of these
// returns how many words it has done, none on a processor without the instructions, and Swift goes on from there.

/// Where numbers that stay go, and what was seen on the way.
struct clanes_survivors {
  uint32_t *elements;
  /// How many were written.
  size_t count;
  /// Elements that there is room for; ends a pass.
  size_t capacity;
  /// The largest magnitude of all that was read, as bits without sign.
  uint32_t largest;
};

/// Room that a pass leaves behind the survivors: what does not stay is written too, and overwritten.
#define CLANES_SURVIVOR_SLACK 8

/// Keeps the numbers whose magnitude's bits are above `bar`, which is at least 0: sets their bits in `mask`, a word for 64
/// numbers, and writes them one after the other.
size_t clanes_keep_above(
    const uint32_t *numbers, size_t words, int32_t bar, uint64_t *mask, struct clanes_survivors *survivors);

/// The same for a `bar` of at least 1, with those that are equal to it as far as there are `ties` left, which go down by as
/// many. Ends before a word that has more of them.
size_t clanes_keep_tied(
    const uint32_t *numbers, size_t words, int32_t bar, size_t *ties, uint64_t *mask, struct clanes_survivors *survivors);

/// Keeps those that are not above `bar`, without a mask.
size_t clanes_keep_up_to(const uint32_t *numbers, size_t words, int32_t bar, struct clanes_survivors *survivors);

/// Keeps the two largest magnitudes of each four neighbours, of equal ones those that come first; zeros never stay.
size_t clanes_keep_two_of_four(
    const uint32_t *numbers, size_t words, uint64_t *mask, struct clanes_survivors *survivors);

/// Takes bits out of a mask: of its set bits, in their order, those stay whose bit in `kept` is set. Ends before the last
/// word of `kept`; `bits` says how many bits were looked at.
size_t clanes_narrow(uint64_t *mask, size_t words, const uint64_t *kept, size_t kept_words, size_t *bits);

#endif
