/// Reads nodes as the parts of a configuration, collecting what is wrong and going on.
struct ConfigurationReader {
  /// Reads single values, and holds the diagnostics.
  var values: PipelineReader
  private(set) var pipelines: [Located<String>]?
  private(set) var ignore: [Located<IgnorePattern>] = []
  private(set) var cacheFolder: Located<String>?
  private(set) var cacheLimit: Located<Int>?
  private(set) var jobs: Located<Int>?
  private(set) var defaults: Node?
  private(set) var plugins: [PluginEntry] = []

  private static let keys = ["pipelines", "ignore", "cache", "jobs", "defaults", "plugins"]

  init(file: String) { values = PipelineReader(file: file) }

  mutating func read(_ root: Node) {
    guard let pairs = root.mapping else {
      values.report("a configuration is a mapping with keys such as pipelines and cache, not \(root.kind)", root.place)
      return
    }
    for pair in pairs {
      switch pair.key.value {
      case "pipelines":
        let paths = list(pair.value, "a folder of pipelines")
        if paths.isEmpty, pair.value.sequence?.isEmpty == true {
          values.report("the list of folders is empty", pair.value.place)
        }
        pipelines = paths.filter { isPattern($0) }
      case "ignore": ignore = list(pair.value, "a pattern of names or paths").compactMap { ignored($0) }
      case "cache": cache(pair.value)
      case "jobs": jobs = jobs(pair.value)
      case "defaults": defaults(pair.value)
      case "plugins": plugins = pluginEntries(pair.value)
      default: values.diagnostics.append(.unknown("key", pair.key, known: ConfigurationReader.keys))
      }
    }
  }

  /// A list of strings; one alone is a list of one.
  private mutating func list(_ node: Node, _ expected: String) -> [Located<String>] {
    let items = node.sequence ?? [node]
    guard values.isShort(items, "entries", node.place) else { return [] }
    return items.compactMap { values.string($0, expected) }
  }

  private mutating func isPattern(_ text: Located<String>) -> Bool {
    do {
      _ = try PathPattern(text.value)
      return true
    } catch {
      values.report("the pattern \(Diagnostic.quoted(text.value)) is none: \(error.message)", text.place)
      return false
    }
  }

  private mutating func ignored(_ text: Located<String>) -> Located<IgnorePattern>? {
    do {
      return Located(try IgnorePattern(text.value), at: text.place)
    } catch {
      values.report("the pattern \(Diagnostic.quoted(text.value)) is none: \(error.message)", text.place)
      return nil
    }
  }

  private mutating func cache(_ node: Node) {
    guard let pairs = node.mapping else {
      values.report("expected a mapping such as {limit: 20 GB}, found \(node.kind)", node.place)
      return
    }
    for pair in pairs {
      switch pair.key.value {
      case "folder": cacheFolder = values.string(pair.value, "a folder to keep artifacts in")
      case "limit": cacheLimit = size(pair.value)
      default: values.diagnostics.append(.unknown("key", pair.key, known: ["folder", "limit"]))
      }
    }
  }

  mutating func size(_ node: Node) -> Located<Int>? {
    let bytes = node.number ?? node.string.flatMap { Quantity.value($0, in: .bytes) }
    guard let bytes, let whole = Int(exactly: bytes.rounded(.down)), whole >= 0, whole <= 1 << 60 else {
      let meant = node.string.flatMap { Quantity.nearest(to: $0, in: .bytes) }
      values.report(
        "expected a size such as 20 GB, found \(node.kind)\(meant.map { "; did you mean '\($0)'?" } ?? "")", node.place)
      return nil
    }
    return Located(whole, at: node.place)
  }

  private mutating func jobs(_ node: Node) -> Located<Int>? {
    guard let jobs = node.integer, (1...Configuration.mostJobs).contains(jobs) else {
      values.report("expected a whole number from 1 to \(Configuration.mostJobs), found \(node.kind)", node.place)
      return nil
    }
    return Located(jobs, at: node.place)
  }

  /// Reads the defaults as a base, so that what is wrong with them is found where there are no pipelines yet.
  private mutating func defaults(_ node: Node) {
    guard let pairs = node.mapping else {
      values.report("expected a mapping such as {checks: {ratio: {min: 4}}}, found \(node.kind)", node.place)
      return
    }
    let reasons = [
      "name": "a pipeline's name is its own", "extends": "defaults are below everything",
      "outputs": "a file without outputs is a base, and would be none",
    ]
    for pair in pairs {
      if let reason = reasons[pair.key.value] {
        values.report("'\(pair.key.value)' has no default: \(reason)", pair.key.place)
      }
    }
    let allowed = node.without(Set(reasons.keys))
    let composed = Inheritance.Composed(
      root: allowed, diagnostics: [], bases: [:], isPartial: false, hasOutputs: false)
    var expansion = BuildExpansion(composed, file: values.file, surroundings: PipelineSurroundings())
    _ = expansion.builds()
    values.diagnostics += expansion.diagnostics.all
    defaults = allowed
  }
}
