import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Quantizing")
struct QuantizeTests {
  @Test(
    "No weight is off by more than half a step of its part",
    arguments: ["int8", "uint8", "int4"], [false, true])
  func halfAStep(dtype: String, isSymmetric: Bool) throws {
    for seed in UInt64(1)...10 {
      var generator = SeededGenerator(seed: seed)
      let values = randomValues(4 * 12, using: &generator)
      for granularity in [ParameterValue.string("tensor"), .string("channel"), .map(["group": .integer(5)])] {
        let result = try EncodedTensor(values, [4, 12]).through(
          stage("quantize", ["dtype": .string(dtype), "granularity": granularity, "symmetric": .bool(isSymmetric)]))
        guard case .elements(.quantized(let quantized)) = result.payload else {
          Issue.record("elements stay elements")
          return
        }
        let decoded = try result.values()
        let parts = ElementParts(quantized.granularity, shape: result.shape)
        for part in 0..<parts.count {
          for index in parts[part] {
            #expect(abs(values[index] - decoded[index]) <= quantized.scales[part] * 0.5001, "seed \(seed)")
            // Zero is one of the steps.
            if values[index] == 0 { #expect(decoded[index] == 0) }
          }
        }
      }
    }
  }

  @Test(
    "After pruning no weight that was left becomes zero, in any type",
    arguments: ["int8", "uint8", "int4", "float16", "bfloat16", "float8_e4m3"], [DType.f32, .f16, .bf16, .f64, .f8e5m2])
  func survivorsStay(type: String, dtype: DType) throws {
    for isSymmetric in type.contains("int") ? [true, false] : [true] {
      // Tiny beside large, and all tiny, down to the smallest numbers that a type has.
      let least = dtype.leastNonzero ?? 1
      for values in [
        [1000, 0.001, -0.001, 0, least, -least], [least, -least, least * 2, 0, least * 3, least],
        [-5, -4, -0.0001, 0, -3, -2], [3, 2, 0.0001, 0, 1, 5],
      ] as [[Float]] {
        let pruned = try EncodedTensor(values, [2, 3], dtype).through(stage("prune", ["threshold": .integer(0)]))
        let result = try pruned.through(stage("quantize", ["dtype": .string(type), "symmetric": .bool(isSymmetric)]))
        let before = try pruned.values().map { $0 != 0 }
        #expect(try result.values().map { $0 != 0 } == before, "\(values) symmetric \(isSymmetric)")
        #expect(try result.values().allSatisfy(\.isFinite))
      }
    }
  }

  @Test("Quantizing a codebook keeps the indices and makes no entry zero")
  func codebooks() throws {
    var generator = SeededGenerator(seed: 8)
    for scope in ["tensor", "channel"] {
      let clustered = try EncodedTensor(randomValues(60, using: &generator), [4, 15]).through(
        stage("cluster", ["bits": .integer(3), "scope": .string(scope)]))
      for type in QuantizedType.allCases {
        let result = try clustered.through(stage("quantize", ["dtype": .string(type.rawValue)]))
        let (before, after) = try (clustered.values(), result.values())
        #expect(before.map { $0 == 0 } == after.map { $0 == 0 })
        #expect(Set(after).count <= Set(before).count)
        guard case .indices(let a, _) = clustered.payload, case .indices(let b, _) = result.payload else {
          Issue.record("indices stay indices")
          return
        }
        #expect(a == b)
      }
    }
    let channel = try stage("quantize", ["granularity": .map(["group": .integer(8)])])
    var form = TensorForm()
    form.isClustered = true
    #expect(throws: StageRefusal.self) { try channel.form(after: form) }
  }

  @Test("A part of zeros has scale 1, and the largest numbers stay finite")
  func extremes() throws {
    let zeros = try EncodedTensor([0, 0, 0, 0], [2, 2]).through(stage("quantize"))
    guard case .elements(.quantized(let quantized)) = zeros.payload else {
      Issue.record("elements stay elements")
      return
    }
    #expect(quantized.scales == [1])
    let largest = Float.greatestFiniteMagnitude
    for type in QuantizedType.allCases {
      let result = try EncodedTensor([largest, -largest, 1, 0], [2, 2]).through(
        stage("quantize", ["dtype": .string(type.rawValue)]))
      #expect(try result.values().allSatisfy(\.isFinite), "\(type)")
    }
    let affine = try EncodedTensor([largest, -largest, 1, 0], [2, 2]).through(
      stage("quantize", ["symmetric": .bool(false)]))
    #expect(try affine.values().allSatisfy(\.isFinite))
  }
}
