import CondenseCodecs
import CondenseFiles
import CondenseStore
import CondenseTensors

/// What earlier builds of a workspace's pipelines rested on, in one file: `.condense/vN/pipelines`.
///
/// It only saves work: a record that is missing or damaged costs planning once. Every process writes the file anew, under a
/// lock, with the records of others as it finds them, and puts it in place by a rename.
///
/// The file: eight bytes of name and version, the digest of the program that wrote it, then for each record its length
/// and CRC-32 as 32-bit words and the record.
struct WorkspaceState: Sendable {
  private var records: [String: Bytes] = [:]

  static let fileName = "pipelines"
  private static let magic = Array("cndstat1".utf8)
  /// A file larger than this is none of ours.
  private static let largestFile = 1 << 31

  init() {}

  /// Reads the state in a folder; empty where there is none, or another program's.
  ///
  /// - Parameter program: stands for everything in the program that decides what a build makes.
  init(in folder: String, program: Digest) {
    guard let file = try? OpenFile.reading(folder + "/" + WorkspaceState.fileName),
      let size = try? file.identity().byteCount, size <= WorkspaceState.largestFile,
      let bytes = try? file.read(0..<size)
    else { return }
    var reader = ByteReader(bytes)
    guard let magic = try? reader.take(WorkspaceState.magic.count), magic.array == WorkspaceState.magic,
      let writer = try? reader.take(Digest.byteCount), writer.array == program.bytes
    else { return }
    while reader.remaining > 0 {
      // Where a length is wrong, nothing behind it can be found.
      guard let head = try? reader.word(), let record = try? reader.take(Int(head & 0xFFFF_FFFF)) else { return }
      guard record.withUnsafeBytes({ CRC32.checksum($0) }) == UInt32(truncatingIfNeeded: head >> 32),
        let file = PipelineRecord.file(ofEncoded: record)
      else { continue }
      records[file] = record
    }
  }

  subscript(file: String) -> PipelineRecord? { records[file].flatMap { try? PipelineRecord(encoded: $0) } }

  /// Puts records in the place of those of the same files, or removes them where they are nil, and drops those of files
  /// that are gone.
  static func update(
    in folder: String, program: Digest, _ changes: [String: PipelineRecord?]
  ) throws(FileError) {
    guard !changes.isEmpty else { return }
    let lock = try FileLock.waiting(folder + "/" + fileName + ".lock")
    defer { withExtendedLifetime(lock) {} }
    var state = WorkspaceState(in: folder, program: program)
    for (file, record) in changes { state.records[file] = record?.encoded() }
    for file in state.records.keys where changes[file] == nil && !FileSystem.exists(file) {
      state.records[file] = nil
    }
    let path = folder + "/" + fileName
    // Whoever has the lock is alone with this name.
    try FileSystem.replace(path, with: state.encoded(program: program), through: path + ".new")
  }

  private func encoded(program: Digest) -> Bytes {
    var writer = ByteWriter(capacity: 64 << 10)
    writer.append(WorkspaceState.magic)
    writer.append(program.bytes)
    for (_, record) in records.sorted(by: { $0.key < $1.key }) {
      let checksum = record.withUnsafeBytes { CRC32.checksum($0) }
      writer.word(UInt64(checksum) << 32 | UInt64(record.count))
      writer.append(record)
    }
    return writer.finish()
  }
}
