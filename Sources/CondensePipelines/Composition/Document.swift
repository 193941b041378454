/// Gives the bytes of a file by its absolute path.
public typealias FileReading = @Sendable (_ path: String) throws(UnreadableFile) -> [UInt8]

/// Why a file cannot be read.
public struct UnreadableFile: Error, Sendable {
  /// For example `cannot open: Permission denied`.
  public var message: String
  public var isMissing: Bool

  public init(_ message: String, isMissing: Bool) {
    self.message = message
    self.isMissing = isMissing
  }
}

/// A YAML file as it was read.
struct Document: Sendable {
  var source: SourceText
  /// Nil where the file is empty or no YAML.
  var root: Node?
  var diagnostics: [Diagnostic]
  /// See ``YAMLParser/mostNodes``.
  var valueCount: Int

  init(_ source: SourceText) {
    self.source = source
    do {
      let parsed = try YAMLParser.parse(source)
      (root, diagnostics, valueCount) = (parsed.root, parsed.problems, parsed.valueCount)
    } catch {
      (root, diagnostics, valueCount) = (nil, [error], 0)
    }
  }

  /// The value of a key of the document's mapping.
  func value(_ key: String) -> Node? { root?.mapping?.first { $0.key.value == key }?.value }
}
