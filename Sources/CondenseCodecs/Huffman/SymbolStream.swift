import CondenseTensors

/// A sequence of byte-sized symbols, written the shortest of three ways: as it is, as one symbol repeated, or
/// Huffman-coded. How many symbols there are is known from elsewhere.
enum SymbolStream {
  enum Kind: UInt8 {
    case raw = 0
    case constant = 1
    case huffman = 2
  }

  /// About how many bytes symbols with these frequencies take, and with which code.
  static func plan(_ frequencies: [Int], entropyCoded: Bool) -> Plan {
    let count = frequencies.reduce(0, +)
    guard count > 0 else { return Plan(kind: .raw, code: nil, byteCount: 0) }
    if let symbol = frequencies.firstIndex(of: count) {
      return Plan(kind: .constant, code: nil, byteCount: 2, constant: UInt8(symbol))
    }
    let raw = Plan(kind: .raw, code: nil, byteCount: 1 + count)
    guard entropyCoded else { return raw }
    let code = CodeLengths(frequencies: frequencies)
    var table = ByteWriter()
    code.write(to: &table)
    let blocks = (count + HuffmanBlocks.blockSize - 1) / HuffmanBlocks.blockSize
    let runs = count < HuffmanBlocks.smallestCut ? 1 : 4 * blocks
    let byteCount = 1 + table.count + (code.cost(frequencies) + 7) / 8 + 3 * runs
    return byteCount < raw.byteCount ? Plan(kind: .huffman, code: code, byteCount: byteCount) : raw
  }

  struct Plan {
    var kind: Kind
    var code: CodeLengths?
    /// An estimate, a few bytes high.
    var byteCount: Int
    var constant: UInt8 = 0
  }

  static func write(_ symbols: Bytes, entropyCoded: Bool, to writer: inout ByteWriter) {
    let plan = plan(Frequencies.bytes(symbols), entropyCoded: entropyCoded)
    write(SymbolPlane(symbols), plan, to: &writer)
  }

  /// Writes symbols by the plan that their frequencies led to.
  static func write(_ symbols: SymbolPlane, _ plan: Plan, to writer: inout ByteWriter) {
    guard symbols.count > 0 else { return }
    writer.byte(plan.kind.rawValue)
    switch plan.kind {
    case .raw: writer.append(symbols.symbols)
    case .constant: writer.byte(plan.constant)
    case .huffman:
      guard let code = plan.code else { preconditionFailure("a Huffman plan has a code") }
      code.write(to: &writer)
      HuffmanBlocks.write(symbols, code: code, to: &writer)
    }
  }

  static func read(_ count: Int, from reader: inout ByteReader) throws(DecodingError) -> Bytes {
    guard count > 0 else { return Bytes() }
    guard let kind = Kind(rawValue: try reader.byte()) else { throw reader.error("an unknown kind of symbols") }
    switch kind {
    case .raw: return try reader.take(count)
    case .constant:
      let symbol = try reader.byte()
      return Bytes(count: count) { _ = $0.initializeMemory(as: UInt8.self, repeating: symbol) }
    case .huffman:
      let code = try CodeLengths(from: &reader)
      return try HuffmanBlocks.read(count, code: code, from: &reader)
    }
  }
}
