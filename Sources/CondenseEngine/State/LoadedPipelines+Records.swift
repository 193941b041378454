import CondensePipelines

extension LoadedPipelines {
  /// Reports of all builds in the order of their files; those of invalid files get reports of their own.
  func inOrder(of files: [String], built: [PipelineReport], passedOver: PassedOver) -> [PipelineReport] {
    let built = Dictionary(grouping: built, by: \.file)
    let loaded = Dictionary(self.files.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
    return zip(files, passedOver.reports).flatMap { file, reports -> [PipelineReport] in
      if let reports { return reports }
      guard let file = loaded[file] else { return [] }
      if file.isValid { return built[file.file] ?? [] }
      let names = file.builds.isEmpty ? [file.name ?? PipelineName.stem(file.file)] : file.builds
      return names.map { name in
        var report = PipelineReport(name: name, file: file.file)
        report.isInvalid = true
        report.error = file.firstError
        return report
      }
    }
  }

  /// The records of files all of whose builds came out well, and of bases.
  ///
  /// Files that there is something to say about have none: it is said again each time.
  ///
  /// - Parameter facts: for a build, by its place among those that were ready, its outputs' files and actions.
  func records(
    of reports: [PipelineReport], facts: (Int) -> (outputs: [TrackedFile], actionKeys: [UInt64])
  ) -> [String: PipelineRecord] {
    var builds: [String: [BuildRecord]] = [:]
    var failed: Set<String> = []
    for (index, (ready, report)) in zip(ready, reports).enumerated() {
      guard report.status != .failed else {
        failed.insert(report.file)
        continue
      }
      let (outputs, actionKeys) = facts(index)
      builds[report.file, default: []].append(
        BuildRecord(
          name: report.name, models: models[ready.model].trackedFiles, outputs: outputs, actionKeys: actionKeys,
          report: report.asCached))
    }
    var records: [String: PipelineRecord] = [:]
    for file in files where file.isValid && !failed.contains(file.file) && !file.hasDiagnostics {
      records[file.file] = PipelineRecord(
        file: file.file, dependencies: file.dependencies, builds: builds[file.file] ?? [])
    }
    return records
  }
}
