/// Puts values in the place of variables.
struct Substitution {
  /// A variable's value, and where it was written, if it was.
  struct Binding {
    var value: Node.Scalar
    var place: Place?

    init(_ value: Node.Scalar, at place: Place? = nil) {
      self.value = value
      self.place = place
    }

    init(_ text: String) { self.init(Node.Scalar(text: text, isPlain: false)) }
  }

  var bindings: [String: Binding]
  /// Variables that have a value elsewhere, each with the reason why not here.
  var misplaced: [String: String] = [:]
  /// Whether a variable without value is left open instead of reported: what extends a base can bind it.
  var leavesOpen = false
  /// How much text and how many values may still be made, counted as ``YAMLParser`` counts: a file stands for several
  /// builds, and each holds all of it.
  var budget: Int

  private(set) var diagnostics: [Diagnostic] = []
  private(set) var used: Set<String> = []
  /// Whether a value was left open.
  private(set) var hasOpenValues = false
  /// For scalars with variables in them, where the values are from.
  private(set) var notes: [Place: [Diagnostic.Note]] = [:]

  init(bindings: [String: Binding], budget: Int) {
    self.bindings = bindings
    self.budget = budget
  }

  /// A value with its variables replaced; as it is where the budget is used up.
  mutating func replaced(_ node: Node) -> Node {
    budget -= 1
    guard budget > 0 else { return node }
    switch node.content {
    case .scalar(let scalar):
      budget -= scalar.text.utf8.count / YAMLParser.bytesPerNode
      guard VariableText.isIn(scalar.text) else { return node }
      return Node(.scalar(self.scalar(scalar, at: node.place)), at: node.place)
    case .sequence(let nodes): return Node(.sequence(nodes.map { replaced($0) }), at: node.place)
    case .mapping(let pairs):
      return Node(.mapping(pairs.map { Node.Pair(key: $0.key, value: replaced($0.value)) }), at: node.place)
    }
  }

  private mutating func scalar(_ scalar: Node.Scalar, at place: Place) -> Node.Scalar {
    let text: VariableText
    do { text = try VariableText(scalar.text) } catch {
      diagnostics.append(Diagnostic(error.message, at: place))
      return open(scalar)
    }
    var values: [Node.Scalar] = []
    for part in text.parts {
      switch part {
      case .text(let text): values.append(Node.Scalar(text: text, isPlain: scalar.isPlain))
      case .variable(let name):
        guard let value = value(of: name, at: place) else { return open(scalar) }
        values.append(value)
      }
    }
    // A scalar that is a variable and nothing else is the value itself: in quotes too, which braces around it ask for.
    if text.parts.count == 1, case .variable = text.parts[0] { return values[0] }
    let whole = values.map(\.text).joined()
    budget -= whole.utf8.count / YAMLParser.bytesPerNode
    return Node.Scalar(text: whole, isPlain: scalar.isPlain)
  }

  private mutating func open(_ scalar: Node.Scalar) -> Node.Scalar {
    hasOpenValues = true
    return Node.Scalar(text: scalar.text, isPlain: false, isOpen: true)
  }

  private mutating func value(of name: String, at place: Place) -> Node.Scalar? {
    guard let binding = bindings[name] else {
      if let reason = misplaced[name] {
        diagnostics.append(Diagnostic("'${\(name)}' \(reason)", at: place))
      } else if !leavesOpen {
        diagnostics.append(
          bindings.isEmpty
            ? Diagnostic(
              "unknown variable \(Diagnostic.quoted(name)); 'matrix' gives variables their values", at: place)
            : .unknown("variable", Located(name, at: place), known: bindings.keys.sorted()))
      }
      return nil
    }
    used.insert(name)
    if let origin = binding.place {
      let note = Diagnostic.Note("\(name) is \(Diagnostic.quoted(binding.value.text)) here", at: origin)
      if notes[place]?.contains(note) != true { notes[place, default: []].append(note) }
    }
    return binding.value
  }
}
