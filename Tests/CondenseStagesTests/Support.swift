import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport

/// A stage of the built-in ones, set up.
func stage(_ name: String, _ parameters: StageParameters = [:]) throws -> any ConfiguredStage {
  guard let stage = StageRegistry.builtIn.stage(named: name) else { throw StageError("there is no stage \(name)") }
  return try stage.configure(parameters)
}

extension EncodedTensor {
  init(_ values: [Float], _ shape: [Int], _ dtype: DType = .f32) throws {
    let bytes = dtype.bytes(values) ?? Bytes()
    self.init(try Tensor(dtype: dtype, shape: Shape(shape), bytes: bytes))
  }

  /// What the tensor decodes to, as float32.
  func values() throws -> [Float] { try expanded().floats ?? [] }

  /// Applies stages one after the other, each on its own tensor, as if that were all of the model.
  func through(_ stages: (any ConfiguredStage)...) throws -> EncodedTensor {
    try stages.reduce(self) { try $1.apply($0, allocation: $1.allocation(for: $0)) }
  }
}

/// Weights with ties, zeros and a wide range.
func randomValues(_ count: Int, zeros: Bool = true, using generator: inout SeededGenerator) -> [Float] {
  (0..<count).map { _ in
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: zeros ? 0 : 0.125
    case 1, 2: Float(Int.random(in: 1...3, using: &generator)) * (Bool.random(using: &generator) ? 0.5 : -0.5)
    case 3: Float.random(in: -100...100, using: &generator) + (zeros ? 0 : 200)
    default: Float.random(in: 0.01...1, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
    }
  }
}

extension ConfiguredStage {
  /// What a model of one tensor is allocated; nil where the stage decides nothing over the model.
  func allocation(for tensor: EncodedTensor) throws -> Allocation? {
    spansModel ? try allocate([measure(tensor)]).first : nil
  }
}
