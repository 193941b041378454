/// Decides what is built next: a pure state machine. What happened goes in, what to do comes out; it knows no clock, no
/// thread and no file.
///
/// One job runs at a time, so that no build publishes what a later one has already replaced:
/// - A *sweep* looks at all pipelines and builds what is not up to date. Changes ask for it, however many, once.
/// - A *request* is somebody's `condense build`. It goes before sweeps: one that is under way makes room for it and goes on
///   afterwards.
///
/// A change to what is being built withdraws the build and starts it over. What had finished is in the store, so the new one
/// goes on from there.
package struct BuildQueue: Sendable {
  package enum Job: Hashable, Sendable {
    case sweep
    case request(Int)

    /// The request's number; nil for a sweep.
    package var request: Int? {
      if case .request(let id) = self { id } else { nil }
    }
  }

  package enum Order: Equatable, Sendable {
    case begin(Job)
    /// Withdraw the job that runs; its end will be told with ``finished(wasWithdrawn:)``.
    case withdraw
  }

  /// What runs.
  package private(set) var running: Job?
  private var isWithdrawing = false
  /// Whether what runs is to run again.
  private var startsOver = false
  /// Whether nobody wants what runs any more: no change makes it start over.
  private var isCancelled = false
  private var restarts = 0
  private var needsSweep = false
  private var requests: [Int] = []
  private var isStopped = false

  /// A request that changes keep interrupting is let through after so many times: its answer is right for the moment at
  /// which it ends, as it would be without a daemon.
  package static let mostRestarts = 5

  package init() {}

  /// Jobs that wait or run.
  package var depth: Int { requests.count + (needsSweep ? 1 : 0) + (running == nil ? 0 : 1) }

  /// Something may have changed.
  ///
  /// - Parameter concernsRunning: whether it can matter to what is being built now.
  package mutating func changed(concernsRunning: Bool) -> [Order] {
    guard !isStopped else { return [] }
    needsSweep = true
    guard concernsRunning, !isCancelled, let running else { return advance() }
    if case .request = running {
      guard restarts < BuildQueue.mostRestarts else { return [] }
      startsOver = true
    }
    return withdraw()
  }

  /// Somebody wants a build.
  package mutating func requested(_ id: Int) -> [Order] {
    guard !isStopped else { return [] }
    requests.append(id)
    guard running == .sweep else { return advance() }
    needsSweep = true
    return withdraw()
  }

  /// Nobody wants it any more.
  package mutating func cancelled(_ id: Int) -> [Order] {
    requests.removeAll { $0 == id }
    guard running == .request(id) else { return [] }
    startsOver = false
    isCancelled = true
    return withdraw()
  }

  /// What ran has come to its end.
  package mutating func finished(wasWithdrawn: Bool) -> [Order] {
    let job = running
    if wasWithdrawn {
      switch job {
      case .sweep?: needsSweep = !isStopped
      case .request(let id)? where startsOver && !isStopped:
        requests.insert(id, at: 0)
        restarts += 1
      default: break
      }
    }
    if !(wasWithdrawn && startsOver) { restarts = 0 }
    running = nil
    isWithdrawing = false
    startsOver = false
    isCancelled = false
    return advance()
  }

  /// Begins nothing more.
  package mutating func stop() -> [Order] {
    isStopped = true
    needsSweep = false
    requests = []
    return running == nil ? [] : withdraw()
  }

  /// Whether a request waits for, or is in, its turn.
  package func holds(_ id: Int) -> Bool { requests.contains(id) || running == .request(id) }

  private mutating func withdraw() -> [Order] {
    guard !isWithdrawing else { return [] }
    isWithdrawing = true
    return [.withdraw]
  }

  private mutating func advance() -> [Order] {
    guard running == nil, !isStopped else { return [] }
    if requests.isEmpty {
      guard needsSweep else { return [] }
      needsSweep = false
      running = .sweep
    } else {
      running = .request(requests.removeFirst())
    }
    return running.map { [.begin($0)] } ?? []
  }
}
