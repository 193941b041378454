import CondenseCodecs
import CondenseTensors

/// Replaces weights by a few shared values (weight sharing: Han, Mao and Dally, "Deep Compression", 2016), chosen by
/// optimal one-dimensional k-means.
public struct ClusterStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "cluster", version: 3,
      summary: "Replaces weights by a few shared values, the best for their number; zeros stay zero.",
      parameters: ClusterParameters.descriptions, examples: ClusterStage.examples)
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    Clustering(settings: try ClusterParameters(parameters))
  }
}

/// `cluster` with its parameters.
struct Clustering: ConfiguredStage {
  let settings: ClusterParameters

  var parameters: StageParameters { settings.canonical }

  /// One slope for all tensors is a decision over the model.
  var spansModel: Bool { settings.rateDistortion > 0 }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if input.isCoded {
      throw StageRefusal("cluster cannot follow huffman or entropy: there are no weights left to cluster")
    }
    if input.isClustered { throw StageRefusal("cluster cannot follow cluster: the weights share values already") }
    if input.isQuantized { throw StageRefusal("cluster cannot follow quantize; put it before") }
    var form = input
    form.isClustered = true
    return form
  }

  /// Zeros cost nothing and are no part of the mean, whether a mask leaves them out or not.
  func measure(_ input: EncodedTensor) throws(StageError) -> Measurement {
    try MeanSquare(input, countsZeros: false).measurement
  }

  func allocate(_ measurements: [Measurement]) throws(StageError) -> [Allocation] {
    try MeanSquare.allocate(measurements, lambda: settings.rateDistortion)
  }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    try input.checkParts()
    let slope = spansModel ? try Slope(allocation) : nil
    guard case .elements(.plain(let source)) = input.payload else { throw StageError("cluster takes plain elements") }
    // A tensor without elements has one codebook, an empty one.
    let perChannel = settings.perChannel && input.shape.elementCount > 0
    var survey = Survey(try FloatInput(source, dtype: input.dtype), levels: settings.count, perChannel: perChannel)
    let tensor = try masked(input, &survey)
    guard case .elements(.plain(let bytes)) = tensor.payload else { throw StageError("cluster takes plain elements") }
    let values = survey.values
    let levels = settings.count - (tensor.mask.map { hasZeros($0, tensor.shape) } == true ? 1 : 0)
    let parts = ElementParts(perChannel ? .channel : .tensor, shape: tensor.shape)
    let counts = (0..<parts.count).map { part in
      tensor.mask.map { Bitmap.popcount($0, in: parts[part]) } ?? parts[part].count
    }
    guard counts.allSatisfy({ $0 <= OptimalClusters.mostValues }) else {
      throw StageError("cluster takes up to \(OptimalClusters.mostValues) weights that share values")
    }
    var codebooks: [[Double]] = []
    let indices = Bytes(count: values.count) { target in
      var next = 0
      for count in counts {
        let part = next..<next + count
        let indices = UnsafeMutableRawBufferPointer(rebasing: target[part])
        codebooks.append(
          (slope == nil ? kept(bytes, values, part, tensor.dtype, levels: levels, into: indices) : nil)
            ?? values.withBits { values in
              OptimalClusters.find(
                UnsafeBufferPointer(rebasing: values[part]), levels: levels, histogram: survey.histogram, slope: slope,
                into: indices
              ) { Clustering.representable($0, tensor.dtype) }.map { Double($0) }
            })
        next += count
      }
    }
    let size = codebooks.map(\.count).max() ?? 0
    // Shorter codebooks repeat their last value; no index points there.
    let entries = codebooks.flatMap { $0 + Array(repeating: $0.last ?? 0, count: size - $0.count) }
    guard let elements = tensor.dtype == .f64 ? Bytes(elements: entries) : tensor.dtype.bytes(entries.map { Float($0) })
    else { throw StageError("\(tensor.dtype.rawValue) holds no floating-point numbers") }
    return EncodedTensor(
      dtype: tensor.dtype, shape: tensor.shape, mask: tensor.mask,
      payload: .indices(indices, Codebook(size: size, channels: parts.count, elements: .plain(elements))))
  }

  /// The values themselves where they are no more than `levels` different ones: nothing is lost, however close they are.
  private func kept(
    _ bytes: Bytes, _ values: FloatInput, _ part: Range<Int>, _ dtype: DType, levels: Int,
    into indices: UnsafeMutableRawBufferPointer
  ) -> [Double]? {
    if dtype == .f64 {
      return bytes.withElements(of: Double.self) { values in
        FewValues.indexed(UnsafeBufferPointer(rebasing: values[part]), atMost: levels, into: indices) { $0.bitPattern }
      }
    }
    return values.withValues { values in
      FewValues.indexed(UnsafeBufferPointer(rebasing: values[part]), atMost: levels, into: indices) {
        UInt64($0.bitPattern)
      }
    }?.map { Double($0) }
  }

  /// A tensor's values, and their histogram where clustering will need one anyway: it answers the first questions too.
  private struct Survey {
    var values: FloatInput
    var histogram: ValueHistogram?

    init(_ values: FloatInput, levels: Int, perChannel: Bool) {
      self.values = values
      histogram = perChannel ? nil : values.withBits { OptimalClusters.histogram($0, levels: levels) }
    }
  }

  /// The tensor with a mask of its elements that are not zero; as it is if it has a mask or no zero.
  ///
  /// - Throws: ``StageError`` naming the first element that is not finite.
  private func masked(_ tensor: EncodedTensor, _ survey: inout Survey) throws(StageError) -> EncodedTensor {
    if let histogram = survey.histogram {
      if histogram.hasNotFinite { throw survey.values.notFinite(mask: tensor.mask) }
      if !histogram.mayHaveZero { return tensor }
    } else {
      try survey.values.checkFinite(mask: tensor.mask)
    }
    guard tensor.mask == nil, case .elements(.plain(let bytes)) = tensor.payload else { return tensor }
    let zeros = survey.values.withBits { bits in
      bits.reduce(into: (positive: 0, negative: 0)) { zeros, bits in
        zeros.positive += bits == 0 ? 1 : 0
        zeros.negative += bits == 0x8000_0000 ? 1 : 0
      }
    }
    guard zeros.positive + zeros.negative > 0 else { return tensor }
    let survivors = try Survivors(of: bytes, width: tensor.dtype.byteWidth, scores: survey.values, over: .all)
    survey.values = try FloatInput(survivors.elements, dtype: tensor.dtype)
    survey.histogram?.remove(positiveZeros: zeros.positive, negativeZeros: zeros.negative)
    return EncodedTensor(
      dtype: tensor.dtype, shape: tensor.shape, mask: survivors.mask, payload: .elements(.plain(survivors.elements)))
  }

  private func hasZeros(_ mask: Bytes, _ shape: Shape) -> Bool {
    Bitmap.popcount(mask, in: 0..<shape.elementCount) < shape.elementCount
  }

  /// A centroid as the type can hold it, and never zero: only zeros are zero.
  private static func representable(_ value: Float, _ dtype: DType) -> Float {
    let limit = dtype.greatestFinite ?? .greatestFiniteMagnitude
    let clamped = max(-limit, min(limit, value))
    let rounded =
      dtype == .f32 || dtype == .f64 ? clamped : dtype.bytes([clamped]).flatMap { dtype.floats($0) }?[0] ?? 0
    guard rounded == 0 else { return rounded }
    let least = dtype.leastNonzero ?? .leastNonzeroMagnitude
    return value.sign == .minus ? -least : least
  }
}

/// What `cluster` is asked to do.
struct ClusterParameters: Equatable {
  /// Distinct values in all, zero included where there are zeros.
  var count: Int
  var perChannel: Bool
  /// What a bit may cost in squared error, in units of the weights' mean square; 0 for the least error.
  var rateDistortion: Double

  static let descriptions: [ParameterDescription] = [
    ParameterDescription("bits", .integer(1...8), "At most 2^bits values in all."),
    ParameterDescription("count", .integer(2...256), "At most this many values in all, instead of bits."),
    ParameterDescription(
      "scope", .word(["tensor", "channel"]), default: .string("tensor"),
      "Whether the tensor shares one set of values, or each channel (index of axis 0) has its own."),
    RateDistortionParameter.description,
  ]

  init(_ parameters: StageParameters) throws(ParameterError) {
    switch (parameters["bits"]?.int, parameters["count"]?.int) {
    case (.some, .some): throw ParameterError("count", "give bits or a count, not both")
    case (let bits?, nil):
      guard (1...8).contains(bits) else { throw ParameterError("bits", "expected 1 to 8") }
      count = 1 << bits
    case (nil, let count?):
      guard (2...256).contains(count) else { throw ParameterError("count", "expected 2 to 256") }
      self.count = count
    case (nil, nil): throw ParameterError(nil, "cluster needs bits or a count, such as {bits: 4}")
    }
    let scope = parameters["scope"]?.string ?? "tensor"
    guard ["tensor", "channel"].contains(scope) else { throw ParameterError("scope", "expected tensor or channel") }
    perChannel = scope == "channel"
    rateDistortion = try RateDistortionParameter.value(parameters)
  }

  var canonical: StageParameters {
    var parameters: StageParameters = [
      "count": .integer(count), "scope": .string(perChannel ? "channel" : "tensor"),
    ]
    if rateDistortion > 0 { parameters[RateDistortionParameter.name] = .number(rateDistortion) }
    return parameters
  }
}
