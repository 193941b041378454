import Foundation

/// The float32 tensors of a safetensors file: a header in JSON behind its length, and then the data.
struct PlainTensors {
  var floats: [String: [Float]] = [:]

  private struct Entry: Decodable {
    var dtype: String
    var offsets: [Int]
    enum CodingKeys: String, CodingKey {
      case dtype
      case offsets = "data_offsets"
    }
  }

  init(contentsOf url: URL) throws {
    let data = try Data(contentsOf: url)
    let length = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self).littleEndian })
    let header = try JSONDecoder().decode([String: Header].self, from: data[8..<8 + length])
    for (name, entry) in header {
      guard case .tensor(let entry) = entry else { continue }
      let bytes = data[(8 + length + entry.offsets[0])..<(8 + length + entry.offsets[1])]
      floats[name] = bytes.withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
      }
    }
  }

  /// The entry `__metadata__` holds text.
  private enum Header: Decodable {
    case tensor(Entry)
    case text([String: String])

    init(from decoder: any Decoder) throws {
      if let entry = try? Entry(from: decoder) {
        self = .tensor(entry)
      } else {
        self = .text(try [String: String](from: decoder))
      }
    }
  }
}
