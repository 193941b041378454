/// Something in a store that is not as it should be.
public struct StoreProblem: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// An artifact that is not what its name says.
    case damagedArtifact = "damaged artifact"
    /// An artifact that is recorded, and whose file is gone.
    case missingObject = "missing object"
    /// A record whose seal is broken, or that is of a type that nobody writes.
    case damagedRecord = "damaged record"
    /// An action whose artifact is gone.
    case lostResult = "lost result"
    /// A tree of the index that is out of order, or worse.
    case damagedIndex = "damaged index"
    /// A file or folder that is none of the store's.
    case strayFile = "stray file"
    /// What a process left half written that is gone.
    case abandoned = "abandoned staging"
  }

  public var kind: Kind
  /// A path, or a table of the index and a key in it.
  public var place: String
  public var detail: String
  /// Whether it is gone now. What it stood for is made again when it is needed.
  public var isDropped = false
}

/// What looking through a store came to.
public struct VerificationReport: Equatable, Sendable {
  public var artifacts = 0
  public var bytes = 0
  public var records = 0
  public var problems: [StoreProblem] = []
}
