import CondenseFiles
import Foundation

/// Finds what lies in a store's folder and is none of the store's: other files and folders, databases that a later one has
/// replaced, and what processes that are gone left half written.
struct StraySweep {
  let root: String
  let objects: ObjectFolder
  /// The database that counts.
  let index: String
  private var found: [StoreProblem] = []

  /// What else is at the top: see docs/store.md.
  private static let names: Set<String> = [
    "objects", "staging", "running", "running.lock", "upkeep.lock", "actions.lock", "index.lock",
  ]

  init(root: String, objects: ObjectFolder, index: String) {
    self.root = root
    self.objects = objects
    self.index = index
  }

  mutating func problems(drops: Bool) -> [StoreProblem] {
    found = []
    sweepTop()
    sweepObjects()
    sweepStaging(drops: drops)
    guard drops else { return found }
    for place in found.indices where !found[place].isDropped {
      try? FileManager.default.removeItem(atPath: found[place].place)
      found[place].isDropped = !FileSystem.exists(found[place].place)
    }
    return found
  }

  private mutating func add(_ kind: StoreProblem.Kind, _ path: String, _ detail: String) {
    found.append(StoreProblem(kind: kind, place: path, detail: detail))
  }

  private mutating func sweepTop() {
    let database = (index as NSString).lastPathComponent
    let databaseFiles: Set = [database, database + "-wal", database + "-shm", database + "-journal"]
    for name in (try? FileSystem.names(in: root)) ?? [] {
      guard !StraySweep.names.contains(name), !databaseFiles.contains(name) else { continue }
      // Another process looks for room on the disk this way.
      if name.hasPrefix(".room-") { continue }
      let isIndex = name.hasPrefix("index") && name.contains(".sqlite")
      if isIndex {
        add(.damagedIndex, root + "/" + name, "a later one took its place because it was damaged")
      } else {
        add(.strayFile, root + "/" + name, "nothing of that name belongs here")
      }
    }
  }

  private mutating func sweepObjects() {
    for entry in (try? FileSystem.entries(in: objects.objects)) ?? [] {
      let path = objects.objects + "/" + entry.name
      guard entry.kind == .folder, entry.name.utf8.count == 2 else {
        add(.strayFile, path, "objects are in folders named by the first two digits")
        continue
      }
      for object in (try? FileSystem.entries(in: path)) ?? []
      where object.kind != .file
        || Digest(hex: entry.name + object.name).map({ $0.hex != entry.name + object.name }) ?? true
      {
        add(.strayFile, path + "/" + object.name, "no digest")
      }
    }
  }

  private mutating func sweepStaging(drops: Bool) {
    let names = Set((try? FileSystem.names(in: objects.staging)) ?? [])
    for name in names.sorted() {
      let path = objects.staging + "/" + name
      if name.hasSuffix(".lock") {
        // Whoever lives holds its lock.
        guard let lock = try? FileLock.attempt(path) else { continue }
        withExtendedLifetime(lock) {
          add(.abandoned, String(path.dropLast(5)), "the process that wrote it is gone")
          guard drops else { return }
          try? FileManager.default.removeItem(atPath: String(path.dropLast(5)))
          try? lock.removeFile()
          found[found.count - 1].isDropped = true
        }
      } else if !names.contains(name + ".lock"), FileSystem.exists(path), !FileSystem.exists(path + ".lock") {
        add(.strayFile, path, "nothing of that name belongs here")
      }
    }
  }
}
