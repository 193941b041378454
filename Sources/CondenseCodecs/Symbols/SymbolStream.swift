import CondenseTensors

/// A sequence of byte-sized symbols, written the best of several ways. How many symbols there are is known from elsewhere.
enum SymbolStream {
  enum Kind: UInt8 {
    case raw = 0
    case constant = 1
    case huffman = 2
    case ans = 3
    case modelled = 4

    /// Whether format 1 began without it.
    var isExtended: Bool { self == .ans || self == .modelled }
  }

  /// The best way that needs only frequencies.
  static func plan(_ frequencies: [Int], _ coding: SymbolCoding) -> Plan {
    let count = frequencies.reduce(0, +)
    guard count > 0 else { return Plan(.raw, byteCount: 0) }
    if let symbol = frequencies.firstIndex(of: count) { return Plan(.constant(UInt8(symbol)), byteCount: 2) }
    var best = Plan(.raw, byteCount: 1 + count)
    if let handicap = coding.huffman { best = best.or(huffman(frequencies, count, handicap)) }
    if let handicap = coding.ans { best = best.or(ans(frequencies, count, handicap)) }
    return best
  }

  private static func huffman(_ frequencies: [Int], _ count: Int, _ handicap: Int) -> Plan {
    let code = CodeLengths(frequencies: frequencies)
    var table = ByteWriter()
    code.write(to: &table)
    let blocks = (count + HuffmanBlocks.blockSize - 1) / HuffmanBlocks.blockSize
    let runs = count < HuffmanBlocks.smallestCut ? 1 : 4 * blocks
    let byteCount = 1 + table.count + (code.cost(frequencies) + 7) / 8 + 3 * runs
    return Plan(.huffman(code), byteCount: byteCount, handicap: handicap)
  }

  private static func ans(_ frequencies: [Int], _ count: Int, _ handicap: Int) -> Plan {
    let blocks = (count + ANSBlocks.blockSize - 1) / ANSBlocks.blockSize
    let candidates = [SymbolShares.usualBits, SymbolShares.mostBits].map { bits -> Plan in
      let shares = SymbolShares(frequencies: frequencies, bits: bits)
      var table = ByteWriter()
      shares.write(to: &table)
      let byteCount = 1 + table.count + shares.cost(frequencies) + blocks * ANSBlocks.blockOverhead
      return Plan(.ans(shares), byteCount: byteCount, handicap: handicap)
    }
    // The larger table is slower to read.
    let (usual, precise) = (candidates[0], candidates[1])
    return precise.byteCount + precise.byteCount / 1000 < usual.byteCount ? precise : usual
  }

  /// How symbols are to be written.
  struct Plan {
    enum Way {
      case raw
      case constant(UInt8)
      case huffman(CodeLengths)
      case ans(SymbolShares)
    }

    var way: Way
    /// An estimate, a few bytes high.
    var byteCount: Int
    /// The size that counts when ways are compared.
    var weight: Int

    init(_ way: Way, byteCount: Int, handicap: Int = 0) {
      self.way = way
      self.byteCount = byteCount
      weight = SymbolCoding.weight(byteCount, handicap)
    }

    func or(_ other: Plan) -> Plan { other.weight < weight ? other : self }
  }

  static func write(_ symbols: Bytes, _ coding: SymbolCoding, to writer: inout ByteWriter) {
    write(SymbolPlane(symbols), plan(Frequencies.bytes(symbols), coding), coding, to: &writer)
  }

  /// Writes symbols by the plan that their frequencies led to, or from contexts where that is better still.
  static func write(_ symbols: SymbolPlane, _ plan: Plan, _ coding: SymbolCoding, to writer: inout ByteWriter) {
    guard symbols.count > 0 else { return }
    if let handicap = coding.modelled, let modelled = modelled(symbols, handicap, against: plan) {
      writer.byte(Kind.modelled.rawValue)
      writer.byte(modelled.bitCount)
      writer.number(modelled.bytes.count)
      writer.append(modelled.bytes)
      return
    }
    switch plan.way {
    case .raw:
      writer.byte(Kind.raw.rawValue)
      writer.append(symbols.symbols)
    case .constant(let symbol):
      writer.byte(Kind.constant.rawValue)
      writer.byte(symbol)
    case .huffman(let code):
      writer.byte(Kind.huffman.rawValue)
      code.write(to: &writer)
      HuffmanBlocks.write(symbols, code: code, to: &writer)
    case .ans(let shares):
      writer.byte(Kind.ans.rawValue)
      shares.write(to: &writer)
      ANSBlocks.write(symbols, shares, to: &writer)
    }
  }

  /// As many symbols show whether contexts help: coding takes a hundred times as long as the other ways.
  private static let probe = 1 << 16

  private static func modelled(
    _ symbols: SymbolPlane, _ handicap: Int, against plan: Plan
  ) -> (bitCount: UInt8, bytes: Bytes)? {
    if case .constant = plan.way { return nil }
    let scratch = SymbolPlane.Scratch(count: symbols.count)
    if symbols.count > 4 * probe {
      let tried = symbols.withSymbols(0..<probe, scratch) { SymbolModel.encoded($0) }
      let share = Int(Double(plan.weight) * (Double(probe) / Double(symbols.count)))
      guard SymbolCoding.weight(tried.bytes.count, handicap) < share else { return nil }
    }
    let all = symbols.withSymbols(0..<symbols.count, scratch) { SymbolModel.encoded($0) }
    return SymbolCoding.weight(all.bytes.count + 5, handicap) < plan.weight ? all : nil
  }

  /// - Parameter isExtended: whether the kinds that format 1 began without are allowed.
  static func read(
    _ count: Int, isExtended: Bool = false, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    guard count > 0 else { return Bytes() }
    guard let kind = Kind(rawValue: try reader.byte()), isExtended || !kind.isExtended else {
      throw reader.error("an unknown kind of symbols")
    }
    switch kind {
    case .raw: return try reader.take(count)
    case .constant:
      let symbol = try reader.byte()
      return Bytes(count: count) { _ = $0.initializeMemory(as: UInt8.self, repeating: symbol) }
    case .huffman:
      let code = try CodeLengths(from: &reader)
      return try HuffmanBlocks.read(count, code: code, from: &reader)
    case .ans:
      let shares = try SymbolShares(from: &reader)
      return try ANSBlocks.read(count, shares, from: &reader)
    case .modelled:
      let bitCount = Int(try reader.byte())
      let bytes = try reader.take(try reader.number("a number of bytes"))
      return try SymbolModel.decoded(bytes, bitCount: bitCount, count: count)
    }
  }
}
