import CondenseCodecs
import CondenseTensors
import Foundation

/// A compressed model in an app: opens a `.condensed` file and decodes tensors as they are asked for.
///
/// ```swift
/// let model = try CondensedModel(contentsOf: url)
/// let weights = try model.tensor(named: "fc1.weight").floats
/// ```
public struct CondensedModel: Sendable {
  /// In the model's order.
  public let tensorNames: [String]
  /// The source model's own metadata.
  public let metadata: [String: String]
  private let streams: [String: Bytes]

  /// Opens a file, which is read as a whole.
  ///
  /// - Throws: ``CondensedModelError`` where it is no intact `.condensed` file, Foundation's errors where it cannot be
  ///   read.
  public init(contentsOf url: URL) throws {
    try self.init(Bytes(Data(contentsOf: url)))
  }

  /// Opens a file's bytes.
  ///
  /// - Throws: ``CondensedModelError`` where they are no intact `.condensed` file.
  public init(_ bytes: Bytes) throws(CondensedModelError) {
    let header: CondensedHeader
    let dataStart: Int
    do {
      let length = try SafetensorsHeader.jsonByteCount(prefix: bytes, fileByteCount: bytes.count)
      dataStart = SafetensorsHeader.prefixByteCount + length
      let json = bytes[SafetensorsHeader.prefixByteCount..<dataStart]
      header = try CondensedHeader(SafetensorsHeader(json: json, dataByteCount: bytes.count - dataStart))
    } catch let error as SafetensorsError {
      throw CondensedModelError(message: error.description)
    } catch {
      throw CondensedModelError(message: "\(error)")
    }
    var streams: [String: Bytes] = [:]
    for entry in header.entries {
      streams[entry.name] = bytes[dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound]
    }
    self.streams = streams
    tensorNames = header.entries.map(\.name)
    metadata = header.envelope
  }

  /// Decodes a tensor to the type and shape that it had in the source model; its checksum is verified.
  ///
  /// - Throws: ``CondensedModelError`` where there is no tensor of the name, or it is damaged.
  public func tensor(named name: String) throws(CondensedModelError) -> Tensor {
    guard let stream = streams[name] else { throw CondensedModelError(message: "there is no tensor '\(name)'") }
    do {
      return try TensorCoder.decode(stream).expanded()
    } catch {
      throw CondensedModelError(message: "tensor '\(name)': \(error)")
    }
  }
}

/// Why a compressed model cannot be used.
public struct CondensedModelError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  public var description: String { message }
}
