import CondenseTensors

/// A sequence of byte-sized symbols, written the best of several ways. How many symbols there are is known from elsewhere.
enum SymbolStream {
  enum Kind: UInt8 {
    case raw = 0
    case constant = 1
    case huffman = 2
    case ans = 3
    case modelled = 4
    case pairs = 5
    case wideANS = 6
    case pairedANS = 7

    /// Whether format 1 began without it.
    var isExtended: Bool { [.ans, .modelled, .wideANS, .pairedANS].contains(self) }
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
    let singles = huffman(frequencies, CodeLengths.made(frequencies), nil, count, handicap)
    guard let pairs = SymbolPairs(frequencies: frequencies) else { return singles }
    let paired = pairs.frequencies(frequencies)
    return singles.or(huffman(paired, CodeLengths(frequencies: paired), pairs, SymbolPairs.count(count), handicap))
  }

  private static func huffman(
    _ frequencies: [Int], _ code: CodeLengths, _ pairs: SymbolPairs?, _ wordCount: Int, _ handicap: Int
  ) -> Plan {
    var table = ByteWriter()
    code.write(to: &table)
    let blocks = (wordCount + HuffmanBlocks.blockSize - 1) / HuffmanBlocks.blockSize
    let runs = wordCount < HuffmanBlocks.smallestCut ? 1 : 4 * blocks
    let byteCount = (pairs == nil ? 1 : 2) + table.count + (code.cost(frequencies) + 7) / 8 + 3 * runs
    return Plan(.huffman(code, pairs), byteCount: byteCount, handicap: handicap)
  }

  private static func ans(_ frequencies: [Int], _ count: Int, _ handicap: Int) -> Plan {
    let usual = ans(frequencies, SymbolShares.usualBits, nil, count, handicap)
    let precise = ans(frequencies, SymbolShares.mostBits, nil, count, handicap)
    // The larger table is slower to read, two symbols at once are faster.
    let single = precise.byteCount + precise.byteCount / 1000 < usual.byteCount ? precise : usual
    guard let pairs = SymbolPairs(frequencies: frequencies) else { return single }
    let paired = ans(
      pairs.frequencies(frequencies), SymbolShares.pairBits, pairs, SymbolPairs.count(count), handicap)
    return paired.byteCount > single.byteCount + single.byteCount / 1000 ? single : paired
  }

  private static func ans(
    _ frequencies: [Int], _ bits: Int, _ pairs: SymbolPairs?, _ stepCount: Int, _ handicap: Int
  ) -> Plan {
    let shares = SymbolShares(frequencies: frequencies, bits: bits)
    var table = ByteWriter()
    shares.write(to: &table)
    let blocks = (stepCount + WideANSBlocks.blockSize - 1) / WideANSBlocks.blockSize
    let byteCount =
      (pairs == nil ? 1 : 2) + table.count + shares.cost(frequencies) + blocks * WideANSBlocks.blockOverhead
    return Plan(.ans(shares, pairs), byteCount: byteCount, handicap: handicap)
  }

  /// How symbols are to be written.
  struct Plan {
    enum Way {
      case raw
      case constant(UInt8)
      case huffman(CodeLengths, SymbolPairs?)
      case ans(SymbolShares, SymbolPairs?)
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
    if let handicap = coding.modelled, let modelled = modelled(symbols, handicap, coding.symbolProbe, against: plan) {
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
    case .huffman(let code, let pairs):
      writer.byte((pairs == nil ? Kind.huffman : .pairs).rawValue)
      if let pairs { writer.byte(pairs.first) }
      code.write(to: &writer)
      HuffmanBlocks.write(symbols, code: code, pairs: pairs, to: &writer)
    case .ans(let shares, let pairs):
      writer.byte((pairs == nil ? Kind.wideANS : .pairedANS).rawValue)
      if let pairs { writer.byte(pairs.first) }
      shares.write(to: &writer)
      WideANSBlocks.write(symbols, shares, pairs: pairs, to: &writer)
    }
  }

  private static func modelled(
    _ symbols: SymbolPlane, _ handicap: Int, _ probe: Int, against plan: Plan
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
    case .pairs:
      let pairs = SymbolPairs(first: try reader.byte())
      let code = try CodeLengths(from: &reader)
      guard code.longest <= DecodingTable.width else { throw reader.error("a pair's word of \(code.longest) bits") }
      return try HuffmanBlocks.read(count, code: code, pairs: pairs, from: &reader)
    case .ans:
      let shares = try SymbolShares(from: &reader)
      return try ANSBlocks.read(count, shares, from: &reader)
    case .wideANS:
      let shares = try SymbolShares(from: &reader)
      return try WideANSBlocks.read(count, shares, from: &reader)
    case .pairedANS:
      let pairs = SymbolPairs(first: try reader.byte())
      let shares = try SymbolShares(from: &reader)
      guard shares.bits == SymbolShares.pairBits else { throw reader.error("pairs with 2^\(shares.bits) slots") }
      return try WideANSBlocks.read(count, shares, pairs: pairs, from: &reader)
    case .modelled:
      let bitCount = Int(try reader.byte())
      let bytes = try reader.take(try reader.number("a number of bytes"))
      return try SymbolModel.decoded(bytes, bitCount: bitCount, count: count)
    }
  }
}
