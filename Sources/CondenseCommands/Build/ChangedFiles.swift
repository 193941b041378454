import CondenseEngine
import CondensePipelines
import Foundation

/// What has changed in a Git work tree.
enum ChangedFiles {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// The files that differ from a revision, absolute: changed, new, removed and not tracked ones.
  static func since(_ revision: String, in folder: String) throws(Failure) -> [String] {
    let top = try git(["rev-parse", "--show-toplevel"], in: folder).trimmingCharacters(in: .newlines)
    // A revision is no option, whatever it looks like.
    let commit = try git(["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"], in: folder)
      .trimmingCharacters(in: .newlines)
    let changed = try git(["diff", "--name-only", "--no-renames", "-z", commit, "--"], in: top)
    let untracked = try git(["ls-files", "--others", "--exclude-standard", "-z"], in: top)
    return (changed + untracked).split(separator: "\0").map { AbsolutePath.resolve(String($0), from: top) }
  }

  private static func git(_ arguments: [String], in folder: String) throws(Failure) -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder] + arguments
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { throw Failure(description: "git cannot be run: \(error.localizedDescription)") }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let said = String(decoding: complaint, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      throw Failure(description: "git \(arguments[0]) failed\(said.isEmpty ? "" : ": \(said)")")
    }
    return String(decoding: text, as: UTF8.self)
  }
}
