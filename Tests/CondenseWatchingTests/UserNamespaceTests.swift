#if os(Linux)
  import CondenseFiles
  import CondenseWatching
  import Foundation
  import Testing

  /// A limit of the kernel itself, in a user namespace of its own: the tests are run once more there.
  @Suite("Watching under the kernel's own limit")
  struct UserNamespaceTests {
    private static let isInside = ProcessInfo.processInfo.environment["CONDENSE_FEW_WATCHES"] != nil

    /// Whether a user may make a namespace and set limits in it: not so in many containers, where the tests with a limit
    /// of their own stand in.
    private static let isPermitted = run("true") == 0

    private static func run(_ command: String) -> Int32? {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [
        "unshare", "-Ur", "sh", "-c", "echo 12 > /proc/sys/user/max_inotify_watches && \(command)", "sh",
        CommandLine.arguments[0],
      ]
      process.environment = ProcessInfo.processInfo.environment.merging(["CONDENSE_FEW_WATCHES": "1"]) { $1 }
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return nil }
      process.waitUntilExit()
      return process.terminationStatus
    }

    @Test(
      "It is kept to in a namespace of its own",
      .enabled(if: isPermitted, "unshare -Ur is not permitted here"), .disabled(if: isInside, "already inside"))
    func outside() {
      // Fails with another status where no test is found.
      let status = Self.run("exec \"$1\" --testing-library swift-testing --filter UserNamespaceTests/inside")
      #expect(status == 0)
    }

    @Test("With no watch left everything is scanned", .enabled(if: isInside, "run by the test beside it"))
    func inside() throws {
      let folder = try WatchedFolder()
      try FileSystem.makeFolders(folder / "p")
      let watcher = AutomaticWatcher { folder.receive($0) }
      watcher.watch(WatchPlan(trees: [folder / "p"]))
      #expect(watcher.mode == "inotify" && folder.take().isEmpty)
      for index in 0..<12 { try FileSystem.makeFolders(folder / "p/\(index)") }
      watcher.flush()
      let notices = folder.take()
      #expect(notices.contains { $0.isRescan })
      #expect(notices.contains { $0.degradation?.contains("fs.inotify.max_user_watches") ?? false })
      #expect(watcher.mode == "scanning")
      try write("1", to: folder / "p/11/x")
      watcher.flush()
      #expect(folder.takeChanges().has(folder / "p/11/x"))
    }
  }
#endif
