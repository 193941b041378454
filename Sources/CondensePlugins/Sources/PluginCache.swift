import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation

/// What is known of files and plugins from earlier: contents by what the system says of the files, and descriptions by
/// what decides them. So nothing is read or started while nothing changes.
///
/// Kept in a small file: a line with the format's version and a digest of the rest, then an object a line. A file that is
/// not as it should be counts as none.
final class PluginCache: Sendable {
  private let path: String?
  private let state: Locked<State>

  private struct State {
    var files: [String: KnownFile] = [:]
    var descriptions: [Digest: KnownDescription] = [:]
    var isChanged = false
  }

  struct KnownFile: Equatable {
    var identity: FileIdentity
    var digest: Digest
  }

  /// What `describe` printed, and a digest of what it said that it depends on.
  struct KnownDescription: Equatable {
    var text: String
    var dependencies: Digest
  }

  private static let title = "condense plugin cache 1"
  private static let byteCount = 64 << 20
  /// Entries of a kind; a file with more starts over.
  private static let mostEntries = 20_000

  /// - Parameter path: nil for a cache in memory.
  init(path: String?) {
    self.path = path
    var state = State()
    if let path, let bytes = PluginCache.content(path) { PluginCache.read(bytes, into: &state) }
    self.state = Locked(state)
  }

  /// The digest of a file's content. Reads it only where it may have changed.
  func file(_ path: String) throws(FileError) -> KnownFile {
    let now = try FileIdentity(of: path)
    if let known = state.withLock({ $0.files[path] }), known.identity == now { return known }
    let moment = FileIdentity.now
    let file = try OpenFile.reading(path)
    let before = try file.identity()
    let known = KnownFile(identity: before, digest: try Digest(of: file))
    // One that was written a moment ago, or while it was read, must be read again.
    if before.isSettled(at: moment), try file.identity() == before {
      state.withLock { state in
        if state.files.count >= PluginCache.mostEntries { state.files.removeAll() }
        state.files[path] = known
        state.isChanged = true
      }
    }
    return known
  }

  func description(_ key: Digest) -> KnownDescription? { state.withLock { $0.descriptions[key] } }

  func keep(_ description: KnownDescription, for key: Digest) {
    state.withLock { state in
      guard state.descriptions[key] != description else { return }
      if state.descriptions.count >= PluginCache.mostEntries { state.descriptions.removeAll() }
      state.descriptions[key] = description
      state.isChanged = true
    }
  }

  /// Writes what is new. Where that fails, it is found out again the next time.
  func save() {
    guard let path else { return }
    let changed: State? = state.withLock { state in
      defer { state.isChanged = false }
      return state.isChanged ? state : nil
    }
    guard let changed else { return }
    let body = PluginCache.text(changed)
    let bytes = Bytes("\(PluginCache.title) \(Digest(of: Bytes(body.utf8)).hex)\n\(body)".utf8)
    try? FileSystem.makeFolders((path as NSString).deletingLastPathComponent)
    try? FileSystem.replace(path, with: bytes, through: "\(path).\(UUID().uuidString)")
  }
}

// The file.
extension PluginCache {
  private static func text(_ state: State) -> String {
    let files = state.files.sorted { $0.key < $1.key }.map { path, file in
      let numbers = [
        String(file.identity.device), String(file.identity.inode), String(file.identity.byteCount),
        String(file.identity.modificationTime), String(file.identity.changeTime),
      ]
      return JSONElement.object([
        ("file", .string(path)), ("identity", .array(numbers.map { .string($0) })),
        ("digest", .string(file.digest.hex)),
      ])
    }
    let descriptions = state.descriptions.sorted { $0.key.hex < $1.key.hex }.map { key, known in
      JSONElement.object([
        ("plugin", .string(key.hex)), ("describe", .string(known.text)),
        ("dependencies", .string(known.dependencies.hex)),
      ])
    }
    return (files + descriptions).map { $0.text + "\n" }.joined()
  }

  private static func content(_ path: String) -> Bytes? {
    guard let file = try? OpenFile.reading(path), let size = try? file.identity().byteCount, size <= byteCount else {
      return nil
    }
    return try? file.read(0..<size)
  }

  private static func read(_ bytes: Bytes, into state: inout State) {
    let text = bytes.array
    guard let end = text.firstIndex(of: UInt8(ascii: "\n")) else { return }
    let body = bytes[(end + 1)..<bytes.count]
    guard String(decoding: text[..<end], as: UTF8.self) == "\(title) \(Digest(of: body).hex)" else { return }
    for line in body.array.split(separator: UInt8(ascii: "\n")) {
      guard let entry = try? JSONElement(Bytes(line)) else { return }
      if let path = entry["file"]?.string, let digest = digest(entry["digest"]),
        let identity = identity(entry["identity"])
      {
        state.files[path] = KnownFile(identity: identity, digest: digest)
      } else if let key = digest(entry["plugin"]), let text = entry["describe"]?.string,
        let dependencies = digest(entry["dependencies"])
      {
        state.descriptions[key] = KnownDescription(text: text, dependencies: dependencies)
      }
    }
  }

  private static func digest(_ json: JSONElement?) -> Digest? { json?.string.flatMap { Digest(hex: $0) } }

  private static func identity(_ json: JSONElement?) -> FileIdentity? {
    let numbers = json?.array?.compactMap(\.string) ?? []
    guard numbers.count == 5, let device = UInt64(numbers[0]), let inode = UInt64(numbers[1]),
      let byteCount = Int(numbers[2]), let modified = Int64(numbers[3]), let changed = Int64(numbers[4])
    else { return nil }
    return FileIdentity(
      device: device, inode: inode, byteCount: byteCount, modificationTime: modified, changeTime: changed)
  }
}
