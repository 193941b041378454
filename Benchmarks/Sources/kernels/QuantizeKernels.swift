import CondenseStages

enum QuantizeKernels {
  static let all: [Kernel] = [
    kernel("int8", [:], target: 0.9, peer: "int8"),
    kernel("int8", ["granularity": .string("channel")], target: 0.9),
    kernel("int8", ["granularity": .map(["group": .integer(128)])], target: 0.9),
    kernel("int4", [:], target: 0.8, peer: "int4"),
    kernel("int4", ["granularity": .map(["group": .integer(128)])], target: 0.8),
    kernel("uint8", ["symmetric": .bool(false)], target: 0.75),
    kernel("uint8", ["symmetric": .bool(false), "granularity": .string("channel")], target: 0.75),
    kernel("float16", [:], peer: "float16"), kernel("bfloat16", [:]), kernel("float8_e4m3", [:]),
  ]

  private static func kernel(
    _ type: String, _ parameters: StageParameters, target: Double? = nil, peer: String? = nil
  ) -> Kernel {
    let granularity =
      switch parameters["granularity"] {
      case .map(let group): " group \(group["group"]?.int ?? 0)"
      case .string(let name): " \(name)"
      default: ""
      }
    return Kernel(
      name: "\(type)\(parameters["symmetric"] == nil ? "" : " affine")\(granularity)", stage: "quantize",
      parameters: parameters.merging(["dtype": .string(type)]) { $1 }, target: target, peer: peer)
  }
}
