/// How often is scanned: seldom enough to cost next to nothing.
struct ScanPace: Sendable {
  var shortest: Duration = .seconds(1)
  /// Parts of the time, at most, that a processor is busy with scans,
  var processorShare = 0.01
  /// and that a scan is under way, on a slow network most of it waiting.
  var scanShare = 0.2

  /// The pause after a scan.
  func pause(processorTime: Duration, scanTime: Duration) -> Duration {
    max(shortest, max(processorTime / processorShare, scanTime / scanShare))
  }
}
