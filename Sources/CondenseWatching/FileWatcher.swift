/// Tells which of the watched files changed.
///
/// A watcher calls its handler from threads of its own and from those that call `watch` and `flush`, one call at a time.
/// The handler must be quick and must not call the watcher.
///
/// That nothing was told means that nothing changed only for what was changed before a `flush` that has returned.
public protocol FileWatcher: AnyObject, Sendable {
  /// Watches what `plan` says in the place of what was watched. Every change after the return is told; for what a plan
  /// adds, the caller looks itself once this has returned. Costs what the difference to the last plan costs.
  func watch(_ plan: WatchPlan)

  /// Returns when the handler has been called for every change that was made before the call.
  func flush()

  /// Frees threads and descriptors; the handler is not called any more. Done again, it does nothing.
  func stop()

  /// The kernel's watches in use, or the files that a scan looks at.
  var watchCount: Int { get }

  /// `inotify`, `fsevents` or `scanning`, for status and logs.
  var mode: String { get }
}
