import CondenseEngine
import CondenseFiles
import CondenseStore

/// The store, opened once and kept open between builds.
///
/// A user may remove the store's folder at any time; whoever then goes on with the open one would write into files that
/// nobody finds. So each build asks whether it is still the one under its name.
package final class WarmStore: Sendable {
  private struct Opened {
    var store: LocalStore
    var folder: String
    var identity: FolderID
  }

  /// The root's, and its index's.
  private struct FolderID: Equatable {
    var numbers: [UInt64]

    init(_ store: LocalStore) throws(FileError) {
      numbers = []
      for path in [store.root, store.indexPath] {
        let identity = try FileIdentity(of: path)
        numbers += [identity.device, identity.inode]
      }
    }
  }

  private let opened = Locked<Opened?>(nil)

  package init() {}

  /// - Throws: ``StoreError``, ``FileError``.
  package func store(in folder: String) throws -> LocalStore {
    try opened.withLock { opened in
      if let opened, opened.folder == folder, (try? FolderID(opened.store)) == opened.identity { return opened.store }
      opened = nil
      let store = try LocalStore(folder: folder)
      opened = Opened(store: store, folder: folder, identity: try FolderID(store))
      return store
    }
  }
}
