/// Why bytes are no safetensors file, and where.
public struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// From the file's start.
  public var offset: Int

  public init(_ message: String, offset: Int) {
    self.message = message
    self.offset = offset
  }

  public var description: String { "\(message) (at byte \(offset))" }
}
