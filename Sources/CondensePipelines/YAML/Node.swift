/// A value of a YAML document with its place.
public struct Node: Equatable, Sendable {
  public var content: Content
  public var place: Place

  public enum Content: Equatable, Sendable {
    case scalar(Scalar)
    case sequence([Node])
    case mapping([Pair])
  }

  public struct Pair: Equatable, Sendable {
    public var key: Located<String>
    public var value: Node
  }

  /// A scalar as it was written; what it means depends on what is expected.
  public struct Scalar: Equatable, Sendable {
    public var text: String
    /// Written without quotes, so that it may be a number or a word such as `true`.
    public var isPlain: Bool
    /// Not known yet: it has a variable in it that what extends the file binds.
    public var isOpen = false

    public init(text: String, isPlain: Bool, isOpen: Bool = false) {
      self.text = text
      self.isPlain = isPlain
      self.isOpen = isOpen
    }
  }

  public init(_ content: Content, at place: Place) {
    self.content = content
    self.place = place
  }

  public var range: SourceRange { place.range }
}

// What a scalar can be read as, by YAML 1.2's core schema (section 10.3).
extension Node {
  public var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
  public var sequence: [Node]? { if case .sequence(let nodes) = content { nodes } else { nil } }
  public var mapping: [Pair]? { if case .mapping(let pairs) = content { pairs } else { nil } }

  /// Whether the value, or one in it, is not known yet.
  public var isOpen: Bool {
    switch content {
    case .scalar(let scalar): scalar.isOpen
    case .sequence(let nodes): nodes.contains(where: \.isOpen)
    case .mapping(let pairs): pairs.contains { $0.value.isOpen }
    }
  }

  /// Nothing at all, `~` or `null`.
  public var isNull: Bool {
    guard let scalar, scalar.isPlain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
  }

  public var bool: Bool? {
    guard let scalar, scalar.isPlain else { return nil }
    switch scalar.text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }

  public var integer: Int? {
    guard let scalar, scalar.isPlain else { return nil }
    let text = scalar.text
    for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
      let digits = text.dropFirst(2)
      // No sign may follow the prefix.
      return digits.first?.isHexDigit == true ? Int(digits, radix: radix) : nil
    }
    // `Int` takes nothing but a sign and digits.
    return Int(text)
  }

  /// A finite number, whole or not.
  public var number: Double? {
    guard let scalar, scalar.isPlain else { return nil }
    if let integer { return Double(integer) }
    return Node.decimal(scalar.text)
  }

  /// A decimal number as people write it; Swift's own reading would also take `nan` and `0x1p3`.
  static func decimal(_ text: some StringProtocol) -> Double? {
    let allowed = text.unicodeScalars.allSatisfy { scalar in
      ("0"..."9").contains(scalar) || [".", "+", "-", "e", "E"].contains(scalar)
    }
    guard allowed, text.unicodeScalars.contains(where: { ("0"..."9").contains($0) }) else { return nil }
    let completed = text.hasSuffix(".") ? text + "0" : String(text)
    return Double(completed).flatMap { $0.isFinite ? $0 : nil }
  }

  /// A text; numbers and words such as `true` as they were written, so that a name may be `2024`. Null is none.
  public var string: String? {
    guard let scalar, !isNull else { return nil }
    return scalar.text
  }

  /// What it is, for messages.
  public var kind: String {
    switch content {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(let scalar):
      isNull
        ? "nothing"
        : bool != nil
          ? "'\(scalar.text)'" : number != nil ? "the number \(scalar.text.prefix(40))" : Diagnostic.quoted(scalar.text)
    }
  }
}
