import CondenseStages
import CondenseStore

/// How stages that take long are got on with: who is to stop, and what they say.
struct StageAttendance: Sendable {
  /// Told when what runs is to end: nobody wants its result any more, or the build has failed.
  var ending: Withdrawal?
  /// Takes lines that stages write, each with what it is about.
  var log: @Sendable (String) -> Void = { _ in }
  /// Takes what is being worked on, with how far it is.
  var progress: @Sendable (String) -> Void = { _ in }

  /// - Parameter name: what is worked on; most stages say nothing, and then it is not put together.
  func run(named name: @escaping @Sendable () -> String) -> StageRun {
    StageRun(
      isCancelled: { [ending] in ending?.isWithdrawn ?? false },
      progress: { [progress] share in progress("\(name()) \(Int(100 * min(1, max(0, share)))) %") },
      log: { [log] line in log("\(name()): \(line)") })
  }
}
