import CondensePipelines
import Foundation

/// Adds to the text of a configuration, so that comments and layout stay.
struct ConfigurationEdit {
  struct Failure: Error { var message: String }

  private let configuration: Configuration
  private let path: String
  private let text: String

  init(_ configuration: Configuration, at path: String) {
    self.configuration = configuration
    self.path = path
    text = configuration.source.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
  }

  /// The text with a folder of plugins; nil where it is there already.
  ///
  /// - Throws: ``Failure`` where the text is written in a way that is not understood well enough to be changed.
  func adding(pluginFolder name: String, absolute: String) throws -> String? {
    let item = Self.item(name)
    let isThere = configuration.plugins.contains { entry in
      switch entry.source {
      case .folder(let folder), .folderOrCommand(let folder, _):
        AbsolutePath.resolve(folder, from: path + "/..") == absolute
      case .command: false
      }
    }
    guard !isThere else { return nil }
    for candidate in [appended(item), inBlockList(item), inFlowList(item)].compactMap({ $0 }) where isRight(candidate) {
      return candidate
    }
    throw Failure(message: "cannot add to '\(path)' by itself; add '- \(item)' below its 'plugins:'")
  }

  /// A folder as YAML, with the slash that says that it is one.
  private static func item(_ name: String) -> String {
    let folder = name.hasSuffix("/") ? name : name + "/"
    let isPlain = folder.unicodeScalars.allSatisfy {
      ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
        || "/._-".unicodeScalars.contains($0)
    }
    return isPlain && folder.first?.isLetter == true
      ? folder : "\"\(folder.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }

  /// Whether a text says what was said before and one plugin more.
  private func isRight(_ candidate: String) -> Bool {
    let read = Configuration(SourceText(file: path, text: candidate))
    guard read.diagnostics.isEmpty, read.plugins.count == configuration.plugins.count + 1 else { return false }
    let before = configuration
    let isSame =
      read.pipelines?.map(\.value) == before.pipelines?.map(\.value)
      && read.ignore.count == before.ignore.count
      && read.cacheFolder?.value == before.cacheFolder?.value && read.cacheLimit?.value == before.cacheLimit?.value
      && read.jobs?.value == before.jobs?.value && (read.defaults == nil) == (before.defaults == nil)
    return isSame && before.plugins.allSatisfy { old in read.plugins.contains { $0.source == old.source } }
  }

  /// A new key at the end.
  private func appended(_ item: String) -> String? {
    guard configuration.plugins.isEmpty else { return nil }
    let separator = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
    return text + separator + "plugins:\n  - \(item)\n"
  }

  /// A line after the last entry of a list with an entry a line.
  private func inBlockList(_ item: String) -> String? {
    guard let last = configuration.plugins.map(\.place.range.start.line).max() else { return nil }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.indices.contains(last - 1) else { return nil }
    func indent(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    // The entry begins at or above the line that its folder or command is on.
    guard let dash = lines[..<last].lastIndex(where: { $0.drop { $0 == " " }.hasPrefix("-") }) else { return nil }
    let depth = indent(lines[dash])
    var end = last
    while end < lines.count, !lines[end].trimmingCharacters(in: .whitespaces).isEmpty, indent(lines[end]) > depth {
      end += 1
    }
    lines.insert(String(repeating: " ", count: depth) + "- " + item, at: end)
    return lines.joined(separator: "\n")
  }

  /// More in a list on one line.
  private func inFlowList(_ item: String) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let index = lines.firstIndex(where: { $0.hasPrefix("plugins:") }) else { return nil }
    if configuration.plugins.isEmpty {
      guard let open = lines[index].firstIndex(of: "[") else { return nil }
      lines[index].insert(contentsOf: item, at: lines[index].index(after: open))
    } else if let close = lines[index].lastIndex(of: "]") {
      lines[index].insert(contentsOf: ", \(item)", at: close)
    } else if let value = lines[index].dropFirst("plugins:".count).split(separator: " #").first {
      // One entry alone, without a list.
      let entry = value.trimmingCharacters(in: .whitespaces)
      lines[index] = "plugins: [\(entry), \(item)]" + lines[index].dropFirst("plugins:".count + value.count)
    }
    return lines.joined(separator: "\n")
  }
}
