/// How a stream places a tensor's elements; what `huffman`'s `layout` asks for.
public enum StreamLayout: String, CaseIterable, Sendable {
  /// The smallest.
  case auto
  /// Every element in its place, zeros too.
  case dense
  /// The elements that are not zero, and where they are.
  case sparse
}

/// What a stream says of where the elements that it holds belong.
enum Placement: UInt8 {
  /// All elements are there.
  case dense = 0
  /// For each element the number of zeros before it: a byte, 255 standing for 255 zeros and more to come.
  case gaps = 1
  /// A bitmap.
  case bitmap = 2
  /// A bitmap, range-coded from what is around each position.
  case modelled = 3
}
