import Foundation

/// The formats that a build knows by name and extension.
public struct ModelFormats: Sendable {
  public var formats: [any ModelFormat]

  public init(_ formats: [any ModelFormat]) { self.formats = formats }

  /// The formats that every `condense` has.
  public static var builtIn: ModelFormats {
    ModelFormats([
      SafetensorsFormat(),
      CondensedFormat(),
    ])
  }

  public func format(named name: String) -> (any ModelFormat)? { formats.first { $0.name == name } }

  /// A model file's name without folder and without the extension of its format, or any where no format's is known.
  public func stem(ofPath path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let known = formats.flatMap(\.extensions).filter { name.lowercased().hasSuffix("." + $0) }
    if let longest = known.map(\.utf8.count).max(), longest + 1 < name.utf8.count {
      return String(decoding: name.utf8.dropLast(longest + 1), as: UTF8.self)
    }
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The format whose extension `path` ends in; the longest counts.
  public func format(forPath path: String) -> (any ModelFormat)? {
    let name = (path as NSString).lastPathComponent.lowercased()
    let matches = formats.flatMap { format in
      format.extensions.filter { name.hasSuffix("." + $0) }.map { (format, $0.utf8.count) }
    }
    return matches.max { $0.1 < $1.1 }?.0
  }

  /// `.safetensors, .condensed`
  public var extensionList: String { formats.flatMap(\.extensions).map { "." + $0 }.joined(separator: ", ") }

  /// Opens a model by its format's name, else by its extension.
  ///
  /// - Throws: ``ModelError`` where there is no such format, or the file is not of it.
  public func open(_ path: String, format name: String? = nil) throws(ModelError) -> any OpenModel {
    if let name {
      guard let format = format(named: name) else { throw ModelError(path, "unknown model format '\(name)'") }
      return try format.open(path)
    }
    return try writableFormat(forPath: path).open(path)
  }

  /// - Throws: ``ModelError`` where the extension is not known.
  public func writableFormat(forPath path: String) throws(ModelError) -> any ModelFormat {
    guard let format = format(forPath: path) else {
      throw ModelError(path, "the extension tells no model format; known are \(extensionList)")
    }
    return format
  }
}
