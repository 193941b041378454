import CondenseStore

/// What the last good build of a pipeline file rested on and came to: while all of that is as it was, there is nothing to
/// plan and nothing to do.
struct PipelineRecord: Equatable, Sendable {
  /// The pipeline file, absolute.
  var file: String
  /// What decides what is built: the file itself, files that it takes in, folders that were searched for it.
  var dependencies: [TrackedFile]
  var builds: [BuildRecord]

  /// The record as it holds now; nil where something has changed.
  ///
  /// Files that were touched but not changed, or were too young to be sure of, stand in it as they are found now.
  func current() -> (record: PipelineRecord, isRefreshed: Bool)? {
    var record = self
    var isRefreshed = false
    func look(_ files: inout [TrackedFile]) -> Bool {
      for index in files.indices {
        switch files[index].now() {
        case .same: break
        case .sameContent(let file):
          files[index] = file
          isRefreshed = true
        case .changed: return false
        }
      }
      return true
    }
    guard look(&record.dependencies) else { return nil }
    for index in record.builds.indices {
      guard look(&record.builds[index].models), look(&record.builds[index].outputs) else { return nil }
    }
    return (record, isRefreshed)
  }
}

/// One of a pipeline file's builds.
struct BuildRecord: Equatable, Sendable {
  var name: String
  /// The model's files.
  var models: [TrackedFile]
  var outputs: [TrackedFile]
  /// The first eight bytes of each action's key, each once: enough to tell which actions builds share.
  var actionKeys: [UInt64]
  private let sharedReport: SharedReport

  init(name: String, models: [TrackedFile], outputs: [TrackedFile], actionKeys: [UInt64], report: PipelineReport) {
    self.name = name
    self.models = models
    self.outputs = outputs
    self.actionKeys = actionKeys
    sharedReport = SharedReport(report)
  }

  /// As it would be reported with nothing to run.
  var report: PipelineReport { sharedReport.value }

  /// A report that is copied by counting one reference. A thousand records are looked through several times in a build, each
  /// time by copying them, and a report has ten references to count, each in another place of the memory.
  private final class SharedReport: Equatable, Sendable {
    let value: PipelineReport
    init(_ value: PipelineReport) { self.value = value }
    static func == (left: SharedReport, right: SharedReport) -> Bool { left === right || left.value == right.value }
  }
}

extension PipelineReport {
  /// The report of the same build, were it built again with nothing changed.
  var asCached: PipelineReport {
    var report = self
    report.status = .cached
    report.actions = report.actions.asCached
    for index in report.outputs.indices { report.outputs[index].wasWritten = false }
    for index in report.stages.indices { report.stages[index].actions = report.stages[index].actions.asCached }
    var tensors = report.tensors
    for tensor in tensors.indices {
      for step in tensors[tensor].steps.indices { tensors[tensor].steps[step].ran = false }
    }
    report.tensors = tensors
    return report
  }
}

extension ActionCounts {
  var asCached: ActionCounts {
    var counts = self
    counts.cached = total
    counts.ran = 0
    return counts
  }
}
