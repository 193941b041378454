/// A pattern over tensor names: `*` for any run of characters, `?` for one, `[a-z]` and `[!a]` for one of a set, `{a,b}`
/// for alternatives. A dot is a character like any other.
public struct Glob: Hashable, Sendable {
  public let pattern: String
  private let alternatives: [[Token]]

  private enum Token: Hashable, Sendable {
    case character(Character)
    case anyCharacter
    case anyRun
    case set([ClosedRange<Character>], isNegated: Bool)
  }

  /// Braces multiply; no pattern needs more alternatives.
  private static let mostAlternatives = 256

  /// - Throws: ``GlobError`` for a bracket or brace that does not close, or too many alternatives.
  public init(_ pattern: String) throws(GlobError) {
    self.pattern = pattern
    alternatives = try Glob.expandedWithinBounds(pattern).map { (text) throws(GlobError) in try Glob.tokens(text) }
  }

  /// The patterns that a pattern's braces stand for; one without braces stands for itself.
  ///
  /// - Throws: ``GlobError`` for a brace that does not close, or too many alternatives.
  public static func alternatives(of pattern: String) throws(GlobError) -> [String] {
    try expandedWithinBounds(pattern).map { String($0) }
  }

  private static func expandedWithinBounds(_ pattern: String) throws(GlobError) -> [[Character]] {
    guard pattern.utf8.count <= 1024, pattern.utf8.count(where: { $0 == UInt8(ascii: "{") }) <= 16 else {
      throw GlobError(message: "it is too long or has too many braces")
    }
    return try expanded(Array(pattern))
  }

  /// What the pattern takes in memory: its characters, with braces written out.
  var expandedCount: Int { alternatives.reduce(1) { $0 + 1 + $1.count } }

  /// Whether the whole of `name` matches. Takes time in proportion to the lengths' product at most.
  public func matches(_ name: String) -> Bool {
    let name = Array(name)
    return alternatives.contains { Glob.matches($0, name) }
  }

  private static func matches(_ tokens: [Token], _ name: [Character]) -> Bool {
    var token = 0
    var place = 0
    // Where to go on after a mismatch: the last star takes one character more. Earlier stars need not be tried again.
    var retry: (token: Int, place: Int)?
    while place < name.count {
      if token < tokens.count {
        if case .anyRun = tokens[token] {
          retry = (token + 1, place)
          token += 1
          continue
        }
        if matches(tokens[token], name[place]) {
          token += 1
          place += 1
          continue
        }
      }
      guard let last = retry else { return false }
      retry = (last.token, last.place + 1)
      token = last.token
      place = last.place + 1
    }
    return tokens[token...].allSatisfy { $0 == .anyRun }
  }

  private static func matches(_ token: Token, _ character: Character) -> Bool {
    switch token {
    case .character(let wanted): wanted == character
    case .anyCharacter: true
    case .anyRun: false
    case .set(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
    }
  }

  /// The patterns that braces stand for.
  private static func expanded(_ text: [Character]) throws(GlobError) -> [[Character]] {
    guard let open = text.firstIndex(of: "{") else { return [text] }
    var depth = 0
    var parts: [[Character]] = [[]]
    var end: Int?
    for index in open..<text.count {
      let character = text[index]
      if character == "{" { depth += 1 }
      if character == "}" { depth -= 1 }
      if depth == 0 {
        end = index
        break
      }
      if character == "," && depth == 1 {
        parts.append([])
      } else if !(character == "{" && depth == 1) {
        parts[parts.count - 1].append(character)
      }
    }
    guard let end else { throw GlobError(message: "a '{' does not close") }
    var results: [[Character]] = []
    for part in parts {
      results += try expanded(text[..<open] + part + text[(end + 1)...])
      guard results.count <= mostAlternatives else { throw GlobError(message: "too many alternatives in braces") }
    }
    return results
  }

  private static func tokens(_ text: [Character]) throws(GlobError) -> [Token] {
    var tokens: [Token] = []
    var index = 0
    while index < text.count {
      switch text[index] {
      case "*":
        if tokens.last != .anyRun { tokens.append(.anyRun) }
      case "?": tokens.append(.anyCharacter)
      case "[": tokens.append(try set(text, &index))
      case let character: tokens.append(.character(character))
      }
      index += 1
    }
    return tokens
  }

  /// Reads a set from its bracket; leaves `index` at the closing one.
  private static func set(_ text: [Character], _ index: inout Int) throws(GlobError) -> Token {
    var next = index + 1
    let isNegated = next < text.count && (text[next] == "!" || text[next] == "^")
    if isNegated { next += 1 }
    var ranges: [ClosedRange<Character>] = []
    // A bracket that comes first is one of the set.
    while next < text.count, text[next] != "]" || ranges.isEmpty {
      if next + 2 < text.count, text[next + 1] == "-", text[next + 2] != "]" {
        guard text[next] <= text[next + 2] else {
          throw GlobError(message: "the range \(text[next])-\(text[next + 2]) is empty")
        }
        ranges.append(text[next]...text[next + 2])
        next += 3
      } else {
        ranges.append(text[next]...text[next])
        next += 1
      }
    }
    guard next < text.count else { throw GlobError(message: "a '[' does not close") }
    index = next
    return .set(ranges, isNegated: isNegated)
  }
}

/// Why a pattern is none.
public struct GlobError: Error, Equatable, Sendable {
  public var message: String
}
