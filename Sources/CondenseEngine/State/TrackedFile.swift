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

  enum Now: Equatable {
    /// What it was, by its identity alone.
    case same
    /// The content is what it was; this is how it is found from now on.
    case sameContent(TrackedFile)
    case changed
  }

  /// Looks at the file; reads it only where its identity leaves a doubt and its content is known.
  func now() -> Now {
    let found = try? FileIdentity(of: path)
    guard let found, let identity else { return found == nil && identity == nil ? .same : .changed }
    if found == identity && isSettled { return .same }
    let moment = FileIdentity.now
    guard let sha256, found.byteCount == identity.byteCount, let content = try? OutputFile.digest(path),
      content.sha256 == sha256
    else { return .changed }
    var file = self
    file.identity = content.identity
    file.isSettled = content.identity.isSettled(at: moment)
    return .sameContent(file)
  }
}
