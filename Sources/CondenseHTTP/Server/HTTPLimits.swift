/// What a client may ask for, and how long it may take over it.
public struct HTTPLimits: Hashable, Sendable {
  /// Bytes of a request's body.
  public var bodyBytes = 64 << 10
  /// Bytes of a request's header names and values together.
  public var headerBytes = 16 << 10
  public var headerCount = 100
  /// Bytes of path and query, as they came.
  public var targetBytes = 8 << 10
  /// Open connections on the loopback, and as many again on the Unix socket, so that no web page can use up the places
  /// of the command line.
  public var connections = 256
  public var requestsPerConnection = 10_000
  /// From a head's first bytes to its end.
  public var head = Duration.seconds(5)
  /// From a head's end to the body's.
  public var body = Duration.seconds(10)
  /// How long a connection may stay open without a request.
  public var idle = Duration.seconds(30)
  /// How long a client may read nothing of its response.
  public var write = Duration.seconds(10)
  /// How long a stream on the loopback may be silent after its client has closed its side. TCP does not tell a client
  /// that is gone from one that only sends no more; a write would.
  public var halfClosed = Duration.seconds(1)
  /// How long what a refused client still sends is read and dropped, so that it can read the refusal.
  public var lingering = Duration.seconds(1)

  public init() {}
}
