/// The way of a streamed body to its client.
public struct HTTPBodyWriter: Sendable {
  private let send: @Sendable ([UInt8]) async throws -> Void

  /// A writer that is not a connection's, as for a test.
  public init(_ send: @escaping @Sendable ([UInt8]) async throws -> Void) { self.send = send }

  /// Suspends until the system has taken all bytes, so that a slow client slows its writer and nothing queues up.
  ///
  /// Throws ``HTTPBodyError`` where the client has gone or does not read.
  public func write(_ bytes: [UInt8]) async throws {
    if !bytes.isEmpty { try await send(bytes) }
  }

  public func write(_ text: String) async throws { try await write(Array(text.utf8)) }
}

/// Why the rest of a body cannot be sent.
public enum HTTPBodyError: Error, Hashable, Sendable {
  case clientGone
  /// The client has read nothing for ``HTTPLimits/write``.
  case clientNotReading
}
