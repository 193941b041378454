import CondensePipelines
import CondenseStages

/// Reads a stage's parameters from a pipeline's nodes, by what the stage says of them.
struct ParameterReader {
  let stage: StageDescription
  var diagnostics: [Diagnostic] = []
  /// Whether a value is not known yet.
  private(set) var hasOpenValues = false

  init(stage: StageDescription) { self.stage = stage }

  /// The parameters that could be read; what could not is reported.
  mutating func read(_ pairs: [Node.Pair]) -> StageParameters {
    var parameters: StageParameters = [:]
    for pair in pairs {
      guard let description = stage.parameters.first(where: { $0.name == pair.key.value }) else {
        diagnostics.append(
          .unknown("parameter of \(stage.name)", pair.key, known: stage.parameters.map(\.name)))
        continue
      }
      if pair.value.isOpen {
        hasOpenValues = true
      } else if let value = read(pair.value, description.type) {
        parameters[description.name] = value
      } else {
        report(
          "expected \(description.type.text) for \(description.name), found \(pair.value.kind)", pair.value, description
        )
      }
    }
    return parameters
  }

  private mutating func report(_ message: String, _ node: Node, _ description: ParameterDescription) {
    var fixIt: Diagnostic.FixIt?
    if let (meant, range) = nearest(to: node, description.type) {
      fixIt = Diagnostic.FixIt(replacement: meant, range: range)
    }
    let isUnquoted = node.scalar?.isPlain == false && node.scalar?.text == fixIt?.replacement
    let hint =
      isUnquoted ? "; leave out the quotes" : fixIt.map { "; did you mean \(Diagnostic.quoted($0.replacement))?" } ?? ""
    diagnostics.append(Diagnostic(.error, message + hint, at: node.place, fixIt: fixIt))
  }

  /// What a value that cannot stand there was meant to be, and the place of what to replace.
  private func nearest(to node: Node, _ type: ParameterType) -> (String, SourceRange)? {
    if let word = node.string, let nearest = Spelling.nearest(to: word, in: type.words) { return (nearest, node.range) }
    switch type {
    case .boolean:
      // YAML 1.1 took these for booleans; many people still write them.
      let meant = ["yes": "true", "on": "true", "no": "false", "off": "false"]
      return node.string.flatMap { meant[$0.lowercased()] }.map { ($0, node.range) }
    case .number(let range) where range == 0...1:
      // Ninety per cent, written without the sign.
      guard let number = node.number, number > 1, number <= 100, let text = node.string else { return nil }
      return (text + "%", node.range)
    case .integer, .number:
      // A number in quotes is a text.
      guard let scalar = node.scalar, !scalar.isPlain else { return nil }
      var plain = scalar
      plain.isPlain = true
      let bare = Node(.scalar(plain), at: node.place)
      return read(bare, type) == nil ? nil : (scalar.text, node.range)
    case .choice(let choices):
      guard let key = node.mapping?.first?.key else { return nil }
      return Spelling.nearest(to: key.value, in: choices.map(\.key)).flatMap { $0 == key.value ? nil : ($0, key.range) }
    case .either(let types): return types.lazy.compactMap { nearest(to: node, $0) }.first
    case .word, .text, .path, .list: return nil
    }
  }

  private func read(_ node: Node, _ type: ParameterType) -> ParameterValue? {
    switch type {
    case .integer(let range): return node.integer.flatMap { range.contains($0) ? .integer($0) : nil }
    case .number(let range):
      let number = node.number ?? node.string.flatMap { Quantity.value($0, in: .share) }
      return number.flatMap { range.contains($0) ? .number($0) : nil }
    case .boolean: return node.bool.map { .bool($0) }
    case .word(let words): return node.string.flatMap { words.contains($0) ? .string($0) : nil }
    case .text: return node.string.map { .string($0) }
    case .path:
      guard let path = node.string, !path.isEmpty else { return nil }
      return .string(Located(path, at: node.place).absolutePath)
    case .list(let element, let count):
      guard let items = node.sequence, items.count == count else { return nil }
      let values = items.compactMap { read($0, element) }
      return values.count == count ? .list(values) : nil
    case .choice(let choices):
      guard let pairs = node.mapping, pairs.count == 1, let pair = pairs.first,
        let choice = choices.first(where: { $0.key == pair.key.value })
      else { return nil }
      return read(pair.value, choice.type).map { .map([choice.key: $0]) }
    case .either(let types): return types.lazy.compactMap { read(node, $0) }.first
    }
  }
}

extension ParameterType {
  /// What may stand there, in words.
  public var text: String {
    switch self {
    case .integer(let range):
      range.upperBound == .max
        ? "a whole number from \(range.lowerBound)" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      range.upperBound == .greatestFiniteMagnitude
        ? "a number from \(Figures.number(range.lowerBound))"
        : "a number from \(Figures.number(range.lowerBound)) to \(Figures.number(range.upperBound))"
    case .boolean: "true or false"
    case .word(let words): words.joined(separator: ", ")
    case .text(let expected): expected
    case .path: "the path of a file"
    case .list(let element, let count): "[\(Array(repeating: element.text, count: count).joined(separator: ", "))]"
    case .choice(let choices): choices.map { "{\($0.key): \($0.type.text)}" }.joined(separator: " or ")
    case .either(let types): types.map(\.text).joined(separator: " or ")
    }
  }

  /// The words that may stand there.
  var words: [String] {
    switch self {
    case .word(let words): words
    case .either(let types): types.flatMap(\.words)
    default: []
    }
  }
}
