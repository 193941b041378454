import CondenseFiles
import CondenseStore
import CondenseTensors

/// What earlier builds of a workspace's pipelines rested on, in one file: `.condense/vN/pipelines`.
///
/// It only saves work: a record that is missing or damaged costs planning once, and one that is older than it could be does
/// not hold any more. So nothing waits for the disk. Every process adds its records to the file, under a lock; where too
/// much in it has been superseded, it is written anew, and put in place by a rename.
struct WorkspaceState: Sendable {
  private var records: [String: Bytes] = [:]
  /// Records that have been decoded, where somebody wanted them to be.
  private var decoded: [String: PipelineRecord] = [:]
  private var log = StateLog()

  static let fileName = "pipelines"

  init() {}

  /// Reads the state in a folder; empty where there is none, or another program's.
  ///
  /// - Parameter program: stands for everything in the program that decides what a build makes.
  init(in folder: String, program: Digest) { refresh(in: folder, program: program) }

  /// Reads what has been added since it was last read.
  mutating func refresh(in folder: String, program: Digest) {
    guard let file = try? OpenFile.reading(WorkspaceState.path(in: folder)) else {
      self = WorkspaceState()
      return
    }
    read(file, program)
  }

  /// Decodes all records, so that asking for them costs nothing.
  mutating func decode() {
    for (file, record) in records where decoded[file] == nil { decoded[file] = try? PipelineRecord(encoded: record) }
  }

  subscript(file: String) -> PipelineRecord? {
    decoded[file] ?? records[file].flatMap { try? PipelineRecord(encoded: $0) }
  }

  /// Puts records in the place of those of the same files, or removes them where they are nil. Where the file is written
  /// anew, records of pipeline files that are gone are dropped.
  ///
  /// - Parameter known: what has been read of the state already; only what others have added since is read again.
  /// - Returns: the state as it is now.
  @discardableResult
  static func update(
    in folder: String, program: Digest, _ changes: [String: PipelineRecord?],
    known: WorkspaceState = WorkspaceState()
  ) throws(FileError) -> WorkspaceState {
    guard !changes.isEmpty else { return known }
    let path = path(in: folder)
    let lock = try FileLock.waiting(path + ".lock")
    defer { withExtendedLifetime(lock) {} }
    // Who read while another wrote may have seen damage that is none.
    var state = known.log.isDamaged ? WorkspaceState() : known
    let file = try OpenFile.updating(path)
    state.read(file, program)
    let added = StateLog.framed(state.change(changes))
    if state.log.hasRoom(for: added.count) {
      if !added.isEmpty { try state.log.append(added, to: file) }
      return state
    }
    state.records = state.records.filter { changes[$0.key] != nil || FileSystem.exists($0.key) }
    let records = state.records.sorted { $0.key < $1.key }.map(\.value)
    // Whoever has the lock is alone with this name.
    try FileSystem.replace(
      path, with: StateLog.file(of: StateLog.framed(records), program: program), through: path + ".new")
    return WorkspaceState(in: folder, program: program)
  }

  private static func path(in folder: String) -> String { folder + "/" + fileName }

  private mutating func read(_ file: OpenFile, _ program: Digest) {
    let news = log.read(file, program: program)
    if news.isOtherFile { (records, decoded) = ([:], [:]) }
    for record in news.records {
      guard let (file, isRemoval) = PipelineRecord.heading(ofEncoded: record) else { continue }
      records[file] = isRemoval ? nil : record
      decoded[file] = nil
    }
  }

  /// Returns the records that say what has changed.
  private mutating func change(_ changes: [String: PipelineRecord?]) -> [Bytes] {
    changes.sorted { $0.key < $1.key }.compactMap { file, record in
      decoded[file] = nil
      if let record {
        let encoded = record.encoded()
        records[file] = encoded
        return encoded
      }
      return records.removeValue(forKey: file).map { _ in PipelineRecord.removal(of: file) }
    }
  }
}
