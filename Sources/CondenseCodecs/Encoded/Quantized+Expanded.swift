import CondenseTensors

extension Quantized {
  /// The numbers that the codes stand for, in a floating-point type; `counts` says how many codes belong to each part.
  ///
  /// - Throws: ``DecodingError`` where codes or scales are not as many, or the type holds no such numbers.
  func dequantized(counts: [Int], dtype: DType) throws(DecodingError) -> Bytes {
    let count = counts.reduce(0, +)
    guard codes.count == count * type.codeWidth else {
      throw DecodingError("\(count) codes of \(type.rawValue) take \(count * type.codeWidth) bytes, not \(codes.count)")
    }
    guard !type.isScaled || scales.count == counts.count && zeroPoints.map({ $0.count == counts.count }) ?? true else {
      throw DecodingError("there are \(scales.count) scales for \(counts.count) parts")
    }
    let floats = floats(counts: counts)
    if dtype == .f32 { return floats }
    guard let bytes = dtype.bytes(floats.elements(of: Float.self)) else {
      throw DecodingError("\(dtype.rawValue) holds no floating-point numbers")
    }
    return bytes
  }

  /// The numbers as float32. Needs counts that have been checked.
  private func floats(counts: [Int]) -> Bytes {
    switch type {
    case .float16: return floats(UInt16.self) { Half.float(from: $0) }
    case .bfloat16: return floats(UInt16.self) { BFloat16.float(from: $0) }
    case .float8e4m3:
      let table = (0...255).map { Float8E4M3.float(from: UInt8($0)) }
      return table.withUnsafeBufferPointer { table in
        parts(UInt8.self, counts) { code, _, scale in table[Int(code)] * scale }
      }
    case .uint8: return parts(UInt8.self, counts) { code, zero, scale in Float(Int32(code) &- zero) * scale }
    case .int8, .int4: return parts(Int8.self, counts) { code, zero, scale in Float(Int32(code) &- zero) * scale }
    }
  }

  @inline(__always)
  private func floats<Code: BitwiseCopyable>(_ type: Code.Type, _ value: (Code) -> Float) -> Bytes {
    codes.withElements(of: type) { codes in
      Bytes(count: codes.count * 4) { raw in
        let target = raw.bindMemory(to: Float.self)
        for index in 0..<target.count { target[index] = value(codes[index]) }
      }
    }
  }

  /// Codes part by part, each with its zero point and scale.
  @inline(__always)
  private func parts<Code: BitwiseCopyable>(
    _ code: Code.Type, _ counts: [Int], _ value: (Code, Int32, Float) -> Float
  ) -> Bytes {
    codes.withElements(of: code) { codes in
      Bytes(count: codes.count * 4) { raw in
        guard let target = raw.bindMemory(to: Float.self).baseAddress, let source = codes.baseAddress else { return }
        var start = 0
        for (part, count) in counts.enumerated() {
          let scale = scales[part]
          let zero = zeroPoints?[part] ?? type.symmetricZeroPoint
          let from = source + start
          let to = target + start
          for index in 0..<count { to[index] = value(from[index], zero, scale) }
          start += count
        }
      }
    }
  }
}

extension QuantizedType {
  /// The code that stands for zero where quantization is symmetric.
  public var symmetricZeroPoint: Int32 { self == .uint8 ? 128 : 0 }
}
