/// What a server has done so far.
public struct HTTPStatistics: Hashable, Sendable {
  public var openConnections = 0
  /// Connections that were let in.
  public var connections = 0
  /// Requests that went to the handler.
  public var requests = 0
  /// Requests and connections that the server itself turned away.
  public var refused = 0
}
