import Foundation
import PackagePlugin

/// `condense`, built for release.
///
/// The plugin has no dependencies and builds the tool itself: one that is named as a dependency is built for debugging,
/// where compressing is some fifty times slower.
struct ReleaseTool {
  private let package: Package
  /// A link to what was built last.
  private let link: URL
  /// From what it was built.
  private let record: URL

  /// - Parameters:
  ///   - package: the package at hand, which depends on that of the tool.
  ///   - folder: where it is noted what was built last.
  init(of package: Package, notedIn folder: URL) {
    self.package = package
    link = folder.appending(path: "condense")
    record = folder.appending(path: "condense.sources")
  }

  func built(by manager: PackageManager) throws -> URL {
    // From before a build: what is edited meanwhile differs from it.
    let sources = SourceState(ofProduct: "condense", in: package)
    let known = FileManager.default.fileExists(atPath: link.path) ? link.resolvingSymlinksInPath() : nil
    if let known, let sources, (try? String(contentsOf: record, encoding: .utf8)) == sources.text(builtAs: known) {
      return known
    }
    if known == nil { Diagnostics.progress("building condense; the first time this takes some minutes") }
    var parameters = PackageManager.BuildParameters()
    parameters.configuration = .release
    parameters.logging = .concise
    let build = try manager.build(.product("condense"), parameters: parameters)
    guard build.succeeded, let tool = build.builtArtifacts.first(where: { $0.url.lastPathComponent == "condense" })
    else {
      print(build.logText)
      throw Failure("condense could not be built" + (ReleaseTool.hint(build.logText).map { ": " + $0 } ?? ""))
    }
    note(tool.url, builtFrom: sources)
    return tool.url
  }

  /// Without a note the next call only asks SwiftPM.
  private func note(_ tool: URL, builtFrom sources: SourceState?) {
    for file in [link, record] { try? FileManager.default.removeItem(at: file) }
    try? FileManager.default.createSymbolicLink(at: link, withDestinationURL: tool)
    try? sources?.text(builtAs: tool.resolvingSymlinksInPath()).write(to: record, atomically: true, encoding: .utf8)
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
