import CondenseStore
import CondenseTensors

/// A store in memory, and gone with it.
final class MemoryStore: ArtifactStore {
  private struct State {
    var artifacts: [Digest: Bytes] = [:]
    var actions: [Digest: Artifact] = [:]
    var notes: [Digest: Bytes] = [:]
  }
  private let state = Locked(State())

  /// The keys of everything that was ever run into it.
  var keys: Set<Digest> { state.withLock { Set($0.actions.keys) } }

  func actions(_ keys: [Digest]) -> [Artifact?] { state.withLock { state in keys.map { state.actions[$0] } } }
  func load(_ artifact: Artifact) -> Bytes? { state.withLock { $0.artifacts[artifact.digest] } }
  func keep(_ contents: [ArtifactContent], for actions: [ActionRecord], notes: [Note]) {
    state.withLock { state in
      for content in contents {
        state.artifacts[content.artifact.digest] = Bytes(content.parts.flatMap { $0.array })
      }
      for action in actions { state.actions[action.key] = action.artifact }
      for note in notes { state.notes[note.key] = note.value }
    }
  }
  func notes(_ keys: [Digest]) -> [Bytes?] { state.withLock { state in keys.map { state.notes[$0] } } }
  func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? { nil }
  func keepFileRecord(_ record: FileRecord, for path: String, purpose: FilePurpose) {}
}
