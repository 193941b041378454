/// The axes of a pipeline's builds: one build for each combination of their values.
struct Matrix {
  struct Axis {
    var name: Located<String>
    var values: [Located<Node.Scalar>]
  }

  var axes: [Axis] = []

  /// Builds of one file.
  static let mostBuilds = 1000
  private static let mostAxes = 16
  /// Bytes of an axis's value: it is part of the build's name.
  private static let longestValue = 128

  /// A value for each axis.
  typealias Combination = [Located<Node.Scalar>]

  /// All combinations in the order in which the values are written; the first axis changes slowest.
  var combinations: [Combination] {
    axes.reduce([[]]) { combinations, axis in
      combinations.flatMap { combination in axis.values.map { combination + [$0] } }
    }
  }

  /// `bits=4` for each axis.
  func labels(_ combination: Combination) -> [String] {
    zip(axes, combination).map { "\($0.name.value)=\($1.value.text)" }
  }

  func bindings(_ combination: Combination) -> [String: Substitution.Binding] {
    Dictionary(
      zip(axes, combination).map { ($0.name.value, Substitution.Binding($1.value, at: $1.place)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Reads the axes; nil where something is wrong with them.
  static func read(_ node: Node, _ diagnostics: inout [Diagnostic]) -> Matrix? {
    let before = diagnostics.count
    guard let pairs = node.mapping, !pairs.isEmpty else {
      diagnostics.append(
        Diagnostic(
          "expected axes such as {bits: [3, 4, 5]}, found \(node.mapping == nil ? node.kind : "an empty mapping")",
          at: node.place))
      return nil
    }
    guard pairs.count <= mostAxes else {
      diagnostics.append(Diagnostic("\(pairs.count) axes; a matrix has at most \(mostAxes)", at: node.place))
      return nil
    }
    var matrix = Matrix()
    for pair in pairs {
      if let problem = problem(withName: pair.key.value) {
        diagnostics.append(Diagnostic(problem, at: pair.key.place))
      }
      matrix.axes.append(Axis(name: pair.key, values: values(pair.value, &diagnostics)))
    }
    guard diagnostics.count == before else { return nil }
    var builds = 1
    for axis in matrix.axes {
      builds = builds.multipliedReportingOverflow(by: axis.values.count).partialValue
      // Checked at each axis, so that the product never overflows.
      guard builds <= mostBuilds else {
        diagnostics.append(Diagnostic("more than \(mostBuilds) builds; a file has at most so many", at: node.place))
        return nil
      }
    }
    return matrix
  }

  private static func problem(withName name: String) -> String? {
    guard !["model", "name"].contains(name) else { return "'${\(name)}' has a meaning already; choose another name" }
    return VariableText.isName(name)
      ? nil : "\(Diagnostic.quoted(name)) is no variable's name: letters, digits, '_' and '-'"
  }

  private static func values(_ node: Node, _ diagnostics: inout [Diagnostic]) -> [Located<Node.Scalar>] {
    guard let items = node.sequence else {
      diagnostics.append(Diagnostic("expected a list of values such as [3, 4, 5], found \(node.kind)", at: node.place))
      return []
    }
    if items.isEmpty { diagnostics.append(Diagnostic("the axis has no values", at: node.place)) }
    // More cannot be built, and the checks below compare each with each.
    guard items.count <= mostBuilds else {
      diagnostics.append(Diagnostic("more than \(mostBuilds) builds; a file has at most so many", at: node.place))
      return []
    }
    var seen: [String: Place] = [:]
    return items.compactMap { item in
      guard let scalar = item.scalar, !item.isNull else {
        diagnostics.append(Diagnostic("expected a single value, found \(item.kind)", at: item.place))
        return nil
      }
      if let problem = problem(withValue: scalar.text) {
        diagnostics.append(Diagnostic(problem, at: item.place))
        return nil
      }
      if let first = seen[scalar.text] {
        diagnostics.append(
          Diagnostic(
            "the value \(Diagnostic.quoted(scalar.text)) is there twice", at: item.place,
            notes: [Diagnostic.Note("it is here already", at: first)]))
        return nil
      }
      seen[scalar.text] = item.place
      return Located(scalar, at: item.place)
    }
  }

  private static func problem(withValue text: String) -> String? {
    if VariableText.isIn(text) { return "variables are not for 'matrix'" }
    if text.utf8.count > longestValue { return "a value in a matrix has at most \(longestValue) bytes" }
    if text.isEmpty || text.contains("/")
      || text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
    {
      return "a value in a matrix is part of the build's name: it is not empty and has no slash"
    }
    return nil
  }
}
