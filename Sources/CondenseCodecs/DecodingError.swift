/// Why encoded bytes do not decode.
public struct DecodingError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// Where in the stream, where that is known.
  public var offset: Int?

  public init(_ message: String, offset: Int? = nil) {
    self.message = message
    self.offset = offset
  }

  public var description: String { offset.map { "\(message) (at byte \($0))" } ?? message }
}
