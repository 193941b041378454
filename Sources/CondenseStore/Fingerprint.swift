import CondenseTensors

/// Tells whether bytes are those that were seen before, at the speed of reading them.
///
/// A fingerprint under a secret, random key is no digest: it names nothing, and only says that what was seen under the same
/// key is the same. Two contents that were made without knowledge of the key have the same fingerprint with a probability
/// below 2⁻⁸⁰ up to a gigabyte (less for less), whatever they are; whoever has the key could make such a pair.
///
/// Each block is hashed by NH with 64-bit words, twice over keys that are shifted by one pair, the Toeplitz construction
/// (Black, Halevi, Krawczyk, Krovetz, Rogaway: "UMAC: Fast and Secure Message Authentication", CRYPTO 1999, sections 4.2 and
/// 4.3); what that comes to goes, with each part's length, into a polynomial over the prime 2⁶¹ − 1, of which both have a key
/// of their own.
public struct Fingerprint: Hashable, Sendable {
  public var words: SIMD2<UInt64>

  public init(words: SIMD2<UInt64>) { self.words = words }
}

/// What fingerprints are made under.
public struct FingerprintKey: Sendable {
  /// Random bytes, which all else follows from.
  public let seed: Digest
  /// One word for each of a block's, and two for the shift.
  fileprivate let block: [UInt64]
  /// Where the polynomials are taken.
  fileprivate let points: SIMD2<UInt64>

  public init(seed: Digest) {
    self.seed = seed
    // SHA-256 over the seed and a counter: as random as the seed to whoever does not know it.
    var words: [UInt64] = []
    var counter: UInt64 = 0
    while words.count < Fingerprinter.blockWordCount + 2 + 2 {
      var hasher = SHA256()
      hasher.updateField(seed)
      hasher.updateField(counter)
      words += Bytes(hasher.finish().bytes).elements(of: UInt64.self).map { UInt64(littleEndian: $0) }
      counter += 1
    }
    block = Array(words.prefix(Fingerprinter.blockWordCount + 2))
    points = SIMD2(words[block.count] % Polynomial.prime, words[block.count + 1] % Polynomial.prime)
  }

  public static func random() -> FingerprintKey {
    var generator = SystemRandomNumberGenerator()
    let words = (0..<4).map { _ in generator.next() }
    guard let seed = Digest(bytes: Bytes(elements: words).array) else {
      preconditionFailure("four words have a digest's size")
    }
    return FingerprintKey(seed: seed)
  }
}

/// A fingerprint in the making, over parts that arrive in pieces.
public struct Fingerprinter: Sendable {
  /// Pieces are whole blocks, but for the last one of a part.
  public static let blockByteCount = 8 * blockWordCount
  fileprivate static let blockWordCount = 256

  private let key: FingerprintKey
  private var sums = (Polynomial(), Polynomial())
  /// Bytes of the part so far.
  private var count = 0

  public init(key: FingerprintKey) { self.key = key }

  /// Adds the next piece of a part.
  public mutating func add(_ piece: UnsafeRawBufferPointer) {
    precondition(count % Fingerprinter.blockByteCount == 0, "only a part's last piece may end within a block")
    guard let base = piece.baseAddress else { return }
    count += piece.count
    let whole = piece.count / Fingerprinter.blockByteCount * Fingerprinter.blockByteCount
    for start in stride(from: 0, to: whole, by: Fingerprinter.blockByteCount) { addBlock(base + start) }
    guard whole < piece.count else { return }
    withUnsafeTemporaryAllocation(byteCount: Fingerprinter.blockByteCount, alignment: 8) { last in
      last.initializeMemory(as: UInt8.self, repeating: 0)
      last.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[whole...]))
      if let last = last.baseAddress { addBlock(UnsafeRawPointer(last)) }
    }
  }

  /// Ends a part, so that what follows is another: parts cannot run into each other.
  public mutating func endPart() {
    sums.0.add(UInt64(count), at: key.points[0])
    sums.1.add(UInt64(count), at: key.points[1])
    count = 0
  }

  /// Of the parts that have ended.
  public var fingerprint: Fingerprint { Fingerprint(words: SIMD2(sums.0.value, sums.1.value)) }

  private mutating func addBlock(_ block: UnsafeRawPointer) {
    let (first, second) = key.block.withUnsafeBufferPointer { Fingerprinter.hash(block, $0) }
    sums.0.add(first, at: key.points[0])
    sums.1.add(second, at: key.points[1])
  }

  /// NH over a block, by the key and by the key from its third word on.
  private static func hash(_ block: UnsafeRawPointer, _ key: UnsafeBufferPointer<UInt64>) -> (UInt128, UInt128) {
    guard let key = key.baseAddress else { return (0, 0) }
    // Sums of 128 bits, not two words and a carry, for which the compiler would make a branch.
    var first: UInt128 = 0
    var second: UInt128 = 0
    var index = 0
    while index < blockWordCount {
      let place = block + 8 &* index
      let x = UInt64(littleEndian: place.loadUnaligned(as: UInt64.self))
      let y = UInt64(littleEndian: place.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      first &+= UInt128(x &+ key[index]) &* UInt128(y &+ key[index &+ 1])
      second &+= UInt128(x &+ key[index &+ 2]) &* UInt128(y &+ key[index &+ 3])
      index &+= 2
    }
    return (first, second)
  }
}

/// The value of a polynomial over the integers modulo a prime, by Horner's rule.
private struct Polynomial {
  /// A Mersenne prime: reducing takes shifts and additions.
  static let prime: UInt64 = 1 << 61 - 1

  /// At most three above the prime. Not nought at first, so that coefficients that are nought count too.
  private var sum: UInt64 = 1

  /// Below the prime, so that equal values are equal words.
  var value: UInt64 { sum >= Polynomial.prime ? sum - Polynomial.prime : sum }

  /// Adds a coefficient below 2⁶¹.
  @inline(__always)
  mutating func add(_ coefficient: UInt64, at point: UInt64) {
    let product = (sum &+ coefficient).multipliedFullWidth(by: point)
    let folded = (product.low & Polynomial.prime) &+ (product.low &>> 61 | product.high &<< 3)
    sum = (folded & Polynomial.prime) &+ folded &>> 61
  }

  /// Adds 128 bits, as three coefficients.
  @inline(__always)
  mutating func add(_ wide: UInt128, at point: UInt64) {
    let (high, low) = (UInt64(truncatingIfNeeded: wide >> 64), UInt64(truncatingIfNeeded: wide))
    add(low & Polynomial.prime, at: point)
    add((low &>> 61 | high &<< 3) & Polynomial.prime, at: point)
    add(high &>> 58, at: point)
  }
}
