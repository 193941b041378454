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
    switch self {
    case .f32: bytes
    case .f64: converted(bytes, from: Double.self) { Float($0) }
    case .f16: converted(bytes, from: UInt16.self) { Half.float(from: $0) }
    case .bf16: converted(bytes, from: UInt16.self) { BFloat16.float(from: $0) }
    case .f8e4m3: converted(bytes, from: UInt8.self) { Float8E4M3.float(from: $0) }
    case .f8e5m2: converted(bytes, from: UInt8.self) { Float8E5M2.float(from: $0) }
    default: nil
    }
  }

  /// `values` as elements of this floating-point type, rounded to nearest even; nil for non-floating types.
  public func bytes(_ values: [Float]) -> Bytes? {
    switch self {
    case .f32: Bytes(elements: values)
    case .f64: Bytes(elements: values.map { Double($0) })
    case .f16: encode(values, Half.self)
    case .bf16: encode(values, BFloat16.self)
    case .f8e4m3: encode(values, Float8E4M3.self)
    case .f8e5m2: encode(values, Float8E5M2.self)
    default: nil
    }
  }

  @inline(__always)
  private func converted<Element: BitwiseCopyable>(
    _ bytes: Bytes, from type: Element.Type, _ float: (Element) -> Float
  ) -> Bytes {
    bytes.withElements(of: type) { source in
      Bytes(count: 4 * source.count) { raw in
        let target = raw.bindMemory(to: Float.self)
        for index in 0..<source.count { target[index] = float(source[index]) }
      }
    }
  }

  private func encode<F: SmallFloat>(_ values: [Float], _: F.Type) -> Bytes {
    Bytes(count: values.count * MemoryLayout<F.Bits>.stride) { raw in
      let target = raw.bindMemory(to: F.Bits.self)
      for i in values.indices { target[i] = F.bits(from: values[i]) }
    }
  }
}

extension Tensor {
  /// The elements as float32; nil for non-floating types. Float64 is rounded to nearest.
  public var floats: [Float]? { dtype.floats(bytes) }
}
