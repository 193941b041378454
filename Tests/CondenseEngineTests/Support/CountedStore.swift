import CondenseStore
import CondenseTensors

/// A store that tells of its look-ups, and counts the artifacts that were not there when they were loaded.
final class CountedStore: ArtifactStore {
  private let store: any ArtifactStore
  private let counts = Locked((lookups: 0, misses: 0))
  private let afterLookup: @Sendable (_ number: Int) -> Void

  /// - Parameter afterLookup: called after each look-up of actions, with how many there were before.
  init(_ store: any ArtifactStore, afterLookup: @escaping @Sendable (_ number: Int) -> Void = { _ in }) {
    self.store = store
    self.afterLookup = afterLookup
  }

  var misses: Int { counts.withLock { $0.misses } }

  func actions(_ keys: [Digest]) -> [Artifact?] {
    let found = store.actions(keys)
    let number = counts.withLock { counts in
      counts.lookups += 1
      return counts.lookups - 1
    }
    afterLookup(number)
    return found
  }

  func load(_ artifact: Artifact) -> Bytes? {
    let bytes = store.load(artifact)
    if bytes == nil { counts.withLock { $0.misses += 1 } }
    return bytes
  }

  func keep(_ contents: [ArtifactContent], for actions: [ActionRecord], notes: [Note]) throws(StoreError) {
    try store.keep(contents, for: actions, notes: notes)
  }
  func notes(_ keys: [Digest]) -> [Bytes?] { store.notes(keys) }
  func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? { store.fileRecord(path, purpose: purpose) }
  func keepFileRecord(_ record: FileRecord, for path: String, purpose: FilePurpose) throws(StoreError) {
    try store.keepFileRecord(record, for: path, purpose: purpose)
  }
  func claim(_ keys: [Digest]) -> ActionClaims { store.claim(keys) }
  func claim(waitingFor key: Digest) -> ActionClaims { store.claim(waitingFor: key) }
  func hold() -> StoreHold? { store.hold() }
  func keepRoots(_ roots: [BuildRoots], of files: [String], in workspace: String) throws(StoreError) {
    try store.keepRoots(roots, of: files, in: workspace)
  }
  func see(workspace: String) throws(StoreError) { try store.see(workspace: workspace) }
  func evict(whenOver limit: Int) { store.evict(whenOver: limit) }
}
