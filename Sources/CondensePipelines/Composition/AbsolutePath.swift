/// Paths made absolute and without `.` and `..`, as the text says, links not followed.
public enum AbsolutePath {
  public static func resolve(_ path: String, from folder: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : folder + "/" + path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// An absolute path as one that is relative to an absolute folder.
  public static func relative(_ path: String, to folder: String) -> String {
    let (parts, base) = (path.split(separator: "/"), folder.split(separator: "/"))
    let shared = zip(parts, base).prefix { $0 == $1 }.count
    let names = Array(repeating: "..", count: base.count - shared) + parts[shared...].map(String.init)
    return names.isEmpty ? "." : names.joined(separator: "/")
  }
}

extension Located<String> {
  /// A path as an absolute one: what is written in a file is relative to the folder of that file.
  public var absolutePath: String { AbsolutePath.resolve(value, from: place.file + "/..") }
}
