import CondenseCodecs
import CondenseTensors
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("Metrics of what was lost")
struct TensorMetricsTests {
  /// Straightforwardly, in one loop.
  private static func reference(_ source: [Double], _ result: [Double]) -> TensorMetrics {
    var metrics = TensorMetrics()
    metrics.elementCount = source.count
    metrics.isFloatingPoint = true
    for (w, v) in zip(source, result) {
      if v != 0 { metrics.nonzeroCount += 1 }
      let isSame = w == v || (w.isNaN && v.isNaN)
      guard isSame || (w.isFinite && v.isFinite) else {
        metrics.maxError = .infinity
        metrics.errorEnergy = .infinity
        continue
      }
      guard w.isFinite else { continue }
      metrics.signalEnergy += w * w
      metrics.errorEnergy += (w - v) * (w - v)
      metrics.resultEnergy += v * v
      metrics.dotProduct += w * v
      metrics.maxError = max(metrics.maxError, abs(w - v))
    }
    return metrics
  }

  /// As a build compares, held to the last bit to what a processor without AVX2 makes of it, and to what comes out where the
  /// source has been parted before.
  private static func compare(_ source: Tensor, _ encoded: EncodedTensor) throws -> TensorMetrics {
    var parted: PartedSource?
    let metrics = try TensorMetrics(source: source, encoded: encoded, parted: &parted)
    try onEveryProcessor { () throws in
      #expect(try TensorMetrics(source: source, encoded: encoded, parted: &parted) == metrics)
      parted = nil
      #expect(try TensorMetrics(source: source, encoded: encoded, parted: &parted) == metrics)
    }
    return metrics
  }

  private static func isClose(_ a: Double, _ b: Double, scale: Double) -> Bool {
    a == b || abs(a - b) <= 1e-12 * scale
  }

  private static func expectEqual(_ a: TensorMetrics, _ b: TensorMetrics, _ note: String) {
    #expect(a.elementCount == b.elementCount && a.nonzeroCount == b.nonzeroCount, "\(note)")
    #expect(a.isFloatingPoint == b.isFloatingPoint && a.maxError == b.maxError, "\(note)")
    let scale = b.signalEnergy + b.resultEnergy
    #expect(isClose(a.signalEnergy, b.signalEnergy, scale: scale), "\(note)")
    #expect(isClose(a.errorEnergy, b.errorEnergy, scale: scale), "\(note)")
    #expect(isClose(a.resultEnergy, b.resultEnergy, scale: scale), "\(note)")
    #expect(isClose(a.dotProduct, b.dotProduct, scale: scale), "\(note)")
  }

  @Test("Vectorised sums are those of one plain loop, whatever the length", arguments: [DType.f32, .f64, .f16])
  func matchesReference(dtype: DType) throws {
    var random = SeededGenerator(seed: 41)
    for count in [0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 1001] {
      let source = (0..<count).map { _ in Double(Float16(Float.random(in: -2...2, using: &random))) }
      let result = source.map { value -> Double in
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return 0
        case 1: return Double(Float16(value * 0.9))
        case 2: return -value
        default: return value
        }
      }
      let shape = Shape(vector: count)
      let metrics = TensorMetrics(
        source: try tensor(source, dtype, shape), result: try tensor(result, dtype, shape))
      Self.expectEqual(metrics, Self.reference(source, result), "\(dtype) × \(count), seed 41")
    }
  }

  @Test("Elements that are no finite numbers are left out where they stayed, and are endless errors where not")
  func nonFinite() throws {
    let source: [Double] = [1, .nan, .infinity, -.infinity, 2, 0, .nan, 3, 4]
    let kept = TensorMetrics(
      source: try tensor(source, .f32, Shape(vector: 9)), result: try tensor(source, .f32, Shape(vector: 9)))
    Self.expectEqual(kept, Self.reference(source, source), "kept")
    #expect(kept.signalEnergy == 30 && kept.sqnr == nil)
    for index in [1, 2, 4] {
      var result = source
      result[index] = index == 4 ? .infinity : 7
      let lost = TensorMetrics(
        source: try tensor(source, .f32, Shape(vector: 9)), result: try tensor(result, .f32, Shape(vector: 9)))
      #expect(lost.maxError == .infinity && lost.errorEnergy == .infinity)
    }
  }

  @Test("Squares of float64 that pass its range do not turn a lossless copy into a loss")
  func hugeValues() throws {
    let huge = try tensor([1e200, -1e200, 3], .f64, Shape(vector: 3))
    let metrics = TensorMetrics(source: huge, result: huge)
    #expect(metrics.errorEnergy == 0 && metrics.sqnr == nil && metrics.cosine == 1 && metrics.nonzeroCount == 3)
  }

  @Test("The cosine of a tensor with its multiple is 1, with its negative −1")
  func cosine() throws {
    let source = try tensor([1, -2, 3, 0.5, 4], .f32, Shape(vector: 5))
    let half = try tensor([0.5, -1, 1.5, 0.25, 2], .f32, Shape(vector: 5))
    let negative = try tensor([-1, 2, -3, -0.5, -4], .f32, Shape(vector: 5))
    #expect(abs(TensorMetrics(source: source, result: half).cosine - 1) < 1e-15)
    #expect(abs(TensorMetrics(source: source, result: negative).cosine + 1) < 1e-15)
  }

  @Test("A tensor compared with itself gives what a comparison with a copy gives, to the last bit")
  func unchanged() throws {
    var random = SeededGenerator(seed: 42)
    for count in [0, 1, 3, 4, 5, 64, 1001] {
      let values = (0..<count).map { _ in
        Bool.random(using: &random) ? 0 : Double(Float.random(in: -2...2, using: &random))
      }
      let shape = Shape(vector: count)
      let source = try tensor(values, .f32, shape)
      let copy = try tensor(values, .f32, shape)
      let metrics = TensorMetrics(source: source, result: source)
      onEveryProcessor {
        #expect(TensorMetrics(source: source, result: source) == metrics, "seed 42")
        #expect(TensorMetrics(source: source, result: copy) == metrics, "seed 42")
      }
    }
  }

  @Test(
    "A masked result need not be expanded to be compared, whatever its elements' form", arguments: [0.0, 0.1, 0.6, 1])
  func masked(density: Double) throws {
    var random = SeededGenerator(seed: 43)
    for count in [0, 1, 7, 63, 64, 65, 128, 1000, 20_000] {
      let source = (0..<count).map { _ in Double(Float.random(in: -2...2, using: &random)) }
      let isKept = (0..<count).map { _ in Double.random(in: 0..<1, using: &random) < density }
      var mask = [UInt8](repeating: 0, count: Bitmap.byteCount(count))
      for index in 0..<count where isKept[index] { mask[index / 8] |= 1 << (index % 8) }
      let indices = zip(source, isKept).filter(\.1).map { UInt8($0.0 < 0 ? 0 : 1) }
      let codebook = Codebook(size: 2, channels: 1, elements: .plain(Bytes(elements: [Float(-0.75), 0.5])))
      let shape = Shape(vector: count)
      let clustered = EncodedTensor(
        dtype: .f32, shape: shape, mask: Bytes(mask), payload: .indices(Bytes(indices), codebook))
      let pruned = EncodedTensor(
        dtype: .f32, shape: shape, mask: Bytes(mask),
        payload: .elements(.plain(Bytes(elements: zip(source, isKept).filter(\.1).map { Float($0.0) }))))
      let original = try tensor(source, .f32, shape)
      for encoded in [clustered, pruned] {
        let expanded = try encoded.expanded().floats ?? []
        Self.expectEqual(
          try Self.compare(original, encoded),
          Self.reference(source, expanded.map(Double.init)), "\(count) elements, seed 43")
      }
    }
  }

  @Test("Elements that are no finite numbers are found whether a mask keeps them or not", arguments: [0, 70, 99])
  func maskedNonFinite(place: Int) throws {
    for value in [Double.nan, .infinity] {
      var source = [Double](repeating: 1, count: 100)
      source[place] = value
      for isKept in [false, true] {
        var mask = [UInt8](repeating: 0, count: 13)
        if isKept { mask[place / 8] = 1 << (place % 8) }
        let encoded = EncodedTensor(
          dtype: .f32, shape: Shape(vector: 100), mask: Bytes(mask),
          payload: .elements(.plain(Bytes(elements: isKept ? [Float(value)] : []))))
        let result = try encoded.expanded().floats ?? []
        let metrics = try Self.compare(try tensor(source, .f32, Shape(vector: 100)), encoded)
        Self.expectEqual(metrics, Self.reference(source, result.map(Double.init)), "\(value), kept \(isKept)")
        #expect(metrics.maxError == (isKept ? 1 : .infinity))
      }
    }
  }

  @Test("What was parted by another mask is parted anew")
  func otherMask() throws {
    var random = SeededGenerator(seed: 44)
    let count = 200
    let shape = Shape(vector: count)
    let source = try tensor((0..<count).map { _ in Double(Float.random(in: 1...2, using: &random)) }, .f32, shape)
    var parted: PartedSource?
    for _ in 0..<4 {
      let mask = (0..<count / 8).map { _ in UInt8.random(in: 0...255, using: &random) }
      let kept = mask.reduce(0) { $0 + $1.nonzeroBitCount }
      let encoded = EncodedTensor(
        dtype: .f32, shape: shape, mask: Bytes(mask),
        payload: .elements(.plain(Bytes(elements: [Float](repeating: 1.5, count: kept)))))
      let metrics = try TensorMetrics(source: source, encoded: encoded, parted: &parted)
      #expect(try Self.compare(source, encoded) == metrics, "seed 44")
      #expect(parted?.mask == Bytes(mask) && parted?.kept.count == 4 * kept)
    }
  }

  @Test("A mask that does not fit what it keeps is an error")
  func badMask() throws {
    let source = try tensor([1, 2, 3], .f32, Shape(vector: 3))
    for mask in [[0b1001], [0b011], [0b001, 0]] as [[UInt8]] {
      let encoded = EncodedTensor(
        dtype: .f32, shape: Shape(vector: 3), mask: Bytes(mask), payload: .elements(.plain(Bytes(elements: [Float(1)])))
      )
      #expect(throws: DecodingError.self) { try Self.compare(source, encoded) }
    }
  }

  private func tensor(_ values: [Double], _ dtype: DType, _ shape: Shape) throws -> Tensor {
    switch dtype {
    case .f64: try Tensor(dtype: dtype, shape: shape, bytes: Bytes(elements: values))
    case .f16: try Tensor(dtype: dtype, shape: shape, bytes: Bytes(elements: values.map { Float16($0) }))
    default: try Tensor(dtype: dtype, shape: shape, bytes: Bytes(elements: values.map { Float($0) }))
    }
  }
}
