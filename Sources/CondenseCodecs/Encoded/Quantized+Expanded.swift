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
    case .float16: return halves(Half.self)
    case .bfloat16: return halves(BFloat16.self)
    case .float8e4m3:
      let table = (0...255).map { Float8E4M3.float(from: UInt8($0)) }
      return table.withUnsafeBufferPointer { table in
        parts(UInt8.self, counts) { source, target, _, scale in
          for index in target.indices { target[index] = table[Int(source[index])] * scale }
        }
      }
    case .uint8: return affine(UInt8.self, counts)
    case .int8, .int4: return affine(Int8.self, counts)
    }
  }

  private func affine<Code: FixedWidthInteger & BitwiseCopyable>(_ code: Code.Type, _ counts: [Int]) -> Bytes {
    parts(code, counts) { source, target, zero, scale in
      for index in target.indices { target[index] = Float(Int32(truncatingIfNeeded: source[index]) &- zero) * scale }
    }
  }

  @inline(__always)
  private func halves<Format: SmallFloat>(_: Format.Type) -> Bytes where Format.Bits == UInt16 {
    codes.withElements(of: UInt16.self) { source in
      Bytes(count: 4 * source.count) { raw in
        let target = raw.bindMemory(to: Float.self)
        for index in source.indices { target[index] = Format.float(from: source[index]) }
      }
    }
  }

  /// Codes part by part, each with its zero point and scale. A whole part is handed over at a time: a call for each
  /// element is not always inlined, and costs ten times as much then.
  @inline(__always)
  private func parts<Code: BitwiseCopyable>(
    _ code: Code.Type, _ counts: [Int],
    _ expand: (UnsafePointer<Code>, UnsafeMutableBufferPointer<Float>, Int32, Float) -> Void
  ) -> Bytes {
    codes.withElements(of: code) { codes in
      Bytes(count: codes.count * 4) { raw in
        guard let target = raw.bindMemory(to: Float.self).baseAddress, let source = codes.baseAddress else { return }
        var start = 0
        for (part, count) in counts.enumerated() {
          let zero = zeroPoints?[part] ?? type.symmetricZeroPoint
          expand(source + start, UnsafeMutableBufferPointer(start: target + start, count: count), zero, scales[part])
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
