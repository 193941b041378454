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

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if input.isCoded {
      throw StageRefusal("quantize cannot follow huffman or entropy: there are no weights left to quantize")
    }
    if input.isQuantized { throw StageRefusal("quantize cannot follow quantize: the weights are rounded already") }
    if input.isClustered, case .group = settings.granularity {
      throw StageRefusal("groups cut across a codebook; after cluster use granularity tensor or channel")
    }
    var form = input
    form.isQuantized = true
    return form
  }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    try input.checkParts()
    var result = input
    let rounding = Rounding(settings: settings, dtype: input.dtype)
    switch input.payload {
    case .elements(.plain(let bytes)):
      let values = try FloatInput(bytes, dtype: input.dtype)
      let parts = ElementParts(settings.granularity, shape: input.shape)
      let counts = (0..<parts.count).map { part in
        input.mask.map { Bitmap.popcount($0, in: parts[part]) } ?? parts[part].count
      }
      result.payload = .elements(
        .quantized(
          try rounding.quantized(values, counts: counts, keepsNonzero: input.mask != nil, mask: input.mask)))
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
    return parameters
  }
}
