import CondenseCodecs
import CondenseFiles
import CondenseTensors

/// `.condensed`: each tensor as an entropy-coded stream with a checksum, in a safetensors container.
public struct CondensedFormat: ModelFormat {
  /// Bytes of the largest tensor that is decoded: a few bytes of a file can stand for any number of zeros.
  public var largestTensor: Int

  /// Bytes of streams that are held in memory while a file is written; more go through a file of their own.
  public var streamsInMemory: Int

  public init(largestTensor: Int = 8 << 30, streamsInMemory: Int = 32 << 20) {
    self.largestTensor = largestTensor
    self.streamsInMemory = streamsInMemory
  }

  public var name: String { "condensed" }
  public var extensions: [String] { ["condensed"] }

  public func open(_ path: String) throws(ModelError) -> any OpenModel {
    try CondensedModelFile(path, largestTensor: largestTensor)
  }

  public func write(_ contents: ModelContents, to file: NewFile) throws {
    var streams = StreamSpool(beside: file, memoryLimit: streamsInMemory)
    var sizes: [(name: String, byteCount: Int)] = []
    for (index, tensor) in contents.tensors.enumerated() {
      let stream = try TensorCoder.store(contents.load(index))
      try streams.append(stream)
      sizes.append((tensor.name, stream.count))
    }
    let header = CondensedHeader.laidOut(sizes, envelope: contents.envelope).encoded()
    try file.reserve(header.count + streams.byteCount)
    try file.append(header)
    try streams.forEach { try file.append($0) }
  }
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
