/// Makes the builds of a pipeline file: one for each combination of its matrix and each model that its pattern names, with
/// variables replaced.
struct BuildExpansion {
  private let root: Node?
  private let file: String
  private let surroundings: PipelineSurroundings
  /// Without outputs of its own or inherited ones: variables may be left for what extends it.
  private let isBase: Bool
  private let isPartial: Bool

  private(set) var diagnostics = DiagnosticSet()
  private(set) var listedFolders: Set<String> = []
  /// What the file is called, whatever its builds are.
  private(set) var fileName: String?

  private var matrix = Matrix()
  private var isMatrixBroken = false
  private var used: Set<String> = []
  private var patternBudget = PipelineReader.patternBudget
  /// Values that all builds of the file may stand for together, counted as ``YAMLParser`` counts.
  private var budget = BuildExpansion.mostValues
  private static let mostValues = 1_000_000
  private var models: [String: ModelMatches] = [:]

  init(_ composed: Inheritance.Composed, file: String, surroundings: PipelineSurroundings) {
    root = composed.root
    isBase = !composed.hasOutputs
    isPartial = composed.isPartial
    self.file = file
    self.surroundings = surroundings
  }

  /// A combination, and the model that a pattern gave it.
  private struct Variant {
    var combination: Matrix.Combination
    var model: Node?
    /// The path, where the model is a file.
    var path: String?
    var isMatch = false
    var notes: [Place: [Diagnostic.Note]] = [:]
  }

  mutating func builds() -> [Pipeline] {
    guard let root, root.mapping != nil else {
      var reader = PipelineReader(file: file)
      _ = reader.pipeline(root, name: Located("", at: .start(of: file)), isPartial: false)
      diagnostics.formUnion(reader.diagnostics)
      return []
    }
    if let node = root.value(of: "matrix") {
      var problems: [Diagnostic] = []
      if let read = Matrix.read(node, &problems) { matrix = read } else { isMatrixBroken = true }
      diagnostics.formUnion(problems)
    }
    var builds: [Pipeline] = []
    for variant in variants(root) where !diagnostics.isFull {
      guard let build = build(variant, root) else { break }
      builds.append(build)
    }
    fileName = fileName ?? PipelineName.stem(file)
    if !isBase && !isPartial && !diagnostics.hasErrors {
      for axis in matrix.axes where !used.contains(axis.name.value) {
        diagnostics.insert(
          Diagnostic(
            .warning, "nothing uses ${\(axis.name.value)}, so its builds are alike", at: axis.name.place))
      }
    }
    return builds
  }

  // MARK: Which builds there are

  private mutating func variants(_ root: Node) -> [Variant] {
    var variants: [Variant] = []
    var hasPattern = false
    for combination in matrix.combinations {
      var variant = Variant(combination: combination)
      guard let node = root.value(of: "model") else {
        variants.append(variant)
        continue
      }
      var substitution = substitution(combination)
      substitution.misplaced["model"] = "is made from the model, so it cannot stand in it"
      let model = finish(&substitution, substitution.replaced(node))
      variant.model = model
      variant.notes = substitution.notes
      guard let path = model.modelPath else {
        variants.append(variant)
        continue
      }
      guard !isBase, PathPattern.isIn(path.value) else {
        variant.path = path.value
        variants.append(variant)
        continue
      }
      hasPattern = true
      for match in matches(path, substitution.notes) {
        variant.path = match
        variant.isMatch = true
        variant.model = model.settingModelPath(match)
        variants.append(variant)
        guard variants.count <= Matrix.mostBuilds else {
          diagnostics.insert(
            Diagnostic("more than \(Matrix.mostBuilds) builds; a file has at most so many", at: path.place))
          return []
        }
      }
    }
    guard hasPattern else { return variants }
    // By model, then as the matrix has it.
    return variants.enumerated().sorted { a, b in
      let (first, second) = (a.element.path ?? "", b.element.path ?? "")
      return first == second ? a.offset < b.offset : first.utf8.lexicographicallyPrecedes(second.utf8)
    }.map(\.element)
  }

  /// The models that a pattern names; none is an error.
  private mutating func matches(_ path: Located<String>, _ notes: [Place: [Diagnostic.Note]]) -> [String] {
    let pattern = path.absolutePath
    let found =
      models[pattern] ?? surroundings.findModels(path.value, AbsolutePath.resolve(path.place.file + "/..", from: "/"))
    models[pattern] = found
    listedFolders.formUnion(found.folders)
    let problem =
      found.problem
      ?? (found.paths.isEmpty ? "no model matches \(Diagnostic.quoted(path.value)) (looked for \(pattern))" : nil)
    guard let problem else { return found.paths }
    diagnostics.insert(Diagnostic(problem, at: path.place, notes: notes[path.place] ?? []))
    return []
  }

  // MARK: One build

  /// Nil where the builds together are too much.
  private mutating func build(_ variant: Variant, _ root: Node) -> Pipeline? {
    var reader = PipelineReader(file: file)
    reader.patternBudget = patternBudget
    var substitution = substitution(variant.combination)
    if let path = variant.path, !isBase {
      substitution.bindings["model"] = Substitution.Binding(surroundings.modelStem(path))
    } else if !substitution.leavesOpen {
      substitution.misplaced["model"] = "is a model file's name; this model is no file"
    }
    var name = Located(PipelineName.stem(file), at: Place.start(of: file))
    if let node = root.value(of: "name"), let own = reader.name(substitution.replaced(node)) { name = own }
    if fileName == nil { fileName = name.value }
    let labels =
      (variant.isMatch ? [variant.path.map(surroundings.modelStem) ?? ""] : []) + matrix.labels(variant.combination)
    if !labels.isEmpty { name.value += "[\(labels.joined(separator: ","))]" }
    var pairs: [Node.Pair] = []
    for pair in root.mapping ?? [] {
      switch pair.key.value {
      case "name", "extends", "matrix": continue
      case "model": pairs.append(Node.Pair(key: pair.key, value: variant.model ?? pair.value))
      case "outputs":
        var outputs = substitution
        outputs.misplaced["name"] = nil
        if !isBase { outputs.bindings["name"] = Substitution.Binding(name.value) }
        pairs.append(Node.Pair(key: pair.key, value: outputs.replaced(pair.value)))
        outputs.bindings["name"] = nil
        outputs.misplaced["name"] = substitution.misplaced["name"]
        substitution = outputs
      case "stages", "checks": pairs.append(Node.Pair(key: pair.key, value: substitution.replaced(pair.value)))
      default: pairs.append(pair)
      }
    }
    let resolved = finish(&substitution, Node(.mapping(pairs), at: root.place))
    guard budget > 0 else {
      diagnostics.insert(
        Diagnostic(
          "the file's builds stand for more than \(BuildExpansion.mostValues) values together",
          at: root.key("matrix")?.place ?? root.key("model")?.place ?? .start(of: file)))
      return nil
    }
    var pipeline = reader.pipeline(resolved, name: name, isPartial: isPartial || isMatrixBroken)
    if substitution.hasOpenValues || resolved.value(of: "model")?.isOpen == true { pipeline?.isPartial = true }
    patternBudget = reader.patternBudget
    pipeline?.variableNotes = variant.notes.merging(substitution.notes) { first, _ in first }
    diagnostics.formUnion(reader.diagnostics.map { pipeline?.annotated($0) ?? $0 })
    return pipeline
  }

  private func substitution(_ combination: Matrix.Combination) -> Substitution {
    var substitution = Substitution(bindings: matrix.bindings(combination), budget: budget)
    substitution.misplaced["name"] = "is for outputs only"
    substitution.leavesOpen = isBase || isPartial || isMatrixBroken
    return substitution
  }

  /// Takes over what a substitution came to.
  private mutating func finish(_ substitution: inout Substitution, _ node: Node) -> Node {
    budget = substitution.budget
    used.formUnion(substitution.used)
    diagnostics.formUnion(substitution.diagnostics)
    return node
  }
}

extension Node {
  func key(_ name: String) -> Located<String>? { mapping?.first { $0.key.value == name }?.key }
  func value(of name: String) -> Node? { mapping?.first { $0.key.value == name }?.value }

  /// The path of a `model` value that is one or has one.
  fileprivate var modelPath: Located<String>? {
    let node = mapping == nil ? self : value(of: "path")
    guard let node, node.scalar?.isOpen == false, let text = node.string, !text.isEmpty, !text.contains("\0") else {
      return nil
    }
    return Located(text, at: node.place)
  }

  /// A `model` value with another path in its place.
  fileprivate func settingModelPath(_ path: String) -> Node {
    guard let pairs = mapping else { return Node(.scalar(Scalar(text: path, isPlain: false)), at: place) }
    let replaced = pairs.map { pair in
      pair.key.value == "path" ? Pair(key: pair.key, value: pair.value.settingModelPath(path)) : pair
    }
    return Node(.mapping(replaced), at: place)
  }
}
