import Foundation

/// What a folder says of one of its entries.
public struct FolderEntry: Hashable, Sendable {
  public enum Kind: Sendable {
    case file, folder, link
    /// A pipe, a socket, a device, or what the file system does not tell.
    case other
  }

  /// With replacement characters in the place of what is not UTF-8; then it names nothing.
  public var name: String
  public var isUTF8: Bool
  public var kind: Kind

  public var isHidden: Bool { name.hasPrefix(".") }
}

extension FileSystem {
  /// The entries of a folder, sorted by the bytes of their names; hidden ones too. What they are is told by the folder
  /// itself, without a look at each.
  public static func entries(in path: String) throws(FileError) -> [FolderEntry] {
    guard let stream = opendir(path) else { throw FileError("list", path, code: errno) }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw FileError("list", path, code: errno) }
        break
      }
      let (name, isUTF8) = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { bytes in
          let valid = String(validatingCString: bytes)
          return (valid ?? String(cString: bytes), valid != nil)
        }
      }
      guard name != ".", name != ".." else { continue }
      entries.append(FolderEntry(name: name, isUTF8: isUTF8, kind: kind(entry.pointee.d_type)))
    }
    // Some file systems leave it to whoever asks.
    for index in entries.indices where entries[index].kind == .other && entries[index].isUTF8 {
      entries[index].kind = linkKind(path + "/" + entries[index].name)
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func kind(_ type: UInt8) -> FolderEntry.Kind {
    switch Int(type) {
    case Int(DT_REG): .file
    case Int(DT_DIR): .folder
    case Int(DT_LNK): .link
    default: .other
    }
  }

  private static func linkKind(_ path: String) -> FolderEntry.Kind {
    var status = stat()
    guard lstat(path, &status) == 0 else { return .other }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    case S_IFLNK: return .link
    default: return .other
    }
  }

  /// What an entry of a folder is, links followed; a link that leads nowhere is `other`.
  public static func resolvedKind(of entry: FolderEntry, in folder: String) -> FolderEntry.Kind {
    guard entry.kind == .link, entry.isUTF8 else { return entry.kind }
    return kind(at: folder + "/" + entry.name) ?? .other
  }

  /// What is at a path, links followed; nil where there is nothing, or it cannot be looked at.
  public static func kind(at path: String) -> FolderEntry.Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }
}
