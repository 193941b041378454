import CondenseStore
import CondenseTensors

/// A store that tells what was run into it, and can lose artifacts.
final class WatchedStore: ArtifactStore {
  private let store: any ArtifactStore

  private struct State {
    var lost: Set<Artifact> = []
    /// What was lost at some time since runs were last taken.
    var missed: Set<Artifact> = []
    var kept: [Digest] = []
    var needless: [Digest] = []
    var everKept: [Artifact] = []
  }
  private let state = Locked(State())

  init(_ store: any ArtifactStore) { self.store = store }

  /// The keys of the actions that have run since this was last asked, in the order in which they were kept; and those of
  /// them that the store knew, with a result that it had.
  func takeRuns() -> (keys: [Digest], needless: [Digest]) {
    state.withLock { state in
      defer { (state.kept, state.needless, state.missed) = ([], [], state.lost) }
      return (state.kept, state.needless)
    }
  }

  /// What the store has been given so far, in that order.
  var everKept: [Artifact] { state.withLock { $0.everKept } }

  /// Acts as if these were not there, until they are made again.
  func lose(_ artifacts: some Sequence<Artifact>) {
    state.withLock { state in
      state.lost.formUnion(artifacts)
      state.missed.formUnion(state.lost)
    }
  }

  func load(_ artifact: Artifact) -> Bytes? {
    state.withLock { $0.lost.contains(artifact) } ? nil : store.load(artifact)
  }

  func keep(_ contents: [ArtifactContent], for actions: [ActionRecord], notes: [Note]) throws(StoreError) {
    let known = store.actions(actions.map(\.key))
    state.withLock { state in
      state.kept += actions.map(\.key)
      for case (let action, let artifact?) in zip(actions, known) where !state.missed.contains(artifact) {
        state.needless.append(action.key)
      }
      state.everKept += contents.map(\.artifact)
    }
    try store.keep(contents, for: actions, notes: notes)
    state.withLock { $0.lost.subtract(contents.map(\.artifact)) }
  }

  func actions(_ keys: [Digest]) -> [Artifact?] { store.actions(keys) }
  func notes(_ keys: [Digest]) -> [Bytes?] { store.notes(keys) }
  func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? { store.fileRecord(path, purpose: purpose) }
  func keepFileRecord(_ record: FileRecord, for path: String, purpose: FilePurpose) throws(StoreError) {
    try store.keepFileRecord(record, for: path, purpose: purpose)
  }
}
