import CondenseStore
import Dispatch

/// A store that opens beside whatever else is done, from when somebody knows that it will be needed.
final class StoreOpening: Sendable {
  private let open: @Sendable () throws -> any ArtifactStore
  private let opened = Locked<Result<any ArtifactStore, any Error>?>(nil)
  private let hasBegun = Locked(false)
  /// Opens the store, before it answers anybody.
  private let queue = DispatchQueue(label: "condense.store-opening")

  init(_ open: @escaping @Sendable () throws -> any ArtifactStore) { self.open = open }

  /// Begins to open it, unless that has begun.
  func begin() {
    let isFirst = hasBegun.withLock { hasBegun in
      defer { hasBegun = true }
      return !hasBegun
    }
    if isFirst { queue.async { _ = self.outcome() } }
  }

  /// The store, when it is open.
  func store() throws -> any ArtifactStore { try queue.sync { self.outcome() }.get() }

  /// Waits for what has begun, also where nobody needs it after all: no process should end in the midst of it.
  func settle() { queue.sync {} }

  /// On the queue.
  private func outcome() -> Result<any ArtifactStore, any Error> {
    opened.withLock { opened in
      if let opened { return opened }
      let result = Result { try open() }
      opened = result
      return result
    }
  }
}
