import Foundation
import PackagePlugin

/// `swift package compress-models`: `condense build` for the package at hand.
///
/// The plugin has no dependencies and builds the tool itself: a tool named as a dependency would be built for
/// debugging, where compressing is some fifty times slower.
@main
struct CompressModels: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    Diagnostics.progress("building condense")
    var parameters = PackageManager.BuildParameters()
    parameters.configuration = .release
    parameters.logging = .concise
    let build = try packageManager.build(.product("condense"), parameters: parameters)
    guard build.succeeded, let tool = build.builtArtifacts.first(where: { $0.url.lastPathComponent == "condense" })
    else {
      print(build.logText)
      throw Failure(description: "condense could not be built")
    }

    let process = Process()
    process.executableURL = tool.url
    process.currentDirectoryURL = context.package.directoryURL
    process.arguments = ["build", "--workspace", context.package.directoryURL.path] + arguments
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw Failure(description: "condense build failed with status \(process.terminationStatus)")
    }
  }
}

struct Failure: Error, CustomStringConvertible {
  var description: String
}
