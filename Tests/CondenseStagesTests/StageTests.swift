import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Every stage")
struct StageTests {
  static let examples = StageRegistry.builtIn.stages.flatMap { stage in
    stage.description.examples.indices.map { (stage.description.name, $0) }
  }

  @Test("An example gives what it says", arguments: examples)
  func example(name: String, index: Int) throws {
    let known = try #require(StageRegistry.builtIn.stage(named: name))
    let example = known.description.examples[index]
    var tensor = try EncodedTensor(example.input, example.shape)
    // The one example of two stages shows what quantizing does after pruning.
    if example.stages.contains("prune: {threshold: 0.1}") && name == "quantize" {
      tensor = try tensor.through(stage("prune", ["threshold": .number(0.1)]))
    }
    #expect(try tensor.through(known.configure(example.parameters)).values() == example.output)
  }

  @Test("Orders that make no sense are refused, with a reason")
  func orders() throws {
    let prune = try stage("prune", ["sparsity": .number(0.5)])
    let cluster = try stage("cluster", ["bits": .integer(2)])
    let quantize = try stage("quantize")
    let huffman = try stage("huffman")
    for good in [
      [prune, cluster, quantize, huffman], [huffman], [quantize], [prune, prune, huffman], [cluster, quantize],
      [prune, quantize, huffman],
    ] {
      #expect(throws: Never.self) { try good.reduce(TensorForm()) { try $1.form(after: $0) } }
    }
    for bad in [
      [huffman, prune], [huffman, cluster], [huffman, quantize], [huffman, huffman], [cluster, prune],
      [quantize, prune], [cluster, cluster], [quantize, cluster], [quantize, quantize], [cluster, quantize, quantize],
    ] {
      #expect(throws: StageRefusal.self) { try bad.reduce(TensorForm()) { try $1.form(after: $0) } }
      // Whoever does not check beforehand is refused when it comes to it.
      let tensor = try EncodedTensor([1, -2, 3, -4], [2, 2])
      #expect(throws: StageError.self) { try bad.reduce(tensor) { try $1.apply($0, allocation: nil) } }
    }
  }

  @Test(
    "Lossy stages refuse what is not finite and name the element; packing keeps every bit",
    arguments: [DType.f32, .f16, .bf16, .f64, .f8e5m2], [Float.nan, .infinity, -.infinity])
  func notFinite(dtype: DType, value: Float) throws {
    var values = [Float](repeating: 0.5, count: 12)
    values[7] = value
    let tensor = try EncodedTensor(values, [3, 4], dtype)
    for stage in [
      try stage("prune", ["sparsity": .number(0.5)]), try stage("prune", ["pattern": .string("2:4")]),
      try stage("cluster", ["bits": .integer(2)]), try stage("quantize"),
      try stage("quantize", ["dtype": .string("float16")]),
    ] {
      let error = #expect(throws: StageError.self) { try stage.apply(tensor, allocation: nil) }
      #expect(error?.elementIndex == 7)
    }
    #expect(try stage("huffman").apply(tensor, allocation: nil).expanded() == tensor.expanded())
  }

  @Test("Results come back in the source's type", arguments: [DType.f32, .f16, .bf16, .f64, .f8e4m3, .f8e5m2])
  func types(dtype: DType) throws {
    var generator = SeededGenerator(seed: 5)
    let tensor = try EncodedTensor(randomValues(60, using: &generator), [6, 10], dtype)
    let result = try tensor.through(
      stage("prune", ["sparsity": .number(0.3)]), stage("cluster", ["bits": .integer(3)]), stage("quantize"),
      stage("huffman"))
    #expect(try result.expanded().dtype == dtype)
    #expect(try result.expanded().shape.dimensions == [6, 10])
  }

  @Test("Empty tensors pass through every stage", arguments: [[0, 4], [3, 0], [0, 0]])
  func empty(shape: [Int]) throws {
    let tensor = try EncodedTensor([], shape)
    for parameters in [
      ["sparsity": ParameterValue.number(0.5)], ["sparsity": .number(0.5), "pattern": .string("channel")],
      ["pattern": .string("1:2")],
    ] {
      let result = try tensor.through(
        stage("prune", parameters), stage("cluster", ["bits": .integer(3), "scope": .string("channel")]),
        stage("quantize", ["granularity": .string("channel")]), stage("huffman"))
      #expect(try result.values() == [])
    }
  }

  @Test("Weight stages leave biases, scalars and integers to packing")
  func acceptance() throws {
    let bias = TensorDescription(dtype: .f32, shape: try Shape([8]))
    let integers = TensorDescription(dtype: .i32, shape: try Shape([8, 8]))
    let weight = TensorDescription(dtype: .bf16, shape: try Shape([8, 8]))
    for name in ["prune", "cluster", "quantize"] {
      let stage = try stage(
        name, name == "prune" ? ["sparsity": .number(0.5)] : name == "cluster" ? ["bits": .integer(2)] : [:])
      #expect([bias, integers, weight].map(stage.accepts) == [false, false, true])
    }
    #expect(try [bias, integers, weight].map(stage("huffman").accepts) == [true, true, true])
  }

  @Test("Settings that mean the same are spelled the same")
  func canonicalParameters() throws {
    func text(_ name: String, _ parameters: StageParameters) throws -> String {
      ParameterValue.map(try stage(name, parameters).parameters).canonical
    }
    #expect(
      try text("cluster", ["bits": .integer(4)])
        == text("cluster", ["count": .integer(16), "scope": .string("tensor")]))
    #expect(
      try text("prune", ["sparsity": .integer(1)])
        == text("prune", ["sparsity": .number(1), "pattern": .string("unstructured")]))
    #expect(
      try text("prune", ["threshold": .number(2), "scope": .string("model")])
        == text("prune", ["threshold": .integer(2)]))
    #expect(try text("quantize", [:]) == text("quantize", ["dtype": .string("int8"), "symmetric": .bool(true)]))
    #expect(try text("quantize", [:]) != text("quantize", ["symmetric": .bool(false)]))
  }

  @Test(
    "Parameters that do not go together are refused at the one to change",
    arguments: [
      ("prune", [:], nil), ("prune", ["sparsity": .number(0.5), "threshold": .number(1)], "threshold"),
      ("prune", ["sparsity": .number(0.5), "pattern": .string("2:4")], "sparsity"),
      ("prune", ["pattern": .string("2:4"), "scope": .string("model")], "scope"),
      ("prune", ["pattern": .string("4:2")], "pattern"), ("prune", ["pattern": .string("0:4")], "pattern"),
      ("cluster", [:], nil), ("cluster", ["bits": .integer(2), "count": .integer(4)], "count"),
      ("quantize", ["dtype": .string("float16"), "granularity": .string("channel")], "granularity"),
      ("quantize", ["dtype": .string("float8_e4m3"), "symmetric": .bool(false)], "symmetric"),
    ] as [(String, StageParameters, String?)])
  func badParameters(name: String, parameters: StageParameters, key: String?) throws {
    let error = #expect(throws: ParameterError.self) { try stage(name, parameters) }
    #expect(error?.key == key)
  }
}
