import CondenseCodecs
import CondenseTensors

/// A compressed model in an app: opens a `.condensed` file and decodes tensors as they are asked for.
///
/// ```swift
/// let model = try CondensedModel(contentsOf: url)
/// let weights = try model.floats(of: "fc1.weight")
/// ```
///
/// A model is a value that any number of threads can decode from at once.
public struct CondensedModel: Sendable {
  /// In the model's order.
  public let tensorNames: [String]
  /// The source model's own metadata.
  public let metadata: [String: String]
  /// The file that the model came from, if any.
  public let path: String?
  /// The most bytes that a decoded tensor may take. A few bytes of a file can stand for a large tensor of zeros, so this is
  /// what bounds memory on a file from strangers.
  public var byteLimit = CondensedModel.defaultByteLimit

  /// 8 GiB.
  public static let defaultByteLimit = 8 << 30

  private let bytes: Bytes
  /// Where each tensor's stream is in `bytes`.
  private let ranges: [String: Range<Int>]

  /// Opens a file's bytes.
  ///
  /// - Throws: ``CondensedModelError`` where they are no intact `.condensed` file.
  public init(_ bytes: Bytes) throws(CondensedModelError) { try self.init(bytes, path: nil) }

  init(_ bytes: Bytes, path: String?) throws(CondensedModelError) {
    self.bytes = bytes
    self.path = path
    let (header, dataStart) = try CondensedModel.header(bytes, path: path)
    ranges = Dictionary(
      header.entries.map { ($0.name, dataStart + $0.range.lowerBound..<dataStart + $0.range.upperBound) },
      uniquingKeysWith: { first, _ in first })
    tensorNames = header.entries.map(\.name)
    metadata = header.envelope
  }

  private static func header(
    _ bytes: Bytes, path: String?
  ) throws(CondensedModelError) -> (header: CondensedHeader, dataStart: Int) {
    let safetensors: SafetensorsHeader
    let dataStart: Int
    do {
      let length = try SafetensorsHeader.jsonByteCount(prefix: bytes, fileByteCount: bytes.count)
      dataStart = SafetensorsHeader.prefixByteCount + length
      safetensors = try SafetensorsHeader(
        json: bytes[SafetensorsHeader.prefixByteCount..<dataStart], dataByteCount: bytes.count - dataStart)
    } catch {
      throw CondensedModelError(.notCondensed, error.message, path: path, offset: error.offset)
    }
    do {
      return (try CondensedHeader(safetensors), dataStart)
    } catch {
      let isOther = safetensors.metadata[CondensedHeader.versionKey] != String(CondensedHeader.version)
      throw CondensedModelError(isOther ? .notCondensed : .damaged, error.message, path: path, offset: error.offset)
    }
  }
}

// Streams.
extension CondensedModel {
  /// What a tensor is and how it is stored, from the first few bytes of it; nothing is decoded, no checksum verified.
  ///
  /// - Throws: ``CondensedModelError`` where there is no tensor of the name, or those bytes are damaged.
  public func description(of name: String) throws(CondensedModelError) -> TensorDescription {
    try withStream(name) { stream throws(DecodingError) in
      try TensorDescription(name, TensorCoder.describe(stream, isVerifying: false))
    }
  }

  /// What all tensors are, in the model's order.
  ///
  /// - Throws: ``CondensedModelError`` where one is damaged.
  public func descriptions() throws(CondensedModelError) -> [TensorDescription] {
    var descriptions: [TensorDescription] = []
    for name in tensorNames { descriptions.append(try description(of: name)) }
    return descriptions
  }

  /// Calls `body` with a tensor's stream; what is wrong with it gets its place in the file.
  func withStream<R>(
    _ name: String, _ body: (Bytes) throws(DecodingError) -> R
  ) throws(CondensedModelError) -> R {
    guard let range = ranges[name] else {
      throw CondensedModelError(.noTensor, "there is no tensor '\(name)'", path: path)
    }
    do {
      return try body(bytes[range])
    } catch {
      throw CondensedModelError(
        .damaged, error.message, path: path, tensor: name, offset: error.offset.map { $0 + range.lowerBound })
    }
  }

  func error(_ code: CondensedModelError.Code, _ message: String, _ name: String) -> CondensedModelError {
    CondensedModelError(code, message, path: path, tensor: name)
  }

  /// Tensors in the order of their streams' sizes, the largest first.
  var namesBySize: [String] {
    tensorNames.enumerated()
      .sorted { (ranges[$0.element]?.count ?? 0, $1.offset) > (ranges[$1.element]?.count ?? 0, $0.offset) }
      .map(\.element)
  }
}
