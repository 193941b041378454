import CondenseCodecs
import CondenseTensors

/// Sets the smallest weights to zero (magnitude pruning: Han, Pool, Tran and Dally, 2015).
public struct PruneStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "prune", version: 2,
      summary: "Sets the smallest weights to zero; what is left keeps its bits.",
      parameters: PruneParameters.descriptions, examples: PruneStage.examples)
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    Pruning(settings: try PruneParameters(parameters))
  }
}

/// `prune` with its parameters.
struct Pruning: ConfiguredStage {
  let settings: PruneParameters

  var parameters: StageParameters { settings.canonical }

  var spansModel: Bool { settings.spansModel }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if input.isCoded { throw StageRefusal("prune cannot follow huffman: there are no weights left to prune") }
    if input.isClustered || input.isQuantized {
      throw StageRefusal("prune cannot follow \(input.isQuantized ? "quantize" : "cluster"); put it before")
    }
    var form = input
    form.isMasked = true
    return form
  }

  func measure(_ input: EncodedTensor) throws(StageError) -> Measurement {
    let units = try scores(input)
    return MagnitudeSummary(scores: units.scores, unitSize: units.unitSize).measurement
  }

  func allocate(_ measurements: [Measurement]) throws(StageError) -> [Allocation] {
    guard case .sparsity(let sparsity) = settings.amount else {
      throw StageError("only a sparsity is spread over the model")
    }
    return try SurvivorAllocation.allocate(measurements, sparsity: sparsity)
  }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    if spansModel && allocation == nil { throw StageError("a sparsity over the model needs an allocation") }
    let tensor = try plain(input)
    let keep: Bytes
    switch settings.pattern {
    case .nOfM(let n, let m):
      let values = try FloatInput(tensor.bytes, dtype: tensor.dtype)
      keep = PatternMasks.nOfM(values, n: n, m: m, shape: tensor.shape)
    case .unstructured, .block, .channel:
      let units = try scores(input)
      let count: Int
      if let allocation {
        guard let first = allocation.values.first, (0...units.scores.count).contains(first) else {
          throw StageError("the allocation does not fit the tensor")
        }
        count = first
      } else {
        count = settings.survivors(of: units.scores)
      }
      let kept = Selection.largest(count, of: units.scores)
      keep = units.spread(kept)
    }
    return Pruning.pruned(tensor, keep: keep)
  }

  /// The tensor's elements in their places.
  private func plain(_ input: EncodedTensor) throws(StageError) -> Tensor {
    guard !input.form.isCoded, !input.form.isClustered, !input.form.isQuantized else {
      throw StageError("prune takes plain elements")
    }
    try input.checkParts()
    do { return try input.expanded() } catch { throw StageError("\(error)") }
  }

  /// What is kept or dropped as one: an element, a block, a channel.
  private func scores(_ input: EncodedTensor) throws(StageError) -> PruningUnits {
    let tensor = try plain(input)
    let values = try FloatInput(tensor.bytes, dtype: tensor.dtype)
    switch settings.pattern {
    case .unstructured, .nOfM: return PruningUnits(elements: values)
    case .block(let rows, let columns): return PruningUnits(blocks: values, rows, columns, shape: tensor.shape)
    case .channel:
      return PruningUnits(blocks: values, 1, max(1, tensor.shape.elementsPerChannel), shape: tensor.shape)
    }
  }

  /// The tensor with zeros where `keep` has no bit. Kept elements that are zero are not in the mask.
  private static func pruned(_ tensor: Tensor, keep: Bytes) -> EncodedTensor {
    let nonzero = NonzeroMask.mask(tensor.bytes, dtype: tensor.dtype)
    var count = 0
    let mask = Bytes(count: keep.count) { target in
      keep.withUnsafeBytes { keep in
        nonzero.bits.withUnsafeBytes { nonzero in
          for index in 0..<target.count {
            let byte = keep[index] & nonzero[index]
            target[index] = byte
            count += byte.nonzeroBitCount
          }
        }
      }
    }
    return EncodedTensor(
      dtype: tensor.dtype, shape: tensor.shape, mask: mask,
      payload: .elements(
        .plain(Survivors.gathered(tensor.bytes, mask: mask, count: count, width: tensor.dtype.byteWidth))))
  }
}
