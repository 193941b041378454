import CondenseCodecs
import CondenseTensors

/// Packs every tensor into a stream: what `huffman` and `entropy` do once they are set up.
struct LosslessPacking: ConfiguredStage {
  /// The stage's name, for messages.
  let name: String
  let parameters: StageParameters
  let layout: StreamLayout
  let coding: EntropyCoding

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if input.isCoded { throw StageRefusal("\(name) cannot follow huffman or entropy: the tensors are coded already") }
    var form = input
    form.isCoded = true
    return form
  }

  /// Everything is coded: biases, integers, scalars too.
  func accepts(_ tensor: TensorDescription) -> Bool { true }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    do {
      let stream = try TensorCoder.encode(input, layout: layout, coding: coding)
      return EncodedTensor(dtype: input.dtype, shape: input.shape, payload: .stream(stream))
    } catch {
      throw StageError("\(error)")
    }
  }
}
