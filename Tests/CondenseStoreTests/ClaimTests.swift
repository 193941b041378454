import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import Testing

@Suite("Claims of actions")
struct ClaimTests {
  private let timed: TimedStore

  init() throws { timed = try TimedStore() }

  @Test("An action is one process's at a time, and others get what is left")
  func exclusive() throws {
    let (first, second) = (timed.store, try timed.reopened())
    let keys = (0..<4).map { TimedStore.key($0) }
    let mine = first.claim([keys[0], keys[1]])
    #expect(mine.isHeld == [true, true])
    let others = second.claim(keys)
    #expect(others.isHeld == [false, false, true, true])
    // Two builds over one open store are as strange to each other as two processes.
    #expect(first.claim([keys[3]]).isHeld == [false])
    mine.release()
    #expect(first.claim(Array(keys[0..<2])).isHeld == [true, true])
    others.release()
  }

  @Test("Claims end with what holds them")
  func released() {
    var claims: ActionClaims? = timed.store.claim([TimedStore.key(1)])
    #expect(claims?.isHeld == [true])
    #expect(timed.store.claim([TimedStore.key(1)]).isHeld == [false])
    claims = nil
    #expect(timed.store.claim([TimedStore.key(1)]).isHeld == [true])
  }

  @Test("Who waits goes on when the action is released")
  func waiting() throws {
    let claims = timed.store.claim([TimedStore.key(1)])
    let other = try timed.reopened()
    let events = Locked<[String]>([])
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      let claim = other.claim(waitingFor: TimedStore.key(1))
      events.withLock { $0.append("taken") }
      claim.release()
      done.signal()
    }
    thread.start()
    events.withLock { $0.append("released") }
    claims.release()
    done.wait()
    #expect(events.withLock { $0 } == ["released", "taken"])
  }

  @Test("Where there can be no locks, everything is free")
  func unsupported() throws {
    try FileSystem.makeFolders(timed.store.root + "/actions.lock")
    #expect(timed.store.claim([TimedStore.key(1)]).isHeld == [true])
    #expect(timed.store.claim([TimedStore.key(1)]).isHeld == [true])
    #expect(timed.store.claim(waitingFor: TimedStore.key(1)).isHeld == [true])
  }
}
