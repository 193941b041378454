import Foundation
import PackagePlugin

/// `swift package compress-models`: `condense build` for the package at hand.
@main
struct CompressModels: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    // What can be seen to be wrong at once should not be told after minutes of compiling.
    let invocation = try Invocation(arguments, in: context.package)
    let tool = try ReleaseTool(of: context.package, notedIn: context.pluginWorkDirectoryURL).built(by: packageManager)
    let run = ToolRun(
      tool: tool, arguments: invocation.arguments, folder: context.package.directoryURL,
      environment: StoreFolder.environment(own: context.pluginWorkDirectoryURL))
    let status = try run.wait(isLogging: invocation.watches)
    guard status == 0 else { throw Failure("\(invocation.summary) failed") }
  }
}
