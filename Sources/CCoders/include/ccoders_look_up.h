#ifndef CCODERS_LOOK_UP_H
#define CCODERS_LOOK_UP_H

#include <stddef.h>
#include <stdint.h>

/// Writes the entries of a table of `size` that indices point to, in vectors. Returns for how many indices: what is left
/// is the caller's, and all is where the table has more than 32 entries, or the processor no AVX2. All indices have to be
/// below `size`.
size_t ccoders_look_up(
    uint32_t *target, const uint8_t *indices, size_t count, const uint32_t *table, size_t size);

#endif
