import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Quantizing with a rate-distortion trade-off")
struct QuantizeRateDistortionTests {
  static let grains: [ParameterValue] = [.string("tensor"), .string("channel"), .map(["group": .integer(16)])]

  private func settings(_ type: String, _ lambda: Double, _ more: StageParameters = [:]) -> StageParameters {
    ["dtype": .string(type), "rate_distortion": .number(lambda)].merging(more) { $1 }
  }

  @Test(
    "Given the code that results, no weight has a better one", arguments: ["int8", "int4", "uint8"],
    [0.3, 0.03, 0.001])
  func locallyOptimal(type: String, lambda: Double) throws {
    var generator = SeededGenerator(seed: 11)
    let values = laplaceValues(2000, using: &generator)
    let tensor = try EncodedTensor(values, [20, 100])
    for isSymmetric in [true, false] {
      let stage = try stage("quantize", settings(type, lambda, ["symmetric": .bool(isSymmetric)]))
      let slope = try stage.allocation(for: tensor)?.slope ?? 0
      let quantized = try #require(try tensor.through(stage).quantized)
      let (scale, zero) = (Double(quantized.scales[0]), quantized.zeroPoints?[0] ?? (type == "uint8" ? 128 : 0))
      let offsets = quantized.codes.elements(of: UInt8.self).map { code in
        (type == "uint8" ? Int32(code) : Int32(Int8(bitPattern: code))) - zero
      }
      var counts: [Int32: Int] = [:]
      for offset in offsets { counts[offset, default: 0] += 1 }
      let all = Lagrangian.log2(values.count)
      let costs = counts.mapValues { slope * (all - Lagrangian.log2($0)) }
      for (value, offset) in zip(values, offsets) where value != 0 {
        func cost(_ offset: Int32) -> Double {
          let difference = Double(value) - Double(offset) * scale
          return difference * difference + (costs[offset] ?? .infinity)
        }
        let best = counts.keys.map { (cost($0), $0) }.min { $0 < $1 } ?? (0, 0)
        // Bins of 1/32 step are decided by their middle.
        let tolerance = scale * scale * Double(abs(best.1 - offset)) / 32 * 1.001
        #expect(cost(offset) <= best.0 + tolerance, "\(value): \(offset) instead of \(best.1)")
      }
    }
  }

  @Test("It costs no more than plain rounding does", arguments: UInt64(1)...2, ["int8", "int4"])
  func noWorse(seed: UInt64, type: String) throws {
    var generator = SeededGenerator(seed: seed)
    let values = seed % 2 == 0 ? laplaceValues(600, using: &generator) : randomValues(600, using: &generator)
    let tensor = try EncodedTensor(values, [20, 30])
    for source in [tensor, try tensor.through(stage("prune", ["sparsity": .number(0.6)]))] {
      let pruned = try source.values()
      for grain in Self.grains {
        for lambda in [0.3, 0.01, 1e-6] {
          let stage = try stage("quantize", settings(type, lambda, ["granularity": grain]))
          let slope = try stage.allocation(for: source)?.slope ?? 0
          let result = try Lagrangian(of: source.through(stage), from: pruned, slope: slope)
          let rounding = try CondenseStagesTests.stage("quantize", ["dtype": .string(type), "granularity": grain])
          let plain = try Lagrangian(of: source.through(rounding), from: pruned, slope: slope)
          #expect(result.cost <= plain.cost * 1.001, "seed \(seed), \(grain), \(lambda)")
        }
      }
    }
  }

  @Test("The dearer bits are, the fewer there are and the larger the error", arguments: UInt64(1)...2)
  func tradeOff(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let values = laplaceValues(8000, using: &generator)
    let tensor = try EncodedTensor(values, [40, 200])
    var last: Lagrangian?
    for lambda in [0.0002, 0.001, 0.005, 0.025, 0.125, 0.625] {
      let stage = try stage("quantize", settings("int8", lambda))
      let this = try Lagrangian(of: tensor.through(stage), from: values, slope: 0)
      if let last {
        #expect(this.bits < last.bits * 0.95, "seed \(seed), \(lambda)")
        #expect(this.error > last.error * 1.05, "seed \(seed), \(lambda)")
      }
      last = this
    }
  }

  @Test("Of channels of different sizes it takes far fewer bits than a scale for each, at the same error")
  func saves() throws {
    var generator = SeededGenerator(seed: 1)
    let values = (1...20).flatMap { laplaceValues(200, scale: 0.005 * Float($0), using: &generator) }
    let tensor = try EncodedTensor(values, [20, 200])
    let grain: StageParameters = ["granularity": .string("channel")]
    let rounding = try stage("quantize", grain.merging(["dtype": .string("int4")]) { $1 })
    let plain = try Lagrangian(of: tensor.through(rounding), from: values, slope: 0)
    let results = try (0..<8).map { step in
      let stage = try stage("quantize", settings("int8", 0.2 / Double(1 << step), grain))
      return try Lagrangian(of: tensor.through(stage), from: values, slope: 0)
    }
    let fewest = results.filter { $0.error <= plain.error }.map(\.bits).min() ?? .infinity
    #expect(fewest < 0.95 * plain.bits, "\(fewest) bits instead of \(plain.bits)")
  }

  @Test("Zeros stay zero, and of a pruned tensor nothing becomes zero", arguments: [UInt64(1)], grains)
  func zeros(seed: UInt64, grain: ParameterValue) throws {
    var generator = SeededGenerator(seed: seed)
    let values = randomValues(120, using: &generator)
    for dtype in [DType.f32, .f16] {
      let tensor = try EncodedTensor(values, [4, 30], dtype)
      let pruned = try tensor.through(stage("prune", ["sparsity": .number(0.5)]))
      for lambda in [0.01, 1e300] {
        for (type, isSymmetric) in [("int8", true), ("uint8", false), ("int4", false)] {
          let stage = try stage(
            "quantize", settings(type, lambda, ["granularity": grain, "symmetric": .bool(isSymmetric)]))
          let back = try tensor.through(stage).values()
          #expect(zip(values, back).allSatisfy { $0 != 0 || $1 == 0 }, "seed \(seed), \(type), \(lambda)")
          let survivors = try pruned.values()
          let kept = try pruned.through(stage).values()
          #expect(
            zip(survivors, kept).allSatisfy { $0 == 0 ? $1 == 0 : $0 < 0 ? $1 < 0 : $1 > 0 },
            "seed \(seed), \(dtype), \(type), \(lambda)")
        }
      }
    }
  }

  @Test(
    "Odd tensors come back finite",
    arguments: [
      [], [0], [3], [-2, 5], [0, 0, 0], [1, 1, 1], Array(repeating: 0.25, count: 50), Array(repeating: 0, count: 50),
      [.leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0], [1e-40, 2e-40, -3e-40, 1e-42],
      [.greatestFiniteMagnitude, 1, -1, 0.5, 0], [.greatestFiniteMagnitude, -.greatestFiniteMagnitude],
      [1e30] + Array(repeating: 1e-3, count: 60),
    ] as [[Float]])
  func odd(values: [Float]) throws {
    let tensor = try EncodedTensor(values, [1, values.count])
    let pruned = try tensor.through(stage("prune", ["threshold": .integer(0)]))
    for (type, isSymmetric) in [("int8", true), ("uint8", false), ("int4", true)] {
      for (lambda, grain) in [
        (1e-300, Self.grains[0]), (0.01, Self.grains[0]), (0.01, Self.grains[2]), (1e300, Self.grains[0]),
      ] {
        let stage = try stage(
          "quantize", settings(type, lambda, ["symmetric": .bool(isSymmetric), "granularity": grain]))
        let back = try tensor.through(stage).values()
        #expect(back.count == values.count && back.allSatisfy { $0.isFinite })
        #expect(zip(values, back).allSatisfy { $0 != 0 || $1 == 0 })
        let kept = try pruned.through(stage).values()
        #expect(zip(values, kept).allSatisfy { ($0 == 0) == ($1 == 0) }, "\(type), \(lambda): \(values) → \(kept)")
      }
    }
  }

  @Test("The largest numbers of a type stay finite in it", arguments: [DType.f16, .bf16, .f8e4m3, .f8e5m2])
  func largest(dtype: DType) throws {
    let most = try #require(dtype.greatestFinite)
    let tensor = try EncodedTensor([most, -most, most / 2, 1, 0, most], [2, 3], dtype)
    for lambda in [1e-6, 0.05, 10] {
      let back = try tensor.through(stage("quantize", settings("int8", lambda))).values()
      #expect(back.allSatisfy { $0.isFinite }, "\(lambda): \(back)")
    }
  }

  @Test("A large tensor's rare weights keep their size, seen when looking for the step or not")
  func rare() throws {
    var generator = SeededGenerator(seed: 3)
    var values = laplaceValues(300_000, scale: 0.01, using: &generator)
    for index in stride(from: 5, to: values.count, by: 7919) { values[index] = 0.5 }
    let back = try EncodedTensor(values, [300, 1000]).through(stage("quantize", settings("int8", 0.01))).values()
    for index in stride(from: 5, to: values.count, by: 7919) { #expect(abs(back[index] - 0.5) < 0.02) }
  }

  @Test("Codes are the same on every machine")
  func recorded() throws {
    var generator = SeededGenerator(seed: 77)
    // Sums and quotients only, so that the weights are the same everywhere too.
    let values = (0..<5000).map { _ in
      (0..<6).reduce(Float(0)) { sum, _ in sum + Float(Int.random(in: -512...512, using: &generator)) / 4096 }
    }
    let tensor = try EncodedTensor(values, [50, 100])
    let sums = try [0.2, 0.02, 0.002].map { lambda in
      try tensor.through(stage("quantize", settings("int8", lambda))).symbols.reduce(UInt32(0)) {
        $0 &* 31 &+ UInt32($1)
      }
    }
    #expect(sums == [2_663_733_151, 3_435_032_867, 626_275_449])
  }
}
