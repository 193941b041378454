#if os(Linux)
  import CondenseFiles
  import Foundation

  /// Ways: where paths lead, and having watched what decides that.
  extension WatchTracker {
    mutating func markStale(_ subject: WatchSubject) {
      if stale[subject] == nil { stale[subject] = .some(nil) }
    }

    /// Follows the ways anew that may have changed, and tells of what is at their ends.
    mutating func reconnect() {
      let subjects = stale.sorted { $0.key.path < $1.key.path }
      stale = [:]
      finder.forget()
      for (subject, arrival) in subjects where plan.contains(subject) || links.contains(subject) {
        let before = table.routes[subject]?.end ?? .missing
        connect(subject)
        let after = table.routes[subject]?.end ?? .missing
        switch (before, after) {
        case (.missing, .missing): break
        case (_, .file(let path)):
          let kind = arrival?.path == path ? arrival?.kind : nil
          changes.append(FileChange(path: subject.path, kind: kind ?? kindOfFound(path)))
          if case .folder = before { changes.append(FileChange(path: subject.path, kind: .folder)) }
        case (.file, .missing): changes.append(FileChange(path: subject.path, kind: .settled))
        default: changes.append(FileChange(path: subject.path, kind: .folder))
        }
      }
    }

    /// A file that was there when its folder began to be watched may be open for writing if it was written to lately.
    private func kindOfFound(_ path: String) -> FileChange.Kind {
      guard let identity = try? FileIdentity(of: path) else { return .settled }
      return identity.modificationTime > FileIdentity.now - 2_000_000_000 ? .modified : .settled
    }

    /// Has everything watched that decides what is at a subject's path, and what is in it.
    mutating func connect(_ subject: WatchSubject) {
      do {
        let route = try finder.route(to: subject, in: &table)
        if subject.reach == .tree { dropLinks(below: subject.path, of: subject) }
        table.setRoute(route, of: subject)
        guard case .folder(let path) = route.end else { return }
        switch subject.reach {
        case .file: break
        case .folder:
          if try finder.watch(path, .contents, in: &table) {
            table.addUse(of: path, shownAs: subject.path, by: subject)
          } else {
            markStale(subject)
          }
        case .tree:
          // A link to a folder of the same tree: that goes by its own name.
          let isSeen = table.spot(path)?.contents.contains { $0.tree == subject.tree && $0 != subject } ?? false
          if !isSeen { enter(subject, path, shownAs: subject.path) }
        }
      } catch {
        refuse(subject, error)
      }
    }

    /// Watches a folder of a tree with all those below it, each before it is listed.
    mutating func enter(_ subject: WatchSubject, _ path: String, shownAs shown: String) {
      var stack = [(path: path, shown: shown)]
      var found: [String] = []
      while let folder = stack.popLast() {
        guard depth(of: folder.shown, in: subject) <= WatchPlan.deepest else { continue }
        do {
          // Where it is gone, the folder above tells.
          guard try finder.watch(folder.path, .contents, in: &table) else { continue }
        } catch {
          // The folder above tells when it may be read.
          if case .failed(_, EACCES) = error, folder.shown != subject.path { continue }
          return refuse(subject, error)
        }
        table.addUse(of: folder.path, shownAs: folder.shown, by: subject)
        for entry in (try? FileSystem.entries(in: folder.path)) ?? [] where !entry.isHidden {
          let shown = joined(folder.shown, entry.name)
          switch entry.kind {
          case .folder: stack.append((joined(folder.path, entry.name), shown))
          case .link: found.append(shown)
          case .file, .other: break
          }
        }
      }
      // What links lead to comes last, so that a folder goes by its own name where it has one in the tree.
      for path in found { connect(link(path, of: subject)) }
    }

    private func depth(of shown: String, in subject: WatchSubject) -> Int {
      let tree = subject.tree ?? subject.path
      return shown.utf8.dropFirst(tree.utf8.count).count { $0 == UInt8(ascii: "/") }
    }

    mutating func link(_ path: String, of subject: WatchSubject) -> WatchSubject {
      let link = WatchSubject(reach: .tree, path: path, tree: subject.tree)
      links.insert(link)
      return link
    }

    mutating func dropLinks(below shown: String, of subject: WatchSubject) {
      for link in links where link.tree == subject.tree && link.path != shown && isPath(link.path, atOrBelow: shown) {
        drop(link)
      }
    }

    mutating func dropLinks(atOrBelow shown: String, of subject: WatchSubject) {
      let before = links.count
      dropLinks(below: shown, of: subject)
      let link = WatchSubject(reach: .tree, path: shown, tree: subject.tree)
      if links.contains(link) { drop(link) }
      // Another link may have led to the same folder, and been left out for it.
      if links.count < before { for link in links where link.tree == subject.tree { markStale(link) } }
    }

    mutating func drop(_ subject: WatchSubject) {
      if subject.isInner {
        links.remove(subject)
      } else if subject.reach == .tree {
        for link in links where link.tree == subject.path {
          links.remove(link)
          table.setRoute(nil, of: link)
          stale[link] = nil
        }
      }
      table.setRoute(nil, of: subject)
      stale[subject] = nil
    }

    /// An entry of the plan that cannot be watched whole is not watched at all.
    mutating func refuse(_ subject: WatchSubject, _ refusal: WatchRefusal) {
      let entry =
        subject.isInner ? WatchSubject(reach: .tree, path: subject.tree ?? subject.path, tree: subject.tree) : subject
      drop(entry)
      plan.remove(entry)
      if refusals[entry] == nil { refusals[entry] = refusal }
    }
  }
#endif
