import CondenseTensors

/// What stands before a stream's coded parts: everything that is needed to read them.
struct StreamPrologue: Equatable {
  var dtype: DType
  var shape: Shape
  var entropyCoded: Bool
  /// Whether kinds of symbols and placements may occur that format 1 began without.
  var isExtended = false
  var placement: Placement
  /// Whether the tensor has a mask; without one, a sparse placement only saves space.
  var isMasked: Bool
  var payload: PayloadLayout
  /// Elements that the parts hold; all of them for a dense placement.
  var survivorCount: Int
  /// Gap symbols; 0 for other placements.
  var gapCount: Int

  enum PayloadLayout: Equatable {
    case plain
    case quantized(QuantizedLayout)
    case indices(size: Int, channels: Int, quantized: QuantizedLayout?)
  }

  struct QuantizedLayout: Equatable {
    var type: QuantizedType
    var granularity: Granularity
    var hasZeroPoints: Bool
  }

  /// The version of the stream format.
  static let format: UInt8 = 1

  func write(to writer: inout ByteWriter) {
    writer.byte(StreamPrologue.format)
    writer.byte(Codes.code(of: dtype, in: Codes.dtypes))
    writer.number(shape.rank)
    for dimension in shape.dimensions { writer.number(dimension) }
    let kind: UInt8 =
      switch payload {
      case .plain: 0
      case .quantized: 1
      case .indices(_, _, let quantized): quantized == nil ? 2 : 3
      }
    writer.byte(placement.rawValue | (isMasked ? 4 : 0) | (entropyCoded ? 8 : 0) | kind << 4 | (isExtended ? 64 : 0))
    switch payload {
    case .plain: break
    case .quantized(let layout): layout.write(to: &writer)
    case .indices(let size, let channels, let quantized):
      writer.number(size)
      writer.number(channels)
      quantized?.write(to: &writer)
    }
    if placement != .dense { writer.number(survivorCount) }
    if placement == .gaps { writer.number(gapCount) }
  }
}

extension StreamPrologue {
  init(from reader: inout ByteReader) throws(DecodingError) {
    let format = try reader.byte()
    guard format == StreamPrologue.format else {
      throw reader.error("the stream's format is \(format); this version reads \(StreamPrologue.format)")
    }
    dtype = try Codes.value(try reader.byte(), in: Codes.dtypes, "dtype", reader)
    let rank = try reader.number("the rank", limit: 64)
    var dimensions: [Int] = []
    for _ in 0..<rank { dimensions.append(try reader.number("a dimension")) }
    do { shape = try Shape(dimensions) } catch { throw reader.error("\(error)") }
    let flags = try reader.byte()
    isExtended = flags & 64 != 0
    guard let placement = Placement(rawValue: flags & 3), flags < 128, isExtended || placement != .modelled else {
      throw reader.error("unknown flags \(flags)")
    }
    self.placement = placement
    isMasked = flags & 4 != 0
    entropyCoded = flags & 8 != 0
    let kind = flags >> 4 & 3
    switch kind {
    case 0: payload = .plain
    case 1: payload = .quantized(try QuantizedLayout(from: &reader))
    default:
      let size = try reader.number("the codebook's size", limit: 256)
      let channels = try reader.number("the codebook's channels")
      do {
        _ = try Codebook(size: size, channels: channels, elements: .plain(Bytes())).entryCount(for: shape)
      } catch {
        throw reader.error(error.message)
      }
      payload = .indices(
        size: size, channels: channels, quantized: kind == 3 ? try QuantizedLayout(from: &reader) : nil)
    }
    let elements = shape.elementCount
    survivorCount = placement == .dense ? elements : try reader.number("the number of elements", limit: elements)
    gapCount = placement == .gaps ? try reader.number("the number of gaps", limit: elements) : 0
  }
}

extension StreamPrologue.QuantizedLayout {
  init(_ quantized: Quantized) {
    self.init(
      type: quantized.type, granularity: quantized.granularity, hasZeroPoints: quantized.zeroPoints != nil)
  }

  /// How many scales elements of `shape` have; at most one for each element where it is more than one.
  ///
  /// - Throws: ``DecodingError`` for groups that no stream can name.
  func partCount(_ shape: Shape) throws(DecodingError) -> Int {
    if case .group(let size) = granularity, !(1...Granularity.largestGroup).contains(size) {
      throw DecodingError("groups of \(size) elements")
    }
    guard type.isScaled else { return 0 }
    guard shape.elementCount > 0 || granularity == .tensor else { return 0 }
    return ElementParts(granularity, shape: shape).count
  }

  func write(to writer: inout ByteWriter) {
    writer.byte(Codes.code(of: type, in: Codes.quantizedTypes) | (hasZeroPoints ? 0x80 : 0))
    switch granularity {
    case .tensor: writer.number(0)
    case .channel: writer.number(1)
    case .group(let size): writer.number(size + 2)
    }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    let code = try reader.byte()
    type = try Codes.value(code & 0x7F, in: Codes.quantizedTypes, "quantized type", reader)
    hasZeroPoints = code & 0x80 != 0
    switch try reader.number("the granularity", limit: Granularity.largestGroup + 2) {
    case 0: granularity = .tensor
    case 1: granularity = .channel
    case let size:
      guard size > 2 else { throw reader.error("groups of no elements") }
      granularity = .group(size - 2)
    }
  }
}

/// The numbers that stand for types in streams. They never change; new ones are added at the end.
enum Codes {
  static let dtypes: [DType] = [
    .bool, .u8, .i8, .f8e5m2, .f8e4m3, .i16, .u16, .f16, .bf16, .i32, .u32, .f32, .i64, .u64, .f64,
  ]
  static let quantizedTypes: [QuantizedType] = [.int8, .uint8, .int4, .float16, .bfloat16, .float8e4m3]

  static func code<T: Equatable>(of value: T, in values: [T]) -> UInt8 {
    guard let index = values.firstIndex(of: value) else { preconditionFailure("every type has a number") }
    return UInt8(index)
  }

  static func value<T>(
    _ code: UInt8, in values: [T], _ what: String, _ reader: ByteReader
  ) throws(DecodingError) -> T {
    guard Int(code) < values.count else { throw reader.error("unknown \(what) \(code)") }
    return values[Int(code)]
  }
}
