/// A text with variables in it, such as `build/${name}-${bits}.condensed`; `$${` stands for `${` itself.
struct VariableText {
  enum Part: Equatable {
    case text(String)
    case variable(String)
  }

  var parts: [Part] = []

  /// Whether a text needs a look at all.
  static func isIn(_ text: String) -> Bool {
    var isAfterDollar = false
    for byte in text.utf8 {
      if isAfterDollar && byte == UInt8(ascii: "{") { return true }
      isAfterDollar = byte == UInt8(ascii: "$")
    }
    return false
  }

  /// - Throws: ``VariableError`` where a brace does not close, or what is in it is no name.
  init(_ text: String) throws(VariableError) {
    var rest = text[...]
    var plain = ""
    while let dollar = rest.firstIndex(of: "$") {
      plain += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        plain += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        guard let end = rest.firstIndex(of: "}") else { throw VariableError(message: "a '${' does not close") }
        let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
        guard VariableText.isName(name) else {
          throw VariableError(message: "\(Diagnostic.quoted(name)) is no variable's name; write '$${' for '${' itself")
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        plain = ""
        parts.append(.variable(name))
        rest = rest[rest.index(after: end)...]
      } else {
        plain += "$"
        rest = rest.dropFirst()
      }
    }
    plain += rest
    if !plain.isEmpty { parts.append(.text(plain)) }
  }

  /// A letter or an underscore, then those, digits and hyphens.
  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
    return (isLetter(first) || first == UInt8(ascii: "_"))
      && text.utf8.allSatisfy {
        isLetter($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
  }
}

/// Why a text with variables is none.
struct VariableError: Error {
  var message: String
}
