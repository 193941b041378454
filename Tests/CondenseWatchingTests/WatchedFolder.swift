import CondenseFiles
import CondenseWatching
import Foundation
import TestSupport

/// A temporary folder, and what a watcher told of it.
final class WatchedFolder: @unchecked Sendable {
  /// Real, so that paths are what the watcher says.
  let path: String
  private let condition = NSCondition()
  private var notices: [WatchNotice] = []

  init() throws {
    path =
      FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/condense-watching-\(UUID().uuidString)"
    try FileSystem.makeFolders(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  static func / (folder: WatchedFolder, name: String) -> String { folder.path + "/" + name }

  @Sendable func receive(_ notice: WatchNotice) {
    condition.withLock {
      notices.append(notice)
      condition.broadcast()
    }
  }

  /// What was told since the last call.
  func take() -> [WatchNotice] {
    condition.withLock {
      defer { notices = [] }
      return notices
    }
  }

  /// The changes told since the last call.
  func takeChanges() -> [FileChange] { take().flatMap(\.changes) }

  /// Waits until something is told that fits; false after ``longestWait``.
  func waits(for fits: (WatchNotice) -> Bool) -> Bool {
    let deadline = Date(timeIntervalSinceNow: Double(longestWait))
    return condition.withLock {
      while !notices.contains(where: fits) { if !condition.wait(until: deadline) { return false } }
      return true
    }
  }
}

extension WatchNotice {
  var changes: [FileChange] { if case .changes(let changes) = self { changes } else { [] } }
  var isRescan: Bool { if case .rescan = self { true } else { false } }
  var degradation: String? { if case .degraded(let why) = self { why } else { nil } }
}

extension [FileChange] {
  func has(_ path: String, _ kind: FileChange.Kind? = nil) -> Bool {
    contains { $0.path == path && (kind == nil || $0.kind == kind) }
  }

  /// Whether the last that was told of a path is of this kind.
  func ends(_ path: String, _ kind: FileChange.Kind) -> Bool { last { $0.path == path }?.kind == kind }

  /// Whether a path was told, or a folder that it is in.
  func covers(_ path: String) -> Bool {
    contains { $0.path == path || $0.kind == .folder && path.hasPrefix($0.path + "/") }
  }
}

/// Opens, writes, closes.
func write(_ text: String, to path: String, flags: Int32 = O_CREAT | O_TRUNC) throws {
  let descriptor = open(path, O_WRONLY | flags, 0o666)
  guard descriptor >= 0 else { throw FileError("open", path, code: errno) }
  defer { close(descriptor) }
  guard write(descriptor, text, text.utf8.count) == text.utf8.count else { throw FileError("write", path, code: errno) }
}

func makeLink(_ path: String, to target: String) throws {
  guard symlink(target, path) == 0 else { throw FileError("link", path, code: errno) }
}

func makeHardLink(_ path: String, to target: String) throws {
  guard link(target, path) == 0 else { throw FileError("link", path, code: errno) }
}

func removeAll(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }
