import CCoders
import CondenseTensors

/// A block's words and states, where its symbols go, and how far it has been decoded.
struct WideANSBlock {
  let words: Bytes
  var states: [UInt64]
  let target: UnsafeMutableRawBufferPointer
  /// Bytes of words that have been taken, and of symbols that have been written.
  var taken = 0
  var written = 0
}

/// Follows eight states a block, two steps each at a turn.
enum WideANSDecoder {
  /// How many blocks are best decoded together.
  static var blocksTogether: Int { ccoders_ans_has_together() == 0 ? 1 : ccoders_ans_blocks }

  /// A round is one turn of each state: it takes so many bytes at most, and looks at four more.
  private static let bytesPerRound = 4 * WideANSBlocks.stateCount

  @inline(__always)
  static func decode<Step: ANSStep>(_ blocks: inout [WideANSBlock], _ table: Step) -> Bool {
    if blocks.count == ccoders_ans_blocks { advance(&blocks, table) }
    return blocks.indices.allSatisfy { finish(&blocks[$0], table) }
  }

  /// How many rounds are surely within a block's words and symbols.
  private static func rounds(_ block: WideANSBlock, _ step: (some ANSStep).Type) -> Int {
    min(
      (block.words.count - block.taken - 4) / bytesPerRound,
      (block.target.count - block.written) / (2 * WideANSBlocks.stateCount * step.byteCount))
  }

  /// Decodes blocks side by side until one is nearly through.
  private static func advance<Step: ANSStep>(_ blocks: inout [WideANSBlock], _ table: Step) {
    var places = blocks.compactMap { block -> ccoders_ans_place? in
      // The bytes live as long as the block does.
      let words = block.words.withUnsafeBytes { $0.baseAddress?.assumingMemoryBound(to: UInt8.self) }
      guard let words, let target = block.target.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
      var place = ccoders_ans_place()
      withUnsafeMutableBytes(of: &place.states) { states in block.states.withUnsafeBytes { states.copyMemory(from: $0) }
      }
      place.words = words
      place.target = target
      return place
    }
    guard places.count == blocks.count else { return }
    let starts = places
    while let rounds = blocks.map({ rounds($0, Step.self) }).min(), rounds > 0 {
      table.rounds(rounds, together: &places)
      for index in blocks.indices {
        blocks[index].taken = places[index].words - starts[index].words
        blocks[index].written = places[index].target - starts[index].target
      }
    }
    for index in blocks.indices {
      withUnsafeBytes(of: places[index].states) { blocks[index].states = Array($0.bindMemory(to: UInt64.self)) }
    }
  }

  /// Decodes what is left of a block; false unless its symbols use up all words and every state ends where it began.
  private static func finish<Step: ANSStep>(_ block: inout WideANSBlock, _ table: Step) -> Bool {
    let target = block.target
    return block.words.withUnsafeBytes { words in
      guard let out = target.baseAddress else { return false }
      if let source = words.baseAddress { decodeFast(source, &block, out, table) }
      var (states, position, next) = (block.states, block.written, block.taken)
      var turn = position / (2 * Step.byteCount)
      while position < target.count {
        let index = turn & (WideANSBlocks.stateCount - 1)
        table.step(&states[index], out + position)
        position += Step.byteCount
        if position < target.count {
          table.step(&states[index], out + position)
          position += Step.byteCount
        }
        if states[index] < WideANSBlocks.lowest {
          guard next + 4 <= words.count else { return false }
          let word = UInt32(littleEndian: words.loadUnaligned(fromByteOffset: next, as: UInt32.self))
          states[index] = states[index] << 32 | UInt64(word)
          next += 4
          // A damaged state of zero stays too low.
          guard states[index] >= WideANSBlocks.lowest else { return false }
        }
        turn += 1
      }
      return next == words.count && states.allSatisfy { $0 == WideANSBlocks.lowest }
    }
  }

  /// Decodes as long as a round's words are surely there.
  private static func decodeFast<Step: ANSStep>(
    _ source: UnsafeRawPointer, _ block: inout WideANSBlock, _ target: UnsafeMutableRawPointer, _ table: Step
  ) {
    let start = source.assumingMemoryBound(to: UInt8.self)
    let out = target.assumingMemoryBound(to: UInt8.self)
    while true {
      let rounds = rounds(block, Step.self)
      guard rounds > 0 else { break }
      block.taken = table.rounds(rounds, &block.states, start + block.taken, out + block.written) - start
      block.written += rounds * 2 * WideANSBlocks.stateCount * Step.byteCount
    }
  }
}
