import CondenseCodecs
import CondenseTensors

extension EncodedTensor {
  /// A tensor in one of all the forms that stages can leave behind: any type, shape, mask, payload.
  public static func random(using generator: inout SeededGenerator) throws -> EncodedTensor {
    let shapes: [[Int]] = [[], [0], [1], [9], [3, 5], [2, 0], [4, 6, 2], [40, 30], [1, 300]]
    let shape = try Shape(shapes.randomElement(using: &generator) ?? [])
    let kind = Int.random(in: 0..<4, using: &generator)
    let dtypes: [DType] = kind == 0 ? DType.allCases : [.f32, .f16, .bf16, .f64, .f8e4m3, .f8e5m2]
    let dtype = dtypes.randomElement(using: &generator) ?? .f32
    let isMasked = Bool.random(using: &generator)
    let densities: [Double] = [0, 0.01, 0.1, 0.6, 1]
    let density = densities.randomElement(using: &generator) ?? 1
    var positions: [Bool] = []
    for _ in 0..<shape.elementCount { positions.append(Double.random(in: 0..<1, using: &generator) < density) }
    let count = isMasked ? positions.count { $0 } : shape.elementCount
    var tensor = EncodedTensor(dtype: dtype, shape: shape, payload: .elements(.plain(Bytes())))
    if isMasked { tensor.mask = bitmap(positions) }
    switch kind {
    case 0, 1:
      tensor.payload = .elements(
        .plain(bytes(count, width: dtype.byteWidth, isNonzero: isMasked, using: &generator)))
    case 2:
      tensor.payload = .elements(
        .quantized(quantized(count, shape: shape, isNonzero: isMasked, using: &generator)))
    default:
      let size = [1, 3, 16, 255, 256].randomElement(using: &generator) ?? 16
      let channels = shape.rank > 0 && shape.elementCount > 0 && Bool.random(using: &generator) ? shape.channelCount : 1
      var indices: [UInt8] = []
      for _ in 0..<count { indices.append(UInt8(min(Int.random(in: 0..<size, using: &generator), size - 1))) }
      let entries = Shape(vector: size * channels)
      let elements: Elements =
        Bool.random(using: &generator)
        ? .plain(bytes(size * channels, width: dtype.byteWidth, isNonzero: true, using: &generator))
        : .quantized(
          quantized(size * channels, shape: entries, isNonzero: true, granularities: [.tensor], using: &generator))
      tensor.payload = .indices(Bytes(indices), Codebook(size: size, channels: channels, elements: elements))
    }
    return tensor
  }

  private static func bitmap(_ positions: [Bool]) -> Bytes {
    var bytes = [UInt8](repeating: 0, count: Bitmap.byteCount(positions.count))
    for (index, isSet) in positions.enumerated() where isSet { bytes[index / 8] |= 1 << (index % 8) }
    return Bytes(bytes)
  }

  /// Elements with skewed bytes, so that codes of all kinds are tried; none of them zero where that is asked for.
  private static func bytes(
    _ count: Int, width: Int, isNonzero: Bool, using generator: inout SeededGenerator
  ) -> Bytes {
    var bytes: [UInt8] = []
    let limit = UInt8.random(in: 1...255, using: &generator)
    for _ in 0..<count {
      for byte in 0..<width {
        let value = Bool.random(using: &generator) ? 0 : UInt8.random(in: 0...limit, using: &generator)
        // The lowest bit of the first byte makes any element other than zero.
        bytes.append(isNonzero && byte == 0 ? value | 1 : value)
      }
    }
    return Bytes(bytes)
  }

  private static func quantized(
    _ count: Int, shape: Shape, isNonzero: Bool, granularities: [Granularity] = [.tensor, .channel, .group(4)],
    using generator: inout SeededGenerator
  ) -> Quantized {
    let type = QuantizedType.allCases.randomElement(using: &generator) ?? .int8
    let granularity = type.isScaled ? granularities.randomElement(using: &generator) ?? .tensor : .tensor
    let hasParts = type.isScaled && (shape.elementCount > 0 || granularity == .tensor)
    let parts = hasParts ? ElementParts(granularity, shape: shape).count : 0
    let hasZeroPoints = [.int8, .uint8, .int4].contains(type) && Bool.random(using: &generator)
    var codes = bytes(count, width: type.codeWidth, isNonzero: isNonzero, using: &generator).array
    if type == .int4 { codes = codes.map { $0 & 8 == 0 ? $0 & 7 : $0 | 0xF0 } }
    var scales: [Float] = []
    var zeroPoints: [Int32] = []
    for _ in 0..<parts {
      scales.append(Float.random(in: 0.001...2, using: &generator))
      zeroPoints.append(Int32.random(in: -8...7, using: &generator))
    }
    return Quantized(
      type: type, codes: Bytes(codes), granularity: granularity, scales: scales,
      zeroPoints: hasZeroPoints ? zeroPoints : nil)
  }
}
