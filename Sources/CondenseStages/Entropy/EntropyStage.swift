import CondenseCodecs
import CondenseTensors

/// Packs every tensor losslessly with whichever entropy coder is the smallest for the time that it takes to decode.
public struct EntropyStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "entropy", version: 1,
      summary:
        "Packs every tensor losslessly, closer to its entropy than huffman, and slower to decode where that pays.",
      isLossless: true, parameters: EntropyParameters.descriptions, examples: EntropyStage.examples)
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    EntropyPacking(settings: try EntropyParameters(parameters))
  }
}

/// `entropy` with its parameters.
struct EntropyPacking: ConfiguredStage {
  let settings: EntropyParameters

  var parameters: StageParameters { settings.canonical }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if input.isCoded { throw StageRefusal("entropy cannot follow huffman or entropy: the tensors are coded already") }
    var form = input
    form.isCoded = true
    return form
  }

  /// Everything is coded: biases, integers, scalars too.
  func accepts(_ tensor: TensorDescription) -> Bool { true }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    do {
      let stream = try TensorCoder.encode(input, layout: settings.layout, coding: settings.coding)
      return EncodedTensor(dtype: input.dtype, shape: input.shape, payload: .stream(stream))
    } catch {
      throw StageError("\(error)")
    }
  }
}
