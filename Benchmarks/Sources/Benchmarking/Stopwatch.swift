#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// CPU time of the calling thread: what others do on the machine hardly counts.
public enum ThreadClock {
  /// Seconds since the thread began.
  public static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Times two pieces of work in turns, so that both meet the same machine.
public struct Comparison: Sendable {
  /// Seconds a call, the medians over rounds.
  public var work: Double
  public var reference: Double

  /// How often the work fits into the reference's time, the median over rounds: 1 is as fast, more is faster. A machine that
  /// others share goes from one speed to another; both times of a round mostly have the same.
  public var ratio: Double

  /// - Parameter rounds: how often each is timed; a round lasts at least about 10 ms, over as many calls as that takes.
  public init(rounds: Int, work: () -> Void, reference: () -> Void) {
    let workCalls = Comparison.callsPerRound(work)
    let referenceCalls = Comparison.callsPerRound(reference)
    var works: [Double] = []
    var references: [Double] = []
    for _ in 0..<rounds {
      references.append(Comparison.seconds(reference, calls: referenceCalls))
      works.append(Comparison.seconds(work, calls: workCalls))
    }
    self.work = Comparison.median(works)
    self.reference = Comparison.median(references)
    ratio = Comparison.median(zip(references, works).map { $0 / $1 })
  }

  private static func callsPerRound(_ body: () -> Void) -> Int {
    // The first call warms caches and memory up.
    body()
    return max(1, min(1000, Int(0.01 / max(1e-9, seconds(body, calls: 1)))))
  }

  private static func seconds(_ body: () -> Void, calls: Int) -> Double {
    let start = ThreadClock.now()
    for _ in 0..<calls { body() }
    return (ThreadClock.now() - start) / Double(calls)
  }

  public static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
