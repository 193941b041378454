import ArgumentParser
import CondenseEngine
import Foundation

/// Which workspace a command is about.
struct WorkspaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The workspace; by default the nearest parent with 'condense.yaml' or '.git', else the current folder.",
      valueName: "dir"), completion: .directory)
  var workspace: String?

  /// The workspace; one whose configuration has errors ends the command.
  ///
  /// - Parameter allowsErrors: whether the command can do without a right configuration; then nothing is said of it.
  func resolvedWorkspace(allowsErrors: Bool = false) throws -> Workspace {
    let found = workspace.map { Workspace(root: $0) } ?? Workspace.nearest(to: FileManager.default.currentDirectoryPath)
    let configuration = found.configuration
    if allowsErrors { return found }
    Console().show(
      configuration.diagnostics.map { PlacedDiagnostic(diagnostic: $0, source: configuration.source) },
      workspace: found)
    guard !configuration.diagnostics.contains(where: { $0.severity == .error }) else { throw ExitCode.invalidInput }
    return found
  }
}
