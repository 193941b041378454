import CondenseCodecs
import CondenseFiles
import CondenseStages
import CondenseTensors
import Foundation

/// The safetensors files through which tensors go to a plugin and come back.
enum TensorFile {
  /// Writes tensors in the types and shapes of their source, one after the other.
  static func write(_ tensors: [NamedTensor], to path: String) throws(PluginFailure) {
    do {
      let header = try SafetensorsHeader.laidOut(tensors.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) })
      let file = try NewFile(path)
      try file.append(header.encoded())
      for tensor in tensors { try file.append(tensor.tensor.expanded().bytes) }
    } catch {
      throw PluginFailure("the tensors cannot be handed over: \(error)")
    }
  }

  /// Bytes that a header may have: what these tensors need, and much room for how others write it.
  private static func headerByteCount(_ expected: [(name: String, dtype: DType, shape: Shape)]) -> Int {
    1 << 20 + expected.reduce(0) { $0 + 512 + 12 * $1.name.utf8.count + 24 * $1.shape.rank }
  }

  /// Reads the tensors that a plugin has written to a file of its output folder, which are to be of these names, types
  /// and shapes. Nothing is taken as given: docs/stage-plugins.md, "What is checked".
  static func read(
    _ name: String, in folder: String, expected: [(name: String, dtype: DType, shape: Shape)]
  ) throws(PluginFailure) -> [Tensor] {
    let file = try open(name, in: folder)
    do {
      let size = try file.identity().byteCount
      let header = try header(of: file, name, size: size, expected: expected)
      return try tensors(of: header.header, at: header.start, in: file, name, expected: expected)
    } catch let error as PluginFailure {
      throw error
    } catch {
      throw PluginFailure("its result '\(name)' cannot be read: \(error)")
    }
  }

  /// Opens a regular file of this user that lies in the folder itself.
  private static func open(_ name: String, in folder: String) throws(PluginFailure) -> OpenFile {
    guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.contains("\0") else {
      throw PluginFailure(
        "its result is the file \(JSONText.shown(name)); expected the name of a file in the output folder"
      )
    }
    let path = folder + "/" + name
    var status = stat()
    guard lstat(path, &status) == 0 else {
      throw PluginFailure("its result '\(LogTail.printable(name))' is not there: \(String(cString: strerror(errno)))")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFLNK: throw PluginFailure("its result '\(LogTail.printable(name))' is a symbolic link")
    default: throw PluginFailure("its result '\(LogTail.printable(name))' is no regular file")
    }
    guard status.st_uid == geteuid() else {
      throw PluginFailure("its result '\(LogTail.printable(name))' belongs to another user")
    }
    do throws(FileError) {
      let file = try OpenFile.reading(path)
      // Between the look and the opening it may have become something else.
      let opened = try file.identity()
      guard opened.inode == UInt64(status.st_ino), opened.device == UInt64(truncatingIfNeeded: status.st_dev) else {
        throw FileError("read", path, code: ESTALE)
      }
      return file
    } catch {
      throw PluginFailure("its result cannot be read: \(error)")
    }
  }

  private static func header(
    of file: OpenFile, _ name: String, size: Int, expected: [(name: String, dtype: DType, shape: Shape)]
  ) throws -> (header: SafetensorsHeader, start: Int) {
    let dataSize = expected.reduce(0) { $0 + $1.shape.elementCount * $1.dtype.byteWidth }
    let bound = headerByteCount(expected)
    // Before anything is read: the file may be of any size.
    guard size <= dataSize + bound else {
      throw PluginFailure("its result '\(name)' has \(size) bytes; the tensors take \(dataSize)")
    }
    let prefix = try file.read(0..<SafetensorsHeader.prefixByteCount)
    let count = try SafetensorsHeader.jsonByteCount(prefix: prefix, fileByteCount: size)
    guard count <= bound else { throw PluginFailure("its result '\(name)' has a header of \(count) bytes") }
    let start = SafetensorsHeader.prefixByteCount + count
    let json = try file.read(SafetensorsHeader.prefixByteCount..<start)
    return (try SafetensorsHeader(json: json, dataByteCount: size - start), start)
  }

  private static func tensors(
    of header: SafetensorsHeader, at start: Int, in file: OpenFile, _ name: String,
    expected: [(name: String, dtype: DType, shape: Shape)]
  ) throws -> [Tensor] {
    let entries = Dictionary(header.entries.map { ($0.name, $0) }) { first, _ in first }
    let wanted = Set(expected.map(\.name))
    if let other = header.entries.first(where: { !wanted.contains($0.name) }) {
      throw PluginFailure("its result holds the tensor \(JSONText.shown(other.name)), which nobody asked for")
    }
    return try expected.map { tensor in
      guard let entry = entries[tensor.name] else {
        throw PluginFailure("its result holds no tensor \(JSONText.shown(tensor.name))")
      }
      guard entry.dtype == tensor.dtype, entry.shape == tensor.shape else {
        throw PluginFailure(
          "its result holds \(entry.dtype.rawValue) \(entry.shape) for the tensor \(JSONText.shown(tensor.name)), which is "
            + "\(tensor.dtype.rawValue) \(tensor.shape)")
      }
      let range = start + entry.range.lowerBound..<start + entry.range.upperBound
      let result = try Tensor(dtype: entry.dtype, shape: entry.shape, bytes: try file.read(range))
      if let index = result.firstNonFinite {
        throw PluginFailure(
          "its result for the tensor \(JSONText.shown(tensor.name)) is not finite at element \(index)")
      }
      return result
    }
  }
}

extension Tensor {
  /// The first element that is a not-a-number or an infinity; nil where there is none, and for types that have none.
  var firstNonFinite: Int? {
    switch dtype {
    case .f32: first(of: UInt32.self) { $0 & 0x7F80_0000 == 0x7F80_0000 }
    case .f64: first(of: UInt64.self) { $0 & 0x7FF0_0000_0000_0000 == 0x7FF0_0000_0000_0000 }
    case .f16: first(of: UInt16.self) { $0 & 0x7C00 == 0x7C00 }
    case .bf16: first(of: UInt16.self) { $0 & 0x7F80 == 0x7F80 }
    case .f8e5m2: first(of: UInt8.self) { $0 & 0x7C == 0x7C }
    case .f8e4m3: first(of: UInt8.self) { $0 & 0x7F == 0x7F }
    default: nil
    }
  }

  private func first<T: FixedWidthInteger & BitwiseCopyable>(of type: T.Type, _ isWrong: (T) -> Bool) -> Int? {
    bytes.withElements(of: type) { elements in elements.firstIndex { isWrong(T(littleEndian: $0)) } }
  }
}
