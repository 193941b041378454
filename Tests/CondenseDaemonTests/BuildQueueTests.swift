import Testing
import TestSupport

@testable import CondenseDaemon

@Suite("Build queue") struct BuildQueueTests {
  @Test("Changes ask for one sweep, however many they are") func manyChanges() {
    var queue = BuildQueue()
    #expect(queue.changed(concernsRunning: false) == [.begin(.sweep)])
    #expect(queue.changed(concernsRunning: false) == [])
    #expect(queue.changed(concernsRunning: false) == [])
    #expect(queue.finished(wasWithdrawn: false) == [.begin(.sweep)])
    #expect(queue.finished(wasWithdrawn: false) == [])
  }

  @Test("A change to what is being built withdraws it once, and it starts over") func startsOver() {
    var queue = BuildQueue()
    _ = queue.changed(concernsRunning: false)
    #expect(queue.changed(concernsRunning: true) == [.withdraw])
    #expect(queue.changed(concernsRunning: true) == [])
    #expect(queue.finished(wasWithdrawn: true) == [.begin(.sweep)])
    #expect(queue.finished(wasWithdrawn: false) == [])
  }

  @Test("A request goes before a sweep, which goes on afterwards") func requestFirst() {
    var queue = BuildQueue()
    _ = queue.changed(concernsRunning: false)
    #expect(queue.requested(7) == [.withdraw])
    #expect(queue.finished(wasWithdrawn: true) == [.begin(.request(7))])
    #expect(queue.finished(wasWithdrawn: false) == [.begin(.sweep)])
    #expect(queue.finished(wasWithdrawn: false) == [])
  }

  @Test("Requests are served in turn, and one that is cancelled is not begun") func turns() {
    var queue = BuildQueue()
    #expect(queue.requested(1) == [.begin(.request(1))])
    #expect(queue.requested(2) == [])
    #expect(queue.requested(3) == [])
    #expect(queue.cancelled(2) == [])
    #expect(queue.finished(wasWithdrawn: false) == [.begin(.request(3))])
    #expect(queue.cancelled(3) == [.withdraw])
    #expect(queue.finished(wasWithdrawn: true) == [])
    #expect(!queue.holds(3))
  }

  @Test("A request that changes interrupt again and again is let through in the end") func letThrough() {
    var queue = BuildQueue()
    _ = queue.requested(1)
    for _ in 0..<BuildQueue.mostRestarts {
      #expect(queue.changed(concernsRunning: true) == [.withdraw])
      #expect(queue.finished(wasWithdrawn: true) == [.begin(.request(1))])
    }
    #expect(queue.changed(concernsRunning: true) == [])
    #expect(queue.finished(wasWithdrawn: false) == [.begin(.sweep)])
  }

  @Test("A cancelled request is not brought back by a change before its end") func cancelledForGood() {
    var queue = BuildQueue()
    _ = queue.requested(1)
    #expect(queue.cancelled(1) == [.withdraw])
    #expect(queue.changed(concernsRunning: true) == [])
    #expect(queue.finished(wasWithdrawn: true) == [.begin(.sweep)])
    #expect(!queue.holds(1))
  }

  @Test("After it was stopped nothing begins") func stopped() {
    var queue = BuildQueue()
    _ = queue.requested(1)
    _ = queue.requested(2)
    #expect(queue.stop() == [.withdraw])
    #expect(queue.finished(wasWithdrawn: true) == [])
    #expect(queue.requested(3) == [])
    #expect(queue.changed(concernsRunning: true) == [])
    #expect(queue.depth == 0)
  }

  /// What must hold whatever happens: see the test.
  @Test(
    "Whatever happens in whatever order, every request is answered once and every change is swept", arguments: 1...200)
  func anyOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = BuildQueue()
    var running: BuildQueue.Job?
    var isWithdrawn = false
    var answered: [Int: Int] = [:]
    var cancelled: Set<Int> = []
    var next = 0
    var (lastChange, sweepBegan, sweptUpTo) = (0, 0, 0)
    func obey(_ orders: [BuildQueue.Order]) {
      for order in orders {
        switch order {
        case .begin(let job):
          #expect(running == nil, "seed \(seed): two at once")
          running = job
          isWithdrawn = false
          if job == .sweep { sweepBegan = lastChange }
        case .withdraw:
          #expect(running != nil && !isWithdrawn, "seed \(seed): nothing to withdraw")
          isWithdrawn = true
        }
      }
    }
    func finish(wasWithdrawn: Bool) {
      if let job = running, !wasWithdrawn {
        if let id = job.request { answered[id, default: 0] += 1 } else { sweptUpTo = sweepBegan }
      }
      running = nil
      obey(queue.finished(wasWithdrawn: wasWithdrawn))
    }
    for _ in 0..<60 {
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        lastChange += 1
        obey(queue.changed(concernsRunning: Bool.random(using: &random)))
      case 1:
        next += 1
        obey(queue.requested(next))
      case 2 where next > 0:
        let id = Int.random(in: 1...next, using: &random)
        if answered[id] == nil { cancelled.insert(id) }
        obey(queue.cancelled(id))
      default:
        // What was to be withdrawn may have been through by then.
        if running != nil { finish(wasWithdrawn: isWithdrawn && Bool.random(using: &random)) }
      }
    }
    while running != nil { finish(wasWithdrawn: isWithdrawn) }
    for id in stride(from: 1, through: next, by: 1) where !cancelled.contains(id) {
      #expect(answered[id] == 1, "seed \(seed): request \(id)")
    }
    #expect(sweptUpTo == lastChange, "seed \(seed)")
    #expect(queue.depth == 0, "seed \(seed)")
  }
}
