import CondenseFiles

/// The claims of all processes: locks on single bytes of one file that stays empty, `actions.lock`. An action's byte is a
/// piece of its key; two actions that share one wait for each other, which is rare and harmless.
struct ClaimFile: Sendable {
  let path: String

  /// Takes what nobody has, without waiting.
  func claim(_ keys: [Digest]) -> ActionClaims {
    // Where there are no such locks, work may be done twice, as it would be without any of this.
    guard !keys.isEmpty, let lock = try? RangeLock(path) else { return ActionClaims(uncontested: keys.count) }
    let isHeld = keys.map { lock.take(ClaimFile.offset($0), waits: false) != .busy }
    return ActionClaims(isHeld: isHeld, locks: lock)
  }

  /// Waits until the action is this process's. Whoever waits must hold no other, or two could wait for each other.
  func claim(waitingFor key: Digest) -> ActionClaims {
    guard let lock = try? RangeLock(path) else { return ActionClaims(uncontested: 1) }
    _ = lock.take(ClaimFile.offset(key), waits: true)
    return ActionClaims(isHeld: [true], locks: lock)
  }

  private static func offset(_ key: Digest) -> UInt64 { key.leadingWord >> 2 }
}
