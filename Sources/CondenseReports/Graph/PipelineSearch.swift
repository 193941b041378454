import CondenseEngine
import CondenseFiles
import CondensePipelines

/// Finds the builds that a name or a file stands for, and plans them.
package struct PipelineSearch {
  private let workspace: Workspace
  private let engine: Engine

  package init(workspace: Workspace, engine: Engine) {
    self.workspace = workspace
    self.engine = engine
  }

  /// That nothing was found, or that what was found is invalid.
  package struct Failure: Error {
    /// Nil where the diagnostics say it all.
    package var message: String?
    package var diagnostics: [PlacedDiagnostic] = []
    package var hasInvalidInput = false
  }

  /// - Parameter path: the file that `name` stands for where it is one, absolute.
  package func find(_ name: String, path: String? = nil) throws(Failure) -> [PlannedPipeline] {
    if let path, name.hasSuffix(".yaml") || name.hasSuffix(".yml"), FileSystem.exists(path) {
      let run = plan([path])
      guard !run.pipelines.isEmpty, !run.hasInvalidInput else { throw failure(run) }
      return run.pipelines
    }
    // A pipeline is mostly called what its file is called; then the others need not be read.
    let files = workspace.allPipelines().files
    let likely = files.filter { PipelineName.stem($0) == name.prefix { $0 != "[" } }
    var known: [String] = []
    for files in [likely, files] where !files.isEmpty {
      let run = plan(files)
      let found = run.pipelines.filter { $0.name == name || $0.name.hasPrefix(name + "[") }
      if !found.isEmpty { return found }
      if run.hasInvalidInput && files == likely { throw failure(run) }
      known = run.pipelines.map(\.name)
    }
    let nearest = Spelling.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
    throw Failure(message: "there is no pipeline '\(name)' in \(workspace.root)\(nearest)")
  }

  private func plan(_ files: [String]) -> DryRun {
    var request = BuildRequest(workspace: workspace, files: files, jobs: 1)
    request.usesRecords = false
    return engine.dryRun(request)
  }

  private func failure(_ run: DryRun) -> Failure {
    Failure(diagnostics: run.diagnostics, hasInvalidInput: run.hasInvalidInput)
  }
}
