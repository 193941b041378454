import CondenseFiles
import Foundation
import GRDB

// What is in the store, for looking at it as a whole.
extension LocalStore {
  /// All actions, ordered by key.
  public func allActions() -> [ActionRecord] {
    let rows = index.read { try Row.fetchAll($0, sql: "SELECT key, artifact FROM actions ORDER BY key") }
    return (rows ?? []).compactMap { row in
      let column: DatabaseValue = row["key"]
      guard let key = Data.fromDatabaseValue(column).flatMap({ Digest(bytes: $0) }) else { return nil }
      return SealedValue.open(row["artifact"], under: key.bytes).flatMap { Artifact(encoded: $0) }
        .map { ActionRecord(key: key, artifact: $0) }
    }
  }

  /// The digests of all artifacts, sorted.
  public func allArtifacts() -> [Digest] {
    let small = index.read { try DatabaseValue.fetchAll($0, sql: "SELECT digest FROM artifacts") } ?? []
    let digests = small.compactMap { Data.fromDatabaseValue($0).flatMap { Digest(bytes: $0) } } + objects.digests()
    return digests.sorted { $0.hex < $1.hex }
  }
}
