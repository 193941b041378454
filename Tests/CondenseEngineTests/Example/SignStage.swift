import CondenseCodecs
import CondenseStages
import CondenseTensors

/// Replaces each weight by its sign times the mean magnitude (Rastegari et al., "XNOR-Net", 2016).
struct SignStage: Stage, ConfiguredStage {
  var description: StageDescription {
    StageDescription(
      name: "sign", version: 1, summary: "Keeps of each weight only its sign.",
      examples: [
        StageExample("Two values are left", stages: "[sign]", shape: [1, 3], input: [1, -2, 3], output: [2, -2, 2])
      ])
  }

  // There is nothing to set, so the stage is set up as it is.
  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    guard input == TensorForm() else { throw StageRefusal("sign comes first") }
    return input
  }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    guard case .elements(.plain(let bytes)) = input.payload, let values = input.dtype.floats(bytes) else {
      throw StageError("sign takes plain floating-point numbers")
    }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw StageError("the value is not finite", elementIndex: index)
    }
    let mean = values.isEmpty ? 0 : Float(values.reduce(0) { $0 + Double(abs($1)) } / Double(values.count))
    var result = input
    result.payload = .elements(.plain(input.dtype.bytes(values.map { $0 < 0 ? -mean : mean }) ?? bytes))
    return result
  }
}
