/// A syntax error as libyaml found it, and what to tell the user of it.
struct YAMLProblem {
  /// What libyaml says is wrong, and what it was doing.
  var problem: String
  var context: String?
  /// Where it noticed, and where what it was reading began.
  var place: SourcePosition
  var contextPlace: SourcePosition

  /// In words that say what to do; libyaml's own for what hardly anybody meets.
  func diagnostic(in source: SourceText) -> Diagnostic {
    func error(_ message: String, at place: SourcePosition, note: String? = nil) -> Diagnostic {
      let notes = note.map { [Diagnostic.Note($0, file: source.file, range: point(contextPlace))] }
      return Diagnostic(.error, message, file: source.file, range: point(place), notes: notes ?? [])
    }
    switch problem {
    case "found character that cannot start any token", "found a tab character that violates indentation",
      "found a tab character where an indentation space is expected":
      let found = source.scalar(at: place)
      guard let found, found != "\t" else { return error("a tab; indent with spaces", at: place) }
      return error("a value cannot begin with \(Diagnostic.quoted(String(found))); put it in quotes", at: place)
    case "mapping values are not allowed in this context":
      return error("a ':' makes no sense here; check the indentation, or put the text in quotes", at: place)
    case "block sequence entries are not allowed in this context":
      return error("a '-' makes no sense here; a list begins on a line of its own", at: place)
    case "could not find expected ':'":
      return error("expected ':' after this key", at: contextPlace)
    case "did not find expected key", "did not find expected '-' indicator":
      guard source.isFirst(place) else { return error("expected the end of the line", at: place) }
      guard source.scalar(at: place) != "-" else {
        return error("a '-' makes no sense here; check the indentation", at: place)
      }
      return problem.hasSuffix("key")
        ? error("expected a key; check the indentation", at: place, note: "the mapping begins here")
        : error("expected '-'; check the indentation", at: place, note: "the list begins here")
    case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
      // A plain text ends at a brace there.
      if source.scalar(at: place) == "{", place.column > 1,
        source.scalar(at: SourcePosition(line: place.line, column: place.column - 1)) == "$"
      {
        return error("inside of braces and brackets, put '${…}' in quotes", at: place)
      }
      return problem.hasSuffix("']'")
        ? error("expected ',' or ']'", at: place, note: "the list begins here")
        : error("expected ',' or '}'", at: place, note: "the mapping begins here")
    case "did not find expected node content": return error("expected a value", at: place)
    case "found unexpected end of stream" where context == "while scanning a quoted scalar":
      return error("the quotes that open here do not close", at: contextPlace)
    case "found unknown escape character":
      return error("an unknown escape; in single quotes a backslash stands for itself", at: place)
    case "did not find expected hexdecimal number":
      return error("an escape without its hexadecimal digits", at: place)
    case "found invalid Unicode character escape code":
      return error("an escape that stands for no character", at: place)
    case "did not find expected alphabetic or numeric character" where context == "while scanning an alias":
      return error("a value that begins with '*' is an alias; put a pattern in quotes", at: contextPlace)
    case "did not find expected <document start>":
      return error("expected the end of the file; check the indentation", at: place)
    case "found incompatible YAML document": return error("a version of YAML that is not 1.1 or 1.2", at: place)
    default:
      return error("invalid YAML: \(problem)\(context.map { " " + $0 } ?? "")", at: place)
    }
  }

  private func point(_ place: SourcePosition) -> SourceRange { SourceRange(line: place.line, column: place.column) }
}
