import CondenseFiles

/// Actions that a process has for itself among all that share a store, until it releases them or ends.
public final class ActionClaims: Sendable {
  /// For each key that was asked for, whether it is this process's now. One that is not is being run by another.
  public let isHeld: [Bool]
  private let locks: Locked<RangeLock?>

  /// - Parameter locks: what holds the claims as long as it lives.
  init(isHeld: [Bool], locks: RangeLock?) {
    self.isHeld = isHeld
    self.locks = Locked(locks)
  }

  /// Claims of a store that nobody else uses.
  public convenience init(uncontested count: Int) {
    self.init(isHeld: Array(repeating: true, count: count), locks: nil)
  }

  public func release() { locks.withLock { $0 = nil } }
}
