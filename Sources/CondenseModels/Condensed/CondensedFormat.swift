import CondenseCodecs
import CondenseFiles
import CondenseTensors

/// `.condensed`: each tensor as an entropy-coded stream with a checksum, in a safetensors container.
public struct CondensedFormat: ModelFormat {
  /// Bytes of the largest tensor that is decoded: a few bytes of a file can stand for any number of zeros.
  public var largestTensor: Int

  public init(largestTensor: Int = 8 << 30) { self.largestTensor = largestTensor }

  public var name: String { "condensed" }
  public var extensions: [String] { ["condensed"] }

  public func open(_ path: String) throws(ModelError) -> any OpenModel {
    try CondensedModelFile(path, largestTensor: largestTensor)
  }

  public func write(_ contents: ModelContents, to path: String) throws {
    // The header comes first but is known last: streams go to a file of their own until then.
    let spoolPath = path + ".streams"
    try FileSystem.remove(spoolPath)
    let spool = try OpenFile.creating(spoolPath)
    defer { try? FileSystem.remove(spoolPath) }
    var streams: [(name: String, byteCount: Int)] = []
    var end = 0
    for (index, tensor) in contents.tensors.enumerated() {
      let stream = try TensorCoder.store(contents.load(index))
      try spool.write(stream, at: end)
      end += stream.count
      streams.append((tensor.name, stream.count))
    }
    let header = CondensedHeader.laidOut(streams, envelope: contents.envelope).encoded()
    let file = try OpenFile.creating(path)
    try file.write(header, at: 0)
    var offset = 0
    while offset < end {
      let chunk = try spool.read(offset..<min(end, offset + CondensedFormat.chunk))
      guard !chunk.isEmpty else { throw ModelError(path, "the streams' file ended early") }
      try file.write(chunk, at: header.count + offset)
      offset += chunk.count
    }
  }

  private static let chunk = 1 << 20
}

/// A `.condensed` file, read as a model: tensors are decoded.
struct CondensedModelFile: OpenModel {
  let path: String
  let format = "condensed"
  let tensors: [ModelTensor]
  let envelope: [String: String]
  private let source: SafetensorsFile
  private let largestTensor: Int

  var files: [ModelFile] { [source.file] }

  init(_ path: String, largestTensor: Int) throws(ModelError) {
    self.path = path
    self.largestTensor = largestTensor
    source = try SafetensorsFile(path)
    do { envelope = try CondensedHeader(source.header).envelope } catch { throw ModelError(path, error.message) }
    var tensors: [ModelTensor] = []
    for entry in source.header.entries {
      let described = try CondensedModelFile.decode(source, entry) { (stream) throws(DecodingError) in
        try TensorCoder.describe(stream)
      }
      tensors.append(ModelTensor(name: entry.name, dtype: described.dtype, shape: described.shape))
    }
    self.tensors = tensors
  }

  func read(_ index: Int) throws(ModelError) -> EncodedTensor {
    let tensor = try CondensedModelFile.decode(source, source.header.entries[index]) {
      (stream) throws(DecodingError) in
      try TensorCoder.decode(stream, byteLimit: largestTensor).expanded()
    }
    return EncodedTensor(tensor)
  }

  func coding(_ index: Int) throws(ModelError) -> TensorCoding {
    let described = try CondensedModelFile.decode(source, source.header.entries[index]) {
      (stream) throws(DecodingError) in
      try TensorCoder.describe(stream)
    }
    return TensorCoding(byteCount: described.byteCount, text: described.coding)
  }

  private static func decode<T>(
    _ source: SafetensorsFile, _ entry: SafetensorsHeader.Entry, _ body: (Bytes) throws(DecodingError) -> T
  ) throws(ModelError) -> T {
    let stream = try source.bytes(entry)
    do {
      return try body(stream)
    } catch {
      let start = source.dataStart + entry.range.lowerBound
      throw ModelError(
        source.file.handle.path, "tensor '\(JSONText.clipped(entry.name))': \(error.message)",
        offset: error.offset.map { start + $0 } ?? start)
    }
  }
}
