import CondenseCodecs
import CondenseStages
import CondenseTensors

/// A weight and the batch normalisation of its output channels, by their places in a model.
struct NormalizedWeights {
  var weight: Int
  /// PyTorch's names: `weight`, `bias`, `running_mean` and `running_var`.
  var scale: Int
  var shift: Int
  var mean: Int
  var variance: Int

  /// All that a model has: a normalisation follows the nearest weight before it with as many channels.
  static func all(in model: [NamedTensor]) -> [NormalizedWeights] {
    let places = Dictionary(model.enumerated().map { ($1.name, $0) }) { first, _ in first }
    return model.enumerated().compactMap { index, tensor in
      guard tensor.name.hasSuffix(".running_var") else { return nil }
      let prefix = tensor.name.dropLast("running_var".count)
      guard let scale = places[prefix + "weight"], let shift = places[prefix + "bias"],
        let mean = places[prefix + "running_mean"]
      else { return nil }
      let shape = tensor.tensor.shape
      let group = [scale, shift, mean]
      guard shape.rank == 1, group.allSatisfy({ model[$0].tensor.shape == shape }),
        let weight = model[..<scale].lastIndex(where: { $0.tensor.shape.rank >= 2 }),
        model[weight].tensor.shape.channelCount == shape.elementCount
      else { return nil }
      return NormalizedWeights(weight: weight, scale: scale, shift: shift, mean: mean, variance: index)
    }
  }

  /// With `s = scale / √(variance + ε)`, the weight becomes `s · weight`, the shift `shift − s · mean`, and the rest a
  /// normalisation by one.
  func apply(to model: inout [NamedTensor], epsilon: Double) throws(StageError) {
    let (scales, shifts) = (try values(model[scale]), try values(model[shift]))
    let (means, variances) = (try values(model[mean]), try values(model[variance]))
    var weights = try values(model[weight])
    let factors = zip(scales, variances).map { Double($0) / (Double($1) + epsilon).squareRoot() }
    guard factors.allSatisfy(\.isFinite) else {
      throw StageError("\(model[variance].name): a variance is not positive")
    }
    let size = model[weight].tensor.shape.elementsPerChannel
    for channel in factors.indices {
      for place in channel * size..<(channel + 1) * size {
        weights[place] = Float(Double(weights[place]) * factors[channel])
      }
    }
    set(&model[weight], weights)
    set(&model[shift], factors.indices.map { Float(Double(shifts[$0]) - factors[$0] * Double(means[$0])) })
    set(&model[scale], factors.map { _ in Float((1 + epsilon).squareRoot()) })
    set(&model[mean], factors.map { _ in 0 })
    set(&model[variance], factors.map { _ in 1 })
  }

  private func values(_ tensor: NamedTensor) throws(StageError) -> [Float] {
    do {
      return try tensor.tensor.expanded().floats ?? []
    } catch {
      throw StageError("\(tensor.name): \(error)")
    }
  }

  private func set(_ tensor: inout NamedTensor, _ values: [Float]) {
    tensor.tensor.payload = .elements(.plain(tensor.tensor.dtype.bytes(values) ?? Bytes()))
  }
}
