/// Decides when changes have come to rest: events go in with the time, batches come out.
///
/// A value without clock, threads or disk, in the manner of `DebounceStateMachine` of swift-async-algorithms. After events
/// were put in, and when the time has come that it asked for, `advance` says what is next.
///
/// - Changes that come closely one after the other (a checkout, a copied folder, an editor's temporary file and its
///   rename) come out together, when nothing new was changed for a moment that grows with the burst.
/// - A path that changes again and again holds back only itself.
/// - A file that is being written is held back until it is closed, or has not moved for a while.
///
/// Every change comes out in exactly one batch, the first that has its path after it.
public struct SettlingStateMachine: Sendable {
  public typealias Instant = ContinuousClock.Instant

  public enum Action: Equatable, Sendable {
    /// There is nothing to wait for but events.
    case idle
    /// To be advanced again then, or at the next event.
    case wait(until: Instant)
    /// Take this, and advance again.
    case settled(SettledChanges)
  }

  private let times: SettlingTimes
  private var settled: [Key: Span] = [:]
  private var writing: [String: Writing] = [:]
  /// From the first to the last change of a path that had none waiting.
  private var burst: Span?

  private enum Key: Hashable {
    case path(String)
    case folder(String)
    case rescan
  }

  private struct Span {
    var first: Instant
    var last: Instant
    var length: Duration { first.duration(to: last) }
  }

  /// A file that was written to and not closed.
  private struct Writing {
    var lastWrite: Instant
    var longestGap: Duration = .zero
    /// What it looked like at the last look since the last write, and since when it looks like that.
    var look: (stamp: FileStamp?, since: Instant)?
  }

  public init(times: SettlingTimes = SettlingTimes()) { self.times = times }

  /// How many paths wait.
  public var waitingCount: Int { settled.count + writing.count }

  /// The files that were written to and not closed.
  public var beingWritten: Set<String> { Set(writing.keys) }

  public mutating func insert(_ changes: [FileChange], at now: Instant) {
    for change in changes {
      switch change.kind {
      case .modified: wrote(change.path, at: now)
      case .settled:
        writing[change.path] = nil
        settle(.path(change.path), at: now)
      case .folder: settle(.folder(change.path), at: now)
      }
    }
  }

  /// Everything may differ.
  public mutating func insertRescan(at now: Instant) { settle(.rescan, at: now) }

  private mutating func wrote(_ path: String, at now: Instant) {
    // What had come to rest moves again: it comes out when that is over.
    settled[.path(path)] = nil
    var state = writing[path] ?? Writing(lastWrite: now)
    state.longestGap = max(state.longestGap, state.lastWrite.duration(to: now))
    state.lastWrite = now
    state.look = nil
    writing[path] = state
  }

  private mutating func settle(_ key: Key, at now: Instant) {
    if settled[key] != nil {
      settled[key]?.last = now
      return
    }
    settled[key] = Span(first: now, last: now)
    if let burst, now < burst.last + times.quiet(after: burst.length) {
      self.burst?.last = now
    } else {
      burst = Span(first: now, last: now)
    }
  }

  /// What is to be done now. `look` is asked for files that may still be being written; nil says that there is none.
  public mutating func advance(to now: Instant, look: (_ path: String) -> FileStamp?) -> Action {
    var next = checkWriting(at: now, look: look)
    var batch = SettledChanges()
    for (key, span) in settled {
      let time = readyTime(of: span)
      guard time <= now else {
        next = min(next ?? time, time)
        continue
      }
      switch key {
      case .path(let path): batch.paths.insert(path)
      case .folder(let path): batch.folders.insert(path)
      case .rescan: batch.needsRescan = true
      }
    }
    guard batch.isEmpty else {
      remove(batch)
      // What goes on being changed is another burst, so that its end is not awaited by the next file.
      if let burst, now < burst.last + times.quiet(after: burst.length) { self.burst = Span(first: now, last: now) }
      return .settled(batch)
    }
    return next.map { .wait(until: $0) } ?? .idle
  }

  private mutating func remove(_ batch: SettledChanges) {
    for path in batch.paths { settled[.path(path)] = nil }
    for path in batch.folders { settled[.folder(path)] = nil }
    if batch.needsRescan { settled[.rescan] = nil }
  }

  private func readyTime(of span: Span) -> Instant {
    let own = span.last + times.quiet(after: span.length)
    guard let burst else { return own }
    let together = max(own, burst.last + times.quiet(after: burst.length))
    let alone = max(span.last + times.longestQuiet, burst.first + times.longestBurst)
    return min(together, max(own, alone))
  }

  /// Looks at files whose time has come; returns when the next is to be looked at.
  private mutating func checkWriting(at now: Instant, look: (String) -> FileStamp?) -> Instant? {
    var next: Instant?
    for (path, state) in writing {
      let needed = times.stillness(gap: state.longestGap)
      var since = now
      if let last = state.look {
        since = last.since
        if since + needed <= now {
          let stamp = look(path)
          guard stamp != last.stamp, stamp != nil else {
            writing[path] = nil
            settle(.path(path), at: now)
            continue
          }
          writing[path]?.look = (stamp, now)
          since = now
        }
      } else {
        writing[path]?.look = (look(path), now)
      }
      next = min(next ?? since + needed, since + needed)
    }
    return next
  }
}
