/// Puts a pipeline file together with the files that it extends, before anything is made of their values.
struct Inheritance {
  /// Files that extend each other.
  static let longestChain = 32
  /// What a file keeps to itself.
  private static let own: Set<String> = ["name", "extends"]

  let read: FileReading
  let displayPath: @Sendable (String) -> String
  /// What all pipelines of a workspace extend in the end.
  let defaults: Node?
  /// Bases that have been read, by path: many pipelines can share one.
  private var bases: [String: Result<Document, UnreadableFile>] = [:]

  init(read: @escaping FileReading, displayPath: @escaping @Sendable (String) -> String, defaults: Node?) {
    self.read = read
    self.displayPath = displayPath
    self.defaults = defaults
  }

  /// A file with everything that it inherits.
  struct Composed {
    /// Nil where the file itself is empty or no YAML.
    var root: Node?
    var diagnostics: [Diagnostic]
    /// The bases' texts by path, for showing where something is wrong. All that were looked for are here; those that are
    /// not there, without text.
    var bases: [String: SourceText]
    /// Whether a base is missing, so that what it would say is unknown.
    var isPartial: Bool
    /// Whether a file says what is published; the workspace's defaults cannot.
    var hasOutputs: Bool
  }

  /// The document with all that it extends.
  mutating func compose(_ document: Document) -> Composed {
    var chain = [document]
    var places: [Place] = []
    var composed = Composed(
      root: document.root, diagnostics: document.diagnostics, bases: [:], isPartial: false, hasOutputs: false)
    var valueCount = document.valueCount
    while let last = chain.last, let value = last.value("extends") {
      guard let path = path(value, &composed.diagnostics) else {
        composed.isPartial = true
        break
      }
      let absolute = path.absolutePath
      if let start = chain.firstIndex(where: { $0.source.file == absolute }) {
        composed.diagnostics.append(
          circle(Array(chain[start...].map(\.source.file)), Array(places[start...]) + [path.place]))
        composed.isPartial = true
        break
      }
      places.append(path.place)
      guard chain.count < Inheritance.longestChain else {
        composed.diagnostics.append(
          Diagnostic("more than \(Inheritance.longestChain) files extend each other", at: path.place))
        composed.isPartial = true
        break
      }
      guard let base = base(absolute, named: path, &composed) else {
        composed.isPartial = true
        break
      }
      valueCount += base.valueCount
      guard valueCount <= YAMLParser.mostNodes else {
        composed.diagnostics.append(
          Diagnostic(
            "the file and what it extends stand for more than \(YAMLParser.mostNodes) values", at: path.place))
        composed.isPartial = true
        break
      }
      chain.append(base)
    }
    merge(chain, into: &composed)
    return composed
  }

  private func merge(_ chain: [Document], into composed: inout Composed) {
    guard let own = chain.first?.root, own.mapping != nil else { return }
    composed.hasOutputs = chain.contains { $0.value("outputs") != nil }
    var below = defaults?.without(Inheritance.own)
    for root in chain.dropFirst().reversed().compactMap(\.root) {
      let inherited = root.without(Inheritance.own)
      below = below.map { inherited.merged(over: $0) } ?? inherited
    }
    composed.root = below.map { own.merged(over: $0) } ?? own
  }

  private func path(_ node: Node, _ diagnostics: inout [Diagnostic]) -> Located<String>? {
    var reader = PipelineReader(file: node.place.file)
    let path = reader.string(node, "a path to a pipeline file to extend")
    diagnostics += reader.diagnostics
    guard let path, path.value.contains("${") else { return path }
    diagnostics.append(Diagnostic("variables are not for 'extends'", at: path.place))
    return nil
  }

  /// A base's document; what is wrong with it is reported in the base, and where it is named.
  private mutating func base(_ path: String, named name: Located<String>, _ composed: inout Composed) -> Document? {
    if bases[path] == nil {
      bases[path] = Result { () throws(UnreadableFile) in
        Document(SourceText(file: path, bytes: try read(path)))
      }
    }
    switch bases[path] {
    case .success(let document):
      composed.bases[path] = document.source
      composed.diagnostics += document.diagnostics
      if document.root?.mapping != nil { return document }
      let first = document.diagnostics.first
      let note = Diagnostic.Note(
        first == nil ? "it is \(document.root.map { $0.isNull ? "empty" : $0.kind } ?? "empty")" : "it has errors",
        at: Place(file: path, range: first?.range ?? document.root?.range ?? Place.start(of: path).range))
      composed.diagnostics.append(
        Diagnostic("\(Diagnostic.quoted(name.value)) is no pipeline", at: name.place, notes: [note]))
    case .failure(let error):
      composed.bases[path] = SourceText(file: path, bytes: [])
      composed.diagnostics.append(
        Diagnostic(
          error.isMissing
            ? "there is no pipeline \(Diagnostic.quoted(name.value)) (looked for \(path))"
            : "\(Diagnostic.quoted(name.value)): \(error.message)", at: name.place))
    case nil: break
    }
    return nil
  }

  /// Told from the first of the files by name, so that it is one error, whichever of them or of those that extend them
  /// is read.
  private func circle(_ files: [String], _ places: [Place]) -> Diagnostic {
    let start = files.indices.min { files[$0].utf8.lexicographicallyPrecedes(files[$1].utf8) } ?? 0
    let turned = Array(places[start...] + places[..<start])
    var steps = turned.prefix(Inheritance.longestCircle).map { "\(displayPath($0.file)):\($0.range.start.line)" }
    if turned.count > steps.count { steps.append("…") }
    let first = "\(displayPath(turned[0].file)):\(turned[0].range.start.line)"
    return Diagnostic(
      "files extend each other in a circle: \((steps + [first]).joined(separator: " → "))", at: turned[0],
      notes: turned.dropFirst().map { Diagnostic.Note("which extends", at: $0) })
  }

  /// Files that a message about a circle names.
  private static let longestCircle = 12
}
