extension BuildResult {
  /// This build and one that followed at once, as one: what the second had nothing to do for is as the first left it.
  func followed(by next: BuildResult) -> BuildResult {
    var result = next
    let before = Dictionary(
      report.pipelines.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for index in result.report.pipelines.indices {
      let pipeline = result.report.pipelines[index]
      guard let first = before[pipeline.name] else { continue }
      if pipeline.isUntouched {
        result.report.pipelines[index] = first
      } else {
        result.report.pipelines[index].actions.add(ran: first.actions.ran)
      }
    }
    result.report.actions.add(ran: report.actions.ran)
    result.number = next.number ?? number
    return result
  }
}

extension BuildReport {
  /// Says of pipelines that were written to the last that they go in a circle.
  mutating func refuseToGoOn() {
    for index in pipelines.indices where pipelines[index].outputs.contains(where: \.wasWritten) {
      pipelines[index].status = .failed
      pipelines[index].error = "its output and its model are made from each other, and never come to rest"
    }
  }
}

extension PipelineReport {
  /// Whether nothing ran and nothing was written.
  public var isUntouched: Bool { status == .cached && outputs.allSatisfy { !$0.wasWritten } }
}

extension ActionCounts {
  /// Counts actions that ran in an earlier round; of those that are cached now some ran then.
  fileprivate mutating func add(ran earlier: Int) {
    ran = min(total, ran + earlier)
    cached = min(cached, total - ran)
  }
}
