extension DType {
  /// The largest finite value of a floating-point type, as float32; nil for the others.
  public var greatestFinite: Float? {
    switch self {
    case .f32, .f64: .greatestFiniteMagnitude
    case .f16: Half.greatestFinite
    case .bf16: BFloat16.greatestFinite
    case .f8e4m3: Float8E4M3.greatestFinite
    case .f8e5m2: Float8E5M2.greatestFinite
    default: nil
    }
  }

  /// The smallest positive value that survives a trip through this type, as float32; nil for non-floating types.
  public var leastNonzero: Float? {
    switch self {
    case .f32, .f64: .leastNonzeroMagnitude
    case .f16: Half.leastNonzero
    case .bf16: BFloat16.leastNonzero
    case .f8e4m3: Float8E4M3.leastNonzero
    case .f8e5m2: Float8E5M2.leastNonzero
    default: nil
    }
  }

  /// The elements in `bytes` as float32; nil for non-floating types. Float64 is rounded to nearest.
  public func floats(_ bytes: Bytes) -> [Float]? { floatBytes(bytes)?.elements(of: Float.self) }

  /// The same as bytes, which float32 elements are already.
  public func floatBytes(_ bytes: Bytes) -> Bytes? {
    guard self != .f32 else { return bytes }
    guard isFloatingPoint else { return nil }
    return Bytes(count: bytes.count / byteWidth * 4) { widen(bytes, into: $0.bindMemory(to: Float.self)) }
  }

  /// `values` as elements of this floating-point type, rounded to nearest even; nil for non-floating types.
  public func bytes(_ values: [Float]) -> Bytes? {
    guard isFloatingPoint else { return nil }
    return Bytes(count: values.count * byteWidth) { target in
      values.withUnsafeBufferPointer { narrow($0, into: target) }
    }
  }

  /// Writes elements of this floating-point type as those of another, by way of float32 and rounded to nearest even, to
  /// memory of just their size; false for non-floating types.
  public func convert(_ bytes: Bytes, to other: DType, into target: UnsafeMutableRawBufferPointer) -> Bool {
    guard isFloatingPoint, other.isFloatingPoint else { return false }
    precondition(bytes.count / byteWidth * other.byteWidth == target.count, "memory of another size")
    if self == other {
      bytes.withUnsafeBytes { target.copyMemory(from: $0) }
    } else if other == .f32 {
      widen(bytes, into: target.bindMemory(to: Float.self))
    } else if let floats = floatBytes(bytes) {
      floats.withElements(of: Float.self) { other.narrow($0, into: target) }
    }
    return true
  }

  private func widen(_ bytes: Bytes, into target: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .f64: widen(bytes, from: Double.self, into: target) { Float($0) }
    case .f16: widen(bytes, from: UInt16.self, into: target) { Half.float(from: $0) }
    case .bf16: widen(bytes, from: UInt16.self, into: target) { BFloat16.float(from: $0) }
    case .f8e4m3: widen(bytes, from: UInt8.self, into: target) { Float8E4M3.float(from: $0) }
    case .f8e5m2: widen(bytes, from: UInt8.self, into: target) { Float8E5M2.float(from: $0) }
    default: widen(bytes, from: Float.self, into: target) { $0 }
    }
  }

  @inline(__always)
  private func widen<Element: BitwiseCopyable>(
    _ bytes: Bytes, from type: Element.Type, into target: UnsafeMutableBufferPointer<Float>,
    _ float: (Element) -> Float
  ) {
    bytes.withElements(of: type) { source in
      for index in 0..<source.count { target[index] = float(source[index]) }
    }
  }

  private func narrow(_ values: UnsafeBufferPointer<Float>, into target: UnsafeMutableRawBufferPointer) {
    switch self {
    case .f64: narrow(values, to: Double.self, in: target) { Double($0) }
    case .f16: narrow(values, to: UInt16.self, in: target) { Half.bits(from: $0) }
    case .bf16: narrow(values, to: UInt16.self, in: target) { BFloat16.bits(from: $0) }
    case .f8e4m3: narrow(values, to: UInt8.self, in: target) { Float8E4M3.bits(from: $0) }
    case .f8e5m2: narrow(values, to: UInt8.self, in: target) { Float8E5M2.bits(from: $0) }
    default: narrow(values, to: Float.self, in: target) { $0 }
    }
  }

  @inline(__always)
  private func narrow<Element: BitwiseCopyable>(
    _ values: UnsafeBufferPointer<Float>, to type: Element.Type, in target: UnsafeMutableRawBufferPointer,
    _ element: (Float) -> Element
  ) {
    let target = target.bindMemory(to: type)
    for index in values.indices { target[index] = element(values[index]) }
  }
}

extension Tensor {
  /// The elements as float32; nil for non-floating types. Float64 is rounded to nearest.
  public var floats: [Float]? { dtype.floats(bytes) }
}
