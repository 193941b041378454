import Foundation

/// Random damage to bytes, as disks, networks and attackers do it.
public struct Mutation: Sendable {
  /// What is put in here and there: the words that a format's reader looks for.
  private let words: [[UInt8]]

  public init(words: [[UInt8]] = []) { self.words = words }

  public init(words: [String]) { self.words = words.map { Array($0.utf8) } }

  /// One to four faults.
  public func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    var damaged = bytes
    // Mostly one: with many, a reader sees little but the first.
    let faults = [1, 1, 1, 2, 2, 3, 4].randomElement(using: &generator) ?? 1
    for _ in 0..<faults { damage(&damaged, using: &generator) }
    return damaged
  }

  private func damage(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    let place = Int.random(in: 0...bytes.count, using: &generator)
    let slice = place..<min(bytes.count, place + Int.random(in: 1...32, using: &generator))
    switch Int.random(in: 0..<10, using: &generator) {
    case 0...2 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 3 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &generator)
    case 4 where place < bytes.count: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
    case 5: bytes.removeSubrange(slice)
    case 6: bytes.insert(contentsOf: bytes[slice], at: Int.random(in: 0...bytes.count, using: &generator))
    case 7:
      let random = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      bytes.insert(contentsOf: random, at: place)
    case 8 where Int.random(in: 0..<4, using: &generator) == 0: bytes.removeSubrange(place...)
    default: bytes.insert(contentsOf: words.randomElement(using: &generator) ?? [], at: place)
    }
  }
}

/// How many damaged inputs a test tries, and from which seed: few and always the same in a test run, as many as one likes
/// by `Scripts/fuzz`.
public struct FuzzRun: Sendable {
  public var count: Int
  public var seed: UInt64

  /// Inputs are dealt to this many parts, which run side by side.
  public static let parts = 8

  /// From `CONDENSE_FUZZ_COUNT` and `CONDENSE_FUZZ_SEED`.
  public static var current: FuzzRun {
    let environment = ProcessInfo.processInfo.environment
    return FuzzRun(
      count: environment["CONDENSE_FUZZ_COUNT"].flatMap { Int($0) } ?? 8000,
      seed: environment["CONDENSE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1)
  }

  /// Calls `body` for a part's share of the inputs, each with a generator of its own, so that one can be had again by its
  /// seed.
  public func inputs(
    of part: Int, _ name: String, percent: Int,
    _ body: (_ generator: inout SeededGenerator, _ seed: UInt64) throws -> Void
  ) rethrows {
    let first = (seed &* 1_000_003 &+ UInt64(part)) << 32
    let share = share(percent)
    for index in 0..<share {
      let inputSeed = first &+ UInt64(index)
      var generator = SeededGenerator(seed: inputSeed)
      try body(&generator, inputSeed)
      if (index + 1) % 10_000 == 0 {
        // Standard error is not buffered, so that the last line before a crash is there.
        let line = "\(name), part \(part + 1) of \(FuzzRun.parts): \(index + 1) of \(share)\n"
        FileHandle.standardError.write(Data(line.utf8))
      }
    }
  }

  /// How many inputs a part of a test gets that has so much of the whole.
  public func share(_ percent: Int) -> Int { max(1, count * percent / 100 / FuzzRun.parts) }
}
