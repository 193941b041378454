import Foundation
import PackagePlugin

/// `condense`, built for release.
///
/// The plugin has no dependencies and builds the tool itself: one that is named as a dependency is built for debugging,
/// where compressing is some fifty times slower.
struct ReleaseTool {
  /// A link to what was built last.
  private let last: URL

  /// - Parameter folder: where it is noted what was built last.
  init(noteIn folder: URL) { last = folder.appending(path: "condense") }

  func built(by manager: PackageManager) throws -> URL {
    if !FileManager.default.fileExists(atPath: last.path) {
      Diagnostics.progress("building condense; the first time this takes some minutes")
    }
    var parameters = PackageManager.BuildParameters()
    parameters.configuration = .release
    parameters.logging = .concise
    let build = try manager.build(.product("condense"), parameters: parameters)
    guard build.succeeded, let tool = build.builtArtifacts.first(where: { $0.url.lastPathComponent == "condense" })
    else {
      print(build.logText)
      throw Failure("condense could not be built" + (ReleaseTool.hint(build.logText).map { ": " + $0 } ?? ""))
    }
    // Without the note the next call only says too much.
    try? FileManager.default.removeItem(at: last)
    try? FileManager.default.createSymbolicLink(at: last, withDestinationURL: tool.url)
    return tool.url
  }

  /// What to do about a log that tells of a missing library.
  private static func hint(_ log: String) -> String? {
    let libraries = [
      (sign: "yaml.h", name: "libyaml", apt: "libyaml-dev", brew: "libyaml"),
      (sign: "sqlite3.h", name: "SQLite", apt: "libsqlite3-dev", brew: "sqlite"),
    ]
    guard let missing = libraries.first(where: { log.contains($0.sign) }) else { return nil }
    return "\(missing.name) is missing; install it with 'apt-get install \(missing.apt)' (Debian, Ubuntu) or "
      + "'brew install \(missing.brew)' (macOS), and try again"
  }
}
