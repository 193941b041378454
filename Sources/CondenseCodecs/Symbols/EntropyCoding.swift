/// How a stream's symbols may be coded: what `entropy`'s parameters ask for.
public struct EntropyCoding: Hashable, Sendable {
  public var coder: Coder
  /// What ``Coder/auto`` weighs; the others do what their name says.
  public var preference: Preference

  public init(coder: Coder = .auto, preference: Preference = .balance) {
    self.coder = coder
    self.preference = preference
  }

  /// What `huffman` does.
  public static let huffman = EntropyCoding(coder: .huffman)

  public enum Coder: String, CaseIterable, Sendable {
    /// For each part of the stream whichever is the smallest, all things considered.
    case auto
    /// Huffman codes: the fastest to decode.
    case huffman
    /// Asymmetric numeral systems: at the entropy of the symbols, about half as fast.
    case rans
    /// Adaptive range coding from contexts where it helps, else `rans`: the smallest, a hundred times as slow.
    case range
  }

  /// What a smaller part must save before it may take longer to decode.
  public enum Preference: String, CaseIterable, Sendable {
    case speed
    case balance
    case size
  }
}

/// Which ways of coding symbols are open, each with its handicap: thousandths of its size that count against it.
struct SymbolCoding: Hashable {
  var huffman: Int?
  var ans: Int?
  /// Range coding with contexts, of symbols and positions.
  var modelled: Int?
  /// As many symbols, or positions, show whether contexts help where there are more than four times as many: coding takes
  /// a hundred times as long as the other ways.
  var symbolProbe = 1 << 16
  var positionProbe = 1 << 20

  /// Symbols as they are.
  static let none = SymbolCoding()
  static let huffman = SymbolCoding(.huffman)

  private init() {}

  init(_ coding: EntropyCoding) {
    switch (coding.coder, coding.preference) {
    case (.huffman, _): huffman = 0
    case (.rans, _): ans = 0
    case (.range, _): (ans, modelled) = (0, 0)
    case (.auto, .speed): (huffman, ans) = (0, 30)
    case (.auto, .balance): (huffman, ans, modelled) = (0, 5, 30)
    case (.auto, .size): (huffman, ans, modelled) = (0, 0, 0)
    }
  }

  var isNone: Bool { self == .none }
  /// Whether more than format 1 began with may be used.
  var isExtended: Bool { ans != nil || modelled != nil }

  /// A size with its handicap.
  static func weight(_ byteCount: Int, _ handicap: Int) -> Int { byteCount + byteCount / 1000 * handicap }
}
