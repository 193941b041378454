import CondenseCodecs
import CondenseFiles
import CondenseTensors

/// A tensor of a model, without its bytes.
public struct ModelTensor: Hashable, Sendable {
  public var name: String
  public var dtype: DType
  public var shape: Shape

  public init(name: String, dtype: DType, shape: Shape) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }

  /// Bytes of the tensor in memory.
  public var byteCount: Int { shape.elementCount * dtype.byteWidth }
}

/// A model file, or the files of a sharded one, opened for reading. Threads may share it.
public protocol OpenModel: Sendable {
  /// As it was given.
  var path: String { get }
  /// The format's name.
  var format: String { get }
  /// In the order of their data.
  var tensors: [ModelTensor] { get }
  /// All that is not weights.
  var envelope: [String: String] { get }
  /// Bytes of all its files.
  var byteCount: Int { get }
  /// The files and what they were when they were opened.
  var files: [ModelFile] { get }
  /// For each of ``files`` its tensors, by index; a file may hold none.
  var tensorsByFile: [[Int]] { get }

  /// Reads a tensor of ``tensors``.
  ///
  /// - Throws: ``ModelError`` where the file cannot be read, ends early, or does not decode.
  func read(_ index: Int) throws(ModelError) -> EncodedTensor

  /// Where a tensor's elements stand as they do in memory; nil where they are coded.
  func place(_ index: Int) -> FileRange?

  /// How a tensor is coded in the file, in words, and the bytes it takes there.
  func coding(_ index: Int) throws(ModelError) -> TensorCoding
}

extension OpenModel {
  public var byteCount: Int { files.reduce(0) { $0 + $1.identity.byteCount } }

  /// All in the first file, where a format says nothing else.
  public var tensorsByFile: [[Int]] { [Array(tensors.indices)] }

  public func place(_ index: Int) -> FileRange? { nil }

  /// - Throws: ``ModelError`` where a file was written to after it was opened.
  public func confirmUnchanged() throws(ModelError) {
    for file in files {
      let now: FileIdentity
      do { now = try file.handle.identity() } catch { throw ModelError(error) }
      guard now == file.identity else { throw ModelError(file.handle.path, "the file changed while it was being read") }
    }
  }
}

/// Some of a file's bytes.
public struct FileRange: Sendable {
  public var file: ModelFile
  public var range: Range<Int>

  /// Calls `body` with one piece after the other, of `byteCount` bytes but for the last, until it returns false. A piece is
  /// gone when `body` returns.
  ///
  /// - Throws: ``ModelError`` where the file cannot be read, or ends early.
  public func readPieces(
    of byteCount: Int, _ body: (UnsafeRawBufferPointer) -> Bool
  ) throws(ModelError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(byteCount, range.count), alignment: 64)
    defer { buffer.deallocate() }
    for begin in stride(from: range.lowerBound, to: range.upperBound, by: byteCount) {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(byteCount, range.upperBound - begin)])
      try file.read(into: piece, at: begin)
      guard body(UnsafeRawBufferPointer(piece)) else { return }
    }
  }

  /// All bytes. `body` gets each piece while it is in the processor's cache: of `byteCount` bytes but for the last.
  ///
  /// - Throws: ``ModelError`` where the file cannot be read, or ends early.
  public func read(
    byPiecesOf byteCount: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(ModelError) -> Bytes {
    try Bytes(count: range.count) { (memory: UnsafeMutableRawBufferPointer) throws(ModelError) in
      for begin in stride(from: 0, to: range.count, by: byteCount) {
        let piece = UnsafeMutableRawBufferPointer(rebasing: memory[begin..<min(begin + byteCount, range.count)])
        try file.read(into: piece, at: range.lowerBound + begin)
        body(UnsafeRawBufferPointer(piece))
      }
    }
  }
}

/// How a tensor stands in a file.
public struct TensorCoding: Sendable {
  public var byteCount: Int
  /// For example `huffman, sparse by gaps, 32 centroids`.
  public var text: String

  public init(byteCount: Int, text: String) {
    self.byteCount = byteCount
    self.text = text
  }
}

/// An open file of a model.
public struct ModelFile: Sendable {
  public var handle: OpenFile
  public var identity: FileIdentity

  init(_ path: String) throws(ModelError) {
    do {
      handle = try OpenFile.reading(path)
      identity = try handle.identity()
    } catch {
      throw ModelError(error)
    }
  }

  /// Fills `buffer` with the bytes from `offset` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ModelError) {
    let count: Int
    do { count = try handle.read(into: buffer, at: offset) } catch { throw ModelError(error) }
    guard count == buffer.count else { throw endsEarly(missing: buffer.count - count, at: offset + count) }
  }

  private func endsEarly(missing count: Int, at offset: Int) -> ModelError {
    ModelError(handle.path, "the file ends early: \(count) bytes are missing", offset: offset)
  }

  /// The bytes of `range`.
  func read(_ range: Range<Int>) throws(ModelError) -> Bytes {
    let bytes: Bytes
    do { bytes = try handle.read(range) } catch { throw ModelError(error) }
    guard bytes.count == range.count else {
      throw endsEarly(missing: range.count - bytes.count, at: range.lowerBound + bytes.count)
    }
    return bytes
  }
}

/// A file format for models: how to open one, and how to write one.
public protocol ModelFormat: Sendable {
  var name: String { get }
  /// What file names end in, longest first, without the leading dot.
  var extensions: [String] { get }

  func open(_ path: String) throws(ModelError) -> any OpenModel

  /// Writes a model to a new file; the caller makes it appear in its place.
  ///
  /// - Throws: whatever loading a tensor throws, ``ModelError``, ``FileError``.
  func write(_ contents: ModelContents, to file: NewFile) throws
}

/// A model to write: tensors are asked for one after the other, so that no more than one needs to be in memory.
public struct ModelContents: Sendable {
  public var tensors: [ModelTensor]
  public var envelope: [String: String]
  public var load: @Sendable (Int) throws -> EncodedTensor

  public init(
    tensors: [ModelTensor], envelope: [String: String], load: @escaping @Sendable (Int) throws -> EncodedTensor
  ) {
    self.tensors = tensors
    self.envelope = envelope
    self.load = load
  }
}

/// Why a model file cannot be used.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  public var path: String
  public var message: String
  /// From the file's start.
  public var offset: Int?
  public var isMissing = false

  public init(_ path: String, _ message: String, offset: Int? = nil) {
    self.path = path
    self.message = message
    self.offset = offset
  }

  init(_ error: FileError) {
    self.init(error.path, "cannot \(error.operation): \(error.reason)")
    isMissing = error.isMissing
  }

  public var description: String {
    offset.map { "\(path): \(message) (at byte \($0))" } ?? "\(path): \(message)"
  }
}
