import CondenseTensors

extension Quantized {
  /// The numbers that the codes stand for, in a floating-point type; `counts` says how many codes belong to each part.
  ///
  /// - Throws: ``DecodingError`` where codes or scales are not as many, or the type holds no such numbers.
  func dequantized(counts: [Int], dtype: DType) throws(DecodingError) -> Bytes {
    let count = try check(counts)
    return try Bytes(count: count * dtype.byteWidth) {
      (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      try dequantize(counts: counts, dtype: dtype, into: target)
    }
  }

  /// Writes them to memory of just their size.
  func dequantize(
    counts: [Int], dtype: DType, into target: UnsafeMutableRawBufferPointer
  ) throws(DecodingError) {
    let count = try check(counts)
    guard dtype.isFloatingPoint else { throw DecodingError("\(dtype.rawValue) holds no floating-point numbers") }
    if dtype == .f32 { return putFloats(counts: counts, into: target.bindMemory(to: Float.self)) }
    let floats = Bytes(count: 4 * count) { putFloats(counts: counts, into: $0.bindMemory(to: Float.self)) }
    _ = DType.f32.convert(floats, to: dtype, into: target)
  }

  private func check(_ counts: [Int]) throws(DecodingError) -> Int {
    let count = counts.reduce(0, +)
    guard codes.count == count * type.codeWidth else {
      throw DecodingError("\(count) codes of \(type.rawValue) take \(count * type.codeWidth) bytes, not \(codes.count)")
    }
    guard !type.isScaled || scales.count == counts.count && zeroPoints.map({ $0.count == counts.count }) ?? true else {
      throw DecodingError("there are \(scales.count) scales for \(counts.count) parts")
    }
    return count
  }

  /// The numbers as float32. Needs counts that have been checked.
  private func putFloats(counts: [Int], into target: UnsafeMutableBufferPointer<Float>) {
    switch type {
    case .float16: putHalves(Half.self, into: target)
    case .bfloat16: putHalves(BFloat16.self, into: target)
    case .float8e4m3:
      let table = (0...255).map { Float8E4M3.float(from: UInt8($0)) }
      table.withUnsafeBufferPointer { table in
        putParts(UInt8.self, counts, into: target) { source, target, _, scale in
          for index in target.indices { target[index] = table[Int(source[index])] * scale }
        }
      }
    case .uint8: putAffine(UInt8.self, counts, into: target)
    case .int8, .int4: putAffine(Int8.self, counts, into: target)
    }
  }

  private func putAffine<Code: FixedWidthInteger & BitwiseCopyable>(
    _ code: Code.Type, _ counts: [Int], into target: UnsafeMutableBufferPointer<Float>
  ) {
    putParts(code, counts, into: target) { source, target, zero, scale in
      for index in target.indices { target[index] = Float(Int32(truncatingIfNeeded: source[index]) &- zero) * scale }
    }
  }

  @inline(__always)
  private func putHalves<Format: SmallFloat>(
    _: Format.Type, into target: UnsafeMutableBufferPointer<Float>
  ) where Format.Bits == UInt16 {
    codes.withElements(of: UInt16.self) { source in
      for index in source.indices { target[index] = Format.float(from: source[index]) }
    }
  }

  /// Codes part by part, each with its zero point and scale. A stretch is handed over at a time: a call for each
  /// element is not always inlined, and costs ten times as much then.
  @inline(__always)
  private func putParts<Code: BitwiseCopyable>(
    _ code: Code.Type, _ counts: [Int], into target: UnsafeMutableBufferPointer<Float>,
    _ expand: (UnsafePointer<Code>, UnsafeMutableBufferPointer<Float>, Int32, Float) -> Void
  ) {
    codes.withElements(of: code) { codes in
      guard let codes = codes.baseAddress else { return }
      var start = 0
      for (part, count) in counts.enumerated() {
        let zero = zeroPoints?[part] ?? type.symmetricZeroPoint
        let source = codes + start
        PastCaches.fill(UnsafeMutableBufferPointer(rebasing: target[start..<start + count])) { memory, range in
          let target = UnsafeMutableBufferPointer(start: memory, count: range.count)
          expand(source + range.lowerBound, target, zero, scales[part])
        }
        start += count
      }
    }
  }
}

extension QuantizedType {
  /// The code that stands for zero where quantization is symmetric.
  public var symmetricZeroPoint: Int32 { self == .uint8 ? 128 : 0 }
}
