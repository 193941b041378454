import Foundation
import PackagePlugin

/// Gives a target the `.condensed` files of the pipelines in its folder as resources.
///
/// Each pipeline is a command of the build: `digits.yaml` makes `digits.condensed`. A prebuild command would learn its
/// inputs by itself, but cannot run a tool that is built from source, and runs whenever the build is planned. The inputs of a
/// build command are told when the build is planned, and a plan is kept until files come or go: a pipeline that is edited to
/// name another model would be held to the old one. So every command has one more input, a list that `condense` writes where
/// it read what the plan does not know of; the command has then changed its own input, and runs in each build until the next
/// plan, which takes no longer than a look where nothing changed.
@main
struct CondenseModels: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let package = context.package.directoryURL
    let folder = target.directoryURL.appending(path: "pipelines")
    let pipelines = PipelineFile.all(below: folder, of: package)
    guard !pipelines.isEmpty else {
      Diagnostics.warning("\(target.name) has no pipelines: there are no .yaml files with outputs in '\(folder.path)'")
      return []
    }
    let names = Dictionary(grouping: pipelines, by: \.resourceName)
    if let (name, files) = names.filter({ $1.count > 1 }).min(by: { $0.key < $1.key }) {
      throw Failure("several pipelines make '\(name)': " + files.map(\.file.path).joined(separator: ", "))
    }
    let tool = try context.tool(named: "condense").url
    let work = context.pluginWorkDirectoryURL
    let environment = StoreFolder.environment(own: work)
    return try pipelines.map { pipeline in
      let output = work.appending(path: pipeline.resourceName)
      let unlisted = work.appending(path: pipeline.resourceName + ".inputs")
      try clear(unlisted)
      return .buildCommand(
        displayName: "Compressing \(pipeline.resourceName)", executable: tool,
        arguments: [
          "build", pipeline.file.path, "--workspace", package.path, "--output", output.path, "--progress", "none",
          "--unlisted", unlisted.path,
        ] + pipeline.inputs.flatMap { ["--input", $0.path] },
        environment: environment, inputFiles: pipeline.inputs + [unlisted], outputFiles: [output])
    }
  }

  /// Makes a list empty, which a command that has run would take for a change if it were that already.
  private func clear(_ list: URL) throws {
    guard (try? Data(contentsOf: list))?.isEmpty != true else { return }
    try Data().write(to: list)
  }
}
