import CondensePipelines
import CondenseStages

/// Reads a stage's parameters from a pipeline's nodes, by what the stage says of them.
struct ParameterReader {
  let stage: StageDescription
  let file: String
  var diagnostics: [Diagnostic] = []

  init(stage: StageDescription, file: String) {
    self.stage = stage
    self.file = file
  }

  /// The parameters that could be read; what could not is reported.
  mutating func read(_ pairs: [Node.Pair]) -> StageParameters {
    var parameters: StageParameters = [:]
    for pair in pairs {
      guard let description = stage.parameters.first(where: { $0.name == pair.key.value }) else {
        diagnostics.append(
          .unknown("parameter of \(stage.name)", pair.key, known: stage.parameters.map(\.name), file: file))
        continue
      }
      if let value = read(pair.value, description.type) {
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
    var message = message
    var fixIt: Diagnostic.FixIt?
    if let word = node.string, let nearest = Spelling.nearest(to: word, in: description.type.words) {
      message += "; did you mean '\(nearest)'?"
      fixIt = Diagnostic.FixIt(replacement: nearest, range: node.range)
    } else if case .boolean = description.type, let word = node.string?.lowercased(),
      let meant = ["yes": "true", "on": "true", "no": "false", "off": "false"][word]
    {
      // YAML 1.1 took these for booleans; many people still write them.
      message += "; did you mean '\(meant)'?"
      fixIt = Diagnostic.FixIt(replacement: meant, range: node.range)
    }
    diagnostics.append(Diagnostic(.error, message, file: file, range: node.range, fixIt: fixIt))
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
