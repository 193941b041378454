import CondenseCodecs
import CondenseFiles
import CondenseTensors
import Foundation

/// safetensors: one file, or shards with an index (`model.safetensors.index.json`).
public struct SafetensorsFormat: ModelFormat {
  public init() {}

  public var name: String { "safetensors" }
  public var extensions: [String] { ["safetensors.index.json", "safetensors"] }

  public func open(_ path: String) throws(ModelError) -> any OpenModel {
    path.hasSuffix(".index.json") ? try ShardedModel(path) : try SafetensorsModel(path)
  }

  public func write(_ contents: ModelContents, to file: NewFile) throws {
    let header: SafetensorsHeader
    do {
      header = try SafetensorsHeader.laidOut(
        contents.tensors.map { ($0.name, $0.dtype, $0.shape) }, metadata: contents.envelope)
    } catch {
      throw ModelError(file.path, error.message)
    }
    let encoded = header.encoded()
    try file.reserve(encoded.count + (header.entries.last?.range.upperBound ?? 0))
    try file.append(encoded)
    for (index, entry) in header.entries.enumerated() {
      let tensor = try contents.load(index).expanded()
      guard tensor.bytes.count == entry.range.count else {
        throw ModelError(file.path, "tensor '\(entry.name)' has \(tensor.bytes.count) bytes, not \(entry.range.count)")
      }
      try file.append(tensor.bytes)
    }
  }
}

/// A safetensors file's header, read and checked.
struct SafetensorsFile: Sendable {
  var file: ModelFile
  var header: SafetensorsHeader
  /// Where the data section begins.
  var dataStart: Int

  init(_ path: String) throws(ModelError) {
    file = try ModelFile(path)
    let size = file.identity.byteCount
    do {
      let prefixCount = min(size, SafetensorsHeader.prefixByteCount)
      let length = try SafetensorsHeader.jsonByteCount(prefix: try file.read(0..<prefixCount), fileByteCount: size)
      dataStart = SafetensorsHeader.prefixByteCount + length
      let json = try file.read(SafetensorsHeader.prefixByteCount..<dataStart)
      header = try SafetensorsHeader(json: json, dataByteCount: size - dataStart)
    } catch let error as SafetensorsError {
      throw ModelError(path, error.message, offset: error.offset)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(path, "\(error)")
    }
  }

  func place(_ entry: SafetensorsHeader.Entry) -> FileRange {
    FileRange(file: file, range: dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound)
  }

  func bytes(_ entry: SafetensorsHeader.Entry) throws(ModelError) -> Bytes { try file.read(place(entry).range) }

  func tensor(_ entry: SafetensorsHeader.Entry) throws(ModelError) -> EncodedTensor {
    EncodedTensor(dtype: entry.dtype, shape: entry.shape, payload: .elements(.plain(try bytes(entry))))
  }
}

/// A model in one safetensors file.
struct SafetensorsModel: OpenModel {
  let path: String
  let format = "safetensors"
  let tensors: [ModelTensor]
  private let source: SafetensorsFile

  var envelope: [String: String] { source.header.metadata }
  var files: [ModelFile] { [source.file] }

  init(_ path: String) throws(ModelError) {
    self.path = path
    source = try SafetensorsFile(path)
    guard !CondensedHeader.isCondensed(source.header) else {
      throw ModelError(path, "this is a .condensed file under another name; use format: condensed")
    }
    tensors = source.header.entries.map { ModelTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
  }

  func read(_ index: Int) throws(ModelError) -> EncodedTensor { try source.tensor(source.header.entries[index]) }

  func place(_ index: Int) -> FileRange? { source.place(source.header.entries[index]) }

  func coding(_ index: Int) throws(ModelError) -> TensorCoding {
    TensorCoding(byteCount: tensors[index].byteCount, text: "plain")
  }
}
