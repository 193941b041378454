import Benchmarking
import CondenseCodecs
import CondenseStages
import CondenseTensors
import Foundation

/// Symbols to code, as stages make them of weights.
struct SymbolSource {
  var name: String
  /// As the stage leaves it.
  var form: EncodedTensor
  /// One symbol a weight, zeros among them.
  var symbols: Bytes
  var isSparse: Bool
  /// Bytes that the symbols take at their order-0 entropy; of sparse ones, gaps and values apart.
  var entropy: Double
  /// huff0's time over Huffman's that is to be reached.
  var encodingTarget: Double
  var decodingTarget: Double
  /// memcpy's time over that of expanding to float32.
  var expansionTarget: Double

  /// The four streams of one workload.
  static func all(_ workload: Workload) throws -> [SymbolSource] {
    let weights = EncodedTensor(workload.tensor)
    let pruned = try applied("prune", ["sparsity": .number(0.9)], to: weights)
    return [
      SymbolSource(
        "k16 dense", try applied("cluster", ["bits": .integer(4)], to: weights), workload, encoding: 1.2, decoding: 1.2,
        expansion: 0.9),
      SymbolSource(
        "k16 90 % sparse", try applied("cluster", ["bits": .integer(4)], to: pruned), workload, encoding: 1.7,
        decoding: 2, expansion: 0.9),
      SymbolSource(
        "5-bit", try applied("cluster", ["bits": .integer(5)], to: weights), workload, encoding: 0.85, decoding: 0.95,
        expansion: 0.9),
      SymbolSource(
        "8-bit", try applied("quantize", ["type": .string("int8")], to: weights), workload, encoding: 0.85, decoding: 1,
        expansion: 1.3),
    ]
  }

  private static func applied(
    _ name: String, _ parameters: StageParameters, to tensor: EncodedTensor
  ) throws -> EncodedTensor {
    guard let stage = StageRegistry.builtIn.stage(named: name) else {
      throw CodecError(description: "no stage \(name)")
    }
    return try stage.configure(parameters).apply(tensor, allocation: nil)
  }

  private init(
    _ name: String, _ form: EncodedTensor, _ workload: Workload, encoding: Double, decoding: Double, expansion: Double
  ) {
    self.name = "\(name), \(workload.name)"
    self.form = form
    isSparse = form.mask != nil
    encodingTarget = encoding
    decodingTarget = decoding
    expansionTarget = expansion
    let values: Bytes =
      switch form.payload {
      case .indices(let indices, _): indices
      case .elements(.quantized(let quantized)): quantized.codes
      case .elements(.plain(let bytes)), .stream(let bytes): bytes
      }
    guard let mask = form.mask else {
      symbols = values
      entropy = Self.entropy(values.array)
      return
    }
    // Zero is 0, the values follow.
    var symbols = [UInt8](repeating: 0, count: form.shape.elementCount)
    var gaps: [UInt8] = []
    var next = 0
    var index = 0
    Bitmap.forEachSet(mask) { position in
      symbols[position] = values[index] &+ 1
      gaps += [UInt8](repeating: 255, count: (position - next) / 255)
      gaps.append(UInt8((position - next) % 255))
      next = position + 1
      index += 1
    }
    self.symbols = Bytes(symbols)
    entropy = Self.entropy(values.array) + Self.entropy(gaps)
  }

  /// Bytes.
  private static func entropy(_ symbols: [UInt8]) -> Double {
    var counts = [Int](repeating: 0, count: 256)
    for symbol in symbols { counts[Int(symbol)] += 1 }
    return counts.reduce(0.0) { sum, count in
      count == 0 ? sum : sum - Double(count) * log2(Double(count) / Double(symbols.count)) / 8
    }
  }
}

struct CodecError: Error, CustomStringConvertible {
  var description: String
}
