#if os(Linux)
  import CondenseFiles
  import CondenseWatching
  import Foundation
  import Testing

  @Suite("Watching by the kernel's events")
  struct InotifyWatcherTests {
    private let folder: WatchedFolder
    private let watcher: InotifyWatcher

    init() throws {
      let folder = try WatchedFolder()
      self.folder = folder
      watcher = try InotifyWatcher { folder.receive($0) }
    }

    private func watch(trees: Set<String> = [], files: Set<String> = [], folders: Set<String> = []) {
      watcher.watch(
        WatchPlan(
          trees: Set(trees.map { folder / $0 }), files: Set(files.map { folder / $0 }),
          folders: Set(folders.map { folder / $0 })))
    }

    /// What is told of `body`, and of nothing before it.
    private func changes(_ body: () throws -> Void) throws -> [FileChange] {
      watcher.flush()
      _ = folder.take()
      try body()
      watcher.flush()
      return folder.takeChanges()
    }

    @Test("The thread tells a change without being asked")
    func wakesUp() throws {
      watch(files: ["a.yaml"])
      try write("1", to: folder / "a.yaml")
      #expect(folder.waits { $0.changes.has(folder / "a.yaml", .settled) })
    }

    @Test("A file is modified while it is open and settled when it is closed")
    func writing() throws {
      watch(files: ["model"])
      let path = folder / "model"
      let descriptor = open(path, O_WRONLY | O_CREAT, 0o666)
      let opened = try changes { write(descriptor, "1", 1) }
      #expect(opened == [FileChange(path: path, kind: .modified)])
      #expect(try changes { fchmod(descriptor, 0o600) }.ends(path, .modified))
      #expect(try changes { close(descriptor) } == [FileChange(path: path, kind: .settled)])
      #expect(try changes { chmod(path, 0o644) } == [FileChange(path: path, kind: .settled)])
      #expect(try changes { try write("22", to: path) }.ends(path, .settled))
      #expect(try changes { truncate(path, 0) }.has(path))
      #expect(try changes { unlink(path) } == [FileChange(path: path, kind: .settled)])
    }

    @Test("What is renamed or linked into a file's place is settled at once")
    func replacing() throws {
      watch(files: ["a.yaml"])
      try write("1", to: folder / "a.yaml")
      try write("2", to: folder / ".a.yaml.swp")
      let path = folder / "a.yaml"
      #expect(
        try changes { try FileSystem.rename(folder / ".a.yaml.swp", to: path) } == [
          FileChange(path: path, kind: .settled)
        ])
      try write("3", to: folder / "b")
      try makeHardLink(folder / "c", to: folder / "b")
      #expect(try changes { try FileSystem.rename(folder / "c", to: path) } == [FileChange(path: path, kind: .settled)])
      #expect(try changes { unlink(path) }.ends(path, .settled))
      #expect(try changes { try makeHardLink(path, to: folder / "b") } == [FileChange(path: path, kind: .settled)])
    }

    @Test("Other files of a watched file's folder are not told")
    func unrelated() throws {
      watch(files: ["model"])
      try write("1", to: folder / "model")
      let told = try changes {
        try write("1", to: folder / "other")
        try FileSystem.makeFolders(folder / "x/y")
        try FileSystem.rename(folder / "other", to: folder / "x/y/other")
      }
      #expect(told.isEmpty)
    }

    @Test("A folder of entries tells each of them, and nothing below")
    func entries() throws {
      try FileSystem.makeFolders(folder / "models/deep")
      watch(folders: ["models"])
      let told = try changes {
        try write("1", to: folder / "models/a")
        try write("1", to: folder / "models/deep/b")
      }
      #expect(told.ends(folder / "models/a", .settled))
      #expect(!told.contains { $0.path.hasSuffix("/b") })
    }

    @Test("Folders that are made at once with files in them are told and then watched")
    func nestedFolders() throws {
      try FileSystem.makeFolders(folder / "p")
      watch(trees: ["p"])
      let told = try changes {
        try FileSystem.makeFolders(folder / "p/a/b/c")
        try write("1", to: folder / "p/a/b/c/x.yaml")
      }
      #expect(told.covers(folder / "p/a/b/c/x.yaml"))
      #expect(try changes { try write("2", to: folder / "p/a/b/c/x.yaml") }.ends(folder / "p/a/b/c/x.yaml", .settled))
    }

    @Test("Hidden folders of a tree are not entered, hidden files are told")
    func hidden() throws {
      try FileSystem.makeFolders(folder / "p/.git/objects")
      watch(trees: ["p"])
      let told = try changes {
        try write("1", to: folder / "p/.git/objects/a")
        try FileSystem.makeFolders(folder / "p/.cache/b")
        try write("1", to: folder / "p/.x.yaml.swp")
      }
      #expect(told.has(folder / "p/.x.yaml.swp", .settled))
      #expect(!told.contains { $0.path.contains("/.git/") })
      #expect(try changes { try write("1", to: folder / "p/.cache/b/c") }.isEmpty)
    }

    @Test("A watched folder that is deleted and made again is watched again", arguments: ["p", "p/sub"])
    func deletedAndMadeAgain(_ name: String) throws {
      try FileSystem.makeFolders(folder / "p/sub/deep")
      watch(trees: ["p"], files: ["p/sub/deep/f"])
      let file = folder / "p/sub/deep/f"
      let gone = try changes { try removeAll(folder / name) }
      #expect(gone.has(folder / name, .folder))
      let back = try changes {
        try FileSystem.makeFolders(folder / "p/sub/deep")
        try write("1", to: file)
      }
      #expect(back.covers(file) && back.has(file))
      #expect(try changes { try write("2", to: file) }.ends(file, .settled))
    }

    @Test("A folder that is renamed away with another in its place", arguments: ["p", "p/sub", "p/sub/deep"])
    func replacedFolder(_ name: String) throws {
      try FileSystem.makeFolders(folder / "p/sub/deep")
      try write("1", to: folder / "p/sub/deep/f")
      watch(trees: ["p"], files: ["p/sub/deep/f"])
      let file = folder / "p/sub/deep/f"
      let told = try changes {
        try FileSystem.rename(folder / name, to: folder / "old")
        try FileSystem.makeFolders(folder / "p/sub/deep")
        try write("2", to: file)
      }
      #expect(told.covers(file) && told.has(file))
      #expect(try changes { try write("3", to: file) }.ends(file, .settled))
      // The old one is nobody's concern.
      let rest = name == "p" ? "/sub/deep/f" : name == "p/sub" ? "/deep/f" : "/f"
      #expect(try changes { try write("4", to: folder / "old" + rest) }.isEmpty)
    }

    @Test("A folder that is deleted while somebody has it open does not tell so itself", arguments: ["p", "p/sub"])
    func deletedWhileOpen(_ name: String) throws {
      try FileSystem.makeFolders(folder / "p/sub")
      watch(trees: ["p"], files: ["p/sub/f"])
      let descriptor = open(folder / name, O_RDONLY | O_DIRECTORY)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      let told = try changes {
        try removeAll(folder / name)
        try FileSystem.makeFolders(folder / "p/sub")
      }
      #expect(told.has(folder / name, .folder))
      #expect(try changes { try write("1", to: folder / "p/sub/f") }.ends(folder / "p/sub/f", .settled))
    }

    @Test("A folder far above a file is replaced")
    func replacedAncestor() throws {
      try FileSystem.makeFolders(folder / "a/b/c/d")
      try FileSystem.makeFolders(folder / "x/b/c/d")
      try write("1", to: folder / "a/b/c/d/f")
      try write("2", to: folder / "x/b/c/d/f")
      watch(files: ["a/b/c/d/f"])
      let told = try changes {
        try FileSystem.rename(folder / "a", to: folder / "z")
        try FileSystem.rename(folder / "x", to: folder / "a")
      }
      #expect(told.has(folder / "a/b/c/d/f"))
      #expect(try changes { try write("3", to: folder / "a/b/c/d/f") }.ends(folder / "a/b/c/d/f", .settled))
    }

    @Test("Through a link, its target and its target's target are watched, and where they lead")
    func links() throws {
      try FileSystem.makeFolders(folder / "blobs")
      try FileSystem.makeFolders(folder / "w")
      for name in ["1", "2", "3"] { try write(name, to: folder / "blobs/" + name) }
      try makeLink(folder / "middle", to: "blobs/1")
      try makeLink(folder / "w/model", to: "../middle")
      watch(files: ["w/model"])
      let file = folder / "w/model"
      #expect(try changes { try write("11", to: folder / "blobs/1") }.ends(file, .settled))
      let retargeted = try changes {
        try makeLink(folder / "new", to: "blobs/2")
        try FileSystem.rename(folder / "new", to: folder / "middle")
      }
      #expect(retargeted.has(file))
      #expect(try changes { try write("22", to: folder / "blobs/2") }.ends(file, .settled))
      #expect(try changes { try write("11", to: folder / "blobs/1") }.isEmpty)
      let relinked = try changes {
        try removeAll(file)
        try makeLink(file, to: folder / "blobs/3")
      }
      #expect(relinked.has(file))
      #expect(try changes { try write("33", to: folder / "blobs/3") }.ends(file, .settled))
      #expect(try changes { try removeAll(folder / "blobs/3") }.ends(file, .settled))
    }

    @Test("A link to a folder on the way is retargeted")
    func folderLinks() throws {
      for name in ["1", "2"] {
        try FileSystem.makeFolders(folder / "\(name)/sub")
        try write(name, to: folder / "\(name)/sub/f.yaml")
      }
      try makeLink(folder / "current", to: "1")
      watch(trees: ["current"], files: ["current/sub/f.yaml"])
      let file = folder / "current/sub/f.yaml"
      #expect(try changes { try write("11", to: folder / "1/sub/f.yaml") }.ends(file, .settled))
      let told = try changes {
        try makeLink(folder / "new", to: "2")
        try FileSystem.rename(folder / "new", to: folder / "current")
      }
      #expect(told.has(folder / "current", .folder) && told.has(file))
      #expect(try changes { try write("22", to: folder / "2/sub/f.yaml") }.ends(file, .settled))
      #expect(try changes { try write("11", to: folder / "1/sub/f.yaml") }.isEmpty)
    }

    @Test("Links in a tree are followed to files and folders outside, and in circles only once")
    func linksInTrees() throws {
      try FileSystem.makeFolders(folder / "outside/deep")
      try FileSystem.makeFolders(folder / "p")
      try write("1", to: folder / "file")
      watch(trees: ["p"])
      _ = try changes {
        try makeLink(folder / "p/shared", to: "../outside")
        try makeLink(folder / "p/a.yaml", to: "../file")
        try makeLink(folder / "outside/circle", to: "../p")
        try makeLink(folder / "p/self", to: ".")
      }
      #expect(try changes { try write("2", to: folder / "file") }.ends(folder / "p/a.yaml", .settled))
      #expect(
        try changes { try write("2", to: folder / "outside/deep/b.yaml") }.ends(
          folder / "p/shared/deep/b.yaml", .settled))
      // Another link led to the same folder, and takes its place.
      try makeLink(folder / "p/zweiter", to: "../outside")
      _ = try changes { try removeAll(folder / "p/shared") }
      #expect(
        try changes { try write("3", to: folder / "outside/deep/b.yaml") }.ends(
          folder / "p/zweiter/deep/b.yaml", .settled))
    }

    @Test("A link in a tree that is replaced takes along what it led to", arguments: ["link", "file"])
    func replacedLink(_ replacement: String) throws {
      for name in ["p", "1", "2"] { try FileSystem.makeFolders(folder / name) }
      try write("1", to: folder / "1/f")
      try write("1", to: folder / "file")
      try makeLink(folder / "p/l", to: "../1")
      try makeLink(folder / "link", to: "../2")
      watch(trees: ["p"])
      let told = try changes { try FileSystem.rename(folder / replacement, to: folder / "p/l") }
      #expect(told.has(folder / "p/l", .folder))
      #expect(try changes { try write("2", to: folder / "1/f") }.isEmpty)
    }

    @Test("What is missing is told when it appears, whatever of its way is missing")
    func missing() throws {
      watch(trees: ["a/b/tree"], files: ["a/b/file"], folders: ["a/c"])
      let told = try changes {
        try FileSystem.makeFolders(folder / "a/b/tree/deep")
        try FileSystem.makeFolders(folder / "a/c")
        try write("1", to: folder / "a/b/file")
        try write("1", to: folder / "a/c/entry")
        try write("1", to: folder / "a/b/tree/deep/x")
      }
      for name in ["a/b/file", "a/c/entry", "a/b/tree/deep/x"] { #expect(told.covers(folder / name), "\(name)") }
      for name in ["a/b/file", "a/c/entry", "a/b/tree/deep/x"] {
        #expect(try changes { try write("2", to: folder / name) }.ends(folder / name, .settled), "\(name)")
      }
    }

    @Test("A file that was written while its folder was new counts as being written until it is closed")
    func foundWhileWritten() throws {
      watch(files: ["new/model"])
      try FileSystem.makeFolders(folder / "new")
      let descriptor = open(folder / "new/model", O_WRONLY | O_CREAT, 0o666)
      let told = try changes { write(descriptor, "1", 1) }
      #expect(told.ends(folder / "new/model", .modified))
      #expect(try changes { close(descriptor) }.ends(folder / "new/model", .settled))
    }

    @Test("A new plan takes the place of the old one")
    func plans() throws {
      for name in ["a", "b"] { try FileSystem.makeFolders(folder / name) }
      watch(trees: ["a"])
      let count = watcher.watchCount
      watch(trees: ["a", "b"])
      #expect(watcher.watchCount == count + 1)
      watch(trees: ["b"])
      #expect(watcher.watchCount == count)
      #expect(try changes { try write("1", to: folder / "a/x") }.isEmpty)
      #expect(try changes { try write("1", to: folder / "b/x") }.has(folder / "b/x"))
      watch()
      #expect(watcher.watchCount == 0)
    }

    @Test("A thousand files in fifty folders need a watch for each folder and those above")
    func watchesFolders() throws {
      var files: Set<String> = []
      for index in 0..<50 {
        try FileSystem.makeFolders(folder / "p/\(index)")
        for file in 0..<20 {
          files.insert("p/\(index)/\(file).yaml")
          try write("1", to: folder / "p/\(index)/\(file).yaml")
        }
      }
      watch(trees: ["p"], files: files)
      let above = (folder / "p").split(separator: "/").count + 1
      #expect(watcher.watchCount == 50 + above)
    }

    @Test("No change before a flush is missing after it, a thousand times")
    func flushOrder() throws {
      watch(trees: ["p"], files: ["model"])
      try FileSystem.makeFolders(folder / "p")
      for index in 0..<1000 {
        try FileSystem.makeFolders(folder / "p/\(index % 7)")
        let name = index % 3 == 0 ? "model" : "p/\(index % 7)/f"
        try write("\(index)", to: folder / name)
        watcher.flush()
        let told = folder.takeChanges()
        #expect(told.ends(folder / name, .settled) || told.covers(folder / name), "\(index)")
        if index % 50 == 0 { try removeAll(folder / "p") }
      }
    }

    @Test("Stopped, a watcher has given back its thread and descriptors, and tells nothing more")
    func stopping() throws {
      watch(files: ["x"])
      watcher.stop()
      watcher.stop()
      try write("1", to: folder / "x")
      watcher.flush()
      #expect(folder.takeChanges().isEmpty)
    }
  }
#endif
