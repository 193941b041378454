/// How long is waited for what.
public struct SettlingTimes: Equatable, Sendable {
  /// A change comes out when nothing else changed for so long.
  public var quiet: Duration = .milliseconds(20)
  /// The quiet that is waited for grows with the burst of changes so far, by this part of it.
  public var growth = 0.1
  /// But to no more than this.
  public var longestQuiet: Duration = .milliseconds(500)
  /// A burst as long as this holds nothing back any more that has itself been quiet for `longestQuiet`.
  public var longestBurst: Duration = .seconds(3)
  /// A file that was written to and not closed is done when size and modification time stayed the same for so long,
  public var stillness: Duration = .milliseconds(500)
  /// or for so many times the longest gap between its writes, if that is more,
  public var gaps = 3
  /// but for no longer than this.
  public var longestStillness: Duration = .seconds(3)

  public init() {}

  /// What is waited for after changes that came one after the other for `length`.
  func quiet(after length: Duration) -> Duration { min(longestQuiet, max(quiet, length * growth)) }

  func stillness(gap: Duration) -> Duration { min(longestStillness, max(stillness, gap * gaps)) }
}
