import Foundation
import PackagePlugin

/// What `condense` is to be called with.
struct Invocation {
  var arguments: [String]
  /// Whether it runs until it is told to end.
  var watches: Bool

  /// The command with the flag that makes it another one.
  var summary: String {
    guard !watches else { return "condense daemon" }
    return "condense build" + (["--check", "--dry-run"].first(where: arguments.contains).map { " " + $0 } ?? "")
  }

  init(_ arguments: [String], in package: Package) throws(Failure) {
    var extractor = ArgumentExtractor(arguments)
    watches = extractor.extractFlag(named: "watch") > 0
    var folders = extractor.extractOption(named: "pipelines")
    for name in extractor.extractOption(named: "target") {
      folders.append(try Invocation.folder(ofTarget: name, package))
    }
    let rest = extractor.remainingArguments
    // The package is the workspace, whatever it lies in: that is all that a plugin may write to.
    let namesWorkspace = rest.contains { $0 == "--workspace" || $0.hasPrefix("--workspace=") }
    let workspace = namesWorkspace ? [] : ["--workspace", package.directoryURL.path]
    guard !watches else {
      guard folders.isEmpty else {
        throw Failure(
          "--watch keeps all pipelines of the package up to date; "
            + "say where they are in 'condense.yaml': pipelines: [pipelines, Sources/*/pipelines]")
      }
      self.arguments = ["daemon"] + workspace + rest
      return
    }
    let namesPaths = rest.contains { !$0.hasPrefix("-") && exists($0, in: package) }
    let asksForHelp = rest.contains { ["-h", "--help", "-help"].contains($0) }
    if folders.isEmpty && !namesPaths && !namesWorkspace && !asksForHelp { try Invocation.checkForPipelines(package) }
    self.arguments = ["build", "--progress", "json"] + workspace + rest + folders
  }

  private static func folder(ofTarget name: String, _ package: Package) throws(Failure) -> String {
    guard let target = package.targets.first(where: { $0.name == name }) else {
      let names = package.targets.map(\.name).sorted().joined(separator: ", ")
      throw Failure("there is no target '\(name)' in \(package.displayName); its targets are \(names)")
    }
    let folder = target.directoryURL.appending(path: "pipelines").path
    guard FileManager.default.fileExists(atPath: folder) else {
      throw Failure("there is no folder '\(folder)'; make it and put pipeline files there")
    }
    return folder
  }

  private static func checkForPipelines(_ package: Package) throws(Failure) {
    guard !["pipelines", "condense.yaml"].contains(where: { exists($0, in: package) }) else { return }
    throw Failure(
      "\(package.displayName) has no folder 'pipelines'; make it and put pipeline files there, or name others: "
        + "--pipelines DIR, --target NAME (for the folder 'pipelines' of a target), or 'pipelines:' in condense.yaml")
  }
}

private func exists(_ path: String, in package: Package) -> Bool {
  FileManager.default.fileExists(atPath: URL(fileURLWithPath: path, relativeTo: package.directoryURL).path)
}
