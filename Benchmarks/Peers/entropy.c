// What libzstd's entropy coders and zstd itself do with the same symbols, for the benchmark `codecs`.
//
// huff0 and FSE are not in zstd's public interface, but in its static library; their functions are declared here as
// version 1.5.4 and later have them.

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zstd.h>

size_t HUF_compress4X_repeat(void *, size_t, const void *, size_t, unsigned, unsigned, void *, size_t, size_t *table,
                             int *repeat, int flags);
size_t HUF_readDTableX1_wksp(uint32_t *, const void *, size_t, void *, size_t, int flags);
size_t HUF_readDTableX2_wksp(uint32_t *, const void *, size_t, void *, size_t, int flags);
size_t HUF_decompress4X_usingDTable(void *, size_t, const void *, size_t, const uint32_t *, int flags);
unsigned HUF_isError(size_t);
size_t HIST_count_wksp(unsigned *, unsigned *, const void *, size_t, void *, size_t);
unsigned FSE_optimalTableLog(unsigned, size_t, unsigned);
size_t FSE_normalizeCount(short *, unsigned, const unsigned *, size_t, unsigned, unsigned);
size_t FSE_writeNCount(void *, size_t, const short *, unsigned, unsigned);
size_t FSE_buildCTable_wksp(unsigned *, const short *, unsigned, unsigned, void *, size_t);
size_t FSE_compress_usingCTable(void *, size_t, const void *, size_t, const unsigned *);
size_t FSE_decompress_wksp_bmi2(void *, size_t, const void *, size_t, unsigned, void *, size_t, int);
unsigned FSE_isError(size_t);

enum { HUFF0_X1, HUFF0_X2, FSE, ZSTD_3, ZSTD_19 };
enum { BLOCK = 128 << 10, TABLE_LOG = 12 };

static uint64_t workspace[8 << 10];
static uint32_t table[1 << 14];
static unsigned counts[256];

static int flags(void) { return __builtin_cpu_supports("bmi2") ? 1 : 0; }

static size_t encode_block(int kind, const uint8_t *source, size_t count, uint8_t *target, size_t capacity) {
  if (kind != FSE) {
    int repeat = 0;
    return HUF_compress4X_repeat(target, capacity, source, count, 255, 11, workspace, sizeof workspace, (size_t *)table,
                                 &repeat, flags());
  }
  unsigned max = 255;
  short shares[256];
  HIST_count_wksp(counts, &max, source, count, workspace, sizeof workspace);
  unsigned log = FSE_optimalTableLog(TABLE_LOG, count, max);
  if (FSE_isError(FSE_normalizeCount(shares, log, counts, count, max, 1))) return 0;
  size_t head = FSE_writeNCount(target, capacity, shares, max, log);
  if (FSE_isError(head) || FSE_isError(FSE_buildCTable_wksp(table, shares, max, log, workspace, sizeof workspace)))
    return 0;
  size_t body = FSE_compress_usingCTable(target + head, capacity - head, source, count, table);
  return body == 0 || FSE_isError(body) ? 0 : head + body;
}

/// Bytes written, 0 for symbols that this peer cannot code. Blocks of 128 KB, each behind its size.
size_t peer_encode(int kind, const uint8_t *source, size_t count, uint8_t *target, size_t capacity) {
  if (kind >= ZSTD_3) {
    size_t size = ZSTD_compress(target, capacity, source, count, kind == ZSTD_3 ? 3 : 19);
    return ZSTD_isError(size) ? 0 : size;
  }
  size_t end = 0;
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t part = count - start < BLOCK ? count - start : BLOCK;
    size_t size = encode_block(kind, source + start, part, target + end + 4, capacity - end - 4);
    if (size < 2 || HUF_isError(size)) return 0;
    memcpy(target + end, &(uint32_t){(uint32_t)size}, 4);
    end += 4 + size;
  }
  return end;
}

static size_t decode_block(int kind, const uint8_t *source, size_t size, uint8_t *target, size_t count) {
  if (kind == FSE)
    return FSE_decompress_wksp_bmi2(target, count, source, size, TABLE_LOG, workspace, sizeof workspace, flags());
  table[0] = TABLE_LOG * 0x01000001u;
  size_t head = (kind == HUFF0_X1 ? HUF_readDTableX1_wksp : HUF_readDTableX2_wksp)(
      table, source, size, workspace, sizeof workspace, flags());
  if (HUF_isError(head)) return head;
  return HUF_decompress4X_usingDTable(target, count, source + head, size - head, table, flags());
}

/// Symbols written, 0 where that fails.
size_t peer_decode(int kind, const uint8_t *source, size_t size, uint8_t *target, size_t count) {
  if (kind >= ZSTD_3) {
    size_t written = ZSTD_decompress(target, count, source, size);
    return ZSTD_isError(written) ? 0 : written;
  }
  size_t next = 0;
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t part = count - start < BLOCK ? count - start : BLOCK;
    uint32_t block;
    memcpy(&block, source + next, 4);
    if (decode_block(kind, source + next + 4, block, target + start, part) != part) return 0;
    next += 4 + block;
  }
  return count;
}
