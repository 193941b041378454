import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Quantizing against one weight after the other")
struct QuantizeKernelTests {
  static let lengths = [0, 1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129, 300]

  private static func inputs(_ count: Int) -> [[Float]] {
    var generator = SeededGenerator(seed: UInt64(count))
    return [
      randomValues(count, using: &generator), (0..<count).map { $0 % 2 == 0 ? 0.5 : -0.5 },
      [Float](repeating: 0, count: count), (0..<count).map { Float(bitPattern: UInt32($0 * 31 % 701)) },
      (0..<count).map { $0 == count / 2 ? -.greatestFiniteMagnitude : Float($0) },
      (0..<count).map { Float($0 % 255) / 2 },
      // Their sum overflows.
      (0..<count).map { .greatestFiniteMagnitude * ($0 % 2 == 0 ? 1 : 0.3) },
    ]
  }

  private static func quantized(_ values: [Float], _ parameters: StageParameters) throws -> Quantized {
    let result = try EncodedTensor(values, [1, values.count]).through(stage("quantize", parameters))
    guard case .elements(.quantized(let quantized)) = result.payload else {
      throw StageError("elements stay elements")
    }
    return quantized
  }

  @Test("Whole-number codes are the nearest, halves to even", arguments: lengths, [true, false])
  func integers(count: Int, isSymmetric: Bool) throws {
    for type in [QuantizedType.int8, .uint8, .int4] {
      for values in Self.inputs(count) {
        let quantized = try Self.quantized(
          values, ["dtype": .string(type.rawValue), "symmetric": .bool(isSymmetric)])
        let zero = quantized.zeroPoints?[0] ?? type.symmetricZeroPoint
        let bounds: ClosedRange<Int32> =
          switch (type, isSymmetric) {
          case (.int8, true): -127...127
          case (.uint8, true): 1...255
          case (.int4, true): -7...7
          case (.uint8, false): 0...255
          case (.int4, false): -8...7
          default: -128...127
          }
        let expected = values.map { value -> UInt8 in
          let steps = (value / quantized.scales[0]).rounded(.toNearestOrEven)
          return UInt8(truncatingIfNeeded: max(bounds.lowerBound, min(bounds.upperBound, Int32(steps) + zero)))
        }
        #expect(quantized.codes.array == expected, "\(type), \(count) weights from \(values.first ?? 0)")
        if isSymmetric, let largest = values.map({ abs($0) }).max(), largest >= 1e-30, largest < 1e30 {
          #expect(quantized.scales == [largest / Float(bounds.upperBound - zero)])
        }
      }
    }
  }

  @Test("Small floats are what their definition rounds to", arguments: lengths)
  func floats(count: Int) throws {
    for values in Self.inputs(count) {
      let half = try Self.quantized(values, ["dtype": .string("float16")])
      #expect(half.codes.elements(of: UInt16.self) == values.map { Half.bits(from: max(-65504, min(65504, $0))) })
      let limit = BFloat16.greatestFinite
      let brain = try Self.quantized(values, ["dtype": .string("bfloat16")])
      #expect(brain.codes.elements(of: UInt16.self) == values.map { BFloat16.bits(from: max(-limit, min(limit, $0))) })
      let eight = try Self.quantized(values, ["dtype": .string("float8_e4m3")])
      #expect(
        eight.codes.array == values.map { Float8E4M3.bits(from: max(-448, min(448, $0 / eight.scales[0]))) },
        "\(count) weights")
    }
  }

  @Test("Every float16 and bfloat16 number between two neighbours is rounded to the nearer")
  func ties() throws {
    // Halves and their neighbours, subnormal ones too.
    let values = (0..<400).flatMap { step -> [Float] in
      let tie = (Float(step) + 0.5) * 0x1p-24
      return [tie, tie.nextUp, -tie.nextDown]
    }
    let half = try Self.quantized(values, ["dtype": .string("float16")])
    #expect(half.codes.elements(of: UInt16.self) == values.map { Half.bits(from: $0) })
  }

  @Test("Parts have scales of their own and do not touch each other", arguments: [1, 5, 16, 20, 33])
  func groups(size: Int) throws {
    var generator = SeededGenerator(seed: UInt64(size))
    let values = randomValues(3 * 33, using: &generator)
    let result = try EncodedTensor(values, [3, 33]).through(
      stage("quantize", ["granularity": .map(["group": .integer(size)])]))
    guard case .elements(.quantized(let quantized)) = result.payload else {
      Issue.record("elements stay elements")
      return
    }
    let parts = ElementParts(.group(size), shape: result.shape)
    for part in 0..<parts.count {
      let alone = try Self.quantized(Array(values[parts[part]]), [:])
      #expect(quantized.scales[part] == alone.scales[0])
      #expect(quantized.codes[parts[part]] == alone.codes)
    }
  }

  @Test("The first value that is not finite is named", arguments: [0, 15, 16, 31, 32, 70])
  func notFinite(place: Int) throws {
    for bad in [Float.nan, -.nan, .infinity, -.infinity] {
      var values = (0..<71).map { Float($0) }
      values[place] = bad
      for parameters in [
        [:], ["symmetric": .bool(false)], ["granularity": .map(["group": .integer(20)])],
        ["dtype": .string("bfloat16")],
      ] as [StageParameters] {
        let error = #expect(throws: StageError.self) {
          try EncodedTensor(values, [1, 71]).through(stage("quantize", parameters))
        }
        #expect(error?.elementIndex == place, "\(bad), \(parameters)")
      }
    }
  }
}
