import CondenseStore
import CondenseTensors
import TestSupport
import Testing

@Suite("Fingerprints")
struct FingerprintTests {
  private static let key = FingerprintKey(seed: Digest(of: Bytes("a seed".utf8)))
  private static let block = Fingerprinter.blockByteCount

  private func fingerprint(_ parts: [[UInt8]], key: FingerprintKey = FingerprintTests.key) -> Fingerprint {
    var fingerprinter = Fingerprinter(key: key)
    for part in parts {
      part.withUnsafeBytes { fingerprinter.add($0) }
      fingerprinter.endPart()
    }
    return fingerprinter.fingerprint
  }

  private func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// The definition, without regard to speed: SHA-256 in counter mode for the key, NH by blocks, Horner's rule by division.
  private func defined(_ parts: [[UInt8]], seed: Digest) -> [UInt64] {
    var words: [UInt64] = []
    for counter in 0..<65 {
      let message = seed.bytes + (0..<8).map { UInt8(truncatingIfNeeded: UInt64(counter) >> (8 * $0)) }
      words += Bytes(Digest(of: Bytes(message)).bytes).elements(of: UInt64.self)
    }
    let prime = UInt128(1) << 61 - 1
    return (0..<2).map { half in
      let point = UInt128(words[258 + half]) % prime
      var sum: UInt128 = 1
      func add(_ coefficient: UInt128) { sum = (sum + coefficient) % prime * point % prime }
      for part in parts {
        let padded = part + Array(repeating: 0, count: (Self.block - part.count % Self.block) % Self.block)
        for start in stride(from: 0, to: padded.count, by: Self.block) {
          var hash: UInt128 = 0
          let block = Bytes(padded[start..<start + Self.block]).elements(of: UInt64.self)
          for index in stride(from: 0, to: block.count, by: 2) {
            let (a, b) = (block[index] &+ words[index + 2 * half], block[index + 1] &+ words[index + 1 + 2 * half])
            hash &+= UInt128(a) * UInt128(b)
          }
          for shift in [0, 61, 122] { add((hash >> UInt128(shift)) % (1 << 61)) }
        }
        add(UInt128(part.count))
      }
      return UInt64(sum)
    }
  }

  @Test(
    "They are what their definition says, at every length",
    arguments: [0, 1, 7, 8, 16, 2047, 2048, 2049, 4096, 10_000])
  func definition(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let parts = [Array("f32 [2, 3]".utf8), bytes(count, &random)]
    let found = fingerprint(parts).words
    #expect([found[0], found[1]] == defined(parts, seed: Self.key.seed))
    // Where products carry most.
    let ones = [[UInt8](repeating: 255, count: count)]
    let largest = fingerprint(ones).words
    #expect([largest[0], largest[1]] == defined(ones, seed: Self.key.seed))
  }

  @Test("Pieces make no difference", arguments: UInt64(1)...20)
  func pieces(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let part = bytes(Int.random(in: 0...40_000, using: &random), &random)
    var fingerprinter = Fingerprinter(key: Self.key)
    var rest = part[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(Self.block * Int.random(in: 1...4, using: &random)))
      piece.withUnsafeBytes { fingerprinter.add($0) }
      rest = rest.dropFirst(piece.count)
    }
    fingerprinter.endPart()
    #expect(fingerprinter.fingerprint == fingerprint([part]))
  }

  @Test("Every bit counts, and so do lengths and where parts end", arguments: UInt64(1)...5)
  func differences(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let part = bytes(5000, &random)
    var seen: Set<Fingerprint> = [fingerprint([part])]
    for _ in 0..<200 {
      var other = part
      other[Int.random(in: other.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      seen.insert(fingerprint([other]))
    }
    // Some of the flips may have been the same one.
    #expect(seen.count > 190)
    let zeros = (0..<300).map { [UInt8](repeating: 0, count: $0) }
    let cuts = zeros.map { fingerprint([$0, zeros[299 - $0.count]]) }
    #expect(Set(zeros.map { fingerprint([$0]) } + cuts).count == 600)
    #expect(fingerprint([part], key: .random()) != fingerprint([part]))
    #expect(fingerprint([part], key: FingerprintKey(seed: Self.key.seed)) == fingerprint([part]))
  }
}
