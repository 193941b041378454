import CondenseCodecs
import CondenseTensors
import Foundation

/// How one tensor differs from its source, as sums that add up over tensors.
public struct TensorMetrics: Equatable, Sendable {
  /// Part of the key under which metrics are kept: raise it when the same tensors would give other numbers.
  static let version: UInt64 = 4

  public var elementCount = 0
  /// Elements that are not zero in the result.
  public var nonzeroCount = 0
  /// Whether elements are floating-point numbers; the sums below are zero where they are not.
  public var isFloatingPoint = false
  /// ΣW² over finite elements of the source.
  public var signalEnergy = 0.0
  /// Σ(W−Ŵ)².
  public var errorEnergy = 0.0
  /// ΣŴ².
  public var resultEnergy = 0.0
  /// ΣWŴ.
  public var dotProduct = 0.0
  public var maxError = 0.0

  public init() {}

  /// Compares two tensors of the same type and shape.
  ///
  /// Elements with the same bits add no error, whatever they are; not-a-number against anything else counts as an
  /// infinite error. Sums are made in a fixed order, so that every machine gets the same digits.
  public init(source: Tensor, result: Tensor) {
    elementCount = source.shape.elementCount
    isFloatingPoint = source.dtype.isFloatingPoint
    switch source.dtype {
    case .f64:
      source.bytes.withElements(of: Double.self) { a in
        result.bytes.withElements(of: Double.self) { b in accumulate(a, b) }
      }
    case .f32:
      source.bytes.withElements(of: Float.self) { a in result.bytes.withElements(of: Float.self) { b in add(a, b) } }
    default:
      if let a = source.floats, let b = result.floats {
        a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in add(a, b) } }
      } else {
        nonzeroCount = TensorMetrics.nonzeroElements(result.bytes, width: source.dtype.byteWidth)
        if source.bytes != result.bytes { maxError = .infinity }
      }
    }
  }

  /// Compares a tensor with what a stage made of it, expanded only where it has to be.
  ///
  /// - Parameter parted: the source as it was parted for an earlier comparison; becomes what this one parted it into.
  /// - Throws: ``DecodingError`` where the result's parts do not fit together.
  init(source: Tensor, encoded: EncodedTensor, parted: inout PartedSource?) throws(DecodingError) {
    if source.dtype == .f32, encoded.dtype == .f32, encoded.shape == source.shape, let mask = encoded.mask,
      let kept = try encoded.keptElements()
    {
      let byMask: PartedSource
      if let parted, parted.mask == mask {
        byMask = parted
      } else {
        byMask = source.bytes.withElements(of: Float.self) {
          PartedSource($0, mask: mask, keptCount: kept.count / MemoryLayout<Float>.stride)
        }
        parted = byMask
      }
      let sums = kept.withElements(of: Float.self) { ErrorSums(byMask, kept: $0) }
      if sums.isFinite {
        self.init()
        elementCount = source.shape.elementCount
        isFloatingPoint = true
        take(sums)
        return
      }
    }
    self.init(source: source, result: try encoded.expanded())
  }

  private mutating func add(_ source: UnsafeBufferPointer<Float>, _ result: UnsafeBufferPointer<Float>) {
    let isSame = source.baseAddress == result.baseAddress && source.count == result.count
    let sums = isSame ? ErrorSums(unchanged: source) : ErrorSums(source, result)
    guard sums.isFinite else { return accumulate(source, result) }
    take(sums)
  }

  private mutating func take(_ sums: ErrorSums) {
    nonzeroCount = sums.nonzeroCount
    signalEnergy = sums.signal
    errorEnergy = sums.error
    resultEnergy = sums.result
    dotProduct = sums.dotProduct
    maxError = sums.maxError
  }

  /// Element by element, with a look at each: for float64, and where elements are not finite.
  private mutating func accumulate<T: BinaryFloatingPoint>(
    _ source: UnsafeBufferPointer<T>, _ result: UnsafeBufferPointer<T>
  ) {
    for index in 0..<min(source.count, result.count) {
      let w = Double(source[index])
      let v = Double(result[index])
      if v != 0 { nonzeroCount += 1 }
      let isSame = w == v || (w.isNaN && v.isNaN)
      guard isSame || (w.isFinite && v.isFinite) else {
        maxError = .infinity
        errorEnergy = .infinity
        continue
      }
      guard w.isFinite else { continue }
      let error = w - v
      signalEnergy += w * w
      resultEnergy += v * v
      dotProduct += w * v
      errorEnergy += error * error
      maxError = max(maxError, abs(error))
    }
  }

  private static func nonzeroElements(_ bytes: Bytes, width: Int) -> Int {
    func count<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> Int {
      bytes.withElements(of: type) { $0.reduce(0) { $1 == 0 ? $0 : $0 + 1 } }
    }
    switch width {
    case 1: return count(UInt8.self)
    case 2: return count(UInt16.self)
    case 4: return count(UInt32.self)
    default: return count(UInt64.self)
    }
  }

  public static func += (a: inout TensorMetrics, b: TensorMetrics) {
    a.elementCount += b.elementCount
    a.nonzeroCount += b.nonzeroCount
    a.isFloatingPoint = a.isFloatingPoint || b.isFloatingPoint
    a.signalEnergy += b.signalEnergy
    a.errorEnergy += b.errorEnergy
    a.resultEnergy += b.resultEnergy
    a.dotProduct += b.dotProduct
    a.maxError = max(a.maxError, b.maxError)
  }
}

extension TensorMetrics {
  /// The share of elements that are not zero; 1 for no elements.
  public var density: Double { elementCount == 0 ? 1 : Double(nonzeroCount) / Double(elementCount) }

  /// ΣW² / Σ(W−Ŵ)² in dB; nil where nothing was lost.
  public var sqnr: Double? {
    guard errorEnergy > 0 else { return nil }
    return 10 * log10(signalEnergy / errorEnergy)
  }

  /// The cosine of the angle between source and result; 1 where nothing was lost.
  public var cosine: Double {
    guard errorEnergy > 0 else { return 1 }
    let lengths = (signalEnergy * resultEnergy).squareRoot()
    return lengths > 0 ? dotProduct / lengths : 0
  }
}

// How metrics are kept in the store.
extension TensorMetrics {
  var encoded: Bytes {
    var words = [UInt64(elementCount), UInt64(nonzeroCount), isFloatingPoint ? 1 : 0]
    words += [signalEnergy, errorEnergy, resultEnergy, dotProduct, maxError].map(\.bitPattern)
    return Bytes(elements: words)
  }

  init?(encoded: Bytes) {
    guard encoded.count == 64 else { return nil }
    let words = encoded.elements(of: UInt64.self)
    guard let elements = Int(exactly: words[0]), let nonzeros = Int(exactly: words[1]) else { return nil }
    elementCount = elements
    nonzeroCount = nonzeros
    isFloatingPoint = words[2] == 1
    signalEnergy = Double(bitPattern: words[3])
    errorEnergy = Double(bitPattern: words[4])
    resultEnergy = Double(bitPattern: words[5])
    dotProduct = Double(bitPattern: words[6])
    maxError = Double(bitPattern: words[7])
  }
}
