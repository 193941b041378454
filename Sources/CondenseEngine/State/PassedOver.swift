/// What a build says of the pipelines that it passes over.
struct PassedOver {
  /// Their actions, each once.
  var actionKeys: ActionWords
  /// For each file that was asked for the reports of its builds; nil for those that are not passed over.
  var reports: [[PipelineReport]?]

  init(_ upToDate: UpToDatePipelines, of files: [String]) {
    actionKeys = upToDate.actionKeys
    reports = files.map { upToDate.records[$0]?.builds.map(\.report) }
  }
}
