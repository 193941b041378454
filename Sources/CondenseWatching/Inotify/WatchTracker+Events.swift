#if os(Linux)
  import CondenseFiles
  import Foundation

  /// Events: what they tell, and after which of them a way is to be followed anew.
  extension WatchTracker {
    mutating func handle(_ event: InotifyEvent) {
      for path in table.paths(of: event.descriptor) {
        guard let spot = table.spot(path) else { continue }
        if let name = event.name {
          handle(event.mask, of: name, in: path, spot)
        } else if event.mask.isAny(of: [.selfGone, .attributes]) {
          // Of a folder below a tree, the folder above tells.
          for subject in spot.subjects where table.routes[subject]?.uses[path]?.isWay(of: subject) ?? false {
            markStale(subject)
          }
        }
      }
      if event.mask.contains(.watchGone) { table.forget(event.descriptor) }
    }

    private mutating func handle(
      _ mask: InotifyEvent.Mask, of name: String, in folder: String, _ spot: WatchTable.Spot
    ) {
      let path = joined(folder, name)
      let subjects = spot.named[name] ?? []
      guard !subjects.isEmpty || !spot.contents.isEmpty else { return }
      let kind = kind(of: mask, path)
      for subject in subjects {
        if mask.isAny(of: [.appeared, .vanished]) || stale[subject] != nil {
          stale[subject] = .some(Arrival(path: path, kind: kind))
        } else if mask.contains(.isFolder) || table.routes[subject]?.end != .file(path) {
          markStale(subject)
        } else {
          changes.append(FileChange(path: subject.path, kind: kind))
        }
      }
      for subject in spot.contents {
        for shown in table.routes[subject]?.uses[folder]?.shownAs ?? [] {
          let shownPath = joined(shown, name)
          changes.append(FileChange(path: shownPath, kind: kind))
          if subject.reach == .tree, !name.hasPrefix(".") { follow(mask, of: subject, path, shownAs: shownPath) }
        }
      }
    }

    /// Keeps step with the folders and links below a tree.
    private mutating func follow(
      _ mask: InotifyEvent.Mask, of subject: WatchSubject, _ path: String, shownAs shown: String
    ) {
      let isKnown = table.routes[subject]?.uses[path]?.shownAs.contains(shown) ?? false
      if mask.contains(.isFolder), mask.isAny(of: .vanished) { table.removeUses(atOrBelow: shown, by: subject) }
      // What appears may have taken the place of a link, of which nothing else is told.
      if mask.isAny(of: [.vanished, .appeared]) {
        tellFolder(behind: shown, of: subject)
        dropLinks(atOrBelow: shown, of: subject)
      }
      guard !mask.isAny(of: .vanished) else { return }
      if mask.contains(.isFolder), mask.isAny(of: .appeared) || !isKnown {
        finder.forget()
        enter(subject, path, shownAs: shown)
      } else if mask.isAny(of: .appeared), entryKind(path) == .link {
        finder.forget()
        connect(link(shown, of: subject))
        tellFolder(behind: shown, of: subject)
      }
    }

    /// With a link, all comes or goes that it leads to.
    private mutating func tellFolder(behind shown: String, of subject: WatchSubject) {
      let link = WatchSubject(reach: .tree, path: shown, tree: subject.tree)
      if case .folder = table.routes[link]?.end { changes.append(FileChange(path: shown, kind: .folder)) }
    }

    private mutating func kind(of mask: InotifyEvent.Mask, _ path: String) -> FileChange.Kind {
      if mask.contains(.isFolder) { return mask.contains(.attributes) ? .settled : .folder }
      switch mask {
      case _ where mask.contains(.modified): break
      case _ where mask.contains(.created):
        // A link is whole when it appears; a file is open, and told again when it is closed.
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
          return .settled
        }
      case _ where mask.contains(.attributes): return writing.contains(path) ? .modified : .settled
      default:
        writing.remove(path)
        return .settled
      }
      // Files in a folder that was moved away stay behind. To forget the others with them costs an early `settled`.
      if writing.count > 10_000 { writing = [] }
      writing.insert(path)
      return .modified
    }
  }
#endif
