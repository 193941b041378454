/// What a plugin may take of time, memory and the host's patience.
public struct PluginLimits: Equatable, Sendable {
  /// Seconds that one request may take.
  public var seconds = 3600.0
  /// Seconds that `describe` may take.
  public var describeSeconds = 10.0
  /// Seconds between SIGTERM and SIGKILL.
  public var graceSeconds = 2.0
  /// Seconds after which a process that nobody needs is ended.
  public var idleSeconds = 30.0
  /// Bytes of address space for each process (`RLIMIT_AS`); nil for no limit. Linux only: Darwin does not enforce it.
  public var memory: Int?
  /// Bytes of one line of a reply.
  public var lineByteCount = 4 << 20
  /// Bytes that a plugin may write to its standard output for one request.
  public var outputByteCount = 16 << 20

  public init() {}
}
