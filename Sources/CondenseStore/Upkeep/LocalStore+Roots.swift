import CondenseFiles
import Foundation
import GRDB

// What the outputs of workspaces are made of. Where the program that last built there has gone, or the workspace itself,
// that ends: pipelines whose file is gone drop at the next eviction, workspaces that were not seen for 30 days too.
extension LocalStore {
  /// For how many days a workspace counts that nobody builds in.
  static let daysOfAbsence = 30

  public func keepRoots(_ roots: [BuildRoots], of files: [String], in workspace: String) throws(StoreError) {
    let use = currentUse
    try index.write { database in
      try LocalStore.see(workspace, at: use, in: database)
      let deletion = try database.cachedStatement(sql: "DELETE FROM roots WHERE workspace = ? AND file = ?")
      for file in files { try deletion.execute(arguments: [workspace, file]) }
      let insertion = try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO roots (workspace, file, build, artifacts) VALUES (?, ?, ?, ?)")
      for root in roots {
        let value = SealedValue.seal(
          root.artifacts.flatMap(\.bytes), under: LocalStore.rootKey(workspace, root.file, root.build))
        try insertion.execute(arguments: [workspace, root.file, root.build, value])
      }
    }
  }

  public func see(workspace: String) throws(StoreError) {
    let use = currentUse
    try index.write { database in try LocalStore.see(workspace, at: use, in: database) }
  }

  private static func see(_ workspace: String, at use: Int, in database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO workspaces (root, seen) VALUES (?, ?)", arguments: [workspace, use])
  }

  static func rootKey(_ workspace: String, _ file: String, _ build: String) -> [UInt8] {
    [workspace, file, build].flatMap { Words.bytes([UInt64($0.utf8.count)]) + Array($0.utf8) }
  }

  /// A workspace that the store knows.
  public struct KnownWorkspace: Equatable, Sendable {
    public var root: String
    /// Hours since 1970.
    public var seen: Int
    public var builds: [BuildRoots] = []
  }

  /// The workspaces that count, by their path, with the builds whose pipeline is still there.
  public func workspaces() -> [KnownWorkspace] {
    let earliest = earliestUse
    return index.read { try LocalStore.workspaces(seenSince: earliest, in: $0) } ?? []
  }

  /// Forgets all other workspaces and builds, and returns those that count.
  ///
  /// In one transaction: what a build tells between a look and a removal would be forgotten.
  func forgetAbsent() throws(StoreError) -> [KnownWorkspace] {
    let earliest = earliestUse
    var kept: [KnownWorkspace] = []
    try index.write { database in
      kept = try LocalStore.workspaces(seenSince: earliest, in: database)
      try LocalStore.forget(allBut: kept, in: database)
    }
    return kept
  }

  /// Who was not seen since then does not count.
  private var earliestUse: Int { currentUse - 24 * LocalStore.daysOfAbsence }

  private static func workspaces(seenSince earliest: Int, in database: Database) throws -> [KnownWorkspace] {
    let seen = try Row.fetchAll(database, sql: "SELECT root, seen FROM workspaces ORDER BY root")
    let rows = try Row.fetchAll(
      database, sql: "SELECT workspace, file, build, artifacts FROM roots ORDER BY workspace, file, build")
    var roots: [String: [BuildRoots]] = [:]
    for row in rows {
      guard let workspace = String.fromDatabaseValue(row[0]), let file = String.fromDatabaseValue(row[1]),
        let build = String.fromDatabaseValue(row[2]),
        let bytes = SealedValue.open(row[3], under: rootKey(workspace, file, build))
      else { continue }
      let digests = stride(from: 0, to: bytes.count, by: Digest.byteCount).compactMap { start in
        Digest(bytes: bytes[start..<min(bytes.count, start + Digest.byteCount)])
      }
      roots[workspace, default: []].append(BuildRoots(file: file, build: build, artifacts: digests))
    }
    return seen.compactMap { row in
      guard let root = String.fromDatabaseValue(row[0]), hour(row[1]) >= earliest else { return nil }
      var workspace = KnownWorkspace(root: root, seen: hour(row[1]), builds: roots[root] ?? [])
      // A workspace that is not there at all may be on a disk that is not mounted now, or on another machine.
      if FileSystem.isFolder(root) { workspace.builds.removeAll { !FileSystem.exists($0.file) } }
      return workspace
    }
  }

  private static func forget(allBut kept: [KnownWorkspace], in database: Database) throws {
    let names = Set(kept.map(\.root))
    let builds = Set(kept.flatMap { workspace in workspace.builds.map { rootKey(workspace.root, $0.file, $0.build) } })
    for root in try String.fetchAll(database, sql: "SELECT root FROM workspaces") where !names.contains(root) {
      try database.execute(sql: "DELETE FROM workspaces WHERE root = ?", arguments: [root])
    }
    for row in try Row.fetchAll(database, sql: "SELECT workspace, file, build FROM roots") {
      guard let workspace = String.fromDatabaseValue(row[0]), let file = String.fromDatabaseValue(row[1]),
        let build = String.fromDatabaseValue(row[2]), !builds.contains(rootKey(workspace, file, build))
      else { continue }
      try database.execute(
        sql: "DELETE FROM roots WHERE workspace = ? AND file = ? AND build = ?", arguments: [workspace, file, build])
    }
  }
}
