import CondenseFiles
import CondenseModels
import CondenseStages
import CondenseStore
import Foundation

extension Digest {
  /// Stands for everything in this program that decides what a build makes of the same files: a record of another
  /// program's build says nothing of this one's.
  ///
  /// - Parameter stages: those whose code is the program's.
  static func ofProgram(stages: [StageDescription], formats: ModelFormats) -> Digest {
    var hasher = SHA256()
    hasher.updateField("condense program")
    hasher.updateField(TensorMetrics.version)
    for stage in stages {
      hasher.updateField(stage.name)
      hasher.updateField(UInt64(stage.version))
    }
    for format in formats.formats { hasher.updateField(format.name) }
    // A default can change without a version; the file that holds all code cannot.
    #if os(Linux)
      let executable = "/proc/self/exe"
    #else
      let executable = Bundle.main.executablePath ?? ""
    #endif
    if let identity = try? FileIdentity(of: executable) {
      for number in [identity.device, identity.inode, UInt64(identity.byteCount)] { hasher.updateField(number) }
      hasher.updateField(UInt64(bitPattern: identity.modificationTime))
    }
    return hasher.finish()
  }

  /// Stands for a program and stages whose code is not in it; for the program alone where there are none.
  func with(_ plugins: [StageDescription]) -> Digest {
    guard !plugins.isEmpty else { return self }
    var hasher = SHA256()
    hasher.updateField("condense program with plugins")
    hasher.updateField(self)
    for plugin in plugins {
      hasher.updateField(plugin.name)
      hasher.updateField(UInt64(bitPattern: Int64(plugin.version)))
      hasher.updateField(UInt64(plugin.sources.count))
      for source in plugin.sources { hasher.updateField(source.content) }
    }
    return hasher.finish()
  }
}
