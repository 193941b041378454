import CondenseFiles

/// What publishing a pipeline would come to.
struct OutputForecast {
  /// For each output what would become of it.
  var reasons: [PublishingReason]
  var checks: [CheckReport]
}

extension Publisher {
  /// Looks what publishing a pipeline would come to, and puts nothing in place.
  ///
  /// What can fail: as ``publish(_:)``.
  func forecast(_ job: Job) throws -> OutputForecast {
    let candidates = try candidates(job)
    defer { for file in candidates.compactMap(\.staged) { try? FileSystem.remove(file.path) } }
    let checks = checks(of: job.pipeline, job.inputs, candidates)
    guard checks.allSatisfy(\.held) else {
      return OutputForecast(reasons: candidates.map { _ in .held }, checks: checks)
    }
    let reasons = candidates.map { candidate -> PublishingReason in
      // The store knows files by their paths: in a fresh clone the right one is there all the same.
      guard let staged = candidate.staged, let content = try? OutputFile.digest(candidate.path),
        content.sha256 == staged.sha256
      else { return candidate.reason }
      return .unchanged
    }
    return OutputForecast(reasons: reasons, checks: checks)
  }
}
