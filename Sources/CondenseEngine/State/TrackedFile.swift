import CondenseFiles
import CondenseStore

/// A file or folder that a build depended on or published, and what it was then.
struct TrackedFile: Equatable, Sendable {
  /// An absolute path.
  var path: String
  /// Nil where there was nothing.
  var identity: FileIdentity?
  /// Whether a change since then is sure to show in the identity: see ``FileIdentity/isSettled(at:)``.
  var isSettled: Bool
  /// Of the content, where it is known as a whole. It decides where identities do not.
  var sha256: Digest?
}
