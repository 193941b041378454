import CondenseEngine
import CondensePipelines
import Foundation

/// What `condense build` was asked for, as it can be done in this process or by the daemon. All paths are absolute.
package struct BuildInvocation: Codable, Equatable, Sendable {
  /// Pipeline files and folders of them; empty for all of the workspace.
  package var paths: [String]
  /// Stages that run at a time; nil for what the configuration says, else one for each core.
  package var jobs: Int?
  package var keepGoing: Bool
  /// Whether one JSON document is wanted, instead of tables.
  package var json: Bool
  /// Whether each tensor of large models is shown.
  package var tensors: Bool
  /// Only the pipelines that a change to these touches; nil for all.
  package var changed: [String]?
  /// See ``BuildRequest/output``.
  package var output: RequestedOutput?

  package init(
    paths: [String] = [], jobs: Int? = nil, keepGoing: Bool = false, json: Bool = false, tensors: Bool = false,
    changed: [String]? = nil, output: RequestedOutput? = nil
  ) {
    self.paths = paths
    self.jobs = jobs
    self.keepGoing = keepGoing
    self.json = json
    self.tensors = tensors
    self.changed = changed
    self.output = output
  }

  package func listing(in workspace: Workspace) -> PipelineListing {
    paths.isEmpty ? workspace.allPipelines() : workspace.pipelines(at: paths)
  }

  package func request(in workspace: Workspace, files: [String]) -> BuildRequest {
    var request = BuildRequest(
      workspace: workspace, files: files,
      jobs: jobs ?? workspace.configuration.jobs?.value ?? ProcessInfo.processInfo.activeProcessorCount,
      keepGoing: keepGoing)
    request.output = output
    return request
  }
}

/// How a command ends: see the manual's table of exit codes.
package enum ExitStatus: Int32, Codable, Sendable {
  case done = 0
  /// A build or a check failed.
  case failed = 1
  /// A pipeline or a model file is invalid (`EX_DATAERR` of sysexits.h).
  case invalidInput = 65
}
