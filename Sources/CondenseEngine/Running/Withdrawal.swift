import CondenseStore

/// Tells a running build that nobody wants it any more, because what it was made from has changed or the process is to end.
///
/// No new work is begun then; what runs is finished and kept, so that whoever builds next finds it.
public final class Withdrawal: Sendable {
  private let state = Locked((isWithdrawn: false, wake: nil as (@Sendable () -> Void)?))

  public init() {}

  public var isWithdrawn: Bool { state.withLock { $0.isWithdrawn } }

  public func withdraw() {
    let wake = state.withLock { state in
      state.isWithdrawn = true
      return state.wake
    }
    wake?()
  }

  /// Calls `wake` when the build is withdrawn from now on; nil for nobody.
  func onWithdrawal(_ wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }
}
