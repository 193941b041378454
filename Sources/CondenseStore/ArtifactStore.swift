import CondenseFiles
import CondenseTensors

/// Names an immutable run of bytes by what it contains.
public struct Artifact: Hashable, Sendable {
  public var digest: Digest
  public var byteCount: Int

  public init(digest: Digest, byteCount: Int) {
    self.digest = digest
    self.byteCount = byteCount
  }
}

/// An artifact with its content, in parts that follow each other.
public struct ArtifactContent: Sendable {
  public var artifact: Artifact
  public var parts: [Bytes]

  public init(_ parts: [Bytes]) { self.init(parts, digest: Digest(of: parts)) }

  private init(_ parts: [Bytes], digest: Digest) {
    self.parts = parts
    artifact = Artifact(digest: digest, byteCount: parts.reduce(0) { $0 + $1.count })
  }

  /// Several artifacts, which takes less time than one after the other: see ``Digest/together(_:)``.
  public static func together(_ contents: [[Bytes]]) -> [ArtifactContent] {
    zip(contents, Digest.together(contents)).map { ArtifactContent($0, digest: $1) }
  }
}

/// What an action made, by its key.
public struct ActionRecord: Hashable, Sendable {
  public var key: Digest
  public var artifact: Artifact

  public init(key: Digest, artifact: Artifact) {
    self.key = key
    self.artifact = artifact
  }
}

/// What is kept under a key, such as a comparison's metrics.
public struct Note: Equatable, Sendable {
  public var key: Digest
  public var value: Bytes

  public init(key: Digest, value: Bytes) {
    self.key = key
    self.value = value
  }
}

/// Facts about a file, or about the shards of one model, that hold as long as all their identities do.
public struct FileRecord: Equatable, Sendable {
  public var identities: [FileIdentity]
  /// Whether an edit after the record was made is sure to show in the identities.
  public var isTrusted: Bool
  public var facts: Bytes

  public init(identities: [FileIdentity], isTrusted: Bool, facts: Bytes) {
    self.identities = identities
    self.isTrusted = isTrusted
    self.facts = facts
  }
}

/// The content-addressed artifacts, and what is known about actions and files.
///
/// Everything but artifacts and actions could be lost without harm: it only saves work. Reading never fails; what
/// cannot be read, or is damaged, is missing.
public protocol ArtifactStore: Sendable {
  /// What the actions with these keys made, in the same order; nil for those that never ran.
  func actions(_ keys: [Digest]) -> [Artifact?]

  /// An artifact's bytes, verified against its digest; nil where it is missing. One that is damaged is dropped.
  func load(_ artifact: Artifact) -> Bytes?

  /// Keeps artifacts, and then the records of the actions that made them, with what is noted of them. When this returns, all
  /// of it outlives the process; until then no action counts as done without its notes.
  func keep(_ contents: [ArtifactContent], for actions: [ActionRecord], notes: [Note]) throws(StoreError)

  /// Notes kept under a key, such as a comparison's metrics; in the keys' order.
  func notes(_ keys: [Digest]) -> [Bytes?]

  /// What was recorded of the file at an absolute path; whether it still holds is the caller's to see.
  func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord?
  func keepFileRecord(_ record: FileRecord, for path: String, purpose: FilePurpose) throws(StoreError)

  // A store that others share has more to say; one that nobody does can do without.

  /// Claims actions that are about to be run, as far as no other process has them. Whoever gets one looks it up again:
  /// another may have finished it a moment ago.
  func claim(_ keys: [Digest]) -> ActionClaims

  /// Claims one action, waiting for the process that has it. The caller may hold no claim.
  func claim(waitingFor key: Digest) -> ActionClaims

  /// Keeps what is used from now on from being evicted, as long as the hold lives; nil where that cannot be.
  func hold() -> StoreHold?

  /// Replaces what the published outputs of a pipeline file's builds are made of. These are evicted last.
  func keepRoots(_ roots: [BuildRoots], of files: [String], in workspace: String) throws(StoreError)

  /// Notes that a workspace is still there.
  func see(workspace: String) throws(StoreError)

  /// Makes room where the artifacts take more than `limit` bytes, unless that was looked at a moment ago.
  func evict(whenOver limit: Int)
}

extension ArtifactStore {
  public func claim(_ keys: [Digest]) -> ActionClaims { ActionClaims(uncontested: keys.count) }
  public func claim(waitingFor key: Digest) -> ActionClaims { ActionClaims(uncontested: 1) }
  public func hold() -> StoreHold? { nil }
  public func keepRoots(_ roots: [BuildRoots], of files: [String], in workspace: String) throws(StoreError) {}
  public func see(workspace: String) throws(StoreError) {}
  public func evict(whenOver limit: Int) {}
}

/// The artifacts that a build's published outputs are made of.
public struct BuildRoots: Equatable, Sendable {
  /// The pipeline file, absolute.
  public var file: String
  public var build: String
  public var artifacts: [Digest]

  public init(file: String, build: String, artifacts: [Digest]) {
    self.file = file
    self.build = build
    self.artifacts = artifacts
  }
}

/// Why a file was recorded; a file may be one build's output and another's model.
public enum FilePurpose: Int, Sendable {
  case model = 0
  case output = 1
}

/// Why the store could not keep something.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  public var message: String
  public init(_ message: String) { self.message = message }
  public init(_ error: FileError) { message = "the store: \(error)" }
  public var description: String { message }
}
