import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Quantizing at the edges")
struct QuantizeEdgeTests {
  @Test("No survivor changes its sign, even where one side has hardly any range", arguments: ["int8", "uint8", "int4"])
  func signs(type: String) throws {
    for values in [
      [-1000, 0.001, 0, -500], [1000, -0.001, 0, 500], [-1000, 3, 0, -500], [1000, -3, 0, 500], [-7, 2, 0, -1],
    ] as [[Float]] {
      let pruned = try EncodedTensor(values, [2, 2]).through(stage("prune", ["threshold": .integer(0)]))
      let result = try pruned.through(stage("quantize", ["dtype": .string(type), "symmetric": .bool(false)]))
      let decoded = try result.values()
      #expect(decoded.map { $0.sign } == values.map { $0.sign }, "\(values) → \(decoded)")
      guard case .elements(.quantized(let quantized)) = result.payload else {
        Issue.record("elements stay elements")
        return
      }
      for (value, back) in zip(values, decoded) {
        // The nearest step that is not zero is at most one step away.
        #expect(abs(value - back) <= quantized.scales[0] * 1.0001, "\(value) → \(back)")
      }
    }
  }

  @Test(
    "The largest numbers of a type stay finite in every type",
    arguments: [DType.f32, .f16, .bf16, .f64, .f8e4m3, .f8e5m2], QuantizedType.allCases)
  func largest(dtype: DType, type: QuantizedType) throws {
    let most = dtype.greatestFinite ?? 1
    let choices = type == .int8 || type == .uint8 || type == .int4 ? [true, false] : [true]
    for values in [
      [most, -most, 1, 0], [most, -most / 100, 1, 0], [-most, most / 100, 1, 0], [most, -most / 3, 1, 0],
      [-most, most / 7, most / 5, 0], [most, 1, 2, 3],
    ] as [[Float]] {
      for isSymmetric in choices {
        let result = try EncodedTensor(values, [2, 2], dtype).through(
          stage("quantize", ["dtype": .string(type.rawValue), "symmetric": .bool(isSymmetric)]))
        let decoded = try result.values()
        #expect(decoded.allSatisfy { $0.isFinite }, "\(values) symmetric \(isSymmetric): \(decoded)")
      }
    }
  }

  @Test("Numbers below the least normal one are rounded to half a step too", arguments: UInt64(1)...20)
  func subnormal(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let values = (0..<24).map { _ in
      Float(Int.random(in: -300...300, using: &generator)) * Float.leastNonzeroMagnitude
    }
    let result = try EncodedTensor(values, [2, 12]).through(stage("quantize"))
    guard case .elements(.quantized(let quantized)) = result.payload else {
      Issue.record("elements stay elements")
      return
    }
    for (value, back) in zip(values, try result.values()) {
      #expect(Double(abs(value - back)) <= Double(quantized.scales[0]) / 2, "seed \(seed): \(value) → \(back)")
    }
  }

  @Test("Tiny float64 numbers that survive keep their sign")
  func tinyDoubles() throws {
    let numbers = [1e-300, -1e-300, 0, 0.5]
    let tensor = EncodedTensor(try Tensor(dtype: .f64, shape: Shape([2, 2]), bytes: Bytes(elements: numbers)))
    let pruned = try tensor.through(stage("prune", ["threshold": .integer(0)]))
    for type in QuantizedType.allCases {
      let result = try pruned.through(stage("quantize", ["dtype": .string(type.rawValue)])).expanded()
      let decoded = result.bytes.elements(of: Double.self)
      #expect(decoded.map { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 } == [1, -1, 0, 1], "\(type): \(decoded)")
    }
  }

  @Test("Symmetric codes are what dividing by the scale and rounding halves to even gives", arguments: UInt64(1)...10)
  func reference(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    // Sixteenths, with a largest magnitude that makes the scale 1/8: halves of a step are common.
    let values = [15.875] + (0..<47).map { _ in Float(Int.random(in: -254...254, using: &generator)) / 16 }
    let result = try EncodedTensor(values, [4, 12]).through(stage("quantize"))
    guard case .elements(.quantized(let quantized)) = result.payload else {
      Issue.record("elements stay elements")
      return
    }
    #expect(quantized.scales == [0.125])
    let codes = quantized.codes.array.map { Float(Int8(bitPattern: $0)) }
    #expect(codes == values.map { ($0 * 8).rounded(.toNearestOrEven) }, "seed \(seed)")
  }
}
