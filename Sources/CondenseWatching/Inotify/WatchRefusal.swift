#if os(Linux)
  import Foundation

  /// Why the kernel does not tell of changes to something.
  enum WatchRefusal: Error, Hashable, Sendable {
    /// `inotify_add_watch` failed for want of watches.
    case watchLimit
    /// `inotify_init1` failed for want of instances or descriptors.
    case instanceLimit(code: Int32)
    /// A file system that is also changed from elsewhere.
    case network(path: String, type: String)
    /// The folder's changes are not for this user's eyes, or its file system knows no watches.
    case failed(path: String, code: Int32)

    /// Whether it concerns all that is watched.
    var isLimit: Bool {
      switch self {
      case .watchLimit, .instanceLimit: true
      case .network, .failed: false
      }
    }

    /// What is told once.
    var topic: String {
      if case .network(_, let type) = self { return type }
      return description
    }

    var description: String {
      switch self {
      case .watchLimit:
        "the kernel has no watch left; 'sysctl fs.inotify.max_user_watches' sets the user's limit"
      case .instanceLimit(let code):
        "the kernel has no inotify instance left (\(String(cString: strerror(code)))); "
          + "'sysctl fs.inotify.max_user_instances' sets the user's limit"
      case .network(let path, let type):
        "'\(path)' is on a network file system (\(type)), which does not tell what others change"
      case .failed(let path, let code):
        "'\(path)' cannot be watched: \(String(cString: strerror(code)))"
      }
    }
  }
#endif
