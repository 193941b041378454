#if os(Linux)
  import CondenseFiles
  import Foundation

  /// Follows a path from the root on, folder by folder and link by link, and has every folder watched before it looks into
  /// it: whatever changes after a look is told by an event, so that a route is right or an event waits that mends it.
  struct RouteFinder {
    /// Folders that were found to be watched since events were last handled, and how closely.
    private var watched: [String: WatchLevel] = [:]
    /// Read when it is first asked for since then.
    private var mounts: MountTable?
    private let readMounts: @Sendable () -> MountTable

    /// Links on one way; as many as Linux follows.
    private static let mostLinks = 40

    init(mounts: @escaping @Sendable () -> MountTable) { readMounts = mounts }

    /// Nothing is taken for watched because it was a moment ago. To be called when events have been handled.
    mutating func forget() { watched.removeAll(keepingCapacity: true) }

    /// What is mounted is to be read anew.
    mutating func forgetMounts() { mounts = nil }

    mutating func route(to subject: WatchSubject, in table: inout WatchTable) throws(WatchRefusal) -> WatchRoute {
      // A folder that goes between two steps of the way is rare, one that does so each time unheard of.
      for _ in 0..<100 {
        if let route = try attempt(subject, in: &table) { return route }
        forget()
      }
      throw .failed(path: subject.path, code: EAGAIN)
    }

    /// Nil where something on the way went.
    private mutating func attempt(
      _ subject: WatchSubject, in table: inout WatchTable
    ) throws(WatchRefusal) -> WatchRoute? {
      var route = WatchRoute()
      var folder = "/"
      /// Where the last step went down from.
      var above: String?
      var pending: [Substring] = subject.path.split(separator: "/").reversed()
      var links = 0
      while true {
        guard try pass(folder, above: above, &route, in: &table) else { return nil }
        guard let name = pending.last else {
          route.end = .folder(folder)
          return route
        }
        pending.removeLast()
        if name == "." { continue }
        if name == ".." {
          folder = (folder as NSString).deletingLastPathComponent
          above = nil
          continue
        }
        let path = joined(folder, name)
        route.uses[folder, default: FolderUse()].names.insert(String(name))
        if entryKind(path) != .folder {
          guard try watch(folder, pending.isEmpty ? .contents : .names, in: &table) else { return nil }
        }
        switch entryKind(path) {
        case .folder:
          above = folder
          folder = path
        case .link:
          links += 1
          guard links <= RouteFinder.mostLinks, let target = target(of: path) else { return route }
          pending += target.split(separator: "/").reversed()
          if target.hasPrefix("/") { folder = "/" }
          above = nil
        case .file, .other:
          if pending.isEmpty { route.end = .file(path) }
          return route
        case nil: return route
        }
      }
    }

    /// Watches a folder on the way. One that may be entered but not read cannot be watched; then its parent tells when it
    /// is replaced.
    private mutating func pass(
      _ folder: String, above: String?, _ route: inout WatchRoute, in table: inout WatchTable
    ) throws(WatchRefusal) -> Bool {
      do {
        guard try watch(folder, .passing, in: &table) else { return false }
        if route.uses[folder] == nil { route.uses[folder] = FolderUse() }
        return true
      } catch {
        guard case .failed(_, EACCES) = error, let above, try watch(above, .names, in: &table) else { throw error }
        return true
      }
    }

    /// False where there is no folder at the path any more.
    mutating func watch(
      _ folder: String, _ level: WatchLevel, in table: inout WatchTable
    ) throws(WatchRefusal) -> Bool {
      if let before = watched[folder], before >= level { return true }
      guard try table.watch(folder, level) else { return false }
      let mounts = self.mounts ?? readMounts()
      self.mounts = mounts
      if watched[folder] == nil, let type = mounts.networkType(at: folder) { throw .network(path: folder, type: type) }
      watched[folder] = level
      return true
    }

    private func target(of link: String) -> String? {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(link, &buffer, buffer.count)
      guard count > 0 else { return nil }
      return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
#endif
