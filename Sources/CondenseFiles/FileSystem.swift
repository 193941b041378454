import CondenseTensors
import Foundation

/// Folders, renames and removals, with errors that name the path.
public enum FileSystem {
  /// Makes the folder at `path` and those above it; fine if it is there.
  public static func makeFolders(_ path: String) throws(FileError) {
    if mkdir(path, 0o777) == 0 || isFolder(path) { return }
    let code = errno
    let parent = (path as NSString).deletingLastPathComponent
    guard code == ENOENT, !parent.isEmpty, parent != path else { throw FileError("create folder", path, code: code) }
    try makeFolders(parent)
    guard mkdir(path, 0o777) == 0 || isFolder(path) else { throw FileError("create folder", path, code: errno) }
  }

  /// Whether a folder is at `path`. Leaves `errno` as it was.
  public static func isFolder(_ path: String) -> Bool {
    let before = errno
    defer { errno = before }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Where a path leads, links followed; nil where there is nothing.
  public static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Puts the file at `source` in the place of `destination` in one step.
  public static func rename(_ source: String, to destination: String) throws(FileError) {
    guard Foundation.rename(source, destination) == 0 else {
      throw FileError("replace", destination, code: errno)
    }
  }

  /// Puts a file of these bytes at `path` in one step: whoever reads it finds the old one or the new one.
  ///
  /// - Parameter temporary: where it is written, in the same file system. What is there already, left by a process that
  ///   was killed, is replaced: the caller must be alone with the name.
  public static func replace(_ path: String, with bytes: Bytes, through temporary: String) throws(FileError) {
    try remove(temporary)
    do {
      try NewFile(temporary).append(bytes)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// Removes a file; fine if there is none.
  public static func remove(_ path: String) throws(FileError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw FileError("remove", path, code: errno) }
  }

  /// Whether a small file cannot be written to the folder for want of space: tells what is behind the error of a library
  /// that does not say.
  public static func isFull(_ folder: String) -> Bool {
    let path = "\(folder)/.room-\(UUID().uuidString)"
    defer { unlink(path) }
    do {
      try OpenFile.creating(path).write(
        Bytes(count: 4096) { _ = $0.initializeMemory(as: UInt8.self, repeating: 1) }, at: 0)
      return false
    } catch {
      return error.isDiskFull
    }
  }

  /// The names in a folder, sorted by their bytes; hidden ones too.
  public static func names(in path: String) throws(FileError) -> [String] {
    guard let stream = opendir(path) else { throw FileError("list", path, code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
