import CondenseFiles
import CondenseStore

/// What a process that builds a workspace again and again keeps of the workspace's state: each record is read and decoded
/// once.
public final class WarmState: Sendable {
  private struct Kept {
    var folder: String
    var program: Digest
    var state: WorkspaceState
  }

  private let kept = Locked<Kept?>(nil)
  private let idle = Locked<(folder: String, program: Digest, build: IdleBuild)?>(nil)

  public init() {}

  func keep(_ build: IdleBuild, in folder: String, program: Digest) { idle.withLock { $0 = (folder, program, build) } }

  /// The last build of nothing, if it was of these files and still holds.
  func idleBuild(of files: [String], in folder: String, program: Digest) -> IdleBuild? {
    guard let (kept, writer, build) = idle.withLock({ $0 }), kept == folder, writer == program, build.files == files
    else { return nil }
    guard build.holds else {
      idle.withLock { $0 = nil }
      return nil
    }
    return build
  }

  /// The state in a folder as it is now: only what others have added to it is read.
  func state(in folder: String, program: Digest) -> WorkspaceState {
    kept.withLock { kept in
      var now = Kept(folder: folder, program: program, state: WorkspaceState())
      if let before = kept, before.folder == folder, before.program == program { now.state = before.state }
      // While it is being changed nobody else refers to it, so that nothing is copied.
      kept = nil
      now.state.refresh(in: folder, program: program)
      now.state.decode()
      kept = now
      return now.state
    }
  }
}
