import CondenseCodecs
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport

/// Error, bits and both together, of a tensor's codes: by the definition, without any of the stages' own arithmetic.
struct Lagrangian {
  /// What a bit costs in squared error.
  var slope: Double
  var error = 0.0
  var bits = 0.0
  var cost: Double { error + slope * bits }

  init(of result: EncodedTensor, from source: [Float], slope: Double) throws {
    self.slope = slope
    for (value, back) in zip(source, try result.values()) {
      error += (Double(value) - Double(back)) * (Double(value) - Double(back))
    }
    var counts: [UInt8: Int] = [:]
    for symbol in result.symbols { counts[symbol, default: 0] += 1 }
    for count in counts.values {
      bits += Double(count) * (Lagrangian.log2(result.symbols.count) - Lagrangian.log2(count))
    }
  }
}

extension EncodedTensor {
  /// What an entropy coder packs for each element that is not masked.
  var symbols: [UInt8] {
    switch payload {
    case .elements(.quantized(let quantized)): Array(quantized.codes.withUnsafeBytes { Array($0) })
    case .indices(let indices, _): Array(indices.withUnsafeBytes { Array($0) })
    default: []
    }
  }

  var quantized: Quantized? { if case .elements(.quantized(let quantized)) = payload { quantized } else { nil } }
}

extension Allocation {
  /// The slope that an allocation of sixteenths of an octave stands for.
  var slope: Double { values.first.map { pow(2, Double($0) / 16) } ?? 0 }
}

/// Weights as networks have them: many near zero, few far away.
func laplaceValues(_ count: Int, scale: Float = 0.1, using generator: inout SeededGenerator) -> [Float] {
  (0..<count).map { _ in
    let magnitude = -log(Float.random(in: 1e-6...1, using: &generator)) * scale
    return Bool.random(using: &generator) ? magnitude : -magnitude
  }
}

extension Lagrangian {
  static func log2(_ count: Int) -> Double { Foundation.log2(Double(count)) }
}
