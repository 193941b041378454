/// `.condensed` files whose only fault is in a stream, put together by hand so that every checksum is right.
extension MalformedModel {
  /// `body` is the stream without its checksum; `offset` is the place in it.
  private static func stream(_ title: String, _ body: HandmadeStream, _ message: String, at offset: Int)
    -> MalformedModel
  {
    let file = HandmadeFile(streams: [("w", body.checked)])
    return MalformedModel(title, file.bytes, "tensor 'w': " + message, at: file.dataStart + offset)
  }

  private static let dense = HandmadeStream.prologue()
  private static let gaps = HandmadeStream.prologue(flags: 1)
  private static let bitmap = HandmadeStream.prologue(flags: 2)
  /// F32 with codes of a quantized type.
  private static let quantized = HandmadeStream.prologue(dtype: 11, flags: 0x10)
  /// F32 with indices into a codebook.
  private static let codebook = HandmadeStream.prologue(dtype: 11, flags: 0x20)
  /// Four constant byte planes: one float32 for all.
  private static let constantFloats: [UInt8] = [1, 0, 1, 0, 1, 0x80, 1, 0x3F]

  static let prologues: [MalformedModel] = [
    stream(
      "another format", HandmadeStream().adding([2, 1, 1, 4, 0, 0, 9, 9, 9, 9]),
      "the stream's format is 2; this version reads 1", at: 1),
    stream("no format", HandmadeStream().adding([0]), "the stream's format is 0; this version reads 1", at: 1),
    stream("an unknown type", HandmadeStream().adding([1, 15, 1, 4, 0]), "unknown dtype 15", at: 2),
    stream("a rank of 65", HandmadeStream().adding([1, 1, 65]), "the rank is 65, beyond 64", at: 3),
    stream(
      "a rank of more than 64 bits", HandmadeStream().adding([1, 1] + [UInt8](repeating: 0xFF, count: 10)),
      "the rank is no number", at: 12),
    stream(
      "a rank with a digit too many", HandmadeStream().adding([1, 1, 0x81, 0x00]), "the rank is no number", at: 4),
    stream("a rank that does not end", HandmadeStream().adding([1, 1, 0x81]), "the stream ends early", at: 3),
    stream("a dimension that is not there", HandmadeStream().adding([1, 1, 3, 4, 4]), "the stream ends early", at: 5),
    stream(
      "a dimension of 2^63", HandmadeStream().adding([1, 1, 1]).number(1 << 63).adding([0]), "a dimension is no number",
      at: 13),
    stream(
      "dimensions whose product overflows", .prologue([1 << 32, 1 << 32]),
      "the number of elements in shape [4294967296, 4294967296] overflows 64 bits", at: 13),
    stream(
      "an overflow behind a zero", .prologue([0, 1 << 62, 4]),
      "the number of elements in shape [0, 4611686018427387904, 4] overflows 64 bits", at: 14),
    stream(
      "bytes whose number overflows", .prologue(dtype: 14, [1 << 61]),
      "a tensor of [2305843009213693952] is larger than the limit of 8589934592 bytes", at: 13),
    stream(
      "a tensor beyond the limit", .prologue([1 << 40]).adding([1, 0]),
      "a tensor of [1099511627776] is larger than the limit of 8589934592 bytes", at: 10),
    stream("no flags", HandmadeStream().adding([1, 1, 1, 4]), "the stream ends early", at: 4),
    stream("an unknown placement", .prologue(flags: 3), "unknown flags 3", at: 5),
    stream("an unknown flag", .prologue(flags: 0x80), "unknown flags 128", at: 5),
    stream("an unknown quantized type", quantized.adding([6, 0]), "unknown quantized type 6", at: 6),
    stream("groups of no elements", quantized.adding([0, 2]), "groups of no elements", at: 7),
    stream("no granularity", quantized.adding([0]), "the stream ends early", at: 6),
    stream("a codebook of 257", codebook.number(257), "the codebook's size is 257, beyond 256", at: 7),
    stream(
      "a codebook's channels that are not the shape's", codebook.number(2).number(3),
      "a codebook of 3 × 2 does not fit [4]", at: 7),
    stream(
      "a quantized codebook of an unknown type",
      HandmadeStream.prologue(dtype: 11, flags: 0x30).number(2).number(1).adding([9]), "unknown quantized type 9", at: 8
    ),
    stream("more elements than the shape has", gaps.number(5), "the number of elements is 5, beyond 4", at: 6),
    stream(
      "more gaps than the shape has elements", gaps.number(1).number(5), "the number of gaps is 5, beyond 4", at: 7),
  ]

  static let parts: [MalformedModel] = [
    stream("nothing behind the prologue", dense, "the stream ends early", at: 5),
    stream("an unknown kind of symbols", dense.adding([3, 9, 9, 9, 9]), "an unknown kind of symbols", at: 6),
    stream(
      "fewer symbols than elements", dense.adding([0, 9, 9, 9]), "the stream ends early: 4 bytes expected", at: 6),
    stream("a constant that is not there", dense.adding([1]), "the stream ends early", at: 6),
    stream("something behind the last part", dense.adding([0, 9, 9, 9, 9, 0]), "1 bytes follow the tensor", at: 10),
    stream(
      "something behind an empty tensor", HandmadeStream.prologue([0]).adding([0]), "1 bytes follow the tensor", at: 5),
    stream(
      "a plane that is not there", HandmadeStream.prologue(dtype: 11).adding([1, 0, 1, 0, 1, 0]),
      "the stream ends early", at: 11),
    stream(
      "a gap past the end", gaps.number(1).number(1).adding([0, 4, 0, 9]), "the gaps do not lead to 1 of 4 elements",
      at: 9),
    stream(
      "gaps past the end", gaps.number(2).number(2).adding([0, 2, 2, 0, 9, 9]),
      "the gaps do not lead to 2 of 4 elements", at: 10),
    stream(
      "a gap that goes on, and does not", gaps.number(1).number(1).adding([1, 255, 0, 9]),
      "the gaps do not lead to 1 of 4 elements", at: 9),
    stream(
      "fewer gaps than elements", gaps.number(2).number(1).adding([1, 0, 0, 9, 9]),
      "the gaps do not lead to 2 of 4 elements", at: 9),
    stream(
      "a bitmap with a bit in its padding", bitmap.number(1).adding([0, 0b1_0000, 0, 9]),
      "the bitmap does not hold 1 of 4 elements", at: 8),
    stream(
      "a bitmap of more elements", bitmap.number(1).adding([0, 0b0011, 0, 9]),
      "the bitmap does not hold 1 of 4 elements", at: 8),
    stream("a bitmap that is not there", bitmap.number(1), "the stream ends early", at: 6),
    stream(
      "nothing that could be zero, dense",
      HandmadeStream.prologue(dtype: 11, flags: 0x14).adding([0x80, 1]).adding(constantFloats).adding([
        0, 1, 2, 3, 4, 1, 0, 1, 9,
      ]), "nothing stands for zero in a dense layout", at: 24),
    stream(
      "nothing that could be zero, by gaps",
      HandmadeStream.prologue(dtype: 11, flags: 0x21).number(2).number(1).number(1).number(1).adding(constantFloats)
        .adding([1, 0, 1, 0]), "nothing stands for zero outside the mask", at: 19),
    stream("scales that are not there", quantized.adding([0, 0]), "the stream ends early", at: 7),
    stream(
      "zero points that are not there", quantized.adding([0x80, 0]).adding(constantFloats), "the stream ends early",
      at: 15),
    stream(
      "scales beyond the limit", HandmadeStream.prologue(dtype: 4, [1 << 33], flags: 0x10).adding([0, 1]),
      "8589934592 elements of 4 bytes are beyond the limit of 8589934592 bytes", at: 11),
    stream(
      "a codebook beyond the limit",
      HandmadeStream.prologue(dtype: 4, [1 << 30], flags: 0x20).number(256).number(1 << 30),
      "274877906944 elements of 1 bytes are beyond the limit of 8589934592 bytes", at: 16),
    stream(
      "a codebook for channels that hold nothing",
      HandmadeStream.prologue(dtype: 11, [1 << 40, 0], flags: 0x20).number(256).number(1 << 40),
      "a codebook of 1099511627776 × 256 does not fit [1099511627776, 0]", at: 19),
    stream(
      "an index beyond the codebook", codebook.number(2).number(1).adding(constantFloats).adding([0, 0, 1, 2, 0]),
      "index 2 is beyond a codebook of 2", at: 20),
    stream(
      "indices into an empty codebook", codebook.number(0).number(1).adding([1, 0]),
      "index 0 is beyond a codebook of 0",
      at: 9),
    stream(
      "an index of zero that is kept",
      HandmadeStream.prologue(dtype: 11, flags: 0x25).number(2).number(1).number(1).number(1).adding(constantFloats)
        .adding([1, 0, 1, 0]), "index 255 is beyond a codebook of 2", at: 21),
    stream(
      "whole numbers that are quantized",
      HandmadeStream.prologue(dtype: 9, flags: 0x10).adding([0, 0]).adding(constantFloats).adding([1, 7]),
      "I32 holds no floating-point numbers", at: 0),
  ]

  /// Huffman codes are read bit by bit: 0 the same length, 10 one more, 110 one less, 1110 none, 1111 and four bits a
  /// length. These take two symbols, 5 and 6, of one bit each where nothing is wrong: `1111 0001` and `0`.
  static let codes: [MalformedModel] = [
    stream(
      "a code's symbols the wrong way round", dense.adding([2, 6, 5, 0]), "a code's symbols are no range: 6…5", at: 8),
    stream("a code that is not there", dense.adding([2, 5, 6]), "the stream ends early", at: 8),
    stream(
      "a code of one word", dense.adding([2, 5, 5, 0b1111_0001, 1, 0]), "the lengths make no complete code", at: 9),
    stream(
      "a code of no words", dense.adding([2, 5, 6, 0b1110_1110, 1, 0]), "the lengths make no complete code", at: 9),
    stream(
      "a code with gaps", dense.adding([2, 5, 6, 0b1111_0010, 0, 1, 0]), "the lengths make no complete code", at: 10
    ),
    stream(
      "an ambiguous code", dense.adding([2, 5, 7, 0b1111_0001, 0, 1, 0]), "the lengths make no complete code",
      at: 10),
    stream("a word of 16 bits", dense.adding([2, 5, 6, 0b1111_1111, 0b1000_0000]), "a code word of 16 bits", at: 8),
    stream("a word of no bits", dense.adding([2, 5, 6, 0b1111_0001, 0b1100_0000]), "a code word of 0 bits", at: 8),
    stream(
      "padding behind the code", dense.adding([2, 5, 6, 0b1111_0001, 0b0100_0000, 1, 0]), "the padding is not zero",
      at: 10),
    stream("a run that is not there", dense.adding([2, 5, 6, 0b1111_0001, 0]), "the stream ends early", at: 10),
    stream(
      "a run past the end", dense.adding([2, 5, 6, 0b1111_0001, 0, 200, 1, 0]),
      "the stream ends early: 200 bytes expected", at: 12),
    stream(
      "a run's size that is no number", dense.adding([2, 5, 6, 0b1111_0001, 0, 0x80, 0x00]),
      "a run's length is no number", at: 12),
    stream(
      "symbols that do not use up their bytes", dense.adding([2, 5, 6, 0b1111_0001, 0, 2, 0b0101_0000, 0]),
      "a run of symbols is longer or shorter than its bits", at: 13),
    stream(
      "symbols that do not use up their bits", dense.adding([2, 5, 6, 0b1111_0001, 0, 1, 0b0101_0001]),
      "a run of symbols is longer or shorter than its bits", at: 12),
    stream(
      "symbols without bits", dense.adding([2, 5, 6, 0b1111_0001, 0, 0]),
      "a run of symbols is longer or shorter than its bits", at: 11),
    stream(
      "more symbols than bits", HandmadeStream.prologue([1 << 20]).adding([2, 5, 6, 0b1111_0001, 0, 1, 0]),
      "1048576 symbols cannot be in what is left", at: 12),
  ]
}
