/// Probabilities in the logistic domain, in whole numbers only, so that they are the same on every machine.
///
/// `squash` is 4096 / (1 + e^(−x/256)), by interpolation of a table; `stretch` is its inverse (Matt Mahoney, "Adaptive
/// weighing of context models for lossless data compression", 2005).
struct Logistic {
  /// ⌊4096 / (1 + e^(−x/2))⌋ for x from −16 to 16: numbers and not the formula, as machines differ in their last bit.
  private static let knots = [
    1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2048, 2549, 2994, 3348, 3607, 3785, 3901, 3975,
    4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
  ]
  /// By 12-bit probability.
  let stretch: [Int32]

  init() {
    var stretch = [Int32](repeating: 2047, count: 4096)
    var next = 0
    for x in -2047...2047 {
      let probability = Logistic.squash(x)
      while next <= probability {
        stretch[next] = Int32(x)
        next += 1
      }
    }
    self.stretch = stretch
  }

  /// A 12-bit probability, 1 to 4,095.
  @inline(__always)
  static func squash(_ x: Int) -> Int {
    if x > 2047 { return 4095 }
    if x < -2047 { return 1 }
    let weight = x & 127
    let knot = (x >> 7) &+ 16
    return max(1, (knots[knot] &* (128 &- weight) &+ knots[min(32, knot &+ 1)] &* weight &+ 64) >> 7)
  }
}

/// A probability that learns from each bit: fast at first, then slower.
struct AdaptiveBit {
  /// Of a one, in 1/65536.
  private(set) var probability: UInt16
  private var count: UInt8 = 0

  init(probability: Int = 1 << 15) { self.probability = UInt16(min(max(probability, 32), 65535 - 32)) }

  private static let slowest: UInt8 = 255
  /// 65536 / (count + 1.5).
  static let rates: [Int32] = (0...255).map { 131_072 / (2 * $0 + 3) }

  @inline(__always)
  mutating func learn(_ bit: Int, _ rates: UnsafePointer<Int32>) {
    let target: Int = bit == 0 ? 0 : 65535
    let change = ((target &- Int(probability)) &* Int(rates[Int(count)])) >> 16
    probability = UInt16(truncatingIfNeeded: Int(probability) &+ change)
    if count < AdaptiveBit.slowest { count &+= 1 }
  }
}

/// Predicts bits by several contexts at once: their probabilities are added up in the logistic domain, with weights that
/// learn which context to trust.
struct Mixer: ~Copyable {
  /// All contexts' probabilities, one table after the other.
  private let bits: UnsafeMutablePointer<AdaptiveBit>
  private let weights: UnsafeMutablePointer<Int32>
  private let stretched: UnsafeMutablePointer<Int32>
  /// For each input the context of the next bit: an index into `bits`.
  let contexts: UnsafeMutablePointer<Int>
  private let stretch: UnsafeMutablePointer<Int32>
  private let rates: UnsafeMutablePointer<Int32>
  private let inputCount: Int

  private static let learningRate = 4
  private static let largestWeight: Int32 = 1 << 20

  init(inputCount: Int, contextCount: Int, probability: Int = 1 << 15) {
    self.inputCount = inputCount
    bits = .allocate(capacity: contextCount)
    bits.initialize(repeating: AdaptiveBit(probability: probability), count: contextCount)
    weights = .allocate(capacity: inputCount)
    // Together a bit more than one: contexts that agree are surer than each.
    weights.initialize(repeating: Int32(81_920 / inputCount), count: inputCount)
    stretched = .allocate(capacity: inputCount)
    stretched.initialize(repeating: 0, count: inputCount)
    contexts = .allocate(capacity: inputCount)
    contexts.initialize(repeating: 0, count: inputCount)
    let logistic = Logistic().stretch
    stretch = .allocate(capacity: logistic.count)
    for (index, value) in logistic.enumerated() { (stretch + index).initialize(to: value) }
    rates = .allocate(capacity: AdaptiveBit.rates.count)
    for (index, value) in AdaptiveBit.rates.enumerated() { (rates + index).initialize(to: value) }
  }

  deinit {
    bits.deallocate()
    weights.deallocate()
    stretched.deallocate()
    contexts.deallocate()
    stretch.deallocate()
    rates.deallocate()
  }

  /// Codes a bit in the contexts that are set, and learns it.
  @inline(__always)
  mutating func code<Coder: BinaryCoder>(_ bit: Int, _ coder: inout Coder) -> Int {
    var sum = 0
    for input in 0..<inputCount {
      let value = stretch[Int(bits[contexts[input]].probability >> 4)]
      stretched[input] = value
      sum &+= Int(value) &* Int(weights[input])
    }
    let probability = Logistic.squash(sum >> 16)
    let bit = coder.code(bit, probability: probability)
    let error = ((bit << 12) &- probability) &* Mixer.learningRate
    for input in 0..<inputCount {
      let changed = Int(weights[input]) &+ (Int(stretched[input]) &* error &+ 0x2000) >> 14
      weights[input] = min(max(Int32(truncatingIfNeeded: changed), -Mixer.largestWeight), Mixer.largestWeight)
      bits[contexts[input]].learn(bit, rates)
    }
    return bit
  }
}
