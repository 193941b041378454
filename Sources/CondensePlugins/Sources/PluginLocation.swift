import CondenseFiles
import CondensePipelines
import CondenseStages
import CondenseStore
import Foundation

/// Where a plugin is: how it is started, and what decides what it does.
struct PluginLocation: Sendable {
  var command: PluginCommand
  /// The words as the configuration has them, without the program's folder.
  var spelled: [String]
  /// As people know it: a path or a command.
  var name: String
  /// The folder whose files are all part of it; nil where that is the workspace itself, or a system's folder.
  var folder: String?
  /// The files that the command names.
  var files: [String]
  /// The stage's name as the file's name has it.
  var expectedName: String?

  static let prefix = "condense-stage-"

  /// A plugin in a plugins folder.
  init(executable path: String, in folder: String, root: String, expectedName: String) {
    command = PluginCommand(words: [path], workingFolder: root)
    spelled = [PluginLocation.prefix + expectedName]
    name = AbsolutePath.relative(path, to: root)
    self.folder = PluginLocation.isApart(folder, from: root) ? folder : nil
    files = [path]
    self.expectedName = expectedName
  }

  /// A command; words are relative to the workspace.
  ///
  /// - Throws: ``PluginFailure`` where there is no such program.
  init(words: [String], root: String) throws(PluginFailure) {
    guard let program = words.first, let path = PluginLocation.program(program, root: root) else {
      throw PluginFailure("there is no program \(Diagnostic.quoted(words.first ?? ""))")
    }
    command = PluginCommand(words: [path] + words.dropFirst(), workingFolder: root)
    spelled = [(path as NSString).lastPathComponent] + words.dropFirst()
    name = words.joined(separator: " ")
    files = [path]
    for word in words.dropFirst() where !word.hasPrefix("-") {
      let path = AbsolutePath.resolve(word, from: root)
      if FileSystem.kind(at: path) == .file { files.append(path) }
    }
    // The script's, if there is one; else the program's where it is no system's.
    let own = files.count > 1 ? files[1] : program.contains("/") ? files[0] : nil
    let parent = own.map { ($0 as NSString).deletingLastPathComponent }
    folder = parent.flatMap { $0.hasPrefix(root + "/") && PluginLocation.isApart($0, from: root) ? $0 : nil }
  }

  /// Whether a folder is a plugin's own: not the workspace, nor one around it.
  private static func isApart(_ folder: String, from root: String) -> Bool {
    folder != root && !root.hasPrefix(folder == "/" ? "/" : folder + "/")
  }

  /// A program by its path, or by its name on the PATH, as a shell finds it.
  private static func program(_ word: String, root: String) -> String? {
    func isProgram(_ path: String) -> Bool { FileSystem.kind(at: path) == .file && access(path, X_OK) == 0 }
    if word.contains("/") {
      let path = AbsolutePath.resolve(word, from: root)
      return isProgram(path) ? path : nil
    }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.lazy.map { "\($0)/\(word)" }.first { $0.hasPrefix("/") && isProgram($0) }
  }

  /// What decides what the plugin does, as far as it is known without asking it.
  func sources(_ cache: PluginCache) throws(PluginFailure) -> SourceSet {
    var set = SourceSet()
    set.add("command", content: Digest(of: .init(spelled.joined(separator: "\0").utf8)).hex)
    for file in files { try set.add(file, named: command.displayed(file), cache) }
    if let folder {
      let inner = try FolderFiles(folder) { entry in
        // Other plugins of the folder are programs of their own.
        expectedName != nil && entry.hasPrefix(PluginLocation.prefix)
      }
      for file in inner.paths {
        try set.add(file, named: command.displayed(file), inner: AbsolutePath.relative(file, to: folder), cache)
      }
      for folder in inner.folders { set.add(folder: folder) }
    }
    return set
  }

  /// What the description adds: files, folders and patterns of file names, relative to the plugin's folder; variables.
  func sources(namedBy description: PluginDescription, _ cache: PluginCache) throws(PluginFailure) -> SourceSet {
    var set = SourceSet()
    for text in description.files {
      let path = AbsolutePath.resolve(text, from: folder ?? command.workingFolder)
      switch FileSystem.kind(at: path) {
      case .folder:
        let inner = try FolderFiles(path)
        for file in inner.paths {
          try set.add(file, named: command.displayed(file), inner: AbsolutePath.relative(file, to: path), cache)
        }
        for folder in inner.folders { set.add(folder: folder) }
      case nil where text.contains(where: { "*?[{".contains($0) }):
        for file in try matches(path, in: &set) {
          try set.add(file, named: command.displayed(file), inner: (file as NSString).lastPathComponent, cache)
        }
      default: try set.add(path, named: command.displayed(path), cache)
      }
    }
    let environment = ProcessInfo.processInfo.environment
    for name in description.environment { set.add(variable: name, value: environment[name]) }
    return set
  }

  /// Files whose names match a pattern in a folder.
  private func matches(_ pattern: String, in set: inout SourceSet) throws(PluginFailure) -> [String] {
    let folder = (pattern as NSString).deletingLastPathComponent
    let glob: Glob
    do { glob = try Glob((pattern as NSString).lastPathComponent) } catch {
      throw PluginFailure("the pattern \(Diagnostic.quoted(pattern)) is none: \(error.message)")
    }
    set.add(folder: folder)
    let entries = (try? FileSystem.entries(in: folder)) ?? []
    return entries.filter { $0.isUTF8 && glob.matches($0.name) && FileSystem.resolvedKind(of: $0, in: folder) == .file }
      .prefix(FolderFiles.mostFiles).map { folder + "/" + $0.name }
  }
}
