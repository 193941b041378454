import CondenseCodecs
import CondenseStages
import CondenseTensors

/// Multiplies weights by two, and its version.
struct VersionedStage: Stage, ConfiguredStage {
  var version: Int
  var isBroken = false
  var description: StageDescription { StageDescription(name: "double", version: version, summary: "Doubles weights.") }
  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    if isBroken { throw StageError("it is broken") }
    guard case .elements(.plain(let bytes)) = input.payload, let values = input.dtype.floats(bytes) else {
      throw StageError("double takes plain floating-point numbers")
    }
    var result = input
    result.payload = .elements(.plain(input.dtype.bytes(values.map { $0 * 2 * Float(version) }) ?? bytes))
    return result
  }
}
