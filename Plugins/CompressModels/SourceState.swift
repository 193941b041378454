import Foundation
import PackagePlugin

/// What decides how a tool is built, as of a moment: all sources of its package and of the packages that this depends on.
///
/// Asking SwiftPM whether the tool is up to date takes it seconds, since it loads and plans all packages again; this takes
/// some hundredths of one. Files are told by inode, size and the time of their last change, as `ninja` does.
struct SourceState {
  private var lines: [String] = []

  /// - Returns: nil where neither the package nor one below it has the product.
  init?(ofProduct product: String, in package: Package) {
    guard let owner = SourceState.closure(of: package).first(where: { $0.products.contains { $0.name == product } })
    else { return nil }
    // Another compiler builds the plugin anew too.
    lines.append(SourceState.line(URL(fileURLWithPath: CommandLine.arguments[0])))
    for package in SourceState.closure(of: owner) {
      lines.append(SourceState.line(package.directoryURL.appending(path: "Package.swift")))
      for target in package.targets { lines += SourceState.files(below: target.directoryURL).map(SourceState.line) }
    }
  }

  /// The state together with that of what was built, which somebody else may replace.
  func text(builtAs tool: URL) -> String { (lines + [SourceState.line(tool)]).joined(separator: "\n") }

  /// A package and all that it depends on.
  private static func closure(of package: Package) -> [Package] {
    var (found, seen) = ([package], Set([package.id]))
    var next = 0
    while next < found.count {
      for dependency in found[next].dependencies.map(\.package) where seen.insert(dependency.id).inserted {
        found.append(dependency)
      }
      next += 1
    }
    return found
  }

  private static func files(below folder: URL) -> [URL] {
    let entries = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (entries?.compactMap { $0 as? URL } ?? []).sorted { $0.path < $1.path }
  }

  private static func line(_ file: URL) -> String {
    var status = stat()
    guard stat(file.path, &status) == 0 else { return "\(file.path) is not there" }
    #if os(Linux)
      let changed = status.st_mtim
    #else
      let changed = status.st_mtimespec
    #endif
    return "\(file.path) \(status.st_ino) \(status.st_size) \(changed.tv_sec).\(changed.tv_nsec)"
  }
}
