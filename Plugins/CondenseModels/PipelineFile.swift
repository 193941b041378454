import Foundation

/// A pipeline, as far as a plugin can tell what it is without the libraries that read one.
struct PipelineFile {
  var file: URL
  /// The files that it is made from, itself first.
  var inputs: [URL]

  var resourceName: String { file.deletingPathExtension().lastPathComponent + ".condensed" }

  /// The pipelines below a folder, sorted by their paths. Files that publish nothing are bases, and left out.
  ///
  /// - Parameter package: the folder whose `condense.yaml` holds for them.
  static func all(below folder: URL, of package: URL) -> [PipelineFile] {
    let files = yamlFiles(below: folder)
    let configuration = package.appending(path: "condense.yaml")
    return files.compactMap { file in
      var search = InputSearch()
      search.add(file)
      // Which of them it is made from is told by their names, which only a reader of all of them knows.
      if search.namesPipelines { for other in files { search.add(other) } }
      guard search.mentionsOutputs else { return nil }
      if isFile(configuration) { search.add(configuration) }
      return PipelineFile(file: file, inputs: search.files)
    }
  }

  private static func yamlFiles(below folder: URL) -> [URL] {
    let entries = FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
    return (entries?.compactMap { $0 as? URL } ?? [])
      .filter { ["yaml", "yml"].contains($0.pathExtension) && $0.lastPathComponent != "condense.yaml" && isFile($0) }
      .sorted { $0.path < $1.path }
  }
}

/// Finds the files that a pipeline names: every word of its text that is a file's path, and those of the files found.
///
/// What it finds too much costs a look. What it misses, an odd spelling, `condense` lists.
struct InputSearch {
  private(set) var files: [URL] = []
  private(set) var mentionsOutputs = false
  private(set) var namesPipelines = false

  /// Larger ones are no text that names files.
  private static let mostBytes = 16 << 20

  mutating func add(_ file: URL) {
    guard !files.contains(file) else { return }
    files.append(file)
    guard ["yaml", "yml", "json"].contains(file.pathExtension), let text = InputSearch.text(of: file) else { return }
    let folder = file.deletingLastPathComponent()
    for line in text.split(whereSeparator: \.isNewline) where !line.drop(while: \.isWhitespace).hasPrefix("#") {
      if file.pathExtension != "json" {
        mentionsOutputs = mentionsOutputs || line.contains("outputs")
        namesPipelines = namesPipelines || line.contains("pipeline:") || line.contains("pipeline\"")
      }
      for word in InputSearch.words(of: line) {
        let named = URL(fileURLWithPath: word, relativeTo: folder).standardizedFileURL
        if isFile(named) { add(named) }
      }
    }
  }

  private static func text(of file: URL) -> String? {
    let size = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int ?? 0
    return size <= mostBytes ? (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } : nil
  }

  /// The scalars of a line of YAML or JSON: what stands between brackets, commas, dashes and colons, without quotes.
  private static func words(of line: Substring) -> [String] {
    var words: [String] = []
    for part in line.split(whereSeparator: { ",[]{}".contains($0) }) {
      var rest = String(part)
      if let comment = rest.range(of: " #") { rest = String(rest[..<comment.lowerBound]) }
      // `- model: path`: each end may be the path.
      for piece in [rest] + rest.ranges(of: ": ").map({ String(rest[$0.upperBound...]) }) {
        var word = piece.trimmingCharacters(in: .whitespaces)
        while word.hasPrefix("- ") { word = word.dropFirst(2).trimmingCharacters(in: .whitespaces) }
        word = word.trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
        if !word.isEmpty { words.append(word) }
      }
    }
    return words
  }
}

func isFile(_ url: URL) -> Bool {
  var isFolder: ObjCBool = false
  return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && !isFolder.boolValue
}
