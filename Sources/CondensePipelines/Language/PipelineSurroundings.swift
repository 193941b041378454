/// What a parser asks of the world around a pipeline file. Without any, a file stands alone.
public struct PipelineSurroundings: Sendable {
  /// Reads a file that another extends.
  public var read: FileReading = { _ throws(UnreadableFile) in throw UnreadableFile("there is none", isMissing: true) }
  /// Finds the model files that a pattern names, relative to a folder.
  public var findModels: @Sendable (_ pattern: String, _ folder: String) -> ModelMatches = { _, _ in ModelMatches() }
  /// A model file's name without the extension of its format: what `${model}` stands for.
  public var modelStem: @Sendable (_ path: String) -> String = { PipelineName.stem($0) }
  /// A path as messages show it.
  public var displayPath: @Sendable (_ path: String) -> String = { $0 }
  /// What all pipelines of the workspace extend in the end.
  public var defaults: Node?

  public init() {}
}

/// The files that a pattern names.
public struct ModelMatches: Sendable {
  /// Absolute, sorted by their bytes.
  public var paths: [String] = []
  /// The folders in which a new name could change what is found, absolute; also those that are not there.
  public var folders: Set<String> = []
  /// Why the search could not be finished, if it could not.
  public var problem: String?

  public init() {}
}

public enum PipelineName {
  /// A file's name without folder and extension: the name of a pipeline that does not give one.
  public static func stem(_ file: String) -> String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }
}
