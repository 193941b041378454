@testable import CondensePipelines

/// Pipeline files in memory, parsed as if they were on a disk.
struct FilesInMemory {
  var files: [String: String]
  var models: [String] = []
  var defaults: String?

  func parse(_ path: String) -> ParsedPipeline {
    var parser = PipelineParser(surroundings)
    return parser.parse(SourceText(file: path, text: files[path] ?? ""))
  }

  /// What a file comes to with all that it extends: its key `x`.
  func merged(_ path: String) -> Node? {
    var inheritance = Inheritance(read: surroundings.read, displayPath: { $0 }, defaults: nil)
    return inheritance.compose(Document(SourceText(file: path, text: files[path] ?? ""))).root?.value(of: "x")
  }

  var surroundings: PipelineSurroundings {
    var surroundings = PipelineSurroundings()
    let (files, models) = (files, models)
    surroundings.read = { path throws(UnreadableFile) in
      guard let text = files[path] else { throw UnreadableFile("cannot open: no such file", isMissing: true) }
      return Array(text.utf8)
    }
    surroundings.findModels = { pattern, folder in
      var matches = ModelMatches()
      matches.paths = ((try? Glob(folder + "/" + pattern)).map { glob in models.filter { glob.matches($0) } } ?? [])
        .sorted()
      matches.folders = ["/models"]
      return matches
    }
    if let defaults {
      surroundings.defaults = try? YAMLParser.parse(SourceText(file: "/w/condense.yaml", text: defaults)).root
    }
    return surroundings
  }
}

extension ParsedPipeline {
  /// All that is reported, as `file:line:column: message`.
  var reported: [String] {
    diagnostics.map { "\($0.file):\($0.range?.start.line ?? 0):\($0.range?.start.column ?? 0): \($0.message)" }
  }
}
