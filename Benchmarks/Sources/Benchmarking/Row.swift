/// One line of a table.
public struct Row: Codable, Sendable {
  public var kernel: String
  public var weights: String
  /// Bytes of float32 input a second, in units of 10^9.
  public var gigabytesPerSecond: Double
  /// The reference's time over the kernel's; the reference is memcpy of the same bytes unless the kernel says otherwise.
  public var ratio: Double
  /// The least ratio to reach, where there is one.
  public var target: Double?
  /// The same job's ratio with a peer, by name.
  public var peer: String?
  public var peerRatio: Double?

  public var isMet: Bool? { target.map { ratio >= $0 } }

  public init(kernel: String, weights: String, gigabytesPerSecond: Double, ratio: Double, target: Double?) {
    self.kernel = kernel
    self.weights = weights
    self.gigabytesPerSecond = gigabytesPerSecond
    self.ratio = ratio
    self.target = target
  }
}
