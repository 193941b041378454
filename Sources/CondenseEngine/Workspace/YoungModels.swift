import CondenseFiles
import Foundation

/// Models that are on their way: a copy, a download or a training script writes a file for seconds, and what is there of it
/// meanwhile is no model.
extension LoadedPipelines {
  /// Leaves out the files whose models cannot be opened, but were written to not long ago.
  ///
  /// - Parameter patience: how many seconds ago.
  /// - Returns: for each file that was left out, in how many seconds its models are old enough to be what they are.
  mutating func leaveOutYoungModels(patience: Double) -> [String: Double] {
    let now = FileIdentity.now
    var waiting: [String: Double] = [:]
    for file in files where !file.unreadableModels.isEmpty {
      let times = file.unreadableModels.flatMap(LoadedPipelines.modificationTimes)
      // A time in the future, of a clock that was set back, is no reason to wait.
      guard let youngest = times.filter({ $0 <= now }).max() else { continue }
      let age = Double(now - youngest) / 1e9
      if age < patience { waiting[file.file] = patience - age }
    }
    guard !waiting.isEmpty else { return [:] }
    files.removeAll { waiting[$0.file] != nil }
    ready.removeAll { waiting[$0.pipeline.file] != nil }
    diagnostics.removeAll { waiting[$0.diagnostic.file] != nil }
    return waiting
  }

  /// Of a file, or of the files in a folder.
  private static func modificationTimes(at path: String) -> [Int64] {
    guard FileSystem.isFolder(path) else { return (try? FileIdentity(of: path).modificationTime).map { [$0] } ?? [] }
    let names = (try? FileSystem.names(in: path)) ?? []
    return names.compactMap { try? FileIdentity(of: path + "/" + $0).modificationTime }
  }
}
