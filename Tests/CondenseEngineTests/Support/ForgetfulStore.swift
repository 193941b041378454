import CondenseStore
import CondenseTensors

/// A store that does not find the first artifact that it is asked for, until it is asked again: as if another worker had
/// been making it meanwhile.
final class ForgetfulStore: ArtifactStore {
  private let store: any ArtifactStore
  private let hasForgotten = Locked(false)

  init(_ store: any ArtifactStore) { self.store = store }

  func load(_ artifact: Artifact) -> Bytes? {
    let isFirst = hasForgotten.withLock { hasForgotten in
      defer { hasForgotten = true }
      return !hasForgotten
    }
    return isFirst ? nil : store.load(artifact)
  }

  func actions(_ keys: [Digest]) -> [Artifact?] { store.actions(keys) }
  func keep(_ contents: [ArtifactContent], for actions: [ActionRecord], notes: [Note]) throws(StoreError) {
    try store.keep(contents, for: actions, notes: notes)
  }
  func notes(_ keys: [Digest]) -> [Bytes?] { store.notes(keys) }
  func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? { store.fileRecord(path, purpose: purpose) }
  func keepFileRecord(_ record: FileRecord, for path: String, purpose: FilePurpose) throws(StoreError) {
    try store.keepFileRecord(record, for: path, purpose: purpose)
  }
}
