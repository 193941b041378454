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
    if input.isCoded {
      throw StageRefusal("prune cannot follow huffman or entropy: there are no weights left to prune")
    }
    if input.isClustered || input.isQuantized {
      throw StageRefusal("prune cannot follow \(input.isQuantized ? "quantize" : "cluster"); put it before")
    }
    var form = input
    form.isMasked = true
    return form
  }

  func measure(_ input: EncodedTensor) throws(StageError) -> Measurement {
    let tensor = try plain(input)
    let values = try FloatInput(tensor.bytes, dtype: tensor.dtype)
    let summary: MagnitudeSummary
    if let grid = UnitGrid(settings.pattern, shape: tensor.shape) {
      summary = try grid.scores(values).withUnsafeBufferPointer {
        MagnitudeSummary(scores: $0, unitSize: grid.unitSize)
      }
    } else {
      try values.checkFinite()
      summary = values.withBits { MagnitudeSummary(scores: $0, unitSize: 1) }
    }
    return summary.measurement
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
    let values = try FloatInput(tensor.bytes, dtype: tensor.dtype)
    let survivors = try survivors(of: tensor, values, allocation)
    return EncodedTensor(
      dtype: tensor.dtype, shape: tensor.shape, mask: survivors.mask, payload: .elements(.plain(survivors.elements)))
  }

  private func survivors(
    of tensor: Tensor, _ values: FloatInput, _ allocation: Allocation?
  ) throws(StageError) -> Survivors {
    let width = tensor.dtype.byteWidth
    if case .nOfM(let n, let m) = settings.pattern {
      return try Survivors(of: tensor.bytes, dtype: tensor.dtype, scores: values, n: n, m: m, shape: tensor.shape)
    }
    if let grid = UnitGrid(settings.pattern, shape: tensor.shape) {
      let scores = try grid.scores(values)
      let count = try allocation.map { a throws(StageError) in try allocated(a, of: scores.count) }
      let kept = scores.withUnsafeBufferPointer { scores in
        grid.spread(scores, over: bar(count, scores), values)
      }
      return Survivors(of: tensor.bytes, width: width, mask: kept)
    }
    if case .threshold(let bound) = settings.amount {
      return try Survivors(of: tensor.bytes, width: width, scores: values, over: Bar(bound: bound))
    }
    let count = try allocation.map { a throws(StageError) in try allocated(a, of: values.count) }
    return try Survivors(
      of: tensor.bytes, width: width, scores: values, keeping: count ?? settings.survivorCount(of: values.count))
  }

  private func bar(_ allocated: Int?, _ scores: UnsafeBufferPointer<UInt32>) -> Bar {
    if allocated == nil, case .threshold(let bound) = settings.amount { return Bar(bound: bound) }
    return Bar(keeping: allocated ?? settings.survivorCount(of: scores.count), of: scores)
  }

  /// What an allocation says, which may come from anywhere.
  private func allocated(_ allocation: Allocation, of unitCount: Int) throws(StageError) -> Int {
    guard let count = allocation.values.first, (0...unitCount).contains(count) else {
      throw StageError("the allocation does not fit the tensor")
    }
    return count
  }

  /// The tensor's elements in their places.
  private func plain(_ input: EncodedTensor) throws(StageError) -> Tensor {
    guard !input.form.isCoded, !input.form.isClustered, !input.form.isQuantized else {
      throw StageError("prune takes plain elements")
    }
    try input.checkParts()
    do { return try input.expanded() } catch { throw StageError("\(error)") }
  }
}
