#ifndef CLANES_SURVIVORS_H
#define CLANES_SURVIVORS_H

#include <stddef.h>
#include <stdint.h>

// Pruning of float32 weights that are their own scores, 64 at a time, by instructions that not every processor has: AVX2
// compares eight weights at once and moves the survivors of eight together by a table. Elsewhere these do nothing, and the
// caller goes on as it would where they stopped.

/// Where survivors go, and what was seen on the way.
struct clanes_survivors {
  uint32_t *elements;
  /// How many were written.
  size_t count;
  /// Elements that there is room for.
  size_t capacity;
  /// The largest magnitude, as bits without sign.
  uint32_t largest;
};

/// A score near a bar, by its place and its number among the survivors so far.
struct clanes_candidate {
  uint32_t position;
  uint32_t number;
  uint32_t score;
};

/// Where candidates go.
struct clanes_candidates {
  struct clanes_candidate *elements;
  size_t count;
  /// With more of them than this the pass ends. There is room for 64 more.
  size_t limit;
};

/// Room that must be left behind the survivors: what does not stay is written too, and overwritten.
#define CLANES_SURVIVOR_SLACK 8

/// Keeps the numbers whose magnitude's bits are above `bar`, which is at least 0: sets their bits in `mask`, a word for 64
/// numbers, and writes them one after the other. Returns how many words were done: all of `words`, or as many as there was
/// room for, or none on a processor without the instructions.
size_t clanes_keep_above(
    const uint32_t *numbers, size_t words, int32_t bar, uint64_t *mask, struct clanes_survivors *survivors);

/// The same, with a note of each that is above `low` and not above `high`. Ends where those become too many. Positions are
/// counted from `numbers`.
size_t clanes_keep_candidates(
    const uint32_t *numbers, size_t words, int32_t low, int32_t high, uint64_t *mask, struct clanes_survivors *survivors,
    struct clanes_candidates *candidates);

#endif
