import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("One slope for a model")
struct SlopeTests {
  static let stages: [(String, StageParameters)] = [("quantize", [:]), ("cluster", ["bits": .integer(4)])]

  private func stage(_ name: String, _ parameters: StageParameters, _ lambda: Double) throws -> any ConfiguredStage {
    try CondenseStagesTests.stage(name, parameters.merging(["rate_distortion": .number(lambda)]) { $1 })
  }

  @Test("All tensors get the same slope: λ times the mean square of all weights", arguments: stages)
  func slope(name: String, parameters: StageParameters) throws {
    let stage = try stage(name, parameters, 0.25)
    let tensors = [try EncodedTensor([2, -2, 2, -2], [2, 2]), try EncodedTensor([6, 6], [1, 2])]
    let allocations = try stage.allocate(tensors.map { try stage.measure($0) })
    // The mean of four times 4 and twice 36 is 44 / 3; a quarter of that is 2^1.874.
    #expect(allocations == [Allocation([29]), Allocation([29])])
    #expect(abs(allocations[0].slope - 44.0 / 12) < 44.0 / 12 * 0.0443)
  }

  @Test("A pruned tensor counts with the weights that are left", arguments: stages)
  func masked(name: String, parameters: StageParameters) throws {
    let stage = try stage(name, parameters, 1)
    let pruned = try EncodedTensor([0.001, 4, -4, 0.001], [2, 2]).through(
      CondenseStagesTests.stage("prune", ["threshold": .number(0.1)]))
    #expect(try stage.allocate([stage.measure(pruned)]) == [Allocation([64])])
  }

  @Test("Small changes of one tensor move no other's slope", arguments: stages)
  func stable(name: String, parameters: StageParameters) throws {
    let stage = try stage(name, parameters, 0.01)
    let large = try EncodedTensor((0..<1000).map { Float($0 % 17) - 8 }, [10, 100])
    let before = try stage.allocate([stage.measure(large), stage.measure(EncodedTensor([1, 2], [1, 2]))])
    let after = try stage.allocate([stage.measure(large), stage.measure(EncodedTensor([1, 2.5], [1, 2]))])
    #expect(before == after)
  }

  @Test("Where all weights are zero, or there are none, there is no slope", arguments: stages)
  func nothing(name: String, parameters: StageParameters) throws {
    let stage = try stage(name, parameters, 0.01)
    for values in [[], [0, 0]] as [[Float]] {
      let tensor = try EncodedTensor(values, [1, values.count])
      #expect(try stage.allocate([stage.measure(tensor)]) == [Allocation([])])
      #expect(try tensor.through(stage).values() == values)
    }
  }

  @Test("What is not finite is refused when measured, and named", arguments: stages)
  func notFinite(name: String, parameters: StageParameters) throws {
    let stage = try stage(name, parameters, 0.01)
    let tensor = try EncodedTensor([1, 2, .nan, 3], [2, 2])
    #expect(throws: StageError("the value is not finite", elementIndex: 2)) { try stage.measure(tensor) }
    #expect(throws: StageError("the value is not finite", elementIndex: 2)) {
      try stage.apply(tensor, allocation: Allocation([0]))
    }
  }

  @Test("Measurements and allocations from elsewhere are refused", arguments: stages)
  func damaged(name: String, parameters: StageParameters) throws {
    let stage = try stage(name, parameters, 0.01)
    for words in [[1], [1, Double.nan.bitPattern], [1, (-1.0).bitPattern], [.max, 0], [1, 1, 1]] as [[UInt64]] {
      #expect(throws: StageError.self) { try stage.allocate([Measurement(Bytes(elements: words))]) }
    }
    let tensor = try EncodedTensor([1, 2], [1, 2])
    for allocation in [nil, Allocation([.max]), Allocation([.min]), Allocation([1, 2])] {
      #expect(throws: StageError.self) { try stage.apply(tensor, allocation: allocation) }
    }
  }

  @Test("0 is what it is without the parameter", arguments: stages)
  func zero(name: String, parameters: StageParameters) throws {
    let (without, with) = (try CondenseStagesTests.stage(name, parameters), try stage(name, parameters, 0))
    #expect(without.parameters == with.parameters && !with.spansModel)
    var generator = SeededGenerator(seed: 1)
    let tensor = try EncodedTensor(laplaceValues(100, using: &generator), [10, 10])
    #expect(try tensor.through(without) == tensor.through(with))
  }

  @Test("Values that are no λ are refused at the parameter", arguments: stages, [-1, .infinity, .nan])
  func badValues(stage: (String, StageParameters), lambda: Double) throws {
    let error = #expect(throws: ParameterError.self) { try self.stage(stage.0, stage.1, lambda) }
    #expect(error?.key == "rate_distortion")
  }

  @Test("Types without steps are refused at the parameter", arguments: ["float16", "bfloat16", "float8_e4m3"])
  func floats(type: String) throws {
    let error = #expect(throws: ParameterError.self) { try stage("quantize", ["dtype": .string(type)], 0.01) }
    #expect(error?.key == "rate_distortion")
    #expect(throws: Never.self) { try stage("quantize", ["dtype": .string(type)], 0) }
  }

  @Test("After cluster there is nothing left to trade")
  func afterCluster() throws {
    let cluster = try CondenseStagesTests.stage("cluster", ["bits": .integer(2)])
    let quantize = try stage("quantize", [:], 0.01)
    #expect(throws: StageRefusal.self) { try quantize.form(after: cluster.form(after: TensorForm())) }
    let clustered = try EncodedTensor([1, 2, 3, 4], [2, 2]).through(cluster)
    #expect(throws: StageError.self) { try quantize.measure(clustered) }
    #expect(throws: StageError.self) { try quantize.apply(clustered, allocation: Allocation([0])) }
  }
}
