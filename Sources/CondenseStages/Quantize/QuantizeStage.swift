import CondenseCodecs
import CondenseTensors

/// Rounds weights to a small type with a scale (Jacob et al., "Quantization and Training of Neural Networks for
/// Efficient Integer-Arithmetic-Only Inference", 2018).
public struct QuantizeStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "quantize", version: 2,
      summary: "Rounds weights, or a clustered tensor's codebook, to a small type; no pruned tensor gains a zero.",
      parameters: QuantizeParameters.descriptions, examples: QuantizeStage.examples)
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    Quantization(settings: try QuantizeParameters(parameters))
  }
}

/// `quantize` with its parameters.
struct Quantization: ConfiguredStage {
  let settings: QuantizeParameters

  var parameters: StageParameters { settings.canonical }

  /// One slope for all tensors is a decision over the model.
  var spansModel: Bool { settings.rateDistortion > 0 }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if input.isCoded {
      throw StageRefusal("quantize cannot follow huffman or entropy: there are no weights left to quantize")
    }
    if input.isQuantized { throw StageRefusal("quantize cannot follow quantize: the weights are rounded already") }
    if input.isClustered, case .group = settings.granularity {
      throw StageRefusal("groups cut across a codebook; after cluster use granularity tensor or channel")
    }
    if input.isClustered && settings.rateDistortion > 0 {
      throw StageRefusal("after cluster there are only the shared values to round; give rate_distortion to cluster")
    }
    var form = input
    form.isQuantized = true
    return form
  }

  func measure(_ input: EncodedTensor) throws(StageError) -> Measurement { try MeanSquare(input).measurement }

  func allocate(_ measurements: [Measurement]) throws(StageError) -> [Allocation] {
    try MeanSquare.allocate(measurements, lambda: settings.rateDistortion)
  }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    try input.checkParts()
    let slope = spansModel ? try Slope(allocation) : nil
    var result = input
    let rounding = Rounding(settings: settings, dtype: input.dtype)
    switch input.payload {
    case .elements(.plain(let bytes)):
      let values = try FloatInput(bytes, dtype: input.dtype)
      let parts = ElementParts(settings.granularity, shape: input.shape)
      let counts = (0..<parts.count).map { part in
        input.mask.map { Bitmap.popcount($0, in: parts[part]) } ?? parts[part].count
      }
      let isMasked = input.mask != nil
      if let slope {
        let quantized = try rounding.quantized(
          values, counts: counts, keepsNonzero: isMasked, mask: input.mask, slope: slope)
        result.payload = .elements(.quantized(quantized))
      } else {
        let quantized = try rounding.quantized(values, counts: counts, keepsNonzero: isMasked, mask: input.mask)
        result.payload = .elements(.quantized(quantized))
      }
    case .indices where spansModel: throw StageError("rate_distortion takes plain weights")
    case .indices(let indices, var codebook):
      guard case .plain(let bytes) = codebook.elements else { throw StageError("the codebook is quantized already") }
      let values = try FloatInput(bytes, dtype: input.dtype)
      // One codebook for the tensor is one channel.
      let perChannel = settings.granularity == .channel && codebook.channels > 1
      let counts =
        perChannel ? Array(repeating: codebook.size, count: codebook.channels) : [codebook.size * codebook.channels]
      var quantized = try rounding.quantized(values, counts: counts, keepsNonzero: true)
      quantized.granularity = perChannel ? .channel : .tensor
      codebook.elements = .quantized(quantized)
      result.payload = .indices(indices, codebook)
    case .elements(.quantized): throw StageError("the tensor is quantized already")
    case .stream: throw StageError("the tensor is entropy-coded already")
    }
    return result
  }
}

/// What `quantize` is asked to do.
struct QuantizeParameters: Equatable {
  var type: QuantizedType
  var granularity: Granularity
  var isSymmetric: Bool
  /// What a bit may cost in squared error, in units of the weights' mean square; 0 for plain rounding.
  var rateDistortion: Double

  private static let groupSizes = 1...1 << 30

  static let descriptions: [ParameterDescription] = [
    ParameterDescription(
      "dtype", .word(QuantizedType.allCases.map(\.rawValue)), default: .string(QuantizedType.int8.rawValue),
      "The type that weights are rounded to."),
    ParameterDescription(
      "granularity",
      .either([.word(["tensor", "channel"]), .choice([(key: "group", type: .integer(groupSizes))])]),
      default: .string("tensor"),
      "What shares a scale: the tensor, each channel (index of axis 0), or runs of a number of weights."),
    ParameterDescription(
      "symmetric", .boolean, default: .bool(true),
      "Whether zero is in the middle of the range; if not, a zero point moves it (whole-number types only)."),
    RateDistortionParameter.description,
  ]

  init(_ parameters: StageParameters) throws(ParameterError) {
    guard let type = QuantizedType(rawValue: parameters["dtype"]?.string ?? QuantizedType.int8.rawValue) else {
      throw ParameterError("dtype", "expected \(QuantizedType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.type = type
    switch parameters["granularity"] {
    case nil, .string("tensor"): granularity = .tensor
    case .string("channel"): granularity = .channel
    case let value:
      guard let size = value?.map?["group"]?.int, QuantizeParameters.groupSizes.contains(size) else {
        throw ParameterError("granularity", "expected tensor, channel or {group: 128}, with 1 to 2^30 weights a group")
      }
      granularity = .group(size)
    }
    isSymmetric = parameters["symmetric"]?.bool ?? true
    rateDistortion = try RateDistortionParameter.value(parameters)
    if rateDistortion > 0 && ![.int8, .uint8, .int4].contains(type) {
      throw ParameterError(
        RateDistortionParameter.name, "\(type.rawValue) has no steps to choose; only int8, uint8 and int4 do")
    }
    if !type.isScaled && granularity != .tensor {
      throw ParameterError("granularity", "\(type.rawValue) has no scale that parts could have of their own")
    }
    if !isSymmetric && (!type.isScaled || type == .float8e4m3) {
      throw ParameterError("symmetric", "\(type.rawValue) has no zero point; only int8, uint8 and int4 do")
    }
  }

  var canonical: StageParameters {
    var parameters: StageParameters = ["dtype": .string(type.rawValue)]
    switch granularity {
    case .tensor: parameters["granularity"] = .string("tensor")
    case .channel: parameters["granularity"] = .string("channel")
    case .group(let size): parameters["granularity"] = .map(["group": .integer(size)])
    }
    if !isSymmetric { parameters["symmetric"] = .bool(false) }
    if rateDistortion > 0 { parameters[RateDistortionParameter.name] = .number(rateDistortion) }
    return parameters
  }
}
