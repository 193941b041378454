/// What a request asks for: the path, cut into segments before it is decoded, and the query.
///
/// A `%2F` is therefore part of a segment and never separates two.
public struct HTTPTarget: Hashable, Sendable {
  /// Still encoded, without the query.
  public let path: String
  /// Decoded; `/` has none, and `/a/` has `a` and an empty one.
  public let pathComponents: [String]
  public let query: [String: String]
  /// Host and port where the target names them (absolute-form, RFC 9112, section 3.2.2).
  public let authority: String?

  /// Throws 400 where the target is not a path, is badly encoded, or has a segment that leads elsewhere (`..`).
  public init(_ target: String) throws(HTTPRefusal) {
    var rest = Substring(target)
    guard target.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !target.utf8.contains(UInt8(ascii: "#")) else {
      throw .badRequest("The request's target has bytes that a URL cannot have.")
    }
    if rest.prefix(7).lowercased() == "http://" {
      let authority = rest.dropFirst(7).prefix { $0 != "/" && $0 != "?" }
      self.authority = String(authority)
      rest = rest.dropFirst(7 + authority.count)
      if rest.first != "/" { rest = "/" + rest }
    } else {
      authority = nil
    }
    guard rest.first == "/" else { throw .badRequest("The request's target is no path.") }

    let path = rest.prefix { $0 != "?" }
    self.path = String(path)
    let segments = path == "/" ? [] : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    pathComponents = try segments.map { (segment) throws(HTTPRefusal) in
      let decoded = try Self.decoded(segment)
      guard !Self.leadsElsewhere(decoded) else {
        throw .badRequest("The path has the segment '\(segment)', which leads elsewhere.")
      }
      return decoded
    }
    query = try Self.query(rest.dropFirst(path.count + 1))
  }

  /// Whether a file name made of the segment would leave its folder.
  private static func leadsElsewhere(_ segment: String) -> Bool {
    segment.split { $0 == "/" || $0 == "\\" }.contains { $0 == "." || $0 == ".." }
  }

  private static func query(_ text: Substring) throws(HTTPRefusal) -> [String: String] {
    var query: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let name = pair.prefix { $0 != "=" }
      let decodedName = try decoded(name, plusIsSpace: true)
      let value = try decoded(pair.dropFirst(name.count + 1), plusIsSpace: true)
      guard query.updateValue(value, forKey: decodedName) == nil else {
        throw .badRequest("The query has '\(decodedName)' twice.")
      }
    }
    return query
  }

  private static func decoded(_ text: Substring, plusIsSpace: Bool = false) throws(HTTPRefusal) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst()?.hexDigit, let low = rest.popFirst()?.hexDigit else {
          throw .badRequest("'\(text)' has a '%' without two hexadecimal digits.")
        }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw .badRequest("'\(text)' decodes to control characters.")
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw .badRequest("'\(text)' does not decode to UTF-8.")
    }
    return decoded
  }
}

extension UInt8 {
  fileprivate var hexDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
