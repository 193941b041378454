import CondenseTensors
import TestSupport
import Testing

@Suite("Small floating-point formats")
struct SmallFloatTests {
  /// The nearest code to a value, found by looking at all of them; of two equally near ones the even one.
  private static func nearest<F: SmallFloat>(_ value: Float, _: F.Type) -> Float where F.Bits == UInt8 {
    var best: (distance: Double, code: UInt8)?
    for code in UInt8.min...UInt8.max {
      let candidate = F.float(from: code)
      guard candidate.isFinite else { continue }
      let distance = abs(Double(candidate) - Double(value))
      if best.map({ distance < $0.distance || (distance == $0.distance && code & 1 == 0 && $0.code & 1 == 1) }) ?? true
      {
        best = (distance, code)
      }
    }
    return best.map { F.float(from: $0.code) } ?? .nan
  }

  @Test("Every code that is a number comes back from its value")
  func codes() {
    for bits in UInt16.min...UInt16.max {
      let half = Half.float(from: bits)
      if !half.isNaN { #expect(Half.bits(from: half) == bits) }
      let brain = BFloat16.float(from: bits)
      if !brain.isNaN { #expect(BFloat16.bits(from: brain) == bits) }
    }
    for bits in UInt8.min...UInt8.max {
      let e4m3 = Float8E4M3.float(from: bits)
      if !e4m3.isNaN { #expect(Float8E4M3.bits(from: e4m3) == bits) }
      let e5m2 = Float8E5M2.float(from: bits)
      if !e5m2.isNaN { #expect(Float8E5M2.bits(from: e5m2) == bits) }
    }
  }

  @Test("Values go to the nearest code, halves to the even one", arguments: UInt64(1)...5)
  func rounding(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let value = Float.random(in: -440...440, using: &generator) * (Bool.random(using: &generator) ? 1 : 0.001)
      #expect(Float8E4M3.float(from: Float8E4M3.bits(from: value)) == Self.nearest(value, Float8E4M3.self), "\(value)")
      #expect(Float8E5M2.float(from: Float8E5M2.bits(from: value)) == Self.nearest(value, Float8E5M2.self), "\(value)")
    }
  }

  @Test(
    "Elements of a tensor are converted like each alone, not-a-numbers bit for bit",
    arguments: [0, 1, 2, 3, 17, 1 << 16])
  func tensors(count: Int) {
    let halves = (0..<count).map { UInt16(truncatingIfNeeded: $0 &* 65_521) }
    let bytes = halves.map { UInt8(truncatingIfNeeded: $0) }
    func patterns(_ dtype: DType, _ bytes: Bytes) -> [UInt32]? { dtype.floatBytes(bytes)?.elements(of: UInt32.self) }
    #expect(patterns(.f16, Bytes(elements: halves)) == halves.map { Half.float(from: $0).bitPattern })
    #expect(patterns(.bf16, Bytes(elements: halves)) == halves.map { BFloat16.float(from: $0).bitPattern })
    #expect(patterns(.f8e4m3, Bytes(bytes)) == bytes.map { Float8E4M3.float(from: $0).bitPattern })
    #expect(patterns(.f8e5m2, Bytes(bytes)) == bytes.map { Float8E5M2.float(from: $0).bitPattern })
    let doubles = halves.map { Double(Half.float(from: $0)) * 1.000_000_1 }
    #expect(patterns(.f64, Bytes(elements: doubles)) == doubles.map { Float($0).bitPattern })
    #expect(patterns(.i32, Bytes(elements: halves)) == nil)
  }

  @Test("Known values have the bits that the standards give them")
  func knownValues() {
    #expect(Half.bits(from: 1) == 0x3C00)
    #expect(Half.bits(from: 65504) == 0x7BFF)
    #expect(Half.bits(from: 65520) == 0x7C00, "beyond the largest by half a step: infinity")
    #expect(Half.bits(from: 0x1p-24) == 1)
    #expect(Half.bits(from: 0x1p-25) == 0, "a tie goes to the even code")
    #expect(Half.bits(from: -0.0) == 0x8000)
    #expect(BFloat16.bits(from: 1) == 0x3F80)
    #expect(Float8E4M3.bits(from: 448) == 0x7E)
    #expect(Float8E4M3.float(from: 0x7F).isNaN)
    #expect(Float8E5M2.bits(from: 57344) == 0x7B)
    #expect(Float8E5M2.float(from: 0x7C) == .infinity)
  }

  @Test("Not-a-number stays that in every format")
  func notANumber() {
    #expect(Half.float(from: Half.bits(from: .nan)).isNaN)
    #expect(BFloat16.float(from: BFloat16.bits(from: Float(bitPattern: 0x7F80_0001))).isNaN)
    #expect(Float8E4M3.float(from: Float8E4M3.bits(from: .nan)).isNaN)
    #expect(Float8E5M2.float(from: Float8E5M2.bits(from: .nan)).isNaN)
  }

  @Test("Shapes with too many elements or negative sides are none")
  func shapes() throws {
    #expect(throws: ShapeError.self) { try Shape([1 << 32, 1 << 32]) }
    #expect(throws: ShapeError.self) { try Shape([0, 1 << 62, 4]) }
    #expect(throws: ShapeError.self) { try Shape([-1]) }
    #expect(try Shape([]).elementCount == 1)
    #expect(try Shape([4, 0]).elementCount == 0)
    #expect(throws: TensorError.self) { try Tensor(dtype: .f32, shape: Shape([2]), bytes: Bytes([1, 2, 3, 4])) }
  }
}
